"""Delete: stops what is ours, touches nothing else, and always succeeds."""

from __future__ import annotations

from typing import Any

import pytest
from faults import FAULTS, PASSING
from simulated import APP_ID, BRANCH, START, Answer, World

from amplify_job.cloudformation.mark import Mark

INVENTED = "shop-Site-1ABCDEFGHIJKL"


def test_a_job_that_has_ended_needs_nothing(world: World) -> None:
    first = world.deployed()
    world.stack_event("DELETE_IN_PROGRESS")
    world.amplify.calls.clear()
    world.asked.clear()
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.physical_id, answer.data) == ("SUCCESS", first.physical_id, {})
    assert [call.operation for call in world.amplify.calls] == ["ListJobs"]
    assert world.asked == ["DescribeStackEvents"]  # whether an update is being undone


def test_our_job_in_progress_is_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("DELETE_IN_PROGRESS")
    world.amplify.calls.clear()
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.physical_id) == ("SUCCESS", first.physical_id)
    assert [call.operation for call in world.amplify.calls] == ["ListJobs", "StopJob"]
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


@pytest.mark.parametrize("earlier", [0, 8])
def test_a_redeploy_by_hand_that_copied_the_mark_goes_on(world: World, earlier: int) -> None:
    # given that our job is the ninth, too, whose number has fewer digits than the next one's
    for _ in range(earlier):
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(100)
    first = world.deployed()
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId=first.data["JobId"])
    world.request(world.delete(first.physical_id))
    assert world.amplify.count("StopJob") == 0


def test_a_redeploy_of_a_job_long_ago_goes_on_too(world: World) -> None:
    # given that the list has several pages between both
    first = world.deployed()
    for _ in range(120):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(2)
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="1")
    world.request(world.delete(first.physical_id))
    assert world.amplify.count("StopJob") == 0


def test_a_job_whose_start_was_never_confirmed_is_stopped(world: World) -> None:
    # given a Create whose StartJob took effect without an answer, and that is denied everything afterwards
    world.amplify.plan(never_ends=True)
    world.fail("StartJob", "timeout", applied=True)
    world.clock.at(START + 0.5, lambda: world.fail("ListJobs", "500", times=1000))
    failed = world.request(world.event("Create", TimeoutSeconds="60"))
    assert failed.status == "FAILED"
    world.amplify.faults.clear()
    # when
    world.stack_event("ROLLBACK_IN_PROGRESS")
    world.request(world.delete(failed.physical_id))
    # then
    assert world.stopped == {"1"}


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
def test_a_denial_is_ridden_out_for_a_minute_and_fails_nothing(world: World, invented: bool) -> None:
    first = world.deployed()
    world.amplify.authorize = lambda *_: "arn:aws:iam::123456789012:role/function"
    begun = world.clock.now
    answer = world.request(world.delete(INVENTED if invented else first.physical_id))
    assert answer.status == "SUCCESS"
    assert begun + 60 <= answer.time <= begun + 61


def test_a_role_that_may_not_be_assumed_any_more_is_a_success(world: World) -> None:
    first = world.deployed()
    world.assume_role_error = "AccessDenied"
    role = "arn:aws:iam::210987654321:role/gone"
    assert world.request(world.delete(first.physical_id, AssumeRoleArn=role)).status == "SUCCESS"


@pytest.mark.parametrize("mode", FAULTS)
@pytest.mark.parametrize("invented", [True, False])
def test_no_fault_of_amplifys_fails_a_delete(world: World, mode: str, invented: bool) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.delete(INVENTED if invented else first.physical_id))
    assert answer.status == "SUCCESS"
    assert answer.time <= begun + 90


@pytest.mark.parametrize("mode", FAULTS)
def test_a_stop_that_goes_wrong_fails_no_delete(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.fail("StopJob", mode, times=1000)
    begun = world.clock.now
    answer = world.request(world.delete(first.physical_id))
    assert (answer.status, answer.time <= begun + 90) == ("SUCCESS", True)


@pytest.mark.parametrize("mode", PASSING)
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
    [line] = [line for line in world.decisions if line["decision"] == "failed"]
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
    monkeypatch.setattr("amplify_job.amplify.jobs.Jobs.list", lambda *_: 1 / 0)
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    world.may_have_defects = True


# A resource that is new in an update, which is undone


def _added(world: World, before: str = "push", **properties: str) -> Answer:
    """An update of a stack adds the resource, on a branch that served something before."""
    world.stack_event("CREATE_COMPLETE")
    if before == "push":
        world.amplify.push(APP_ID, BRANCH)
    elif before == "another resource":
        world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    world.clock.sleep(600)
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(600)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)
    answer = world.request(world.event("Create", **properties))
    world.clock.sleep(5)
    return answer


@pytest.mark.parametrize("before", ["push", "another resource"])
@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"]
)
def test_the_job_that_was_served_before_is_retried(world: World, status: str, before: str) -> None:
    added = _added(world, before)
    world.stack_event(status)
    answer = world.request(world.delete(added.physical_id))
    assert (answer.status, answer.physical_id, answer.data) == ("SUCCESS", added.physical_id, {})
    assert (world.jobs()[-1].type, world.started["3"]["jobId"]) == ("RETRY", "1")
    restored = Mark.parse(world.started["3"]["commitMessage"])
    assert restored
    assert restored.fingerprint == "0"


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
    ],
)
def test_any_other_delete_restores_nothing(world: World, status: str) -> None:
    added = _added(world)
    world.stack_event(status)
    world.request(world.delete(added.physical_id))
    assert len(world.jobs()) == 2


def test_ignore_restores_nothing(world: World) -> None:
    added = _added(world, OnRollback="IGNORE")
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(added.physical_id, OnRollback="IGNORE"))
    assert len(world.jobs()) == 2


def test_a_branch_that_served_nothing_has_nothing_to_go_back_to(world: World) -> None:
    added = _added(world, before="nothing")
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(added.physical_id))
    assert len(world.jobs()) == 1


@pytest.mark.parametrize("outcome", ["SUCCEED", "FAILED"])
def test_a_branch_that_has_moved_on_is_left_alone(world: World, outcome: str) -> None:
    added = _added(world)
    world.amplify.next_job(outcome=outcome)
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(added.physical_id))
    assert len(world.jobs()) == (3 if outcome == "SUCCEED" else 4)


def test_a_resource_that_is_removed_long_after_its_job_restores_nothing(world: World) -> None:
    added = _added(world)
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(600)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.delete(added.physical_id))
    assert len(world.jobs()) == 2


@pytest.mark.parametrize("seconds", [1, 300])
@pytest.mark.parametrize("same_request", [True, False])
def test_it_is_restored_once(world: World, seconds: float, same_request: bool) -> None:
    added = _added(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.next_job(seconds=seconds)
    event = world.delete(added.physical_id)
    world.request(event)
    world.clock.sleep(61)
    world.request(event if same_request else world.delete(added.physical_id))
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (3, 0)


def test_where_the_stacks_events_cannot_be_read_nothing_is_restored(world: World) -> None:
    added = _added(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.fail("DescribeStackEvents", "denied", times=1000)
    assert world.request(world.delete(added.physical_id)).status == "SUCCESS"
    assert len(world.jobs()) == 2


def test_a_late_delete_of_an_operation_that_has_ended_does_nothing(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    event = world.delete(first.physical_id)
    world.clock.sleep(10)
    world.stack_event("UPDATE_COMPLETE")
    assert world.request(event).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("operation", ["DescribeStackEvents"])
def test_a_stack_that_cannot_be_read_at_once_is_asked_again(world: World, operation: str) -> None:
    added = _added(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.fail(operation, "429", times=2)
    world.request(world.delete(added.physical_id))
    assert world.jobs()[-1].type == "RETRY"


def test_a_delete_of_an_operation_that_ends_while_it_lists_stops_nothing(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    world.fail("ListJobs", "timeout")
    world.clock.at(world.clock.now + 8, lambda: world.stack_event("UPDATE_COMPLETE"))
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0
