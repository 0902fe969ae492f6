"""What follows a step that could not be taken."""

from __future__ import annotations

from amplify_job.amplify.job import SUCCEED, Job
from amplify_job.cloudformation.request import Task
from amplify_job.decide.create_or_update import too_late
from amplify_job.decide.deadline import reading_ends
from amplify_job.decide.state import Errors, State
from amplify_job.decide.steps import Again, Fail, ReadJob, ReadJobs, Seen, Step
from amplify_job.outcomes import AccessDenied, Busy, Failure, Unanswered, Unreached

_SLOWEST_SECONDS = 30.0
_DENIED_SECONDS = 60  # how long a permission that was just granted may be denied
_UNREACHED_SECONDS = 120  # how long the network may be gone, or a function in a VPC may get its connection


def after(failure: Failure, step: Step, task: Task, state: State, seen: Seen) -> Again | Fail:
    """What is worth another try is tried again: until the time is over, or an error has lost our patience.

    :param state: How far the request is; it holds what was done of the step.
    """
    if isinstance(failure, Busy):  # the list of jobs tells when to try again
        return Again(state, seen)
    if not isinstance(failure, (Unanswered, AccessDenied)):
        return Fail(failure)
    kind, tries = type(failure).__name__, state.errors.tries
    since = state.errors.since if kind == state.errors.kind else seen.now
    state = state._replace(errors=Errors(tries + 1, kind, since), last_error=str(failure))
    ends = reading_ends(task, state)
    if seen.now >= ends and isinstance(step, ReadJobs):
        return Fail(failure if state.job.id else too_late(task, state, ()))
    if seen.now >= ends and isinstance(step, ReadJob):
        job = _as_listed(step.job_id, seen)
        is_success = job.in_progress or job.status == SUCCEED
        return Again(state, seen._replace(job=job, verdict=None if is_success else failure))
    patience_ends = since + _patience(failure, state)
    if seen.now >= patience_ends:
        return Fail(failure)
    left = min(ends, patience_ends) - seen.now
    # More often towards the end: a late answer is of use.
    return Again(state, seen, min(2.0**tries, _SLOWEST_SECONDS, max(1.0, left / 2)))


def _patience(failure: Failure, state: State) -> float:
    """How long to ride out an error that does not pass by itself, in seconds."""
    if isinstance(failure, AccessDenied):
        return _DENIED_SECONDS
    if isinstance(failure, Unreached) and not state.job.id and not state.deployment.id:
        return _UNREACHED_SECONDS
    return float("inf")


def _as_listed(job_id: str, seen: Seen) -> Job:
    """A job that cannot be read; if it is not listed either, it may still be stopped."""
    listed = (job for job in seen.jobs or () if job.id == job_id)
    return next(listed, Job.read({"jobId": job_id}))
