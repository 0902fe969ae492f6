"""A branch that already has a pending or running job."""

from __future__ import annotations

from typing import Any

import pytest
from faults import FAULTS
from simulated import APP_ID, BRANCH, PHYSICAL_ID, START, World

STATES: dict[str, dict[str, Any]] = {
    "CREATED": {"created_seconds": 1000},
    "RUNNING": {"never_ends": True},
    "AN_UNKNOWN_WORD": {"never_ends": True, "running": "AN_UNKNOWN_WORD"},
}
SAID = "The requested branch main already have pending or running jobs"


def test_wait_starts_the_job_when_the_other_has_ended(world: World) -> None:
    other = _busy(world, seconds=100)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    assert world.status(other) == "SUCCEED"
    assert 100 <= world.jobs()[1].created - START <= 104
    assert world.amplify.count("StopJob") == 0


def test_a_busy_branch_is_asked_for_the_list_before_another_start_job(world: World) -> None:
    _busy(world, seconds=100)
    world.request(world.event("Create"))
    operations = [call.operation for call in world.amplify.calls]
    waiting = operations[: operations.index("GetJob")]
    lists = waiting.count("ListJobs")
    assert waiting == ["ListJobs", "StartJob", *["ListJobs"] * (lists - 1), "StartJob"]
    assert lists == 1 + 51 + 1  # before the first StartJob, every 2 s, before the second


def test_while_the_list_shows_the_other_job_start_job_is_not_sent(world: World) -> None:
    _busy(world, seconds=100)
    world.request(world.event("Create"))
    assert world.amplify.count("StartJob") == 2


def test_the_sdk_does_not_send_start_job_again_behind_our_back(world: World) -> None:
    _busy(world, never_ends=True)
    world.request(world.event("Create", WhenBusy="FAIL"))
    assert world.amplify.count("StartJob") == 1


def test_wait_says_which_job_was_in_the_way_when_the_timeout_has_passed(world: World) -> None:
    _busy(world, never_ends=True)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason == (
        f"BRANCH_BUSY: {SAID}: job 1 was still RUNNING at the timeout (WhenBusy is WAIT)"
    )
    assert (answer.status, answer.time) == ("FAILED", START + 60)
    assert answer.physical_id == PHYSICAL_ID


def test_wait_that_never_sees_the_other_job_tells_amplifys_words(world: World) -> None:
    # given a branch that is busy although its list shows no such job
    _busy(world, never_ends=True)
    job = world.branch.jobs[0]
    world.before_call = lambda path: world.branch.jobs.__setitem__(
        slice(None), [] if path.startswith("GET") else [job]
    )
    # when
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    # then
    assert answer.reason.startswith("BRANCH_BUSY: ")
    assert SAID in answer.reason
    assert world.amplify.count("StopJob") == 0


def test_the_wait_is_logged_once_for_each_job_in_the_way(world: World) -> None:
    _busy(world, seconds=100)
    world.request(world.event("Create"))
    waits = [line for line in world.decisions if line["decision"] == "waiting for another job"]
    assert waits == [{"decision": "waiting for another job", "job": "1", "status": "PENDING"}]


def test_a_second_job_in_the_way_is_logged_too(world: World) -> None:
    _busy(world, seconds=50)
    world.clock.at(START + 51, lambda: _busy(world, seconds=50))
    world.request(world.event("Create"))
    waits = [line["job"] for line in world.decisions if line["decision"] == "waiting for another job"]
    assert waits == ["1", "2"]


def test_a_request_that_is_given_up_while_it_waits_starts_nothing(world: World) -> None:
    # given that a sibling fails while the branch is busy
    other = _busy(world, seconds=100)
    world.clock.at(START + 50, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    # when
    answer = world.request(world.event("Create"))
    # then
    assert answer.reason == "EXPIRED: the stack's operation has ended or is being rolled back"
    assert world.jobs() == [other]


def test_a_request_that_is_given_up_stops_nobodys_job(world: World) -> None:
    # given a job that begins after the stack has begun to roll back
    world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    other = _busy(world, created_seconds=60, never_ends=True)
    world.clock.at(world.clock.now + 50, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    # when
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    # then
    assert (answer.status, world.amplify.count("StopJob")) == ("FAILED", 0)
    assert other.in_progress(world.clock.now)


@pytest.mark.parametrize("state", STATES)
def test_fail_fails_at_once(world: World, state: str) -> None:
    other = _busy(world, **STATES[state])
    world.clock.sleep(60)
    assert world.status(other) == state
    answer = world.request(world.event("Create", WhenBusy="FAIL"))
    assert (answer.status, answer.time) == ("FAILED", START + 60)
    assert answer.reason == f"BRANCH_BUSY: {SAID}: job 1 is {state} (WhenBusy is FAIL)"
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("mode", ["429", "rate"])
def test_fail_does_not_fail_on_throttling(world: World, mode: str) -> None:
    world.fail("StartJob", mode)
    assert world.request(world.event("Create", WhenBusy="FAIL")).status == "SUCCESS"


def test_a_branch_that_is_throttled_for_good_is_not_called_busy(world: World) -> None:
    world.fail("StartJob", "429", times=1000)
    answer = world.request(world.event("Create", WhenBusy="FAIL", TimeoutSeconds="60"))
    assert answer.reason == (
        "AMPLIFY_ERROR: no job could be started on branch main of app d1a2b3c4 in time: Too Many Requests"
    )


def test_a_branch_that_is_throttled_and_shows_a_job_is_busy(world: World) -> None:
    _busy(world, never_ends=True)
    world.clock.sleep(60)
    world.fail("StartJob", "429", times=1000)
    answer = world.request(world.event("Create", WhenBusy="FAIL"))
    assert answer.reason == (
        "BRANCH_BUSY: branch main of app d1a2b3c4 is busy: job 1 is RUNNING (WhenBusy is FAIL)"
    )


@pytest.mark.parametrize("state", ["RUNNING", "AN_UNKNOWN_WORD"])
def test_stop_stops_the_other_job_and_starts_its_own(world: World, state: str) -> None:
    other = _busy(world, **STATES[state])
    world.clock.sleep(60)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    assert world.status(other) == "CANCELLED"
    assert world.amplify.count("StopJob") == 1


def test_stop_spares_a_job_whose_start_is_not_known_until_it_is(world: World) -> None:
    # given that marks read back
    world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    other = _busy(world, created_seconds=100, never_ends=True)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, answer.data["JobId"], world.status(other)) == ("SUCCESS", "3", "CANCELLED")
    assert other.stopped is not None
    assert other.stopped > other.created + 100


def test_stop_sends_no_stop_job_to_a_job_that_is_being_cancelled(world: World) -> None:
    _busy(world, never_ends=True, stop_seconds=30)
    world.clock.sleep(1)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert answer.status == "SUCCESS"
    assert world.amplify.count("StopJob") == 1


@pytest.mark.parametrize("seconds", [0.5, 1.5, 5, 30])
def test_stop_waits_for_a_job_that_another_resource_started_in_the_same_deploy(
    world: World, seconds: float
) -> None:
    world.stack_event("CREATE_IN_PROGRESS")
    world.deliver({**world.event("Create", WhenBusy="STOP"), "LogicalResourceId": "Other"})
    world.clock.sleep(seconds)
    # when
    world.deliver(world.event("Create", WhenBusy="STOP"))
    world.settle()
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS", "SUCCESS"]
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (2, 0)


def test_stop_spares_a_build_for_as_long_as_its_start_is_not_known(world: World) -> None:
    # given somebody's build that waits for a free slot
    other = _busy(world, created_seconds=200, seconds=260)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, world.status(other)) == ("SUCCESS", "CANCELLED")
    assert other.stopped >= START + 200


def test_stop_waits_for_another_resources_job_where_the_stacks_events_are_unreadable(world: World) -> None:
    world.request({**world.event("Create", Wait="false"), "LogicalResourceId": "Other"})
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.fail("DescribeStackEvents", "denied", times=1000)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, world.amplify.count("StopJob")) == ("SUCCESS", 0)


def test_stop_stops_a_job_that_another_resource_started_in_an_earlier_deploy(world: World) -> None:
    world.amplify.plan(seconds=500)
    other = {**world.event("Create", Wait="false"), "LogicalResourceId": "Other"}
    world.request(other)
    world.clock.sleep(10)
    world.stack_event("CREATE_COMPLETE")
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(1)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, world.status(world.jobs()[0])) == ("SUCCESS", "CANCELLED")


@pytest.mark.parametrize("mode", FAULTS)
def test_stop_tries_again_when_the_stop_goes_wrong(world: World, mode: str) -> None:
    other = _busy(world, never_ends=True)
    world.clock.sleep(1)
    world.fail("StopJob", mode)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, world.status(other)) == ("SUCCESS", "CANCELLED")
    assert world.amplify.count("StopJob") == 2


def test_stop_that_is_denied_for_good_fails_with_the_action(world: World) -> None:
    _busy(world, never_ends=True)
    world.clock.sleep(1)
    world.fail("StopJob", "denied", times=1000)
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert answer.reason.startswith("ACCESS_DENIED: amplify:StopJob on branch main of app d1a2b3c4")
    assert START + 61 <= answer.time <= START + 65


def test_stop_goes_on_when_the_other_job_ends_in_that_moment(world: World) -> None:
    # given a job that ends between the list and the stop
    other = _busy(world, seconds=100)
    world.clock.sleep(1)

    def before_call(path: str) -> None:
        if path.startswith("DELETE"):
            world.clock.now = START + 101

    world.before_call = before_call
    # when
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    # then
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    assert world.status(other) == "SUCCEED"
    assert any(line["decision"] == "not stopped" for line in world.decisions)


@pytest.mark.parametrize("state", STATES)
def test_join_answers_with_the_other_job(world: World, state: str) -> None:
    plan = {**STATES[state], "created_seconds": 0} if state != "CREATED" else {"created_seconds": 200}
    _busy(world, **{**plan, "never_ends": False, "seconds": 200})
    world.clock.sleep(60)
    answer = world.request(world.event("Create", WhenBusy="JOIN"))
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 1)


def test_a_joined_job_that_fails_fails_the_create(world: World) -> None:
    _busy(world, outcome="FAILED", seconds=60)
    answer = world.request(world.event("Create", WhenBusy="JOIN"))
    assert answer.reason.startswith("JOB_FAILED: job 1 of branch main")
    assert answer.physical_id == PHYSICAL_ID


def test_a_joined_job_is_not_stopped_at_the_deadline(world: World) -> None:
    other = _busy(world, never_ends=True)
    answer = world.request(world.event("Create", WhenBusy="JOIN", TimeoutSeconds="60"))
    assert answer.reason.startswith(
        "JOB_TIMED_OUT: job 1 of branch main of app d1a2b3c4 had not ended after 60 seconds; "
        "it is somebody else's and goes on"
    )
    assert (world.amplify.count("StopJob"), world.status(other)) == (0, "RUNNING")


def test_a_joined_job_is_not_ours_after_a_hand_over_either(world: World) -> None:
    world.limit = 100
    _busy(world, never_ends=True)
    answer = world.request(world.event("Create", WhenBusy="JOIN", TimeoutSeconds="60"))
    assert len(world.handed_over) == 1
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert world.amplify.count("StopJob") == 0


def test_join_joins_a_job_of_another_resource(world: World) -> None:
    world.amplify.next_job(seconds=200)
    world.request({**world.event("Create", Wait="false"), "LogicalResourceId": "Other"})
    answer = world.request(world.event("Create", WhenBusy="JOIN"))
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 1)


def test_join_waits_for_a_job_of_this_same_resource(world: World) -> None:
    # given an earlier job of the resource, for other properties
    world.amplify.next_job(seconds=200)
    first = world.request(world.event("Create", Wait="false"))
    # when
    world.stack_event("CREATE_COMPLETE")
    world.clock.sleep(5)
    world.stack_event("UPDATE_IN_PROGRESS")
    answer = world.request(world.update(first.physical_id, WhenBusy="JOIN", Nonce="2"))
    # then
    assert (answer.status, answer.data["JobId"], world.amplify.count("StopJob")) == ("SUCCESS", "2", 0)


def test_join_waits_for_a_job_that_is_being_cancelled(world: World) -> None:
    other = _busy(world, never_ends=True, stop_seconds=30)
    world.amplify.stop(APP_ID, BRANCH, other.id)
    answer = world.request(world.event("Create", WhenBusy="JOIN"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


def test_a_joined_job_may_build_another_commit_than_wanted_and_then_fails(world: World) -> None:
    _busy(world, seconds=60, builds="e" * 40)
    answer = world.request(world.event("Create", WhenBusy="JOIN", CommitId="f" * 40))
    assert answer.reason.startswith("COMMIT_MISMATCH: job 1 of branch main of app d1a2b3c4 built commit ")


def test_stop_goes_on_when_the_other_job_is_gone_in_that_moment(world: World) -> None:
    _busy(world, never_ends=True)
    world.clock.sleep(1)

    def before_call(path: str) -> None:
        if path.startswith("DELETE"):
            world.branch.jobs.clear()

    world.before_call = before_call
    answer = world.request(world.event("Create", WhenBusy="STOP"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


def test_a_busy_branch_whose_jobs_cannot_be_listed_any_more_is_told_as_busy(world: World) -> None:
    _busy(world, never_ends=True)
    world.amplify.fail("ListJobs", times=1000, after=1)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason == f"BRANCH_BUSY: {SAID} until the timeout (WhenBusy is WAIT)"


def test_no_job_is_started_at_the_deadline(world: World) -> None:
    # given a branch that becomes free just as the timeout has passed
    _busy(world, seconds=57)
    # when
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    # then
    assert (answer.status, len(world.jobs())) == ("FAILED", 1)
    assert answer.reason == f"BRANCH_BUSY: {SAID} until the timeout (WhenBusy is WAIT)"


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
