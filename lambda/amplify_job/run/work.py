"""The work of a request: one step after the other. The only place that waits and tries again.

After a pause, all but an ended job is read anew: what must outlast a pause is in the state.
"""

from __future__ import annotations

import random

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.request import Task
from amplify_job.decide.create_or_update import too_late
from amplify_job.decide.deadline import end_of
from amplify_job.decide.next_step import next_step
from amplify_job.decide.steps import Answer, Fail, ReadJob, ReadJobs, Seen, Step
from amplify_job.log import log
from amplify_job.outcomes import AccessDenied, Busy, Failure, Unanswered
from amplify_job.run.clients import Clients
from amplify_job.run.perform import Progress

_SLOWEST_SECONDS = 30.0
_LATE_SECONDS = 20  # how long a delivery that comes after its time tries to read
_DENIED_SECONDS = 60  # how long a permission that was just granted may be denied


class Work:
    def __init__(self, task: Task, progress: Progress, ends: float, clients: Clients) -> None:
        """:param ends: When this invocation must end."""
        self._task = task
        self._progress = progress
        self._ends = ends
        self._clients = clients

    def done(self) -> Answer | Fail | None:
        """:return: The end of the request; None if another invocation must go on."""
        progress = self._progress
        while True:
            progress.seen = progress.seen._replace(now=self._clients.now)
            step = next_step(self._task, progress.state, progress.seen)
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
        try:
            return self._progress.take(step)
        except (Unanswered, AccessDenied) as error:
            return self._after(error, step)
        except Failure as failure:
            return self._give_up(failure)

    def _after(self, error: Unanswered | AccessDenied, step: Step) -> float | Fail:
        """What is worth another try is tried again, until the time is over."""
        progress, now = self._progress, self._clients.now
        state = progress.state
        if isinstance(error, Busy):
            log("busy", said=str(error))
            return 0
        if isinstance(error, AccessDenied):
            state = state._replace(denied_since=state.denied_since or now)
            if now - state.denied_since >= _DENIED_SECONDS:
                return self._give_up(error)
        if str(error) != state.last_error:
            log("trying again", error=str(error))
        progress.state = state._replace(tries=state.tries + 1, last_error=str(error))
        if now >= self._reading_ends and isinstance(step, ReadJobs):
            return self._give_up(too_late(self._task, progress.state, ()))
        if now >= self._reading_ends and isinstance(step, ReadJob):  # it may still be stopped
            progress.seen = progress.seen._replace(job=Job.read({"jobId": step.job_id}))
            return 0
        pause = random.uniform(0.5, 1) * min(2.0**state.tries, _SLOWEST_SECONDS)  # noqa: S311 - no secret
        ends = self._reading_ends
        if isinstance(error, AccessDenied):
            ends = min(ends, state.denied_since + _DENIED_SECONDS)
        return min(pause, max(1.0, (ends - now) / 2))  # more often towards the end: a late answer is of use

    def _give_up(self, failure: Failure) -> float | Fail:
        progress = self._progress
        if self._task.moves and not progress.state.left:
            log("the other branch is left as it is", why=failure.reason)
            progress.state, progress.seen = progress.state.departed(), Seen(self._clients.now)
            return 0
        return Fail(failure)

    def _pause(self, seconds: float) -> bool:
        """Sleep, but not past the end of the work. Return False if another invocation must go on."""
        left = self._reading_ends - self._clients.now
        seconds = min(seconds, left) if left > 0 else seconds
        if not self._has_time_for(seconds):
            return False
        self._clients.clock.sleep(seconds)
        progress, now = self._progress, self._clients.now
        seen, progress.seen = progress.seen, Seen(now)
        if seen.job and not seen.job.in_progress:  # it does not change any more
            progress.seen = Seen(now, job=seen.job, verdict=seen.verdict)
        return True

    def _has_time_for(self, seconds: float) -> bool:
        return self._clients.now + seconds <= self._ends

    @property
    def _reading_ends(self) -> float:
        """The end of the work; a delivery that comes late gets more time."""
        state = self._progress.state
        ends = end_of(self._task, state, state.kind(self._task.request.type))
        return max(ends, state.began + _LATE_SECONDS)
