"""What Amplify's jobs do while a deploy waits: progress bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

_POLL_SECONDS = 0.25
_STYLES = {"SUCCEED": "green", "FAILED": "bold red", "CANCELLED": "yellow", "CANCELLING": "yellow"}
_MARKS = {"SUCCEED": "✓", "FAILED": "✗", "CANCELLED": "–"}
_WORDS = {"SUCCEED": "succeeded"}
# The CDK CLI asks for events every few seconds: a job may run before the first line about its stack.
_DEPLOYING = re.compile(r": deploying\.\.\.")
_EVENT = re.compile(r"\| \w+_IN_PROGRESS +\|")

Job = dict[str, Any]
Key = tuple[str, str, str]


class JobProgress:
    """Shows the jobs that start while its context lasts, polling ``jobs`` from a thread.

    It shows the jobs of a stack only after the stack's first event.
    """

    def __init__(self, jobs: Callable[[], list[Job]], console: Console) -> None:
        self._jobs = jobs
        self._console = console
        self._is_drawn = console.is_terminal or console.record
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[seconds]:.0f} s"),
            console=console,
            transient=True,
        )
        self._tasks: dict[Key, TaskID] = {}
        self._said: set[tuple[Key, str, str]] = set()
        self._has_events = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> JobProgress:
        self._before = {_key(job) for job in self._jobs()}
        if self._console.is_terminal:
            self._bars.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._look()  # at what has happened since the thread looked last
        self._bars.stop()

    def say(self, line: str) -> None:
        """A line of other output, above the bars."""
        text = Text.from_ansi(line)
        if _DEPLOYING.search(text.plain):
            self._has_events.clear()
        self._console.print(text, soft_wrap=not self._is_drawn, highlight=False)
        if _EVENT.search(text.plain):
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
            if _key(job) not in self._before:
                self._show(job)

    def _show(self, job: Job) -> None:
        for step in job["steps"]:
            # A step that was never reached is cancelled without having been anything else.
            if step["status"] != "PENDING" and step["log_path"]:
                self._say_once(job, step["name"], step["status"], step["started"], step["ended"])
        if job["ended"]:
            self._say_once(job, "job", job["status"], job["started"], job["ended"])
        self._update_bar(job)

    def _say_once(self, job: Job, what: str, status: str, started: float, ended: float | None) -> None:
        if (_key(job), what, status) in self._said:
            return
        self._said.add((_key(job), what, status))
        if not ended and self._console.is_terminal:
            return  # the bar shows it
        took = f" after {ended - started:.1f} s" if ended else ""
        mark = _MARKS.get(status, "·")
        word = _WORDS.get(status, status.lower())
        line = f"{mark} {_name(job)}: {'' if what == 'job' else what + ' '}{word}{took}"
        self._console.print(Text(line, _STYLES.get(status, "cyan")), soft_wrap=True)

    def _update_bar(self, job: Job) -> None:
        task = self._tasks.get(_key(job))
        if job["ended"]:
            if task is not None:
                self._bars.remove_task(self._tasks.pop(_key(job)))
            return
        running = [step["name"] for step in job["steps"] if step["status"] == "RUNNING"]
        description = (
            f"job {job['job_id']} of {job['branch_name']}  {running[0] if running else job['status']}"
        )
        if task is None:
            task = self._tasks[_key(job)] = self._bars.add_task(description, total=1.0, seconds=0.0)
        seconds = time.time() - job["started"]
        self._bars.update(task, description=description, completed=job["progress"], seconds=seconds)


def _name(job: Job) -> str:
    return f"job {job['job_id']} of {job['branch_name']}"


def _key(job: Job) -> Key:
    return job["app_id"], job["branch_name"], job["job_id"]
