"""What Amplify's jobs do while a deploy waits, line by line."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from amplify_local.cli.terminal import plain, show

_POLL_SECONDS = 0.25
_MARKS = {"SUCCEED": "✓", "FAILED": "✗", "CANCELLED": "–"}
# The CDK CLI asks for events every few seconds: a job may run before the first line about its stack.
_DEPLOYING = re.compile(r": deploying\.\.\.")
_EVENT = re.compile(r"\| \w+_IN_PROGRESS +\|")

Job = dict[str, Any]


class JobProgress:
    """Shows the jobs that start while its context lasts, polling ``jobs`` from a thread.

    It shows the jobs of a stack only after the stack's first event.
    """

    def __init__(self, jobs: Callable[[], list[Job]]) -> None:
        self._jobs = jobs
        self._said: set[tuple[str, ...]] = set()
        self._has_events = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> JobProgress:
        self._before = [_name(job) for job in self._jobs()]
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._look()  # at what has happened since the thread looked last

    def say(self, line: str) -> None:
        """A line of other output."""
        if _DEPLOYING.search(plain(line)):
            self._has_events.clear()
        show(line)
        if _EVENT.search(plain(line)):
            self._has_events.set()

    def _watch(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            if self._has_events.is_set():
                self._look()

    def _look(self) -> None:
        try:
            jobs = self._jobs()
        except (OSError, ValueError):
            return
        for job in jobs:
            if _name(job) in self._before:
                continue
            for step in job["steps"]:
                # A step that was never reached is cancelled without having been anything else.
                if step["status"] != "PENDING" and step["log_path"]:
                    self._say_once(job, f"{step['name']} ", step)
            if job["ended"]:
                self._say_once(job, "", job)

    def _say_once(self, job: Job, what: str, is_now: dict[str, Any]) -> None:
        status, ended = is_now["status"], is_now["ended"]
        if (*_name(job), what, status) in self._said:
            return
        self._said.add((*_name(job), what, status))
        took = f" after {ended - is_now['started']:.1f} s" if ended else ""
        word = "succeeded" if status == "SUCCEED" else status.lower()
        words = f"job {job['job_id']} of {job['branch_name']}: {what}{word}{took}"
        show(f"{_MARKS.get(status, '·')} {words}", status)


def _name(job: Job) -> tuple[str, str, str]:
    return job["app_id"], job["branch_name"], job["job_id"]
