"""Taking one step: reading from AWS and acting on it. Nothing here waits, or tries again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from amplify_job.amplify.job import Job
from amplify_job.amplify.jobs import Jobs
from amplify_job.amplify.smoke_test import flaw_of
from amplify_job.amplify.verdict import failure_of
from amplify_job.cloudformation.properties import SmokeTest
from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Look, kind_unseen
from amplify_job.decide.deadline import end_of
from amplify_job.decide.state import State
from amplify_job.decide.steps import (
    POLL_SECONDS,
    Do,
    LookAtSite,
    Next,
    ReadJob,
    ReadJobs,
    Seen,
    StartJob,
    Step,
    StopJob,
    Wait,
)
from amplify_job.files.archives import Files
from amplify_job.files.upload import upload
from amplify_job.log import log
from amplify_job.outcomes import (
    AmplifyError,
    Busy,
    Failure,
    InvalidProperties,
    NotFound,
    Throttled,
    Unanswered,
)
from amplify_job.run.clients import Clients

_T = TypeVar("_T")
_UPLOADS = 3  # each one is of another deployment, and gets another URL
_UNSEEN_SECONDS = 10  # how long Amplify may not find a job that was just started
_UNREADABLE_SECONDS = 4  # how long a stack that cannot be read is asked again
_UPDATE_SECONDS = 60  # the same for the first look of an Update: nothing is done before that


class Progress:
    """How far a request is: its state, and what was seen since the last pause."""

    def __init__(self, task: Task, state: State, ends: float, clients: Clients, files: Files) -> None:
        """:param ends: When this invocation must end."""
        self.state = state
        self.seen = Seen(clients.now)
        self._task = task
        self._ends = ends
        self._clients = clients
        self._files = files

    def take(self, step: Step) -> float:
        """:return: How long to pause then, in seconds.
        :raises Failure: it could not be taken. What was done of it is in the state.
        """
        match step:
            case Wait():
                self.state = (step.state or self.state)._replace(tries=0, denied_since=0)
                return step.seconds
            case Next():
                self._go_on(step)
            case Do.READ_STACK:
                return self._read_stack()
            case ReadJobs():
                self.seen = self.seen._replace(jobs=self.jobs.list(step.since))
            case ReadJob():
                self._read_job(step.job_id)
            case LookAtSite():
                self._look_at_site(step.wanted)
            case StartJob():
                job = self._begin(partial(self.jobs.start, step.fields))
                self._started(job, what=step.what)
            case Do.CREATE_DEPLOYMENT:
                self._create_deployment()
            case Do.START_DEPLOYMENT:
                self._start_deployment()
            case StopJob():
                return self._stop(step.job_id)
        return 0

    # Reading

    def _read_stack(self) -> float:
        """:return: How long to wait before the next try, in seconds, if the stack cannot be read."""
        state, request_type = self.state, self._task.request.type
        try:
            look = self._clients.look(state)
        except Exception as error:
            response = getattr(error, "response", None) or {}  # None where there was no answer
            log(
                "stack unreadable", error=type(error).__name__, code=response.get("Error", {}).get("Code", "")
            )
            now = self._clients.now
            since = state.unreadable_since or now
            until = since + _UNREADABLE_SECONDS
            if request_type == "Update" and state.look is None:
                until = max(until, state.began + _UPDATE_SECONDS)
            pause = min(max(1.0, now - since), until - now)
            if pause > 0:
                self.state = state._replace(unreadable_since=since)
                return pause
            look = (state.look or Look(now, kind_unseen(request_type), "", 0))._replace(at=now)
        if look.kind is not state.kind(request_type):
            log("found to be", kind=look.kind)
            self.seen = Seen(self._clients.now)
            state = state._replace(since=self._clients.now)
        self.state = state._replace(look=look, unreadable_since=0)
        return 0

    def _read_job(self, job_id: str) -> None:
        try:
            job = self.jobs.get(job_id)
        except NotFound as error:
            if self._clients.now - self.state.followed_since < _UNSEEN_SECONDS:
                raise Unanswered(str(error)) from error
            raise
        self.seen = self.seen._replace(job=job, verdict=None)
        if not job.in_progress:
            log("ended", job=job.id, status=job.status)
            self.seen = self.seen._replace(verdict=failure_of(job, self._task.properties, self.jobs))
        elif job.step != self.state.shown:
            log("step", job=job.id, step=job.step)
            self.state = self.state._replace(shown=job.step)
            if job.steps:  # the address is part of the answer: asked for now, it takes no time then
                with suppress(Failure):
                    self.jobs.site()

    def _look_at_site(self, wanted: SmokeTest) -> None:
        if not self.state.checking_since:
            log("smoke test", **wanted._asdict())
            self.state = self.state._replace(checking_since=self._clients.now)
        try:
            flaw = flaw_of(self.jobs.site(), wanted, self.jobs.endpoint)
        except Failure as failure:
            flaw = f"the address of {self.jobs.location.title} is not known: {failure}"
        if not flaw or flaw != self.state.shown:
            log("site", answer=flaw or "as wanted")
        self.state = self.state._replace(shown=flaw)
        self.seen = self.seen._replace(flaw=flaw)

    # Acting

    def _go_on(self, step: Next, **logged: Any) -> None:
        job = step.job
        if step.said:
            log(step.said, **({"job": job.id, "status": job.status} if job else {}), **logged)
        if step.state.left != self.state.left:
            self.seen = Seen(self._clients.now)
        elif job and step.state.job_id != self.state.job_id:
            # One that has ended is read, with its steps, which tell why.
            self.seen = self.seen._replace(job=job if job.in_progress else None, verdict=None)
        self.state = step.state

    def _started(self, job: Job, **logged: Any) -> None:
        followed = self.state.followed(job.id, self._clients.now, mine=True)
        self._go_on(Next(followed, "started", job), **logged)

    def _begin(self, call: Callable[[], _T]) -> _T:
        """Start a job or create a deployment; remember if that is refused."""
        try:
            return call()
        except Throttled as error:
            busy = str(error) if isinstance(error, Busy) else ""
            self.state = self.state._replace(refused=True, busy=busy)
            self.seen = self.seen._replace(jobs=None)
            raise

    def _create_deployment(self) -> None:
        platform = self.jobs.site().platform
        if platform not in ("", "WEB"):
            app = self.jobs.location.app_id
            raise InvalidProperties(f"app {app} has the platform {platform}, must be WEB to take files")
        files = self._files.zip(self._check)
        if self._files.warning != self.state.files_warning:
            log("files look wrong", why=self._files.warning)
            self.state = self.state._replace(files_warning=self._files.warning)
        if not self.state.looked_lately(self._clients.now):  # the files took their time
            return
        job_id, url = self._begin(self.jobs.create_deployment)
        log("created", job=job_id, bytes=files.size)
        self.state = self.state._replace(deployment=job_id, uploaded=False)
        try:
            upload(files, url, self.jobs.endpoint, self._clients.clock, self._check)
        except Throttled as error:
            self._files.close()  # an archive may have been replaced
            failed = self.state.uploads_failed + (self._clients.now < self._ends)
            self.state = self.state._replace(uploads_failed=failed)
            if failed >= _UPLOADS:
                raise AmplifyError(str(error)) from error
            raise
        log("uploaded", job=job_id)
        self.state = self.state._replace(uploaded=True)
        self.seen = self.seen._replace(jobs=None)

    def _check(self) -> None:
        """:raises Throttled: there is no time for a long piece of work any more."""
        if self._clients.now >= end_of(self._task, self.state, self.state.kind(self._task.request.type)):
            raise Throttled("the timeout has passed")
        if self._clients.now >= self._ends:
            raise Throttled("the files were not ready in time")

    def _start_deployment(self) -> None:
        """StartDeployment names the job, so that it can be repeated until it is answered."""
        try:
            self._started(self.jobs.start_deployment(self.state.deployment))
        except Busy as error:  # no other job is in the way: a deployment that was created blocks the branch
            raise Throttled(str(error)) from error
        except Unanswered:
            raise
        except (AmplifyError, NotFound) as error:
            if self.state.tries:  # an earlier one may have started it: the list tells, once it shows that
                raise Unanswered(str(error)) from error
            raise

    def _stop(self, job_id: str) -> float:
        """:return: How long to wait before the next try, in seconds."""
        pause = 0.0
        try:
            self.jobs.stop(job_id)
            log("stopped", job=job_id)
            self.state = self.state._replace(stopped=(*self.state.stopped, job_id))
        except Unanswered:
            raise
        except (AmplifyError, NotFound) as error:  # it has ended in the meantime
            log("not stopped", job=job_id, error=str(error))
            pause = POLL_SECONDS
        if job_id == self.state.deployment:
            self.state = self.state._replace(deployment="")
        return pause

    @property
    def jobs(self) -> Jobs:
        """The jobs of the branch that is worked on now."""
        before = self._task.before
        is_there = before and self._task.moves and not self.state.left
        return self._clients.jobs(before.location if before and is_there else self._task.properties.location)
