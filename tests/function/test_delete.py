"""Delete: stops what is ours, touches nothing else, and always succeeds."""

from __future__ import annotations

import pytest
from faults import FAULTS
from simulated import APP_ID, BRANCH, START, Answer, World

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


def test_a_redeploy_by_hand_that_copied_the_mark_goes_on(world: World) -> None:
    # given that our job is the ninth, whose number has fewer digits than the next one's
    for _ in range(8):
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


# Always SUCCESS


def test_a_role_that_may_not_be_assumed_any_more_is_a_success(world: World) -> None:
    first = world.deployed()
    world.assume_role_error = "AccessDenied"
    role = "arn:aws:iam::210987654321:role/gone"
    assert world.request(world.delete(first.physical_id, AssumeRoleArn=role)).status == "SUCCESS"


@pytest.mark.parametrize("mode", FAULTS)
def test_no_fault_of_amplifys_fails_a_delete(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.delete(first.physical_id))
    assert answer.status == "SUCCESS"
    assert answer.time <= begun + 90


def test_properties_that_are_no_use_are_a_success_and_a_log_line(world: World) -> None:
    answer = world.request(world.delete(INVENTED, Unknown="1"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", INVENTED)
    [line] = [line for line in world.decisions if line["decision"] == "failed"]
    assert line["reason"].startswith("VALIDATION_ERROR")


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


def test_where_the_stacks_events_cannot_be_read_nothing_is_restored(world: World) -> None:
    added = _added(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.fail("DescribeStackEvents", "denied", times=1000)
    assert world.request(world.delete(added.physical_id)).status == "SUCCESS"
    assert len(world.jobs()) == 2


def test_a_delete_of_an_operation_that_ends_while_it_lists_stops_nothing(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    world.fail("ListJobs", "timeout")
    world.clock.at(world.clock.now + 8, lambda: world.stack_event("UPDATE_COMPLETE"))
    assert world.request(world.delete(first.physical_id)).status == "SUCCESS"
    assert world.amplify.count("StopJob") == 0
