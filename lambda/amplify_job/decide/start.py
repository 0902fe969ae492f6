"""Starting a job, or a deployment step by step, once the branch is free."""

from __future__ import annotations

from collections.abc import Sequence

from amplify_job.amplify.job import CANCELLED, CANCELLING, FAILED, MANUAL, SUCCEED, Job
from amplify_job.cloudformation.request import Task
from amplify_job.decide.branch_jobs import is_of
from amplify_job.decide.state import Deployment, State
from amplify_job.decide.steps import Do, Fail, Next, Seen, Step, StopJob, Wait
from amplify_job.outcomes import BranchBusy

_ABANDONED_SECONDS = 300
"""A deployment that was created blocks the branch. One that has not started after this time is abandoned: our
own upload takes four minutes at most."""


def start(step: Step, task: Task, state: State, seen: Seen, when_busy: str) -> Step:
    """Take that step, unless the last try was refused and the branch is still busy.

    A list may lag behind: it is searched for a job in the way only after a refusal.
    """
    if not state.blocked.refused:
        return step
    blocking = in_the_way(seen.jobs or (), state)
    if blocking:
        is_busy = not _is_deployment_of_now(blocking, task, state)
    else:  # the list may not show it yet; a job that was waited for has ended
        is_busy = bool(state.blocked.words and not state.blocked.by)
    if when_busy == "FAIL" and is_busy:
        what = f": job {blocking.id} is {blocking.status}" if blocking else ""
        return Fail(BranchBusy(f"{words_of(task, state)}{what} (WhenBusy is FAIL)"))
    if blocking is None:
        return Wait(state=state._replace(blocked=state.blocked._replace(refused=False)))
    return _while_busy(blocking, task, state, seen, when_busy)


def _while_busy(blocking: Job, task: Task, state: State, seen: Seen, when_busy: str) -> Step:
    """What is done about the job in the way."""
    if blocking.id != state.blocked.by:
        blocked = state.blocked._replace(by=blocking.id, since=seen.now)
        return Next(state._replace(blocked=blocked), "waiting for another job", blocking)
    if blocking.status == CANCELLING or blocking.id in state.stopped:
        return Wait()
    if task.properties.sources and blocking.is_unstarted:
        is_abandoned = seen.now - state.blocked.since >= _ABANDONED_SECONDS
        return StopJob(blocking.id) if is_abandoned else Wait()
    if when_busy == "JOIN" and not is_of(blocking, task.resource):
        return Next(state.followed(blocking.id, seen.now, mine=False), "joined", blocking)
    is_of_now = (blocking.mark and _began_now(blocking, state)) or _is_deployment_of_now(
        blocking, task, state
    )
    if when_busy == "STOP" and blocking.started and not is_of_now:
        return StopJob(blocking.id)
    return Wait()


def _is_deployment_of_now(blocking: Job, task: Task, state: State) -> bool:
    """Whether it may be this request's own deployment: another delivery of the request has then started it.

    Deployments have no mark. A request for a build starts none.
    """
    is_deployment = blocking.mark is None and blocking.type in ("", MANUAL)
    return bool(task.properties.sources) and is_deployment and _began_now(blocking, state)


def _began_now(blocking: Job, state: State) -> bool:
    """Whether it began in this operation of the stack, or may have: nothing shows when that began."""
    return blocking.began_since(state.look.began if state.look else 0)


def deploy(task: Task, state: State, seen: Seen, when_busy: str) -> Step:
    """Create a deployment, send it the files, start it. Any deployment that did not get so far is stopped."""
    deployment = state.deployment
    if not deployment.id:
        step = Do.CREATE_DEPLOYMENT if seen.files_open else Do.OPEN_FILES
        return start(step, task, state, seen, when_busy)
    listed = next((job for job in seen.jobs or () if job.id == deployment.id), None)
    if listed and (listed.started or listed.status in (SUCCEED, FAILED)):
        return Next(state.followed(listed.id, seen.now, mine=True), "started", listed)
    if listed and listed.status in (CANCELLED, CANCELLING):  # somebody has stopped it before it started
        return Next(state._replace(deployment=Deployment()), "stopped by somebody", listed)
    if deployment.uploaded:
        return Do.START_DEPLOYMENT
    return Do.SEND_FILES if seen.upload_url else StopJob(deployment.id)


def in_the_way(jobs: Sequence[Job], state: State) -> Job | None:
    """The job that blocks the branch, if the list shows one."""
    return next((job for job in jobs if job.in_progress and job.id != state.deployment.id), None)


def words_of(task: Task, state: State) -> str:
    return state.blocked.words or f"{task.properties.location.title} is busy"
