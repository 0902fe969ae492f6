"""Taking one step: reading from AWS and acting on it. Nothing here waits, or tries again."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from amplify_job.amplify.job import Job
from amplify_job.amplify.jobs import Jobs
from amplify_job.amplify.smoke_test import flaw_of
from amplify_job.amplify.verdict import failure_of
from amplify_job.cloudformation.properties import SmokeTest
from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Look, kind_unseen
from amplify_job.decide.deadline import end_of
from amplify_job.decide.state import Deployment, Errors, State
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

_UPLOADS = 3  # each one is of another deployment, and gets another URL
_UPLOAD_SECONDS = 240  # how long one may take, with all its tries
_UNSEEN_SECONDS = 10  # how long Amplify may not find a job that was just started
_UNREADABLE_SECONDS = 4  # how long a stack that cannot be read is asked again
_UPDATE_SECONDS = 60  # the same for the first look of an Update: nothing is done before that


class Taken(NamedTuple):
    """How far a request is after a step."""

    state: State
    seen: Seen
    pause: float = 0
    """How long to wait then, in seconds."""
    failure: Failure | None = None
    """Why the step could not be taken. What was done of it is in the state."""


class Steps:
    def __init__(self, task: Task, ends: float, clients: Clients, files: Files) -> None:
        """:param ends: When this invocation must end."""
        self._task = task
        self._ends = ends
        self._clients = clients
        self._files = files
        self._jobs: Jobs = clients.jobs(task.properties.location)

    def take(self, step: Step, state: State, seen: Seen) -> Taken:
        try:
            return self._take(step, state, seen)
        except Failure as failure:
            return Taken(state, seen, failure=failure)

    def _take(self, step: Step, state: State, seen: Seen) -> Taken:
        """:raises Failure: it could not be taken, and nothing was done."""
        match step:
            case Wait():
                return Taken((step.state or state)._replace(errors=Errors()), seen, step.seconds)
            case Next():
                return _go_on(step, state, seen)
            case Do.READ_STACK:
                return self._read_stack(state, seen)
            case ReadJobs():
                jobs = self._jobs.list(step.since)
                return Taken(state, seen._replace(jobs=jobs, all_jobs=step.since is None))
            case ReadJob():
                return self._read_job(step.job_id, state, seen)
            case LookAtSite():
                return self._look_at_site(step.wanted, state, seen)
            case StartJob():
                return self._start_job(step, state, seen)
            case Do.OPEN_FILES:
                return self._open_files(state, seen)
            case Do.CREATE_DEPLOYMENT:
                return self._create_deployment(state, seen)
            case Do.SEND_FILES:
                return self._send_files(state, seen)
            case Do.START_DEPLOYMENT:
                return self._start_deployment(state, seen)
            case StopJob():
                return self._stop(step.job_id, state, seen)
        raise AssertionError(step)

    # Reading

    def _read_stack(self, state: State, seen: Seen) -> Taken:
        request_type = self._task.request.type
        try:
            look = self._clients.look(state)
        except Exception as error:
            response = getattr(error, "response", None) or {}  # None where there was no answer
            code = response.get("Error", {}).get("Code", "")
            log("stack unreadable", error=type(error).__name__, code=code)
            now = self._clients.now
            since = state.unreadable_since or now
            until = since + _UNREADABLE_SECONDS
            if request_type == "Update" and state.look is None:
                until = max(until, state.began + _UPDATE_SECONDS)
            pause = min(max(1.0, now - since), until - now)
            if pause > 0:
                return Taken(state._replace(unreadable_since=since), seen, pause)
            look = (state.look or Look(kind_unseen(request_type), "", 0))._replace(at=now)
        if look.kind is not state.kind(request_type):
            log("found to be", kind=look.kind)
            seen, state = Seen(look.at), state._replace(since=look.at)
        return Taken(state._replace(look=look, unreadable_since=0), seen)

    def _read_job(self, job_id: str, state: State, seen: Seen) -> Taken:
        try:
            job = self._jobs.get(job_id)
        except NotFound as error:
            if self._clients.now - state.job.since < _UNSEEN_SECONDS:
                raise Unanswered(str(error)) from error
            raise
        seen = seen._replace(job=job, verdict=None)
        if not job.in_progress or state.timed_out.since:
            seen = seen._replace(skipped=self._jobs.step_log.skipped(job))
        if not job.in_progress:
            log("ended", job=job.id, status=job.status, **({"built": False} if seen.skipped else {}))
            failure = failure_of(job, self._task.properties, self._jobs, bool(seen.skipped))
            seen = seen._replace(verdict=failure)
        elif job.step != state.shown:
            log("step", job=job.id, step=job.step)
            state = state._replace(shown=job.step)
            if job.steps:  # the address is part of the answer: asked for now, it takes no time then
                with suppress(Failure):
                    self._jobs.site()
        return Taken(state, seen)

    def _look_at_site(self, wanted: SmokeTest, state: State, seen: Seen) -> Taken:
        if not state.checking_since:
            log("smoke test", **wanted._asdict())
            state = state._replace(checking_since=self._clients.now)
        try:
            flaw = flaw_of(self._jobs.site(), wanted, self._jobs.endpoint)
        except Failure as failure:
            flaw = f"the address of {self._jobs.location.title} is not known: {failure}"
        if not flaw or flaw != state.shown:
            log("site", answer=flaw or "as wanted")
        return Taken(state._replace(shown=flaw), seen._replace(flaw=flaw))

    def _open_files(self, state: State, seen: Seen) -> Taken:
        platform = self._jobs.site().platform
        if platform not in ("", "WEB"):
            app = self._jobs.location.app_id
            raise InvalidProperties(f"app {app} has the platform {platform}, must be WEB to take files")
        self._files.zip(partial(self._check, state))
        if self._files.warning != state.files_warning:
            log("files look wrong", why=self._files.warning)
            state = state._replace(files_warning=self._files.warning)
        return Taken(state, seen._replace(files_open=True))

    # Acting

    def _start_job(self, step: StartJob, state: State, seen: Seen) -> Taken:
        try:
            job = self._jobs.start(step.fields)
        except Throttled as error:
            return _refused(error, state, seen)
        return self._started(job, state, seen, what=step.what)

    def _create_deployment(self, state: State, seen: Seen) -> Taken:
        try:
            job_id, url = self._jobs.create_deployment()
        except Throttled as error:
            return _refused(error, state, seen)
        log("created", job=job_id)
        return Taken(state._replace(deployment=Deployment(job_id)), seen._replace(upload_url=url))

    def _send_files(self, state: State, seen: Seen) -> Taken:
        check = partial(self._check, state, self._clients.now + _UPLOAD_SECONDS)
        try:
            files = self._files.zip(check)
            upload(files, seen.upload_url, self._jobs.endpoint, self._clients.clock.sleep, check)
        except Throttled as error:
            self._files.close()  # an archive may have been replaced
            failed = state.uploads_failed + (self._clients.now < self._ends)
            failure = AmplifyError(str(error)) if failed >= _UPLOADS else error
            return Taken(state._replace(uploads_failed=failed), seen._replace(upload_url=""), failure=failure)
        log("uploaded", job=state.deployment.id, bytes=files.size)
        uploaded = state.deployment._replace(uploaded=True)
        return Taken(state._replace(deployment=uploaded), seen._replace(jobs=None, upload_url=""))

    def _check(self, state: State, until: float = math.inf) -> None:
        """:raises Throttled: there is no time for a long piece of work any more."""
        if self._clients.now > until:
            raise Throttled(f"the files could not be sent to Amplify in {_UPLOAD_SECONDS} seconds")
        if self._clients.now >= end_of(self._task, state):
            raise Throttled("the timeout has passed")
        if self._clients.now >= self._ends:
            raise Throttled("the files were not ready in time")

    def _start_deployment(self, state: State, seen: Seen) -> Taken:
        """StartDeployment names the job, so that it can be repeated until it is answered."""
        deployment = state.deployment
        failure: Failure
        try:
            job = self._jobs.start_deployment(deployment.id)
        except Busy as error:  # no other job is in the way: a deployment that was created blocks the branch
            failure = Throttled(str(error))
        except Unanswered as error:
            failure = error
            if not isinstance(error, Throttled):
                deployment = deployment._replace(unanswered=True)
        except (AmplifyError, NotFound) as error:
            if not deployment.unanswered:
                raise
            # The earlier one may have started it: the list tells, once it shows that.
            failure = Unanswered(str(error))
        else:
            return self._started(job, state, seen)
        return Taken(state._replace(deployment=deployment), seen, failure=failure)

    def _started(self, job: Job, state: State, seen: Seen, **logged: Any) -> Taken:
        followed = state.followed(job.id, self._clients.now, mine=True)
        return _go_on(Next(followed, "started", job), state, seen, **logged)

    def _stop(self, job_id: str, state: State, seen: Seen) -> Taken:
        pause = 0.0
        try:
            self._jobs.stop(job_id)
            log("stopped", job=job_id)
            state = state._replace(stopped=(*state.stopped, job_id))
        except Unanswered:
            raise
        except (AmplifyError, NotFound) as error:  # it has ended in the meantime
            log("not stopped", job=job_id, error=str(error))
            pause = POLL_SECONDS
        if job_id == state.deployment.id:
            state = state._replace(deployment=Deployment())
        return Taken(state, seen, pause)


def _go_on(step: Next, state: State, seen: Seen, **logged: Any) -> Taken:
    job = step.job
    if step.said:
        log(step.said, **({"job": job.id, "status": job.status} if job else {}), **logged)
    if job and step.state.job.id != state.job.id:
        # One that has ended is read, with its steps, which tell why.
        seen = seen._replace(job=job if job.in_progress else None, verdict=None)
    return Taken(step.state, seen)


def _refused(error: Throttled, state: State, seen: Seen) -> Taken:
    """No job was started. The branch's jobs tell when to try again."""
    words = str(error) if isinstance(error, Busy) else ""
    blocked = state.blocked._replace(refused=True, words=words)
    return Taken(state._replace(blocked=blocked), seen._replace(jobs=None), failure=error)
