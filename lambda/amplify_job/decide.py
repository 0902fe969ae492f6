"""The next step of a request: pure, without a client, a clock or a log."""

from __future__ import annotations

from create_or_update import create_or_update
from request import Task
from roll_back import delete, given_up, roll_back
from stack import Kind
from state import State
from steps import ACTS, ReadStack, Seen, Step

_BY_KIND = {
    Kind.FORWARD: create_or_update,
    Kind.ROLLBACK: roll_back,
    Kind.DELETE: delete,
    Kind.GIVEN_UP: given_up,
}


def next_step(task: Task, state: State, seen: Seen) -> Step:
    if task.request.type == "Update" and state.look is None:
        return ReadStack()
    step = _BY_KIND[state.kind(task.request.type)](task, state, seen)
    if isinstance(step, ACTS) and not state.looked_lately(seen.now):
        return ReadStack()
    return step
