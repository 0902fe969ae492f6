"""Starting a job: once for a request, however often the request is delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deadline import Deadline
from decisions import Adopt, Decide, Nothing, Start, is_of, of_this_request, unmarked_jobs
from identity import Mark
from jobs import CANCELLING, FAILED, SUCCEED, Job, Jobs
from log import log
from outcomes import AccessDenied, AmplifyError, BranchBusy, Busy, NotFound, Throttled, Unanswered
from properties import DEPLOYMENT
from request import Progress
from stack import Kind, Stack

_ABANDONED_SECONDS = 120
"""A deployment that was created blocks the branch. One that has not started after this time is abandoned."""


class JobStart:
    def __init__(
        self,
        jobs: Jobs,
        mark: Mark,
        decide: Decide,
        start: Callable[[dict[str, Any]], Job | None],
        progress: Progress,
        stack: Stack,
        kind: Kind,
        deadline: Deadline,
        *,
        when_busy: str,
        may_be_repeated: bool,
    ) -> None:
        """
        :param mark: The mark of the job that the request starts, or has started.
        :param decide: Returns what to do, given the branch's jobs.
        :param start: Starts a job with these fields. Returns None if the request was given up.
        :param kind: The kind of the request. It is checked again before each StartJob and StopJob.
        :param may_be_repeated: Whether an earlier delivery of the request may have started the job.
        """
        self._jobs = jobs
        self._mark = mark
        self._decide = decide
        self._start_job = start
        self._progress = progress
        self._deadline = deadline
        self._when_busy = when_busy
        self._may_be_repeated = may_be_repeated
        self._stack = stack
        self._kind = kind
        # A job of this request began since; what a rollback undoes and restores may be older.
        self._list_since = progress.requested if kind is Kind.FORWARD else None
        self._listed_before_try: frozenset[str] = frozenset()
        self._refusal: Throttled | None = None
        """Why the last StartJob was refused, until the list shows no job in progress."""
        self._blocking: Job | None = None
        self._blocked_since = 0.0
        self._was_busy: Busy | None = None

    def job(self) -> Job | None:
        """Adopt the job that this request started before, else start it.

        :return: None if no job is wanted, or not any more.
        :raises BranchBusy: the branch is busy until the deadline, or `WhenBusy` is FAIL.
        :raises AmplifyError: no job could be started before the deadline.
        """
        while True:
            try:
                listed = self._deadline.retry(lambda: self._jobs.list(self._list_since))
            except Unanswered:
                raise self._too_late() from None
            if job := self._started_before(listed):
                log("adopted", job=job.id, status=job.status, ours=self._progress.started)
                return self._found(job)
            if self._deadline.has_passed:
                raise self._too_late()
            if self._refusal:
                # A list may lag behind: it is searched for a job in the way only after a refusal.
                blocking = self._look_for_blocking_job(listed, self._refusal)
                if blocking and self._may_join(blocking):
                    log("joined", job=blocking.id, status=blocking.status)
                    return self._found(blocking)
                if blocking and self._must_stop(blocking, listed) and not self._stop(blocking):
                    return None
                self._deadline.pause()
                continue
            decision = self._decide(listed)
            if isinstance(decision, Nothing):
                log("no job wanted", why=decision.why)
                return None
            if isinstance(decision, Adopt):
                return self._found(decision.job)
            if not self._stack.still(self._kind):
                log("given up")
                return None
            if job := self._start(decision, listed):
                return self._found(job)

    def _started_before(self, listed: Sequence[Job]) -> Job | None:
        created = next((job for job in listed if job.id == self._progress.created), None)
        if created and (created.started or created.status in (SUCCEED, FAILED)):  # else its stop took effect
            self._progress.started = True
            return created
        unmarked_since = None
        if self._progress.tried:
            unmarked_since = self._progress.requested
        elif self._may_be_repeated:
            unmarked_since = self._progress.sent
        job = of_this_request(
            listed, self._mark, unmarked_since=unmarked_since, known=self._listed_before_try
        )
        if job and job.mark:  # without a mark it may be somebody else's, and is not ours to stop
            self._progress.started = True
        return job

    def _start(self, decision: Start, listed: Sequence[Job]) -> Job | None:
        self._blocking = None
        try:
            job = self._start_job(decision.fields)
        except Busy as error:
            log("busy", said=str(error))
            self._refusal = self._was_busy = error
            return None
        except Throttled as error:
            self._refusal, self._was_busy = error, None
            self._deadline.tolerate(error)
            return None
        except AccessDenied as error:
            self._deadline.tolerate(error)
        except Unanswered as error:
            self._deadline.tolerate(error)
            self._progress.tried = True
            self._listed_before_try |= {job.id for job in listed}
        else:
            if job:
                log("started", job=job.id, status=job.status, what=decision.what)
                self._progress.started = True
            return job
        self._deadline.pause()
        return None

    def _found(self, job: Job) -> Job:
        self._progress.job_id, self._progress.created = job.id, ""
        return job

    def _look_for_blocking_job(self, listed: Sequence[Job], refusal: Throttled) -> Job | None:
        """The job that blocks the branch, if the list shows one.

        :raises BranchBusy: `WhenBusy` is FAIL.
        """
        others = (job for job in listed if job.id != self._progress.created)
        blocking = next((job for job in others if job.in_progress), None)
        last = blocking or self._blocking
        fails = self._when_busy == "FAIL" and not (last and self._is_left_behind(last))
        if fails and (blocking or isinstance(refusal, Busy)):
            raise BranchBusy(f"{self._busy(refusal, blocking, 'is')} (WhenBusy is FAIL)")
        if blocking is None:
            self._refusal = None
        elif self._blocking is None or self._blocking.id != blocking.id:
            self._blocked_since = self._deadline.now
            log("waiting for another job", job=blocking.id, status=blocking.status, when_busy=self._when_busy)
        self._blocking = blocking
        return blocking

    def _may_join(self, blocking: Job) -> bool:
        """Whether to take the blocking job for this request's: not an older one of the same resource."""
        own = is_of(blocking, self._mark.resource) or self._is_left_behind(blocking)
        return self._when_busy == "JOIN" and not own and blocking.status != CANCELLING

    def _must_stop(self, blocking: Job, listed: Sequence[Job]) -> bool:
        """Whether to stop the blocking job.

        Not stopped is one that another resource started in this operation of the stack, or that another
        delivery of this request may have started.
        """
        if blocking.status == CANCELLING:
            return False
        if self._is_left_behind(blocking) and self._deadline.now - self._blocked_since >= _ABANDONED_SECONDS:
            return True
        if self._when_busy != "STOP" or blocking.started is None:
            return False
        if blocking.mark:
            began = self._stack.operation_began()
            return began is not None and not blocking.began_since(began)
        return blocking not in unmarked_jobs(listed, self._mark.job_type, self._progress.requested)

    def _is_left_behind(self, blocking: Job) -> bool:
        """Whether it is a deployment that was not started, and that this resource may have created."""
        unknown = self._progress.tried or self._may_be_repeated or self._kind is Kind.ROLLBACK
        return (
            self._mark.job_type == DEPLOYMENT
            and blocking.is_unstarted
            and (self._when_busy == "STOP" or (unknown and blocking.id not in self._listed_before_try))
        )

    def _stop(self, blocking: Job) -> bool:
        """:return: False if this request may not stop a job any more."""
        if not self._stack.still(self._kind):
            log("given up")
            return False
        try:
            self._jobs.stop(blocking.id)
            log("stopped another job", job=blocking.id)
        except (Unanswered, AccessDenied) as error:
            self._deadline.tolerate(error)
        except (AmplifyError, NotFound) as error:  # it has ended in the meantime
            log("not stopped", job=blocking.id, error=str(error))
        return True

    def _too_late(self) -> BranchBusy | AmplifyError:
        if self._refusal and self._blocking:
            busy = self._busy(self._refusal, self._blocking, "was still")
            return BranchBusy(f"{busy} at the timeout (WhenBusy is {self._when_busy})")
        if self._was_busy:
            return BranchBusy(f"{self._was_busy} until the timeout (WhenBusy is {self._when_busy})")
        why = self._deadline.last_error or "the timeout has passed"
        return AmplifyError(f"no job could be started on {self._jobs.title} in time: {why}")

    def _busy(self, refusal: Throttled, blocking: Job | None, verb: str) -> str:
        said = str(refusal) if isinstance(refusal, Busy) else f"{self._jobs.title} is busy"
        return f"{said}: job {blocking.id} {verb} {blocking.status}" if blocking else said
