"""Undoing: an Update in a rollback, a Delete, and requests that CloudFormation has given up.

Nothing here fails a rollback: `run/end.py` answers SUCCESS to these requests, except to a Create.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from amplify_job.amplify.job import CANCELLING, Job
from amplify_job.cloudformation.mark import Mark
from amplify_job.cloudformation.request import Task
from amplify_job.decide.branch_jobs import (
    fingerprint_of,
    in_progress,
    is_of,
    newest_of_version,
    newest_success,
    of_request,
)
from amplify_job.decide.deadline import end_of, quiet_until
from amplify_job.decide.start import deploy, start
from amplify_job.decide.state import State
from amplify_job.decide.steps import Answer, Do, Fail, ReadJobs, Seen, StartJob, Step, StopJob, Wait
from amplify_job.outcomes import Expired

_SHA = re.compile("[0-9a-f]{40}", re.IGNORECASE)


def roll_back(task: Task, state: State, seen: Seen) -> Step:
    """Undo what the resource did in this operation: stop its jobs, and bring back what the site served."""
    look, properties = state.look, task.properties
    if look is None:
        return Do.READ_STACK
    if seen.now < quiet_until(state):
        return Wait(quiet_until(state) - seen.now)
    if state.job.id:
        return Answer(seen.job)
    if seen.jobs is None:
        return ReadJobs()
    mine = None if properties.sources else of_request(seen.jobs, task.mark)
    if mine:
        return Answer(mine, "adopted")
    if seen.now >= end_of(task, state):
        return _nothing_restored(state.blocked.words or state.last_error or "no time is left")
    undone = [
        job
        for job in in_progress(seen.jobs, task.resource)
        if fingerprint_of(job) != properties.fingerprint and job.began_since(look.last_complete)
    ]
    if undone:
        return _stop_one(undone, state) or Wait()
    if properties.on_rollback == "IGNORE":
        return Answer()
    if properties.sources:  # a deployment has no mark that tells which version the site serves
        return deploy(task, state, seen, "WAIT")
    fields = {**properties.start_job, "commitMessage": task.mark.sign(task.message)}
    what = f"commit {properties.commit_id}" if properties.commit_id else "the newest commit"
    step = restore(seen.jobs, task.mark, look.last_complete, StartJob(fields, what))
    return start(step, task, state, seen, "WAIT") if isinstance(step, StartJob) else step


def delete(task: Task, state: State, seen: Seen) -> Step:
    """Stop this resource's jobs. If it was new in a failed update, also bring back what the site served."""
    look = state.look
    if state.job.id or seen.now >= end_of(task, state):
        return Answer()
    if seen.jobs is None:
        return ReadJobs()
    stop = _stop_one(in_progress(seen.jobs, task.resource), state)
    if stop:
        return stop
    served = newest_success(seen.jobs)
    if not served or not is_of(served, task.resource) or task.properties.on_rollback == "IGNORE":
        return Answer()
    if look is None:
        return Do.READ_STACK
    if not look.undoes_an_update or of_request(seen.jobs, task.parting_mark):
        return Answer()
    step = restore(seen.jobs, task.parting_mark, look.last_complete, None)
    return start(step, task, state, seen, "WAIT") if isinstance(step, StartJob) else step


def given_up(task: Task, state: State, seen: Seen) -> Step:
    """Nothing is started, stopped or undone. If the request was misjudged, CloudFormation needs an answer."""
    if task.request.type == "Create":
        return Fail(Expired("the stack's operation has ended or is being rolled back"))
    if task.request.type == "Delete":
        return Answer(said="given up")
    return ReadJobs() if seen.jobs is None else Answer(said="given up")


def _stop_one(running: Sequence[Job], state: State) -> StopJob | None:
    """Stop the next one of these jobs that was not told to stop."""
    for job in running:
        if job.status != CANCELLING and job.id not in state.stopped:
            return StopJob(job.id)
    return None


def restore(
    jobs: Sequence[Job], mark: Mark, last_complete: float, again: StartJob | None
) -> StartJob | Answer:
    """Bring the site back to what it served before the operation that is being undone.

    A RETRY of a job that recorded a commit builds that commit; a RETRY of one that recorded none builds the
    branch's tip (https://github.com/aws-amplify/amplify-hosting/issues/1253).

    :param mark: Names the resource, and the version of it that is served afterwards.
    :param last_complete: When the stack was last complete.
    :param again: Starts the job of that version again; None if there is no such version.
    """
    nothing = _nothing_to_restore(jobs, mark, last_complete)
    if nothing:
        return nothing
    before = _served_before(jobs, mark, last_complete)
    if before and (again is None or _SHA.fullmatch(before.commit_id)):
        message = mark._replace(job_type="RETRY").sign(f"Restored by CloudFormation: job {before.id}")
        fields = {"jobType": "RETRY", "jobId": before.id, "commitMessage": message}
        return StartJob(fields, f"job {before.id} again")
    return again or _nothing_restored("no earlier job is listed")


def _nothing_to_restore(jobs: Sequence[Job], mark: Mark, last_complete: float) -> Answer | None:
    """Whether the branch's newest success, which the site serves, is none of ours that is being undone."""
    served = newest_success(jobs)
    newer = jobs[: jobs.index(served)] if served else jobs
    under_way = newest_of_version([job for job in newer if job.in_progress], mark.resource, mark.fingerprint)
    if under_way and under_way.status != CANCELLING:
        return Answer(under_way, "restored already")
    if served is None or not is_of(served, mark.resource):
        return _nothing_restored("the site serves no job of this resource")
    if fingerprint_of(served) == mark.fingerprint:
        return _nothing_restored("the site serves this version")
    if not served.began_since(last_complete):
        return _nothing_restored("the site serves what it served before")
    return None


def _served_before(jobs: Sequence[Job], mark: Mark, last_complete: float) -> Job | None:
    """The newest success without this stack's jobs since then, except those of this version."""

    def is_undone(job: Job) -> bool:
        if is_of(job, mark.resource) and fingerprint_of(job) == mark.fingerprint:
            return False
        return job.mark is not None and job.mark.stack == mark.stack and job.began_since(last_complete)

    return newest_success([job for job in jobs if not is_undone(job)])


def _nothing_restored(why: str) -> Answer:
    return Answer(said="nothing restored", why=why)
