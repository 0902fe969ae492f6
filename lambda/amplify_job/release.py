"""Create and forward Update: one job, waited for, and judged."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from attempt import Attempt
from jobs import CANCELLED, SUCCEED, Job, Jobs
from log import log
from outcomes import (
    Abandoned,
    CommitMismatch,
    Expired,
    Failure,
    JobCancelled,
    JobFailed,
    JobTimedOut,
    OutOfTime,
)
from patience import Clock, Patience, stop
from properties import Properties
from request import Request
from stack import Stack, is_live
from step_log import StepLog

_LAST_LOOK_SECONDS = 20
_SEEN_SECONDS = 2  # for so long, what was seen of the stack at first holds for the first StartJob
_NO_DIFF = "no diff"  # Amplify's "cancelled - no diff detected from previous commit"
_SHA = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)


class Release:
    """
    :param status: The stack's status, if it was just read.
    :param patience: Until the request's deadline.
    """

    def __init__(
        self,
        request: Request,
        properties: Properties,
        jobs: Jobs,
        stack: Stack,
        clock: Clock,
        *,
        patience: Patience,
        status: str | None = None,
    ) -> None:
        self._request = request
        self._progress = request.progress
        self._properties = properties
        self._jobs = jobs
        self._stack = stack
        self._clock = clock
        self._patience = patience
        self._status = status
        self._seen_until = 0 if request.handed_over else clock.time() + _SEEN_SECONDS
        self._log = StepLog(jobs)
        self._token = request.token(properties.fingerprint, properties.job_type)

    def job(self) -> Job:
        """Start the job, or adopt it, and see it succeed.

        :raises Failure: it did not.
        :raises Abandoned: CloudFormation has given the request up.
        """
        if self._patience.is_over and not self._request.handed_over:
            job = self._found_late()
        else:
            job = self._resumed() or self._attempt().job()
        return self.finish(job) if self._properties.wait else job

    def finish(self, job: Job) -> Job:
        """Wait for a job's end, and judge it; raises as above."""
        if not self._progress.job_id:  # an earlier request's job
            self._progress.job_id = job.id
            self._progress.started = job.token is not None and job.token.resource == self._token.resource
        return self._judged(self._ended(job))

    def _resumed(self) -> Job | None:
        if not self._progress.job_id:
            return None
        log("resumed", job=self._progress.job_id)
        try:
            return self._patience.insist(lambda: self._jobs.get(self._progress.job_id))
        except OutOfTime:
            return Job.read({"jobId": self._progress.job_id})

    def _attempt(self) -> Attempt:
        return Attempt(
            self._request,
            self._jobs,
            self._token,
            self._fields,
            when_busy=self._properties.when_busy,
            patience=self._patience,
        )

    def _fields(self, listed: list[Job]) -> dict[str, Any]:
        """StartJob's fields, while the job is wanted: CloudFormation may give up a request that waits."""
        seen = self._clock.time() < self._seen_until
        self._seen_until = 0
        status = self._status if seen else None
        if status is None:
            status = self._stack.status(tries=1 if seen and self._request.fresh else 3)
        if not is_live(status):
            raise Abandoned(f"the stack's status is {status}")
        if not seen and self._stack.has_ended(self._progress.requested):
            raise Abandoned("its operation has ended")
        message = self._properties.commit_message or (
            f"Started by CloudFormation stack {self._request.stack_name} ({self._request.logical_id})"
        )
        return {**self._properties.start_job, "commitMessage": self._token.sign(message)}

    def _ended(self, job: Job) -> Job:
        status = job.status
        if not job.in_progress and not job.steps:  # adopted from the list, which shows no steps
            with suppress(OutOfTime):
                return self._patience.insist(lambda: self._jobs.get(self._progress.job_id))
        while job.in_progress:
            try:
                self._patience.pause()
                job = self._patience.insist(lambda: self._jobs.get(self._progress.job_id))
            except OutOfTime:
                return self._stopped(job)
            if job.status != status:
                status = job.status
                log("status", job=job.id, status=status)
        return job

    def _stopped(self, job: Job) -> Job:
        """At the deadline: stop the job if it is ours; one that succeeds in that moment has succeeded."""
        last_look = Patience(self._clock, until=self._clock.time() + _LAST_LOOK_SECONDS)
        fate = "it is somebody else's and goes on"
        if self._progress.started:
            fate = "it was stopped" if stop(self._jobs, job, last_look) else "it could not be stopped"
        with suppress(OutOfTime, Failure):
            while job.in_progress:
                last_look.pause()
                job = last_look.insist(lambda: self._jobs.get(self._progress.job_id))
        if job.status == SUCCEED:
            return job
        seconds = self._properties.timeout_seconds
        because = f" (Amplify's last error: {self._patience.last_error})" if self._patience.last_error else ""
        raise JobTimedOut(
            f"{self._title(job)} had not ended after {seconds} seconds; {fate}{because}. {self._see}"
        )

    def _judged(self, job: Job) -> Job:
        log("ended", job=job.id, status=job.status)
        if job.status == SUCCEED:
            self._verify_commit(job)
            return job
        failed = next((step for step in job.steps if step.status == job.status and step.reason), None)
        failed = failed or next((step for step in job.steps if step.status == job.status), None)
        if job.status == CANCELLED and any(_NO_DIFF in step.reason.lower() for step in job.steps):
            return job
        why = f" in step {failed.name}" if failed and failed.name else ""
        why += f": {failed.reason.strip()}" if failed and failed.reason.strip() else ""
        if job.status == CANCELLED:
            raise JobCancelled(f"{self._title(job)} was cancelled{why}. {self._see}")
        lines = self._log.tail(failed, self._properties.failure_log_lines) if failed else []
        quoted = f". Its log ends: {' | '.join(lines)}" if lines else ""
        raise JobFailed(f"{self._title(job)} failed{why}{quoted}. {self._see}")

    def _verify_commit(self, job: Job) -> None:
        """Amplify may build the branch's tip whatever `commitId` says: the log tells what was built."""
        wanted = self._properties.commit_id.lower()
        if not self._properties.verify_commit or not wanted:
            return
        built = self._log.built_commit(job) or job.commit_id.lower()
        if not _SHA.fullmatch(wanted) or not _SHA.fullmatch(built):
            log("commit unverified", job=job.id, wanted=wanted, reported=job.commit_id)
        elif not (built.startswith(wanted) or wanted.startswith(built)):
            raise CommitMismatch(f"{self._title(job)} built commit {built}, not {wanted}. {self._see}")

    def _found_late(self) -> Job:
        """After the deadline: this request's job if it has succeeded; else none must be left."""
        patience = Patience(self._clock, until=self._clock.time() + _LAST_LOOK_SECONDS)
        with suppress(OutOfTime, Failure):
            for job in patience.insist(lambda: self._jobs.list(lambda jobs: True)):
                if job.token == self._token and job.status == SUCCEED:
                    return job
                if job.token == self._token and job.in_progress:
                    stop(self._jobs, job, patience)
        raise Expired(
            f"the request was delivered after its timeout of {self._properties.timeout_seconds} seconds"
        )

    def _title(self, job: Job) -> str:
        return f"job {job.id} of {self._jobs.title}"

    @property
    def _see(self) -> str:
        return f"See {self._jobs.console_url}"
