"""Reading the log of a job's step. Failing to read it never changes the outcome of a job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain

from amplify_job.amplify.job import CANCELLED, SKIPPED_BUILD, SUCCEED, Job, Step
from amplify_job.amplify.web import bounded, request
from amplify_job.log import log

_SECONDS = 10
_BYTES = 256 * 1024
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z \[[A-Z]+\]: ?")  # before each line of Amplify's own
_LINE_CHARACTERS = 300
# What Amplify writes into each log, before and after the lines that explain a failure.
# https://github.com/aws-amplify/amplify-hosting/issues/1245, issues/1216
_BOILERPLATE = re.compile(
    r"# Build environment configured .*|# Retriev(ing|ed) environment cache\.*"
    r"|---- Setting Up SSM Secrets ----|# No live updates for this build run|## Starting Frontend Build"
    r"|!!! (Build failed|Non-Zero Exit Code detected)|# Starting (environment )?caching\.*"
    r"|# (Environment caching|Caching) completed|Terminating logging\.*"
)
_UNCHANGED_REASONS = ("no diff", "no changes found")
# In a log, other tools write such words, too: these are Amplify's.
# https://github.com/aws-amplify/amplify-hosting/issues/909, issues/973
_UNCHANGED_LINES = ("no diff detected from previous commit", "no changes found for approot")
_BUILT_COMMIT = re.compile(r"# Switching to commit: ([0-9a-f]{7,64})", re.IGNORECASE)


class StepLog:
    """The logs of a branch's jobs, at presigned URLs that GetJob returns. Each is read once."""

    def __init__(self, endpoint: Callable[[], str]) -> None:
        """:param endpoint: Where Amplify itself was called."""
        self._endpoint = endpoint
        self._known: dict[tuple[str, str, str], str] = {}

    def tail(self, job: Job, step: Step, lines: int) -> list[str]:
        """The last lines that explain something, without colours and control characters."""
        if not lines:
            return []
        shown = [plain(_STAMP.sub("", line, count=1)) for line in self._end(job, step).splitlines()]
        explaining = [line for line in shown if line and not _BOILERPLATE.fullmatch(line)]
        return [line[:_LINE_CHARACTERS] for line in explaining][-lines:]

    def built_commit(self, job: Job) -> str:
        """The SHA that the build step checked out; empty if its log shows none."""
        build = _build_of(job)
        found = build and _BUILT_COMMIT.search(self._beginning(job, build))
        return found[1].lower() if found else ""

    def skipped(self, job: Job) -> str:
        """The words by which Amplify says that it built nothing, as it saw no change; empty if it did not.

        Such a job ends in any way, or never (https://github.com/aws-amplify/amplify-hosting/issues/2210,
        issues/3711). One that is cancelled may say so in the reason of a step, or in its log only
        (issues/1435, issues/973).
        """
        build = _build_of(job)
        # The end of a log is read where it may explain a failure; else its beginning, which shows the commit.
        read = self._beginning if job.status == SUCCEED else self._end
        if build and SKIPPED_BUILD in read(job, build).lower():
            return SKIPPED_BUILD
        if job.status != CANCELLED:
            return ""
        reasons = (_words_in(step.reason, _UNCHANGED_REASONS) for step in job.steps)
        lines = (_words_in(self._end(job, step), _UNCHANGED_LINES) for step in job.steps)
        return next(filter(None, chain(reasons, lines)), "")

    def _beginning(self, job: Job, step: Step) -> str:
        return self._read(job, step, f"bytes=0-{_BYTES - 1}")

    def _end(self, job: Job, step: Step) -> str:
        return _ANSI.sub("", self._read(job, step, f"bytes=-{_BYTES}"))

    def _read(self, job: Job, step: Step, wanted: str) -> str:
        place = job.id, step.name, wanted
        if place not in self._known:
            self._known[place] = self._fetch(step, wanted)
        return self._known[place]

    def _fetch(self, step: Step, wanted: str) -> str:
        try:
            with request(step.log_url, self._endpoint(), _SECONDS, headers={"Range": wanted}) as response:
                return bounded(response, _BYTES, _SECONDS).decode(errors="replace")
        except Exception as error:  # an unreadable log is no reason to fail, or to fail otherwise
            log("log unreadable", step=step.name, error=type(error).__name__)
            return ""


def _build_of(job: Job) -> Step | None:
    return next((step for step in job.steps if step.name == "BUILD"), None)


def _words_in(text: str, words: Iterable[str]) -> str:
    return next((some for some in words if some in text.lower()), "")


def plain(text: str) -> str:
    """One line without colours and control characters."""
    return _CONTROL.sub("", _ANSI.sub("", text)).strip()
