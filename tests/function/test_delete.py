"""Delete: stops what is ours, touches nothing else, and always succeeds."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import APP_ID, BRANCH, START, World

from identity import Mark

INVENTED = "shop-Site-1ABCDEFGHIJKL"
MODES = ["500", "429", "timeout", "reset", "malformed", "denied"]


def test_a_job_that_has_ended_needs_nothing(world: World) -> None:
    first = world.deployed()
    world.stack_event("DELETE_IN_PROGRESS")
    world.amplify.calls.clear()
    world.asked.clear()
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.physical_id, answer.data) == ("SUCCESS", first.physical_id, {})
    assert [call.operation for call in world.amplify.calls] == ["GetJob"]
    assert world.asked == ["DescribeStacks"]


def test_our_job_in_progress_is_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("DELETE_IN_PROGRESS")
    world.amplify.calls.clear()
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.physical_id) == ("SUCCESS", first.physical_id)
    assert [call.operation for call in world.amplify.calls] == ["GetJob", "StopJob"]
    assert world.stopped == {"1"}


def test_a_delete_does_not_wait_for_the_job_to_stop(world: World) -> None:
    world.amplify.plan(never_ends=True, stop_seconds=100)
    first = world.deployed(Wait="false")
    begun = world.clock.now
    assert world.request(world.delete(first.physical_id)).time == begun


def test_a_create_that_waits_sees_its_job_cancelled_by_the_delete(world: World) -> None:
    # given a Create whose stack rolls back, and the physical ID that CloudFormation invents for it
    world.amplify.plan(never_ends=True)
    world.deliver(world.event("Create"))
    world.clock.sleep(20)
    world.stack_event("ROLLBACK_IN_PROGRESS")
    # when
    world.deliver(world.delete(INVENTED))
    world.settle()
    # then
    deleted, created = world.answers
    assert (deleted.status, deleted.physical_id, deleted.time) == ("SUCCESS", INVENTED, START + 20)
    assert (created.status, created.reason.split(":")[0]) == ("FAILED", "JOB_CANCELLED")
    assert world.stopped == {"1"}


def test_with_an_invented_physical_id_nobody_elses_job_is_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    other = {**world.event("Create", Wait="false"), "LogicalResourceId": "Other"}
    world.request(other)
    assert world.request(world.delete(INVENTED)).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0


def test_with_an_invented_physical_id_the_newest_jobs_are_looked_at(world: World) -> None:
    for _ in range(60):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    world.request(world.delete(INVENTED))
    assert world.amplify.count("ListJobs") == 1


def test_with_an_invented_physical_id_a_job_that_has_ended_is_not_stopped(world: World) -> None:
    world.deployed()
    assert world.request(world.delete(INVENTED)).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0


def test_a_job_that_was_joined_goes_on(world: World) -> None:
    world.amplify.plan(never_ends=True)
    world.amplify.start(APP_ID, BRANCH)
    first = world.deployed(Wait="false", WhenBusy="JOIN")
    world.request(world.delete(first.physical_id))
    assert world.amplify.count("StopJob") == 0


def test_a_job_of_a_resource_with_the_same_name_in_another_stack_goes_on(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    other = {**world.delete(first.physical_id), "StackId": "arn:aws:cloudformation:a:1:stack/shop/other"}
    world.request(other)
    assert world.amplify.count("StopJob") == 0


def test_a_job_whose_message_does_not_read_back_is_not_known_to_be_ours(world: World) -> None:
    world.amplify.behaviour.echoes_commit_message = frozenset()
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0


def test_a_create_that_started_nothing_leaves_nothing_to_do(world: World) -> None:
    world.request(world.delete(f"{APP_ID}/{BRANCH}/0/failed"))
    assert (world.amplify.calls, world.asked) == ([], [])


def test_the_job_of_a_failed_create_that_still_runs_is_stopped(world: World) -> None:
    # given a Create that may not read its job any more
    world.amplify.plan(never_ends=True)
    world.clock.at(START + 61, lambda: world.fail("GetJob", "denied"))
    failed = world.request(world.event("Create"))
    assert failed.status == "FAILED"
    # when
    world.stack_event("ROLLBACK_IN_PROGRESS")
    world.request(world.delete(failed.physical_id))
    # then
    assert world.stopped == {"1"}


def test_the_branch_is_that_of_the_physical_id_not_of_the_properties(world: World) -> None:
    world.amplify.create_branch(APP_ID, "dev")
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.amplify.start(APP_ID, "dev")
    world.request(world.delete(first.physical_id, BranchName="dev"))
    assert [call.params["branchName"] for call in world.amplify.calls if call.operation == "StopJob"] == [
        BRANCH
    ]


def test_the_delete_of_a_replaced_job_does_nothing(world: World) -> None:
    first = world.deployed()
    world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (2, 0)


# Always SUCCESS


def _nothing(world: World) -> None:
    world.app.branches.clear()


def _no_job(world: World) -> None:
    world.branch.jobs.clear()


def _no_app(world: World) -> None:
    world.amplify.delete_app(APP_ID)


@pytest.mark.parametrize("gone", [_nothing, _no_job, _no_app])
@pytest.mark.parametrize("invented", [True, False])
def test_what_is_gone_needs_no_delete(world: World, gone: Any, invented: bool) -> None:
    first = world.deployed()
    gone(world)
    physical_id = INVENTED if invented else first.physical_id
    answer = world.request(world.delete(physical_id))
    assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id)


@pytest.mark.parametrize("invented", [True, False])
def test_a_denial_is_not_waited_for(world: World, invented: bool) -> None:
    first = world.deployed()
    world.amplify.authorize = lambda *_: "arn:aws:iam::123456789012:role/function"
    calls, begun = len(world.amplify.calls), world.clock.now
    answer = world.request(world.delete(INVENTED if invented else first.physical_id))
    assert (answer.status, answer.time, len(world.amplify.calls)) == ("SUCCESS", begun, calls + 1)
    assert any(line["decision"] == "failure ignored" for line in world.decisions)


def test_a_role_that_may_not_be_assumed_any_more_is_a_success(world: World) -> None:
    first = world.deployed()
    world.assume_role_error = "AccessDenied"
    role = "arn:aws:iam::210987654321:role/gone"
    assert world.request(world.delete(first.physical_id, AssumeRoleArn=role)).status == "SUCCESS"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("invented", [True, False])
def test_no_fault_of_amplifys_fails_a_delete(world: World, mode: str, invented: bool) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.delete(INVENTED if invented else first.physical_id))
    assert answer.status == "SUCCESS"
    assert answer.time <= begun + 90


@pytest.mark.parametrize("mode", MODES)
def test_a_stop_that_goes_wrong_fails_no_delete(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.fail("StopJob", mode, times=1000)
    begun = world.clock.now
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.time <= begun + 90) == ("SUCCESS", True)


@pytest.mark.parametrize("mode", ["500", "429", "timeout", "reset", "malformed"])
def test_a_stop_that_goes_wrong_once_is_tried_again(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.fail("StopJob", mode)
    world.request(world.delete(first.physical_id))
    assert (world.amplify.count("StopJob"), world.stopped) == (2, {"1"})


@pytest.mark.parametrize(
    "properties", [{"Unknown": "1"}, {"JobType": "release"}, {"AppId": ""}, {"TimeoutSeconds": "no"}]
)
def test_properties_that_are_no_use_are_a_success_and_a_log_line(
    world: World, properties: dict[str, str]
) -> None:
    answer = world.request(world.delete(INVENTED, **properties))
    assert (answer.status, answer.physical_id) == ("SUCCESS", INVENTED)
    [line] = [line for line in world.decisions if line["decision"] == "failure ignored"]
    assert line["reason"].startswith("VALIDATION_ERROR")


def test_a_late_delete_does_not_expire(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    event = world.delete(first.physical_id)
    world.clock.sleep(7000)
    assert world.request(event).status == "SUCCESS"
    assert world.stopped == {"1"}


def test_a_defect_does_not_fail_a_delete(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.deployed()
    monkeypatch.setattr("rollback.Rollback.delete", lambda _: 1 / 0)
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    world.may_have_defects = True


# A replacement that is undone


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"]
)
def test_the_delete_of_a_replacement_that_is_undone_restores_the_job_before(
    world: World, status: str
) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event(status)
    answer = world.request(world.delete(second.physical_id, Nonce="2"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", second.physical_id)
    assert [job.type for job in world.jobs()] == ["RELEASE", "RELEASE", "RETRY"]
    assert world.started["3"]["jobId"] == "1"


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
    ],
)
def test_any_other_delete_restores_nothing(world: World, status: str) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event(status)
    world.request(world.delete(second.physical_id, Nonce="2"))
    assert len(world.jobs()) == 2


def test_ignore_restores_nothing(world: World) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(second.physical_id, Nonce="2", OnRollback="IGNORE"))
    assert len(world.jobs()) == 2


def test_a_resource_that_is_new_in_the_undone_update_has_nothing_to_restore(world: World) -> None:
    # given somebody's job before
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(first.physical_id))
    assert len(world.jobs()) == 2


@pytest.mark.parametrize("other", [True, False])
def test_a_restored_job_bears_the_version_that_it_brings_back_if_it_is_one_of_this_resource(
    world: World, other: bool
) -> None:
    # given that the job to go back to is this resource's, or another one's
    first = world.deployed()
    if other:
        world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    second = world.request(world.update(first.physical_id, Nonce="2"))
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(second.physical_id, Nonce="2"))
    # then
    restored = Mark.parse(world.started[world.jobs()[-1].id]["commitMessage"])
    assert restored is not None
    assert restored.fingerprint == ("0" if other else first.physical_id.rpartition("/")[2])


@pytest.mark.parametrize("outcome", ["SUCCEED", "FAILED"])
def test_a_branch_that_has_moved_on_is_left_alone(world: World, outcome: str) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.amplify.next_job(outcome=outcome)
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(second.physical_id, Nonce="2"))
    assert len(world.jobs()) == 3


def test_the_delete_of_the_older_of_two_jobs_restores_nothing(world: World) -> None:
    first = world.deployed()
    world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(first.physical_id))
    assert len(world.jobs()) == 2


def test_the_delete_of_the_only_job_that_succeeded_restores_nothing(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    world.request(world.event("Create"))
    first = world.deployed(Nonce="2")
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    assert len(world.jobs()) == 2


def test_a_delete_after_the_update_of_the_same_rollback_restores_nothing_again(world: World) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.update(second.physical_id, old={"Nonce": "2"}))
    world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    world.request(world.delete(second.physical_id, Nonce="2"))
    assert len(world.jobs()) == 3


def test_an_update_after_the_delete_of_the_same_rollback_restores_nothing_again(world: World) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(second.physical_id, Nonce="2"))
    answer = world.request(world.update(second.physical_id, old={"Nonce": "2"}))
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id.replace("/1/", "/3/"), 3)


def test_an_update_after_a_delete_whose_restoration_failed_restores_again(world: World) -> None:
    first = world.deployed()
    second = world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.next_job(outcome="FAILED", seconds=10)
    world.request(world.delete(second.physical_id, Nonce="2"))
    world.clock.sleep(30)
    answer = world.request(world.update(second.physical_id, old={"Nonce": "2"}))
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id.replace("/1/", "/4/"), 4)
