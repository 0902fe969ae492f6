"""What a rollback and a Delete bring back, told from the branch's jobs. Nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from decisions import STACK_ID, job, task

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.mark import NO_VERSION, Mark, resource_digest
from amplify_job.cloudformation.properties import Source
from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Kind, Look
from amplify_job.decide.next_step import next_step
from amplify_job.decide.state import Blocked, Followed, State
from amplify_job.decide.steps import Answer, Do, Fail, ReadJobs, Seen, StartJob, Step, StopJob, Wait

COMPLETE = 1_000.0  # when the stack was last complete
ROLLBACK = 2_000.0  # when the rollback began
NOW = ROLLBACK + 20
SHA, PUSHED = "c" * 40, "d" * 40


UPDATE, DELETE = task("Update", old={"Nonce": "2"}), task("Delete")
MINE, OTHER = UPDATE.resource, resource_digest(STACK_ID, "Other")
ANOTHER_STACKS = resource_digest("another stack", "Site")
BEFORE = UPDATE.properties.fingerprint  # the version that the rollback goes back to
LOOK = Look(Kind.ROLLBACK, "UPDATE_ROLLBACK_IN_PROGRESS", ROLLBACK, COMPLETE, NOW)
UNDONE = "1" + "f" * 14  # the version that is undone


def ours(number: int, version: str, status: str = "SUCCEED", *, began: float = 0, **more: Any) -> Job:
    """A job that this resource started for a version, before the stack was last complete, or at `began`."""
    return _job(number, Mark(more.pop("resource", MINE), version, "1" * 12, "RELEASE"), status, began, **more)


def undone(number: int, status: str = "SUCCEED", **more: Any) -> Job:
    """A job of the version that is undone."""
    return ours(number, UNDONE, status, began=COMPLETE + 500, **more)


def push(number: int, status: str = "SUCCEED", *, began: float = COMPLETE + 100, commit: str = PUSHED) -> Job:
    """Somebody else's job, between the last complete operation and this one."""
    return _job(number, None, status, began, commit)


def _job(number: int, mark: Mark | None, status: str, began: float, commit: str = "HEAD") -> Job:
    return job(number, status, began=began or COMPLETE - 100, mark=mark, commitId=commit)


def step_of(asked: Task, *jobs: Job, **state: Any) -> Step:
    """The step that is decided from these jobs, newest first."""
    kind = Kind.DELETE if asked.request.type == "Delete" else Kind.ROLLBACK
    look = LOOK._replace(kind=kind)
    before = State(ROLLBACK, ROLLBACK, ROLLBACK + 10, since=ROLLBACK + 10, look=look)
    return next_step(asked, before._replace(**state), Seen(NOW, jobs))


def retried(step: Step) -> str:
    """The job that the step starts again by a RETRY."""
    assert isinstance(step, StartJob)
    assert step.fields["jobType"] == "RETRY"
    assert step.fields["commitMessage"].endswith(".RETRY]")
    return str(step.fields["jobId"])


AGAIN = "the previous properties"


@pytest.mark.parametrize(
    ("jobs", "restored"),
    [
        pytest.param([undone(2), ours(1, BEFORE)], AGAIN, id="a version that recorded no commit"),
        pytest.param([undone(2), ours(1, BEFORE, commit=SHA)], "1", id="a version that recorded its commit"),
        pytest.param([undone(3), push(2), ours(1, BEFORE)], "2", id="a push between two deploys"),
        pytest.param(
            [undone(4), push(3), push(2, commit="HEAD"), ours(1, BEFORE)], "3", id="the newest of two pushes"
        ),
        pytest.param(
            [undone(3), push(2, commit="HEAD"), ours(1, BEFORE)], AGAIN, id="somebody's release of the tip"
        ),
        pytest.param([undone(3), push(2, "FAILED"), ours(1, BEFORE)], AGAIN, id="a push that failed"),
        pytest.param(
            [undone(3), push(2, "CANCELLED"), ours(1, BEFORE)], AGAIN, id="a push that was cancelled"
        ),
        pytest.param(
            [
                undone(5),
                ours(4, BEFORE, began=COMPLETE - 10, commit=PUSHED),
                ours(3, "1" + "e" * 14),
                push(2, began=COMPLETE - 300),
                ours(1, BEFORE),
            ],
            "4",
            id="two failed deploys in a row: the RETRY that brought the push back",
        ),
        pytest.param(
            [undone(4), undone(3), push(2), ours(1, BEFORE)], "2", id="two tries without a rollback"
        ),
        pytest.param(
            [undone(3), ours(2, "1a", began=COMPLETE + 200, resource=OTHER, commit=SHA), ours(1, BEFORE)],
            AGAIN,
            id="another resource of this stack has released the branch in this operation, too",
        ),
        pytest.param(
            [undone(3), ours(2, "1a", resource=OTHER, commit=SHA), ours(1, BEFORE)],
            "2",
            id="another resource of this stack had released the branch in an earlier one",
        ),
        pytest.param(
            [
                undone(3),
                ours(2, "1a", began=COMPLETE + 200, resource=ANOTHER_STACKS, commit=SHA),
                ours(1, BEFORE),
            ],
            "2",
            id="another stack has released the branch",
        ),
        pytest.param(
            [undone(2), ours(1, BEFORE, began=COMPLETE + 5, commit=SHA)],
            "1",
            id="a job of the previous version that queued past its deploy",
        ),
        pytest.param([undone(1)], AGAIN, id="nothing else is listed"),
        pytest.param(
            [ours(3, BEFORE, "FAILED", began=NOW - 5), undone(2), ours(1, BEFORE)],
            AGAIN,
            id="a rollback that is continued, after a restoration that failed",
        ),
        pytest.param(
            [undone(3), ours(2, BEFORE, "RUNNING", began=COMPLETE - 50), ours(1, BEFORE)],
            AGAIN,
            id="a job under way is older than what is served",
        ),
        pytest.param(
            [undone(3), ours(2, BEFORE, began=COMPLETE + 200, resource=OTHER, commit=SHA), ours(1, BEFORE)],
            AGAIN,
            id="another resource with the same properties has released the branch, too",
        ),
    ],
)
def test_a_rollback_restores_what_was_served_before(jobs: list[Job], restored: str) -> None:
    step = step_of(UPDATE, *jobs)
    assert isinstance(step, StartJob)
    if restored == AGAIN:
        assert step.fields == {**UPDATE.properties.start_job, "commitMessage": step.fields["commitMessage"]}
        assert step.what == "the newest commit"
    else:
        assert (retried(step), step.what) == (restored, f"job {restored} again")
    mark = Mark.parse(step.fields["commitMessage"])
    assert mark
    assert (mark.resource, mark.fingerprint, mark.request) == UPDATE.mark[:3]


@pytest.mark.parametrize(
    ("jobs", "job_id"),
    [
        pytest.param([ours(1, BEFORE)], "1", id="the site serves this version"),
        pytest.param([push(3), undone(2), ours(1, BEFORE)], "1", id="a push is newer: the site has moved on"),
        pytest.param([undone(2, "FAILED"), ours(1, BEFORE)], "1", id="what is undone never succeeded"),
        pytest.param([ours(2, UNDONE), ours(1, BEFORE)], "1", id="a version that an earlier deploy has left"),
        pytest.param([undone(3, "FAILED"), push(2), ours(1, BEFORE)], "1", id="a push is served"),
        pytest.param(
            [ours(3, BEFORE, "RUNNING", began=NOW - 5), undone(2), ours(1, BEFORE)],
            "3",
            id="a job of the previous version is under way",
        ),
        pytest.param(
            [undone(3, resource=OTHER), ours(1, BEFORE)], "1", id="another resource's job is served"
        ),
        pytest.param([push(2), push(1)], "2", id="no job of this resource is listed"),
    ],
)
def test_a_rollback_starts_nothing_where_nothing_is_to_be_undone(jobs: list[Job], job_id: str) -> None:
    step = step_of(UPDATE, *jobs)
    assert isinstance(step, Answer)
    assert step.job
    assert step.job.id == job_id


@pytest.mark.parametrize(
    ("jobs", "why"),
    [
        ([push(3), undone(2), ours(1, BEFORE)], "the site serves no job of this resource"),
        ([undone(2, "FAILED")], "the site serves no job of this resource"),
        ([ours(1, BEFORE)], "the site serves this version"),
        ([ours(2, UNDONE), ours(1, BEFORE)], "the site serves what it served before"),
    ],
)
def test_the_log_says_why_nothing_is_restored(jobs: list[Job], why: str) -> None:
    step = step_of(UPDATE, *jobs)
    assert isinstance(step, Answer)
    assert (step.said, step.why) == ("nothing restored", why)


@pytest.mark.parametrize(
    ("blocked", "last_error", "why"),
    [
        (Blocked(words="the branch has jobs"), "slow down", "the branch has jobs"),
        (Blocked(), "slow down", "slow down"),
        (Blocked(), "", "no time is left"),
    ],
)
def test_after_its_minute_a_rollback_says_what_it_lacked(blocked: Blocked, last_error: str, why: str) -> None:
    late = {"began": NOW - 66, "since": NOW - 66, "blocked": blocked, "last_error": last_error}
    step = step_of(UPDATE, undone(2), ours(1, BEFORE), **late)
    assert isinstance(step, Answer)
    assert (step.said, step.why) == ("nothing restored", why)


def test_a_rollback_answers_with_the_job_that_it_has_started() -> None:
    started = job(4, "PENDING", began=None)
    state = State(ROLLBACK, ROLLBACK, ROLLBACK, look=LOOK, job=Followed("4", True, NOW))
    assert next_step(UPDATE, state, Seen(NOW, job=started)) == Answer(started)


def test_a_previous_version_that_retries_a_job_retries_it_again() -> None:
    retry = task("Update", old={"Nonce": "2"}, JobType="RETRY", JobId="7")
    assert retried(step_of(retry, undone(2))) == "7"


def test_a_previous_version_that_names_a_commit_builds_it_again() -> None:
    step = step_of(task("Update", old={"Nonce": "2"}, CommitId=SHA), undone(2))
    assert isinstance(step, StartJob)
    assert (step.fields["commitId"], step.what) == (SHA, f"commit {SHA}")


@pytest.mark.parametrize("when_busy", ["WAIT", "STOP", "JOIN", "FAIL"])
@pytest.mark.parametrize("request_type", ["Update", "Delete"])
def test_a_rollback_and_a_delete_wait_for_a_busy_branch(request_type: str, when_busy: str) -> None:
    old = {"Nonce": "2"} if request_type == "Update" else None
    asked = task(request_type, old=old, WhenBusy=when_busy)
    blocked = Blocked(True, "the branch has jobs", "4", NOW - 5)
    jobs = push(4, "RUNNING"), undone(2), push(1)
    assert step_of(asked, *jobs, blocked=blocked) == Wait()
    assert isinstance(step_of(asked, push(4, "RUNNING"), push(1), blocked=blocked), Answer)


def test_a_job_that_is_being_cancelled_does_not_count_as_under_way() -> None:
    step = step_of(UPDATE, ours(3, BEFORE, "CANCELLING", began=NOW - 5), undone(2), ours(1, BEFORE))
    assert isinstance(step, StartJob)


def test_a_rollback_restores_once_however_often_it_is_delivered() -> None:
    mine = _job(3, UPDATE.mark._replace(job_type="RETRY"), "FAILED", NOW - 5)
    step = step_of(UPDATE, mine, undone(2), ours(1, BEFORE, commit=SHA))
    assert step == Answer(mine, "adopted")


@pytest.mark.parametrize(
    ("jobs", "stopped"),
    [
        ([undone(2, "RUNNING"), ours(1, BEFORE)], "2"),
        ([undone(2, "PENDING"), ours(1, BEFORE)], "2"),
        ([undone(3, "CANCELLING"), undone(2, "RUNNING")], "2"),
    ],
)
def test_a_rollback_first_stops_the_jobs_of_what_is_undone(jobs: list[Job], stopped: str) -> None:
    assert step_of(UPDATE, *jobs) == StopJob(stopped)


@pytest.mark.parametrize(
    "jobs",
    [
        [undone(2, "CANCELLING"), ours(1, BEFORE)],
        [undone(2, "RUNNING"), ours(1, BEFORE)],  # it was told to stop
    ],
)
def test_a_rollback_waits_for_the_end_of_what_was_told_to_stop(jobs: list[Job]) -> None:
    assert isinstance(step_of(UPDATE, *jobs, stopped=("2",)), Wait)


@pytest.mark.parametrize(
    "running",
    [
        push(2, "RUNNING"),
        ours(2, BEFORE, "RUNNING", began=COMPLETE + 500),
        ours(2, UNDONE, "RUNNING"),  # an earlier deploy's
        undone(2, "RUNNING", resource=OTHER),
    ],
)
def test_a_rollback_stops_no_other_job(running: Job) -> None:
    assert isinstance(step_of(UPDATE, running, ours(1, BEFORE)), Answer)


def test_a_rollback_lists_the_jobs_six_seconds_after_the_look_that_showed_it() -> None:
    look = Look(Kind.ROLLBACK, "UPDATE_ROLLBACK_IN_PROGRESS", ROLLBACK, COMPLETE, at=ROLLBACK + 9)
    state = State(ROLLBACK, ROLLBACK, ROLLBACK, since=look.at, look=look)
    assert next_step(UPDATE, state, Seen(ROLLBACK + 9)) == Wait(6)
    assert next_step(UPDATE, state, Seen(ROLLBACK + 14.5)) == Wait(0.5)
    assert next_step(UPDATE, state, Seen(ROLLBACK + 15)) == ReadJobs()


def test_ignore_restores_nothing_but_stops() -> None:
    ignoring = UPDATE._replace(properties=UPDATE.properties._replace(on_rollback="IGNORE"))
    assert step_of(ignoring, undone(2), ours(1, BEFORE)) == Answer(ours(1, BEFORE))
    assert step_of(ignoring, undone(2, "RUNNING"), ours(1, BEFORE)) == StopJob("2")


# Delete


@pytest.mark.parametrize(
    ("jobs", "restored"),
    [
        pytest.param([undone(2), push(1)], "1", id="a push since the stack was last complete"),
        pytest.param([undone(3), push(2), push(1)], "2", id="the newest one"),
        pytest.param([undone(2), push(1, commit="HEAD")], "1", id="a job that recorded no commit"),
        pytest.param([undone(2), ours(1, "1a", resource=OTHER)], "1", id="another resource's job"),
        pytest.param([undone(3), undone(2, resource=OTHER), push(1)], "1", id="a sibling's job, undone too"),
    ],
)
def test_a_new_resource_that_is_rolled_back_leaves_the_site_as_it_was(jobs: list[Job], restored: str) -> None:
    step = step_of(DELETE, *jobs)
    assert retried(step) == restored
    assert isinstance(step, StartJob)
    mark = Mark.parse(step.fields["commitMessage"])
    assert mark
    assert (mark.fingerprint, mark.job_type) == (NO_VERSION, "RETRY")


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param([undone(1)], id="nothing was served before"),
        pytest.param([push(2), undone(1)], id="the site has moved on"),
        pytest.param([undone(2, "FAILED"), push(1)], id="the resource's job failed"),
        pytest.param(
            [ours(3, NO_VERSION, "RUNNING", began=NOW - 5), undone(2), push(1)], id="restored already"
        ),
        pytest.param([ours(2, NO_VERSION, began=NOW - 5), undone(1)], id="restored, and served"),
        pytest.param(
            [_job(3, DELETE.parting_mark, "FAILED", NOW - 5), undone(2), push(1)],
            id="this request has tried it",
        ),
    ],
)
def test_a_delete_restores_nothing_otherwise(jobs: list[Job]) -> None:
    assert isinstance(step_of(DELETE, *jobs), Answer)


def test_a_delete_stops_what_the_resource_started_but_not_what_a_delete_started() -> None:
    jobs = ours(3, NO_VERSION, "RUNNING"), push(2, "RUNNING"), ours(1, BEFORE, "RUNNING")
    assert step_of(DELETE, *jobs) == StopJob("1")
    assert isinstance(step_of(DELETE, *jobs, stopped=("1",)), Answer)


@pytest.mark.parametrize("resource", [OTHER, ANOTHER_STACKS])
def test_a_delete_stops_no_other_resources_job(resource: str) -> None:
    assert isinstance(step_of(DELETE, ours(2, BEFORE, "RUNNING", resource=resource)), Answer)


def test_ignore_keeps_a_delete_from_restoring() -> None:
    asked = task("Delete", OnRollback="IGNORE")
    assert isinstance(step_of(asked, undone(2), push(1)), Answer)
    assert step_of(asked, undone(2, "RUNNING")) == StopJob("2")


def test_a_delete_does_not_wait_for_the_job_that_it_has_started() -> None:
    assert isinstance(step_of(DELETE, undone(2), push(1), job=Followed("3", True, NOW)), Answer)


def test_after_its_minute_a_delete_does_nothing() -> None:
    assert isinstance(step_of(DELETE, undone(2, "RUNNING"), began=NOW - 60, since=NOW - 60), Answer)


def test_a_delete_looks_at_the_stack_only_if_there_is_something_to_do() -> None:
    unseen = State(ROLLBACK, ROLLBACK, ROLLBACK)
    assert next_step(DELETE, unseen, Seen(NOW)) == ReadJobs()
    assert isinstance(next_step(DELETE, unseen, Seen(NOW, [push(1)])), Answer)
    assert next_step(DELETE, unseen, Seen(NOW, [undone(2), push(1)])) is Do.READ_STACK
    assert next_step(DELETE, unseen, Seen(NOW, [undone(2, "RUNNING")])) is Do.READ_STACK


@pytest.mark.parametrize(
    "phase", ["DELETE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]
)
def test_a_delete_that_undoes_no_update_restores_nothing(phase: str) -> None:
    look = Look(Kind.DELETE, phase, ROLLBACK, at=NOW)
    state = State(ROLLBACK, ROLLBACK, ROLLBACK, look=look)
    assert isinstance(next_step(DELETE, state, Seen(NOW, [undone(2), push(1)])), Answer)


def test_files_are_deployed_again_whatever_the_site_serves() -> None:
    source = Source("assets", "old.zip", {}, False)
    properties = UPDATE.properties._replace(job_type="MANUAL", sources=(source,))
    asked = UPDATE._replace(properties=properties)
    assert step_of(asked, push(1)) is Do.OPEN_FILES
    assert step_of(asked, _job(2, asked.mark, "SUCCEED", NOW)) is Do.OPEN_FILES, "files have no mark"


# What CloudFormation has given up


def test_a_request_that_was_given_up_stops_and_starts_nothing() -> None:
    def step(asked: Task, jobs: list[Job] | None) -> Step:
        look = LOOK._replace(kind=Kind.GIVEN_UP)
        return next_step(asked, State(ROLLBACK, ROLLBACK, ROLLBACK, look=look), Seen(NOW, jobs))

    served = ours(1, BEFORE)
    assert step(UPDATE, None) == ReadJobs()
    assert step(UPDATE, [undone(2, "RUNNING"), served]) == Answer(served, "given up")
    assert step(DELETE, None) == Answer(said="given up")
    created = step(task("Create"), None)
    assert isinstance(created, Fail)
    assert created.failure.reason == ("EXPIRED: the stack's operation has ended or is being rolled back")
