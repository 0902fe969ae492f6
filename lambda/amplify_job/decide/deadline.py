"""When the work of a request must be done."""

from __future__ import annotations

from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Kind
from amplify_job.decide.state import State

_ROLLBACK_SECONDS = 60  # how long a rollback or a Delete tries what it has to do
_FILES_SECONDS = 600  # the same for a rollback that has files to read and to send again
_LEAVING_SECONDS = 20
STOPPING_SECONDS = 20
"""How long a job that was told to stop at the timeout is waited for."""


def end_of(task: Task, state: State, kind: Kind) -> float:
    """In seconds since the epoch."""
    if state.stopping_since:
        return state.stopping_since + STOPPING_SECONDS
    if kind is Kind.FORWARD:
        end = state.requested + task.properties.timeout_seconds
        return min(end, state.began + _LEAVING_SECONDS) if task.moves and not state.left else end
    seconds = _ROLLBACK_SECONDS
    if kind is Kind.ROLLBACK and task.properties.sources:
        seconds = max(seconds, min(task.properties.timeout_seconds, _FILES_SECONDS))
    return max(state.began, state.since) + seconds
