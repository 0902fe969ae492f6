"""The next step of a request: pure, without a client, a clock or a log."""

from __future__ import annotations

from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Kind
from amplify_job.decide.branch_jobs import described
from amplify_job.decide.create_or_update import create_or_update
from amplify_job.decide.roll_back import delete, given_up, roll_back
from amplify_job.decide.state import State
from amplify_job.decide.steps import Answer, Do, Seen, Step, acts

_BY_KIND = {
    Kind.FORWARD: create_or_update,
    Kind.ROLLBACK: roll_back,
    Kind.DELETE: delete,
    Kind.GIVEN_UP: given_up,
}


def next_step(task: Task, state: State, seen: Seen) -> Step:
    if task.request.type == "Update" and state.look is None:
        return Do.READ_STACK
    step = _BY_KIND[state.kind(task.request.type)](task, state, seen)
    if acts(step) and not state.looked_lately(seen.now):
        return Do.READ_STACK
    if isinstance(step, Answer) and step.job is None and seen.jobs:
        return step._replace(job=described(seen.jobs, task.resource, task.properties.fingerprint))
    return step
