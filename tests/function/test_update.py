"""Update: a new job when what defines it has changed, and else none."""

from __future__ import annotations

import pytest
from simulated import APP_ID, BRANCH, START, World


def test_an_update_that_changes_nothing_calls_each_api_as_often_as_needed(world: World) -> None:
    first = world.deployed()
    world.amplify.calls.clear()
    world.asked.clear()
    answer = world.request(world.update(first.physical_id))
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "GetJob", "GetBranch", "GetApp"]
    assert world.asked == ["DescribeStackEvents"]
    assert answer.time == world.clock.now


def test_a_new_job_is_waited_for_and_calls_each_api_as_often_as_needed(world: World) -> None:
    first = world.deployed()
    world.amplify.calls.clear()
    world.asked.clear()
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "StartJob", *["GetJob"] * 6, "GetBranch", "GetApp", *["GetJob"] * 20]
    assert world.asked == ["DescribeStackEvents"]
    assert (answer.data["JobId"], answer.time) == ("2", begun + 60)


def test_attributes_are_read_afresh(world: World) -> None:
    first = world.deployed()
    world.branch.settings["displayName"] = "renamed"
    world.branch.jobs[0].commit_id = "a" * 40
    answer = world.request(world.update(first.physical_id))
    assert answer.data["BranchUrl"] == f"https://renamed.{APP_ID}.amplifyapp.com"
    assert answer.data["CommitId"] == "a" * 40


def test_an_update_whose_job_is_gone_is_a_success_with_empty_attributes(world: World) -> None:
    first = world.deployed()
    world.branch.jobs.clear()
    answer = world.request(world.update(first.physical_id, WhenBusy="FAIL"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", first.physical_id)
    assert {name for name, value in answer.data.items() if value} == {"JobType", "BranchUrl", "ConsoleUrl"}
    assert len(answer.data) == 12


def test_a_failed_update_keeps_the_old_physical_id(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.startswith("JOB_FAILED: job 2")


def test_an_id_of_an_earlier_version_of_the_function_is_answered_back(world: World) -> None:
    world.deployed()
    answer = world.request(world.update(f"{APP_ID}/{BRANCH}/1/1abc", Nonce="2"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", f"{APP_ID}/{BRANCH}/1/1abc")


# A job of this version is there


def test_a_job_in_progress_is_waited_for_by_an_update_that_waits(world: World) -> None:
    # given
    world.amplify.plan(seconds=1000)
    first = world.deployed(Wait="false")
    # when
    answer = world.request(world.update(first.physical_id, Wait="true"))
    # then
    assert (answer.status, answer.data["Status"], answer.time) == ("SUCCESS", "SUCCEED", START + 1000)
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id, 1)


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [("FAILED", "FAILED", "AMPLIFY_ERROR: no job could be started"), ("SUCCEED", "SUCCESS", "")],
)
def test_a_job_of_this_version_that_cannot_be_read_until_the_timeout_is_what_the_list_says(
    world: World, outcome: str, status: str, reason: str
) -> None:
    # given a job of this version that failed in an Update that was not rolled back, or one that succeeded
    first = world.deployed(Nonce="1")
    world.amplify.next_job(outcome=outcome, seconds=5)
    world.request(world.update(first.physical_id, old={"Nonce": "1"}))
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(60)
    world.stack_event("UPDATE_IN_PROGRESS")
    # when
    world.fail("GetJob", "500", times=10_000)
    answer = world.request(world.update(first.physical_id, TimeoutSeconds="300", old={"Wait": "true"}))
    # then
    assert (answer.status, len(world.jobs())) == (status, 2)
    assert answer.reason.startswith(reason)


def test_only_what_happened_since_the_request_is_read_of_the_stacks_events(world: World) -> None:
    first = world.deployed()
    _busy(world, seconds=30)
    world.stack_events[1:] = [{}]
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    assert answer.status == "SUCCESS"
    assert not any(line["decision"] == "stack unreadable" for line in world.decisions)


def test_an_update_handed_over_asks_for_no_rollback_but_goes_on(world: World) -> None:
    world.limit = 200
    first = world.deployed()
    world.amplify.plan(seconds=160)
    world.asked.clear()
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    assert (answer.status, answer.data["JobId"], len(world.handed_over)) == ("SUCCESS", "2", 1)
    assert world.asked == ["DescribeStackEvents", "Invoke"], "the look before the job started is good"


def test_an_update_with_properties_that_are_no_use_fails(world: World) -> None:
    first = world.deployed()
    answer = world.request(world.update(first.physical_id, JobType="release"))
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.startswith("VALIDATION_ERROR: JobType is 'release'")


def _busy(world: World, seconds: float) -> None:
    """Somebody else's job."""
    world.amplify.next_job(seconds=seconds)
    world.amplify.start(APP_ID, BRANCH)
