"""Starting a job, or a deployment step by step, once the branch is free."""

from __future__ import annotations

from collections.abc import Sequence

from amplify_job.amplify.job import CANCELLED, CANCELLING, FAILED, SUCCEED, Job
from amplify_job.cloudformation.request import Task
from amplify_job.decide.branch_jobs import is_of
from amplify_job.decide.state import State
from amplify_job.decide.steps import Do, Fail, Next, Seen, Step, StopJob, Wait
from amplify_job.outcomes import BranchBusy

_ABANDONED_SECONDS = 300
"""A deployment that was created blocks the branch. One that has not started after this time is abandoned: our
own upload takes four minutes at most."""


def start(step: Step, task: Task, state: State, seen: Seen, when_busy: str) -> Step:
    """Take that step, unless the last try was refused and the list shows a job in the way.

    A list may lag behind: it is searched for one only after a refusal.
    """
    if not state.refused:
        return step
    blocking = in_the_way(seen.jobs or (), state)
    fails = when_busy == "FAIL" and (blocking or state.busy)
    if fails:
        what = f": job {blocking.id} is {blocking.status}" if blocking else ""
        return Fail(BranchBusy(f"{words_of(task, state)}{what} (WhenBusy is FAIL)"))
    if blocking is None:
        return Wait(state=state._replace(refused=False))
    if blocking.id != state.blocked_by:
        return Next(
            state._replace(blocked_by=blocking.id, blocked_since=seen.now),
            "waiting for another job",
            blocking,
        )
    is_unstarted_deployment = bool(task.properties.sources) and blocking.is_unstarted
    if blocking.status == CANCELLING or blocking.id in state.stopped:
        return Wait()
    if is_unstarted_deployment and seen.now - state.blocked_since >= _ABANDONED_SECONDS:
        return StopJob(blocking.id)
    if when_busy == "JOIN" and not is_unstarted_deployment and not is_of(blocking, task.resource):
        return Next(state.followed(blocking.id, seen.now, mine=False), "joined", blocking)
    if when_busy == "STOP" and blocking.started and not _began_in_this_operation(blocking, state):
        return StopJob(blocking.id)
    return Wait()


def _began_in_this_operation(blocking: Job, state: State) -> bool:
    """Whether another resource may have started it in this operation of the stack; then it is not stopped."""
    began = state.look.began if state.look else 0
    return blocking.mark is not None and (not began or blocking.began_since(began))


def deploy(task: Task, state: State, seen: Seen, when_busy: str) -> Step:
    """Create a deployment, send it the files, start it. Any deployment that did not get so far is stopped."""
    if not state.deployment:
        return start(Do.CREATE_DEPLOYMENT, task, state, seen, when_busy)
    listed = next((job for job in seen.jobs or () if job.id == state.deployment), None)
    if listed and (listed.started or listed.status in (SUCCEED, FAILED)):
        return Next(state.followed(listed.id, seen.now, mine=True), "started", listed)
    if listed and listed.status in (CANCELLED, CANCELLING):  # somebody has stopped it before it started
        return Next(state._replace(deployment=""), "stopped by somebody", listed)
    return Do.START_DEPLOYMENT if state.uploaded else StopJob(state.deployment)


def in_the_way(jobs: Sequence[Job], state: State) -> Job | None:
    """The job that blocks the branch, if the list shows one."""
    return next((job for job in jobs if job.in_progress and job.id != state.deployment), None)


def words_of(task: Task, state: State) -> str:
    return state.busy or f"{task.properties.location.title} is busy"
