"""Getting a job started: once for a request, however often the request is delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from identity import Token
from jobs import CANCELLING, Busy, Job, Jobs, Throttled, Unanswered
from log import log
from outcomes import AccessDenied, AmplifyError, BranchBusy, NotFound, OutOfTime
from patience import Patience
from request import Request


class Attempt:
    """Adopts the job that this request started before, else starts it.

    :param fields: Told the listing, gives StartJob's fields, or raises when the job is not wanted any more.
    """

    def __init__(
        self,
        request: Request,
        jobs: Jobs,
        token: Token,
        fields: Callable[[list[Job]], Mapping[str, Any]],
        *,
        when_busy: str,
        patience: Patience,
        enough: Callable[[list[Job]], bool] = lambda jobs: True,
    ) -> None:
        self._progress = request.progress
        self._maybe_repeated = request.maybe_repeated
        self._jobs = jobs
        self._token = token
        self._fields = fields
        self._when_busy = when_busy
        self._patience = patience
        self._enough = enough
        self._known: set[str] = set()  # the jobs listed before a StartJob whose outcome is unknown
        self._refusal = ""  # Amplify's words for "branch busy", until the list shows that it is free
        self._last_refusal = ""
        self._blocker: Job | None = None

    def job(self) -> Job:
        """:raises BranchBusy: the branch is busy, and that is no reason, or no time is left, to wait."""
        try:
            while True:
                job = self._adopt_or_start()
                if job:
                    self._progress.job_id = job.id
                    return job
        except OutOfTime:
            raise self._gave_up() from None

    def _adopt_or_start(self) -> Job | None:
        listed = self._patience.insist(lambda: self._jobs.list(self._covers_request))
        if job := self._own(listed):
            log("adopted", job=job.id, status=job.status, ours=self._progress.started)
            return job
        if self._refusal:
            # The list is looked at only once Amplify has said that the branch is busy: it may lag behind.
            self._refusal, refusal = "", self._refusal
            if self._when_busy == "FAIL":
                raise BranchBusy(f"{refusal} (WhenBusy is FAIL)")
            blocker = next((job for job in listed if job.in_progress), None)
            if blocker:
                self._refusal = refusal
                if self._may_join(blocker):
                    log("joined", job=blocker.id, status=blocker.status)
                    return blocker
                self._make_way(blocker, listed)
            self._patience.pause()
            return None
        if self._patience.is_over:
            raise OutOfTime
        return self._start(listed)

    def _start(self, listed: list[Job]) -> Job | None:
        fields = self._fields(listed)
        try:
            job = self._jobs.start(fields)
        except Busy as error:
            log("busy", said=str(error))
            self._refusal = self._last_refusal = self._patience.last_error = str(error)
            return None
        except (Throttled, AccessDenied) as error:  # these had no effect
            self._patience.forgive(error)
        except Unanswered as error:
            self._patience.forgive(error)
            self._progress.tried = True
            self._known |= {job.id for job in listed}
        else:
            log("started", job=job.id, status=job.status)
            self._progress.started = True
            return job
        self._patience.pause()
        return None

    def _own(self, listed: list[Job]) -> Job | None:
        """The oldest job that this request started, as far as the list can tell."""
        signed = [job for job in listed if job.token == self._token]
        if signed:
            self._progress.started = True
            return signed[-1]
        if self._progress.tried or self._maybe_repeated:
            # Rather take over a job that began since than start a second one. It may be somebody else's, so
            # it is not ours to stop.
            began = self._progress.requested if self._progress.tried else self._progress.sent
            since = [job for job in self._nameless(listed, began) if job.id not in self._known]
            return since[-1] if since else None
        return None

    def _nameless(self, listed: list[Job], since: float) -> list[Job]:
        """The jobs that may be this request's for all that is known.

        There are none as soon as any job shows that Amplify returns commit messages, and with them tokens.
        """
        job_type = self._token.job_type
        if any(job.token and job.token.job_type == job_type for job in listed):
            return []
        return [job for job in listed if not job.token and job.type in ("", job_type) and job.since(since)]

    def _covers_request(self, listed: list[Job]) -> bool:
        reaches_back = any(job.started and not job.since(self._progress.requested) for job in listed)
        return reaches_back and self._enough(listed)

    def _may_join(self, blocker: Job) -> bool:
        """An earlier job of this same resource did not build what is wanted now."""
        own = blocker.token is not None and blocker.token.resource == self._token.resource
        return self._when_busy == "JOIN" and not own and blocker.status != CANCELLING

    def _make_way(self, blocker: Job, listed: list[Job]) -> None:
        if self._blocker is None or self._blocker.id != blocker.id:
            log("waiting for another job", job=blocker.id, status=blocker.status, when_busy=self._when_busy)
        self._blocker = blocker
        # Two resources that release one branch in one deploy must not stop each other's jobs, nor two
        # deliveries of one request theirs.
        requested = self._progress.requested
        rival = blocker.token and blocker.since(requested) or blocker in self._nameless(listed, requested)
        if self._when_busy == "STOP" and not rival and blocker.status != CANCELLING:
            try:
                self._jobs.stop(blocker.id)
                log("stopped another job", job=blocker.id)
            except (Unanswered, AccessDenied) as error:
                self._patience.forgive(error)
            except (AmplifyError, NotFound) as error:  # it ended in the meantime
                log("not stopped", job=blocker.id, error=str(error))

    def _gave_up(self) -> BranchBusy | AmplifyError:
        if self._blocker and self._refusal:
            blocker = f"job {self._blocker.id} is {self._blocker.status}"
            return BranchBusy(f"{self._refusal}: {blocker} until the timeout (WhenBusy is {self._when_busy})")
        if self._last_refusal:
            return BranchBusy(f"{self._last_refusal} until the timeout (WhenBusy is {self._when_busy})")
        why = self._patience.last_error or "the timeout has passed"
        return AmplifyError(f"no job could be started on {self._jobs.title} in time: {why}")
