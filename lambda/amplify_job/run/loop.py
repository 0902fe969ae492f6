"""The work of a request: one step after the other. The only place that waits.

After a pause, all but an ended job is read anew: what must outlast a pause is in the state.
"""

from __future__ import annotations

import random

from amplify_job.cloudformation.request import Task
from amplify_job.decide.deadline import reading_ends
from amplify_job.decide.next_step import next_step
from amplify_job.decide.retry import after
from amplify_job.decide.state import State
from amplify_job.decide.steps import Answer, Fail, Seen, Step
from amplify_job.files.archives import Files
from amplify_job.log import log
from amplify_job.outcomes import Busy
from amplify_job.run.clients import Clients
from amplify_job.run.take_step import Steps


class Loop:
    def __init__(self, task: Task, state: State, ends: float, clients: Clients, files: Files) -> None:
        """:param ends: When this invocation must end."""
        self.state = state
        self._seen = Seen(clients.now)
        self._task = task
        self._ends = ends
        self._clients = clients
        self._steps = Steps(task, ends, clients, files)

    def run(self) -> Answer | Fail | None:
        """:return: The end of the request; None if another invocation must go on."""
        while True:
            self._seen = self._seen._replace(now=self._clients.now)
            step = next_step(self._task, self.state, self._seen)
            if isinstance(step, (Answer, Fail)):
                return step
            if self._clients.now > self._ends:
                return None
            pause = self._take(step)
            if isinstance(pause, Fail):
                return pause
            if pause and not self._pause(pause):
                return None

    def _take(self, step: Step) -> float | Fail:
        """:return: How long to pause then, in seconds; or why there is no use in going on."""
        taken = self._steps.take(step, self.state, self._seen)
        self.state, self._seen = taken.state, taken.seen
        if taken.failure is None:
            return taken.pause
        said, before = str(taken.failure), self.state.last_error
        again = after(taken.failure, step, self._task, self.state, self._seen._replace(now=self._clients.now))
        if isinstance(again, Fail):
            return again
        if isinstance(taken.failure, Busy):
            log("busy", said=said)
        elif said != before:
            log("trying again", error=said)
        self.state, self._seen = again.state, again.seen
        return random.uniform(0.5, 1) * again.seconds  # noqa: S311 - no secret

    def _pause(self, seconds: float) -> bool:
        """Sleep, but not past the end of the work. Return False if another invocation must go on."""
        left = reading_ends(self._task, self.state) - self._clients.now
        seconds = min(seconds, left) if left > 0 else seconds
        if not self._has_time_for(seconds):
            return False
        self._clients.clock.sleep(seconds)
        seen, self._seen = self._seen, Seen(self._clients.now)
        if seen.job and not seen.job.in_progress:  # it does not change any more
            self._seen = self._seen._replace(job=seen.job, verdict=seen.verdict, skipped=seen.skipped)
        return True

    def _has_time_for(self, seconds: float) -> bool:
        return self._clients.now + seconds <= self._ends
