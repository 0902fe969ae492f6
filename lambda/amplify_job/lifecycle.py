"""What the function does for a request: to create, update, roll back and delete the resource.

`decisions.py` decides about jobs, `start.py` starts one, `verdict.py` judges one that has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from deadline import Clock, Deadline
from decisions import (
    NO_VERSION,
    Decide,
    Decision,
    Start,
    is_of,
    newest_of_version,
    newest_success,
    own_in_progress,
    restore,
    to_stop_in_rollback,
    undo_create,
)
from deployment import Deployment
from files import Files
from identity import Mark
from jobs import CANCELLED, CANCELLING, SUCCEED, Job, Jobs
from log import log
from outcomes import (
    AccessDenied,
    AmplifyError,
    Expired,
    Failure,
    InvalidProperties,
    JobTimedOut,
    NotFound,
    Unanswered,
)
from properties import BranchLocation, Properties, Source
from request import FRESH_SECONDS, Progress, Request
from smoke_test import check_site
from stack import PATIENT_SECONDS, Kind, Stack
from start import JobStart
from verdict import failure_of

_LAST_LOOK_SECONDS = 20
_ROLLBACK_SECONDS = 60
_FILES_SECONDS = 600


class Lifecycle:
    """
    :param connect: Gives the jobs of a branch.
    :param files: Gives the files of sources.
    :param deadline: The request's own.
    """

    def __init__(
        self,
        request: Request,
        progress: Progress,
        properties: Properties,
        connect: Callable[[BranchLocation], Jobs],
        files: Callable[[Sequence[Source]], Files],
        stack: Stack,
        clock: Clock,
        deadline: Deadline,
    ) -> None:
        self._request = request
        self._progress = progress
        self._properties = properties
        self._connect = connect
        self._jobs = connect(properties.location)
        self._files = files
        self._stack = stack
        self._clock = clock
        self._deadline = deadline
        self._has_asked_for_the_site = False
        self._is_late = deadline.has_passed and not request.handed_over
        self._may_be_repeated = request.may_be_repeated(progress, clock.time())

    def run(self) -> Job | None:
        """Do what the request asks for.

        :return: The job that the resource's attributes describe, if there is one.
        :raises Failure: it could not be done.
        """
        kind = self._kind_at_first()
        if kind is Kind.DELETE:
            self._delete()
            return None
        if kind is Kind.FORWARD:
            job = self._forward()
            if job:
                return job
            kind = self._stack.kind()  # a closer look, before the job would have started, showed another one
        if kind is Kind.ROLLBACK:
            return self._roll_back()
        log("given up")
        if self._request.type == "Create":
            raise Expired("the stack's operation has ended or is being rolled back")
        return self._described()

    def _kind_at_first(self) -> Kind:
        """Ask the stack about an Update and about a request that is not fresh, unless it was handed over."""
        fresh = self._clock.time() - self._progress.requested <= FRESH_SECONDS
        if self._request.type == "Update" and not self._request.handed_over:
            return self._stack.kind(min(PATIENT_SECONDS, self._properties.timeout_seconds / 2))
        if fresh or self._request.handed_over:
            return Kind.DELETE if self._request.type == "Delete" else Kind.FORWARD
        return self._stack.kind()

    # Create, and Update to what the user wants

    def _forward(self) -> Job | None:
        """:return: None if the request is no forward one, as a closer look shows."""
        if self._progress.job_id:
            return self._finish(self._resumed())
        if self._properties.wait_for_job_id:
            return self._wait_for_job()
        if self._is_late:
            return self._delivered_late()
        before = self._properties_before()
        if before and before.fingerprint == self._properties.fingerprint:
            return self._unchanged()
        if before and not before.location.is_same_branch(self._properties.location):
            self._leave(before.location)
        return self._release()

    def _wait_for_job(self) -> Job:
        """Nothing is started. That job is waited for and judged, whoever started it; it is never stopped."""
        self._progress.job_id = self._properties.wait_for_job_id
        return self._finish(self._resumed())

    def _release(self) -> Job | None:
        """Start a job, wait for it, and judge it."""
        mark = self._request.mark(self._properties.fingerprint, self._properties.job_type)
        wanted = Start({**self._properties.start_job, "commitMessage": mark.sign(self._message)}, "a release")
        job = self._started(
            mark, lambda listed: wanted, Kind.FORWARD, self._deadline, self._properties.when_busy
        )
        return self._finish(job) if job else None

    def _started(
        self, mark: Mark, decide: Decide, kind: Kind, deadline: Deadline, when_busy: str
    ) -> Job | None:
        """:return: The job that this request starts, or started before; None if none is wanted any more."""
        files, may_act = self._files(self._properties.sources), partial(self._stack.still, kind)
        with Deployment(self._jobs, files, self._progress, deadline, may_act) as deployment:
            return JobStart(
                self._jobs,
                mark,
                decide,
                deployment.start if self._properties.sources else self._jobs.start,
                self._progress,
                self._stack,
                kind,
                deadline,
                when_busy=when_busy,
                may_be_repeated=self._may_be_repeated,
            ).job()

    def _unchanged(self) -> Job | None:
        """Nothing that defines the job has changed. A job that still runs is waited for."""
        listed = self._deadline.retry(self._jobs.list)
        job = newest_of_version(listed, self._request.resource, self._properties.fingerprint)
        if job is None:
            # CloudFormation sends an Update again that failed while rollback is disabled.
            if self._request.properties == self._request.old_properties:
                return self._release()
            served = newest_success(listed)
            job = self._details(served, self._deadline) if served else None
        else:
            job = self._details(job, self._deadline)
            if job.in_progress:
                self._progress.job_id, self._progress.started = job.id, True
                return self._finish(job)
            if failure_of(job, self._properties, self._jobs):
                return self._release()
        before = self._properties_before()
        if self._request.properties == self._request.old_properties or (
            before and before.smoke_test != self._properties.smoke_test
        ):  # the Update that is sent again may have failed because of the site
            self._check_site()
        return job

    def _leave(self, location: BranchLocation) -> None:
        """The resource moves to another branch: stop its jobs on the old one, if Amplify lets it."""
        jobs, deadline = self._connect(location), self._brief_deadline()
        with suppress(Failure):
            for job in own_in_progress(deadline.retry(jobs.list), self._request.resource):
                if self._stack.still(Kind.FORWARD):
                    _stop(jobs, job, deadline)

    def _resumed(self) -> Job:
        log("resumed", job=self._progress.job_id)
        try:
            return self._deadline.retry(lambda: self._jobs.get(self._progress.job_id))
        except Unanswered:
            return Job.read({"jobId": self._progress.job_id})

    def _finish(self, job: Job) -> Job:
        """Wait for the job's end, and judge it, if that is wanted.

        :raises Failure: it did not succeed, or not in time.
        """
        if not self._properties.wait:
            return job
        job = self._ended(job)
        log("ended", job=job.id, status=job.status)
        failure = failure_of(job, self._properties, self._jobs)
        if failure:
            raise failure
        self._check_site()
        return job

    def _check_site(self) -> None:
        """:raises SiteCheckFailed: the site is not as wanted."""
        wanted = self._properties.smoke_test
        if wanted:
            now = self._clock.time()
            self._progress.checked_since = self._progress.checked_since or now
            check_site(
                self._jobs, wanted, self._deadline.until(self._progress.checked_since + wanted.seconds)
            )

    def _ended(self, job: Job) -> Job:
        status = job.status
        if not job.in_progress:
            return self._details(job, self._deadline)
        while job.in_progress and self._deadline.pause(polls=_polls_until_next_look(job, self._clock.time())):
            self._ask_for_the_site(job)
            with suppress(Unanswered):  # the deadline has passed
                job = self._deadline.retry(lambda: self._jobs.get(self._progress.job_id))
            if job.status != status:
                status = job.status
                log("status", job=job.id, status=status)
        return self._at_the_deadline(job) if job.in_progress else job

    def _ask_for_the_site(self, job: Job) -> None:
        """Its address is part of the answer. Asked for in advance, it takes no time after the job's end."""
        if job.steps and not self._has_asked_for_the_site:
            self._has_asked_for_the_site = True
            with suppress(Failure):
                self._jobs.site_url()

    def _at_the_deadline(self, job: Job) -> Job:
        """Stop the job if this request started it. If it succeeds all the same, that is a success."""
        deadline = self._brief_deadline()
        what = "it is somebody else's and goes on"
        if self._progress.started:
            told = self._stack.still(Kind.FORWARD) and _stop(self._jobs, job, deadline)
            with suppress(Failure):
                while job.in_progress and deadline.pause():
                    job = deadline.retry(lambda: self._jobs.get(self._progress.job_id))
            what = f"it was told to stop and was still {job.status} {_LAST_LOOK_SECONDS} seconds later"
            if not told:
                what = "it could not be stopped"
            elif not job.in_progress:
                what = (
                    "it was stopped" if job.status == CANCELLED else f"it was told to stop and {job.status}"
                )
        if job.status == SUCCEED:
            return job
        error = self._deadline.last_error
        because = f" (Amplify's last error: {error})" if error else ""
        raise JobTimedOut(
            f"job {job.id} of {self._jobs.title} had not ended after {self._properties.timeout_seconds} "
            f"seconds; {what}{because}. See {self._jobs.console_url}"
        )

    def _delivered_late(self) -> Job:
        """The request has come after its deadline: return its job if that is a success, else stop it.

        :raises Failure: there is no such job, or it has not built what was wanted.
        """
        found, deadline = None, self._brief_deadline()
        mark = self._request.mark(self._properties.fingerprint, self._properties.job_type)
        with suppress(Failure):
            for job in deadline.retry(lambda: self._jobs.list(self._progress.requested)):
                if job.mark != mark:
                    continue
                if job.status == SUCCEED or not self._properties.wait:
                    found = self._details(job, deadline)
                    break
                if job.in_progress and self._stack.still(Kind.FORWARD):
                    _stop(self._jobs, job, deadline)
        if found and not self._properties.wait:
            return found
        if found:
            failure = failure_of(found, self._properties, self._jobs)
            if failure:
                raise failure
            self._check_site()  # one look
            return found
        raise Expired(
            f"the request was delivered after its timeout of {self._properties.timeout_seconds} seconds"
        )

    # Update in a rollback

    def _roll_back(self) -> Job | None:
        """Undo what the resource did in this operation. Nothing here fails: a rollback must go on."""
        complete = self._stack.last_complete()
        if complete is None:
            log("nothing undone", why="the stack's events could not be read")
            return self._described()
        deadline = self._rollback_deadline()
        for jobs in self._branches():
            with suppress(Failure):
                self._stop_undone(jobs, complete, deadline)
        properties = self._properties
        mark = self._request.mark(properties.fingerprint, properties.job_type)

        def decide(listed: Sequence[Job]) -> Decision:
            if properties.sources:  # a deployment has no mark that tells which version the site serves
                return Start({}, "the files of the previous version")
            return restore(listed, mark, complete, properties.start_job, self._message)

        return self._restore(mark, Kind.ROLLBACK, decide, deadline) or self._described()

    def _branches(self) -> list[Jobs]:
        """The branch of the previous version, and the one to which the resource was moved."""
        undone = self._properties_before()
        if undone and not undone.location.is_same_branch(self._properties.location):
            return [self._connect(undone.location), self._jobs]
        return [self._jobs]

    def _stop_undone(self, jobs: Jobs, complete: float, deadline: Deadline) -> None:
        """Stop the resource's jobs of versions that are being undone, and wait for their end."""
        resource, fingerprint = self._request.resource, self._properties.fingerprint
        while undone := to_stop_in_rollback(deadline.retry(jobs.list), resource, fingerprint, complete):
            for job in undone:
                if job.status != CANCELLING and self._stack.still(Kind.ROLLBACK):
                    _stop(jobs, job, deadline)
            if not deadline.pause():
                break

    def _restore(self, mark: Mark, kind: Kind, decide: Decide, deadline: Deadline) -> Job | None:
        """Bring the site back to what it served before, without waiting for the end.

        :return: The job that does so, if one is needed and could be started.
        """
        if self._properties.on_rollback == "IGNORE" or self._properties.wait_for_job_id:
            return None
        try:
            return self._started(mark, decide, kind, deadline, "WAIT")
        except Failure as failure:
            log("nothing restored", why=failure.reason)
            return None

    def _described(self) -> Job | None:
        """The job of this version, else the one that the site serves. None if Amplify does not say."""
        deadline = self._brief_deadline()
        with suppress(Failure):
            if self._properties.wait_for_job_id:
                return deadline.retry(lambda: self._jobs.get(self._properties.wait_for_job_id))
            listed = deadline.retry(self._jobs.list)
            job = newest_of_version(listed, self._request.resource, self._properties.fingerprint)
            job = job or newest_success(listed)
            return self._details(job, deadline) if job else None
        return None

    # Delete

    def _delete(self) -> None:
        """Stop this resource's jobs; never anybody else's."""
        resource, deadline = self._request.resource, self._rollback_deadline()
        try:
            listed = deadline.retry(self._jobs.list)
        except Failure as failure:
            log("nothing stopped", why=failure.reason)
            return
        for job in own_in_progress(listed, resource):
            if job.status != CANCELLING and self._stack.still(Kind.DELETE):
                _stop(self._jobs, job, deadline)
        served = newest_success(listed)
        if served and is_of(served, resource) and self._stack.is_undoing_an_update():
            complete = self._stack.last_complete()
            if complete is not None:
                mark = self._request.mark(NO_VERSION, "RETRY")
                self._restore(mark, Kind.DELETE, lambda listed: undo_create(listed, mark, complete), deadline)

    # All of them

    def _properties_before(self) -> Properties | None:
        """The properties before the Update; None if they are not valid: a failed Update may have had such."""
        try:
            return Properties.parse(self._request.old_properties)
        except InvalidProperties:
            return None

    @property
    def _message(self) -> str:
        started_by = (
            f"Started by CloudFormation stack {self._request.stack_name} ({self._request.logical_id})"
        )
        return self._properties.commit_message or started_by

    def _details(self, job: Job, deadline: Deadline) -> Job:
        """Add the steps of a job, which a list does not show, if Amplify tells them."""
        if job.steps:
            return job
        with suppress(Unanswered, NotFound):
            return deadline.retry(lambda: self._jobs.get(job.id))._replace(mark=job.mark)
        return job

    def _brief_deadline(self) -> Deadline:
        return self._deadline.after(_LAST_LOOK_SECONDS)

    def _rollback_deadline(self) -> Deadline:
        seconds = _ROLLBACK_SECONDS
        if self._properties.sources:  # they are read and sent again
            seconds = max(seconds, min(self._properties.timeout_seconds, _FILES_SECONDS))
        return self._deadline.after(seconds)


def _polls_until_next_look(job: Job, now: float) -> float:
    """How long to wait, in polls of 2 s: 4 s while the job builds, 1 s while it deploys or has just begun.

    A build still has to be deployed and verified before the job succeeds, which takes some seconds.
    `docs/design.md` has the figures.
    """
    often, seldom = 0.5, 2
    running = next((step.name for step in job.steps if step.status == "RUNNING"), job.status)
    if running in ("DEPLOY", "VERIFY"):
        return often
    if running in ("PROVISIONING", "BUILD"):
        began = job.started.timestamp() if job.started else 0
        return min(seldom, often * max(1, (now - began) // 2))
    return 1


def _stop(jobs: Jobs, job: Job, deadline: Deadline) -> bool:
    """Stop a job. Return whether Amplify accepted it: a job that has ended cannot be stopped."""
    try:
        deadline.retry(lambda: jobs.stop(job.id))
    except (AccessDenied, NotFound, AmplifyError) as error:
        log("not stopped", job=job.id, error=str(error))
        return False
    log("stopped", job=job.id)
    return True
