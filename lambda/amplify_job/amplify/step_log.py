"""Reading the log of a job's step. Failing to read it never changes the outcome of a job."""

from __future__ import annotations

import re
from collections.abc import Iterable

from amplify_job.amplify.job import Job, Step
from amplify_job.amplify.jobs import Jobs
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
    """The logs of a branch's jobs, at presigned URLs that GetJob returns."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def tail(self, step: Step, lines: int) -> list[str]:
        """The last lines that explain something, without colours and control characters."""
        if not lines:
            return []
        shown = [plain(_STAMP.sub("", line, count=1)) for line in self._end(step).splitlines()]
        explaining = [line for line in shown if line and not _BOILERPLATE.fullmatch(line)]
        return [line[:_LINE_CHARACTERS] for line in explaining][-lines:]

    def built_commit(self, job: Job) -> str:
        """The SHA that the build step checked out; empty if its log shows none."""
        for step in job.steps:
            if step.name == "BUILD":
                found = _BUILT_COMMIT.search(self._read(step, f"bytes=0-{_BYTES - 1}"))
                return found[1].lower() if found else ""
        return ""

    def says_unchanged(self, job: Job) -> bool:
        """Whether Amplify cancelled a job because it saw no change in the repository.

        Its words stand in the reason of a step, or in its log only
        (https://github.com/aws-amplify/amplify-hosting/issues/1435, issues/973).
        """
        return any(
            _has(step.reason, _UNCHANGED_REASONS) or _has(self._end(step), _UNCHANGED_LINES)
            for step in job.steps
        )

    def _end(self, step: Step) -> str:
        return _ANSI.sub("", self._read(step, f"bytes=-{_BYTES}"))

    def _read(self, step: Step, wanted: str) -> str:
        try:
            with request(step.log_url, self._jobs.endpoint, _SECONDS, headers={"Range": wanted}) as response:
                return bounded(response, _BYTES, _SECONDS).decode(errors="replace")
        except Exception as error:  # an unreadable log is no reason to fail, or to fail otherwise
            log("log unreadable", step=step.name, error=type(error).__name__)
            return ""


def _has(text: str, words: Iterable[str]) -> bool:
    return any(some in text.lower() for some in words)


def plain(text: str) -> str:
    """One line without colours and control characters."""
    return _CONTROL.sub("", _ANSI.sub("", text)).strip()
