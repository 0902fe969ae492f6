"""What is left to do when nothing new is wanted: an unchanged Update, a rollback, a Delete.

A site must not wedge a stack in a failed rollback, so that no answer of Amplify's makes these fail.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attempt import Attempt
from identity import NO_JOB, PhysicalId
from jobs import CANCELLED, CANCELLING, FAILED, SUCCEED, Job, Jobs
from log import log
from outcomes import Failure, InvalidProperties, OutOfTime
from patience import Clock, Patience, stop
from properties import Place, Properties
from request import Request
from stack import Stack, is_rolling_back, is_undoing_an_update

_SECONDS = 60
_NO_FINGERPRINT = "0"  # of a job that serves no version of the resource


class _NothingToRestore(Exception):
    """The site serves what it should, or there is no way back."""


class _Restored(Exception):
    """Another request of this rollback has started the job already."""

    def __init__(self, job: Job) -> None:
        self.job = job


class Rollback:
    """:param connect: Gives the jobs of a branch."""

    def __init__(
        self,
        request: Request,
        properties: Properties,
        connect: Callable[[Place], Jobs],
        stack: Stack,
        clock: Clock,
    ) -> None:
        self._request = request
        self._properties = properties
        self._connect = connect
        self._stack = stack
        self._patience = Patience(clock, until=clock.time() + _SECONDS)

    def unchanged(self, physical: PhysicalId, rolling_back: bool) -> Job | None:
        """An Update to the fingerprint that the physical ID has: undo what an abandoned or failed Update did.

        CloudFormation abandons an Update when it is cancelled or when another resource fails, and sends this
        one while the first worker still waits. One that failed after its job had succeeded left a site that
        serves that job.

        :return: The job that restores the site, if one is needed and could be started.
        """
        self._stop_others(lambda job: True)
        if self._properties.on_rollback == "IGNORE" or not rolling_back:
            return None
        complete = self._stack.last_complete()
        if complete is None:
            return None
        return self._restore(
            self._connect(self._properties.place),
            self._properties.fingerprint,
            lambda served, _: (
                self._is_other(served) and served.number > physical.number and served.since(complete)
            ),
            is_rolling_back,
        )

    def changed(self, physical: PhysicalId | None) -> Job | None:
        """An Update to another fingerprint while the stack rolls back: undo the job of the physical ID.

        That job began in this operation of the stack. If it did not, this is a forward Update that was
        delivered just as the stack began to roll back: undoing a job of an earlier deploy would be wrong.

        :return: As above.
        """
        if self._properties.on_rollback == "IGNORE":
            return None
        complete = self._stack.last_complete()
        self._stop_others(lambda job: complete is None or job.since(complete))
        if physical is None or physical.job_id == NO_JOB or complete is None:
            return None
        if self._old_place(physical) != self._properties.place:
            return None
        return self._restore(
            self._connect(self._properties.place),
            self._properties.fingerprint,
            lambda served, _: served.id == physical.job_id and served.since(complete),
            is_rolling_back,
            after=physical,
        )

    def delete(self) -> None:
        """Stop this resource's job in progress; never anybody else's."""
        physical = self._request.physical
        if physical is None:  # CloudFormation invented the ID: the Create was never answered
            jobs = self._connect(self._properties.place)
            for job in self._patience.insist(lambda: jobs.list(lambda _: True)):
                if job.in_progress and self._is_ours(job):
                    stop(jobs, job, self._patience)
        elif physical.job_id != NO_JOB:
            self._delete(
                physical, self._connect(self._properties.place.of(physical.app_id, physical.branch_name))
            )

    def _delete(self, physical: PhysicalId, jobs: Jobs) -> None:
        job = self._patience.insist(lambda: jobs.get(physical.job_id))
        if job.in_progress:
            if self._is_ours(job):
                stop(jobs, job, self._patience)
        elif self._properties.on_rollback != "IGNORE" and is_undoing_an_update(self._stack.status()):
            # In case CloudFormation undoes a replacement by this Delete alone.
            before = self._succeeded(self._patience.insist(lambda: jobs.list(self._two_succeeded)))[1:2]
            token = before[0].token if before and self._is_ours(before[0]) else None
            self._restore(
                jobs,
                token.fingerprint if token else _NO_FINGERPRINT,
                lambda served, listed: (
                    served is listed[0]
                    and served.id == physical.job_id
                    and any(self._is_ours(job) for job in listed[1:])
                ),
                is_undoing_an_update,
            )

    def _stop_others(self, began_here: Callable[[Job], bool]) -> None:
        """Stop this resource's jobs for another fingerprint, also on the branch that an Update came from."""
        for place in {self._properties.place, self._old_place() or self._properties.place}:
            jobs = self._connect(place)
            with suppress(OutOfTime, Failure):
                while True:
                    listed = self._patience.insist(lambda jobs=jobs: jobs.list(lambda _: True))  # type: ignore[misc]
                    others = [j for j in listed if j.in_progress and self._is_other(j) and began_here(j)]
                    if not others:
                        break
                    for job in others:
                        if job.status != CANCELLING:
                            stop(jobs, job, self._patience)
                    self._patience.pause()

    def _restore(
        self,
        jobs: Jobs,
        fingerprint: str,
        is_to_lose: Callable[[Job, list[Job]], bool],
        is_undone: Callable[[str], bool],
        after: PhysicalId | None = None,
    ) -> Job | None:
        """Retry the job that the site served before. Never a RELEASE: that would build the branch's tip.

        :param fingerprint: The version of this resource that the site then serves.
        :param after: A job of that version that is newer than this one's has restored the site already.
        """
        token = self._request.token(fingerprint, "RETRY")

        def fields(listed: list[Job]) -> dict[str, Any]:
            for job in listed:
                newer = after is not None and job.number > after.number
                if (
                    newer
                    and self._is_of(job, fingerprint)
                    and job.status not in (FAILED, CANCELLED, CANCELLING)
                ):
                    raise _Restored(job)
            succeeded = self._succeeded(listed)
            if (
                len(succeeded) < 2
                or not is_to_lose(succeeded[0], listed)
                or not is_undone(self._stack.status())
            ):
                raise _NothingToRestore("the site serves what it should")
            before = succeeded[1].id
            log("restoring", job=before, instead_of=succeeded[0].id)
            message = f"Restored by CloudFormation stack {self._request.stack_name}: job {before}"
            return {"jobType": "RETRY", "jobId": before, "commitMessage": token.sign(message)}

        attempt = Attempt(
            self._request,
            jobs,
            token,
            fields,
            when_busy="WAIT",
            patience=self._patience,
            enough=self._two_succeeded,
        )
        try:
            return attempt.job()
        except _Restored as restored:
            return restored.job
        except (_NothingToRestore, Failure) as error:
            log("nothing restored", why=str(error))
            return None

    def _old_place(self, physical: PhysicalId | None = None) -> Place | None:
        """Where the Update comes from; for lack of its properties, the physical ID's branch."""
        try:
            return Properties.parse(self._request.old_properties).place
        except InvalidProperties:
            return self._properties.place.of(physical.app_id, physical.branch_name) if physical else None

    def _is_ours(self, job: Job) -> bool:
        return job.token is not None and job.token.resource == self._request.resource_digest

    def _is_of(self, job: Job, fingerprint: str) -> bool:
        """Whether this resource started the job for that version of itself."""
        return job.token is not None and self._is_ours(job) and job.token.fingerprint == fingerprint

    def _is_other(self, job: Job) -> bool:
        """Whether this resource started the job for another version of itself."""
        return self._is_ours(job) and not self._is_of(job, self._properties.fingerprint)

    @staticmethod
    def _succeeded(listed: list[Job]) -> list[Job]:
        return [job for job in listed if job.status == SUCCEED]

    def _two_succeeded(self, listed: list[Job]) -> bool:
        return len(self._succeeded(listed)) >= 2
