"""When the work of a request must be done. Times are in seconds since the epoch."""

from __future__ import annotations

from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Kind
from amplify_job.decide.state import State

_ROLLBACK_SECONDS = 60  # how long a rollback or a Delete tries what it has to do
_FILES_SECONDS = 600  # the same for a rollback that has files to read and to send again
_QUIET_SECONDS = 6
_LATE_SECONDS = 20  # how long a delivery that comes after its time tries to read
STOPPING_SECONDS = 20
"""How long a job that was told to stop at the timeout is waited for."""


def end_of(task: Task, state: State) -> float:
    """When nothing more is begun."""
    kind = state.kind(task.request.type)
    if state.timed_out.since:
        return state.timed_out.since + STOPPING_SECONDS
    if kind is Kind.FORWARD:
        return state.requested + task.properties.timeout_seconds
    if kind is Kind.ROLLBACK:
        files = min(task.properties.timeout_seconds, _FILES_SECONDS) if task.properties.sources else 0
        return max(state.began, quiet_until(state)) + max(_ROLLBACK_SECONDS, files)
    return max(state.began, state.since) + _ROLLBACK_SECONDS


def reading_ends(task: Task, state: State) -> float:
    """When nothing is read any more: a delivery that comes late gets more time."""
    return max(end_of(task, state), state.began + _LATE_SECONDS)


def quiet_until(state: State) -> float:
    """When a rollback begins its work.

    A request from before the rollback may still start its job: its last look, which took about as long as
    ours, is good for five seconds.
    """
    return state.since + _QUIET_SECONDS
