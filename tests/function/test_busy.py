"""A branch that already has a pending or running job. What is done about it: test_start.py."""

from __future__ import annotations

from typing import Any

from simulated import APP_ID, BRANCH, START, World

SAID = "The requested branch main already have pending or running jobs"


def test_a_busy_branch_is_asked_for_the_list_before_another_start_job(world: World) -> None:
    _busy(world, seconds=100)
    world.request(world.event("Create"))
    operations = [call.operation for call in world.amplify.calls]
    waiting = operations[: operations.index("GetJob")]
    lists = waiting.count("ListJobs")
    assert waiting == ["ListJobs", "StartJob", *["ListJobs"] * (lists - 1), "StartJob"]
    assert lists == 1 + 51 + 1  # before the first StartJob, every 2 s, before the second


def test_the_sdk_does_not_send_start_job_again_behind_our_back(world: World) -> None:
    _busy(world, never_ends=True)
    world.request(world.event("Create", WhenBusy="FAIL"))
    assert world.amplify.count("StartJob") == 1


def test_the_wait_is_logged_once_for_each_job_in_the_way(world: World) -> None:
    _busy(world, seconds=100)
    world.request(world.event("Create"))
    assert [line["said"] for line in world.decisions if line["decision"] == "busy"] == [SAID]
    waits = [line for line in world.decisions if line["decision"] == "waiting for another job"]
    assert waits == [{"decision": "waiting for another job", "job": "1", "status": "PENDING"}]


def test_stop_waits_for_another_resources_job_where_the_stacks_events_are_unreadable(world: World) -> None:
    world.request({**world.event("Create", Wait="false"), "LogicalResourceId": "Other"})
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.fail("DescribeStackEvents", "denied", times=1000)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, world.amplify.count("StopJob")) == ("SUCCESS", 0)


def test_a_joined_job_is_not_ours_after_a_hand_over_either(world: World) -> None:
    world.limit = 100
    _busy(world, never_ends=True)
    answer = world.request(world.event("Create", WhenBusy="JOIN", TimeoutSeconds="60"))
    assert len(world.handed_over) == 1
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert world.amplify.count("StopJob") == 0


def test_stop_goes_on_when_the_other_job_is_gone_in_that_moment(world: World) -> None:
    _busy(world, never_ends=True)
    world.clock.sleep(1)

    def before_call(path: str) -> None:
        if path.startswith("DELETE"):
            world.branch.jobs.clear()

    world.before_call = before_call
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


def test_no_job_is_started_after_the_deadline_when_the_hand_over_was_late(world: World) -> None:
    # given a busy branch, a hand-over shortly before the deadline, and a queue in front of the function
    other = _busy(world, never_ends=True)
    world.limit = 100
    world.deliver(world.event("Create", TimeoutSeconds="60"))
    world.clock.run(START + 41)
    [carried] = world.handed_over
    world.deliveries[-1].kill()
    world.amplify.stop(APP_ID, BRANCH, other.id)
    world.clock.sleep(60)
    # when
    answer = world.request(carried)
    # then
    assert (answer.status, len(world.jobs())) == ("FAILED", 1)
    assert answer.reason == (
        "BRANCH_BUSY: The requested branch main already have pending or running jobs until the timeout "
        "(WhenBusy is WAIT)"
    )


def _busy(world: World, **plan: Any) -> Any:
    """Somebody else's job."""
    world.amplify.next_job(**plan)
    return world.amplify.start(APP_ID, BRANCH)
