"""Update: a new job when what defines it has changed, and else none."""

from __future__ import annotations

from typing import Any

import pytest
from faults import PASSING
from simulated import APP_ID, BRANCH, START, World

DEFINING: list[dict[str, Any]] = [
    {"JobType": "WEB_HOOK"},
    {"JobType": "RETRY", "JobId": "1"},
    {"JobReason": "because"},
    {"CommitId": "0123456"},
    {"CommitMessage": "Fix"},
    {"CommitTime": "2026-01-31T12:00:00Z"},
    {"Triggers": {"api": "2"}},
    {"Nonce": "2"},
    {"BranchName": "dev"},
    {"AppId": "d2"},
]
NOT_DEFINING: list[dict[str, Any]] = [
    {"Wait": "false"},
    {"TimeoutSeconds": "60"},
    {"ServiceTimeout": "3600"},
    {"WhenBusy": "STOP"},
    {"OnRollback": "IGNORE"},
    {"VerifyCommit": "false"},
    {"FailureLogLines": "0"},
    {"AssumeRoleArn": "arn:aws:iam::210987654321:role/releaser"},
    {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:other"},
    # the defaults, said aloud
    {"JobType": "RELEASE", "Region": "us-east-1", "Triggers": {}, "Nonce": "", "CommitMessage": ""},
]


@pytest.mark.parametrize("changed", DEFINING)
def test_what_defines_the_job_starts_another_one(world: World, changed: dict[str, Any]) -> None:
    # given
    world.amplify.create_branch(APP_ID, "dev")
    world.amplify.create_app("other", "d2")
    world.amplify.create_branch("d2", BRANCH)
    world.amplify.push(APP_ID, BRANCH, commit_id="0123456" + "0" * 33)
    world.clock.sleep(100)
    first = world.deployed()
    # when
    answer = world.request(world.update(first.physical_id, VerifyCommit="false", **changed))
    # then
    assert (answer.status, answer.data["Status"]) == ("SUCCESS", "SUCCEED")
    assert answer.physical_id == first.physical_id
    assert world.amplify.count("StartJob") == 2


def test_a_change_of_region_starts_another_job(world: World) -> None:
    first = world.deployed()
    world.app.region = "eu-west-1"
    answer = world.request(world.update(first.physical_id, Region="eu-west-1"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


@pytest.mark.parametrize("changed", NOT_DEFINING)
def test_what_does_not_define_the_job_starts_none(world: World, changed: dict[str, Any]) -> None:
    first = world.deployed()
    answer = world.request(world.update(first.physical_id, **changed))
    assert answer.body["Data"] == first.data
    assert (answer.status, answer.physical_id) == ("SUCCESS", first.physical_id)
    assert world.amplify.count("StartJob") == 1


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


# Sent again, because rollback is disabled and the Update failed


@pytest.mark.parametrize("old", [{}, {"Nonce": "2"}], ids=["last good", "failed try"])
def test_an_update_that_failed_and_is_sent_again_starts_a_job(world: World, old: dict[str, Any]) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    assert world.request(world.update(first.physical_id, Nonce="2")).status == "FAILED"
    _no_rollback(world)
    answer = world.request(world.update(first.physical_id, old=old, Nonce="2"))
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "3", "SUCCEED")


def test_one_that_failed_before_any_job_started_does_so_too(world: World) -> None:
    first = world.deployed()
    world.amplify.authorize = lambda *_: "arn:aws:iam::123456789012:role/function"
    assert world.request(world.update(first.physical_id, Nonce="2")).status == "FAILED"
    world.amplify.authorize = None
    _no_rollback(world)
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}, Nonce="2"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


def test_a_longer_timeout_after_a_failed_try_starts_a_job(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(never_ends=True)
    assert world.request(world.update(first.physical_id, Nonce="2", TimeoutSeconds="60")).status == "FAILED"
    _no_rollback(world)
    old = {"Nonce": "2", "TimeoutSeconds": "60"}
    answer = world.request(world.update(first.physical_id, old=old, Nonce="2", TimeoutSeconds="600"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "3")


def test_a_job_that_built_another_commit_is_no_success_the_next_time_either(world: World) -> None:
    world.amplify.push(APP_ID, BRANCH, commit_id="a" * 40)
    world.clock.sleep(100)
    first = world.deployed()
    world.amplify.next_job(builds="b" * 40)
    new: dict[str, Any] = {"CommitId": "a" * 40}
    assert world.request(world.update(first.physical_id, **new)).status == "FAILED"
    _no_rollback(world)
    answer = world.request(world.update(first.physical_id, old=new, **new))
    assert (answer.status, answer.data["BuiltCommitId"]) == ("SUCCESS", "a" * 40)


def test_a_first_create_that_failed_is_mended_by_an_update(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    failed = world.request(world.event("Create"))
    world.stack_event("CREATE_FAILED")
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    answer = world.request(world.update(failed.physical_id))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


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


def test_a_job_in_progress_is_not_waited_for_by_an_update_that_does_not_wait(world: World) -> None:
    world.amplify.plan(seconds=1000)
    first = world.deployed(Wait="false")
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, Wait="false"))
    assert (answer.data["Status"], answer.time) == ("RUNNING", begun)


def test_a_job_in_progress_that_fails_fails_the_update_that_waits_for_it(world: World) -> None:
    world.amplify.plan(seconds=1000, outcome="FAILED")
    first = world.deployed(Wait="false")
    answer = world.request(world.update(first.physical_id))
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.startswith("JOB_FAILED: job 1")


def test_a_job_that_was_not_waited_for_and_failed_is_followed_by_another_one(world: World) -> None:
    world.amplify.next_job(seconds=100, outcome="FAILED")
    first = world.deployed(Wait="false")
    answer = world.request(world.update(first.physical_id))
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "2", "SUCCEED")


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


def test_a_job_that_was_cancelled_because_nothing_changed_is_a_success(world: World) -> None:
    world.amplify.next_job(outcome="NO_DIFF")
    first = world.deployed()
    answer = world.request(world.update(first.physical_id, WhenBusy="FAIL"))
    assert (answer.status, answer.data["Status"], len(world.jobs())) == ("SUCCESS", "CANCELLED", 1)


def test_the_newest_job_of_this_version_is_described_not_a_redeploy_by_hand(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="1")
    answer = world.request(world.update(first.physical_id, WhenBusy="FAIL"))
    assert answer.data == first.data
    assert world.amplify.count("StopJob") == 0


def test_without_a_job_of_its_own_what_the_site_serves_is_described(world: World) -> None:
    world.amplify.push(APP_ID, BRANCH)
    first = world.deployed(WhenBusy="JOIN")
    answer = world.request(world.update(first.physical_id, WhenBusy="FAIL"))
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 1)


def test_at_the_deadline_an_earlier_job_of_this_resource_is_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    answer = world.request(world.update(first.physical_id, TimeoutSeconds="60"))
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert world.status(world.jobs()[0]) == "CANCELLED"


@pytest.mark.parametrize(
    "stack_status", ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_COMPLETE"]
)
def test_an_update_that_cloudformation_has_given_up_starts_nothing(world: World, stack_status: str) -> None:
    first = world.deployed()
    event = world.update(first.physical_id, Nonce="2")
    world.clock.sleep(2)
    world.stack_event(stack_status)
    answer = world.request(event)
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 1)


def test_an_update_that_is_cancelled_while_the_branch_is_busy_starts_nothing(world: World) -> None:
    first = world.deployed()
    _busy(world, seconds=100)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.settle()
    assert ([answer.status for answer in world.answers], len(world.jobs())) == (["SUCCESS"] * 2, 2)


@pytest.mark.parametrize(("seconds", "times"), [(2.0, 1), (2.6, 2)])
def test_what_was_seen_of_the_stack_holds_for_five_seconds_after_the_request(
    world: World, seconds: float, times: int
) -> None:
    # given two calls of Amplify that take so long before the job is started
    first = world.deployed()
    world.clock.now = float(int(world.clock.now))
    world.asked.clear()
    world.fail("ListJobs", "500")
    world.latency = seconds
    # when
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    # then
    assert answer.status == "SUCCESS"
    assert world.asked.count("DescribeStackEvents") == times


def test_an_update_that_is_given_up_while_amplify_is_not_reached_starts_nothing(world: World) -> None:
    # given that the stack was seen live, and the jobs cannot be listed for a while
    first = world.deployed()
    world.fail("ListJobs", "500", times=4)
    world.clock.at(world.clock.now + 1, lambda: world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS"))
    # when
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    # then
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 1)


@pytest.mark.parametrize("ended", ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"])
def test_an_update_that_still_waits_when_a_newer_operation_runs_starts_nothing(
    world: World, ended: str
) -> None:
    # given an Update that waits for a busy branch when a sibling fails
    first = world.deployed()
    _busy(world, seconds=100)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(20)
    # when the stack is updated again, which makes its status look live
    world.stack_event(ended)
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.settle()
    # then
    assert ([answer.status for answer in world.answers], len(world.jobs())) == (["SUCCESS"] * 2, 2)


def test_an_update_that_is_sent_right_after_the_operation_before_counts(world: World) -> None:
    # given an end of that operation which CloudFormation's dates put into the second of the request
    first = world.deployed()
    world.clock.now = START + 1000
    _busy(world, seconds=30)
    event = world.update(first.physical_id, Nonce="2")
    world.clock.now += 0.9
    world.stack_event("UPDATE_COMPLETE")
    world.stack_event("UPDATE_IN_PROGRESS")
    # when
    answer = world.request(event)
    # then
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "3")


def test_an_operation_that_ends_a_second_after_the_request_was_its_own(world: World) -> None:
    first = world.deployed()
    world.clock.now = START + 1000
    _busy(world, seconds=30)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(1)
    world.stack_event("UPDATE_FAILED")
    world.stack_event("UPDATE_IN_PROGRESS")
    world.settle()
    assert ([answer.status for answer in world.answers], len(world.jobs())) == (["SUCCESS"] * 2, 2)


def test_only_what_happened_since_the_request_is_read_of_the_stacks_events(world: World) -> None:
    first = world.deployed()
    _busy(world, seconds=30)
    world.stack_events[1:] = [{}]
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    assert answer.status == "SUCCESS"
    assert not any(line["decision"] == "stack unreadable" for line in world.decisions)


def test_where_the_stacks_events_are_unreadable_an_update_that_waits_counts(world: World) -> None:
    first = world.deployed()
    _busy(world, seconds=30)
    world.fail("DescribeStackEvents", "denied")
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "3")


def test_an_update_that_is_delivered_twice_starts_nothing_once_its_operation_has_ended(world: World) -> None:
    # given an Update that waits for a busy branch when a sibling fails, and that is delivered once more
    first = world.deployed()
    _busy(world, seconds=20)
    event = world.update(first.physical_id, Nonce="2")
    world.deliver(event)
    world.deliver(event, after=30)
    world.clock.sleep(10)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    # when the stack is updated again, and no job bears the request's mark
    world.clock.sleep(5)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.settle()
    # then
    assert ([answer.status for answer in world.answers], len(world.jobs())) == (["SUCCESS"] * 3, 2)


def test_a_late_repetition_of_an_ended_rollback_leaves_a_newer_job_alone(world: World) -> None:
    # given a rollback's Update, which Lambda delivers once more when the next update runs
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    back = world.update(first.physical_id, old={"Nonce": "2"})
    world.request(back)
    world.clock.sleep(10)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(60)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.deliver(world.update(first.physical_id, Nonce="3"))
    world.clock.sleep(20)
    # when
    world.deliver(back)
    world.settle()
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS"] * 4
    assert world.amplify.count("StopJob") == 0


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


@pytest.mark.parametrize("mode", PASSING)
def test_an_update_that_changes_nothing_rides_out_what_goes_wrong(world: World, mode: str) -> None:
    first = world.deployed()
    world.amplify.fail(None, times=10, mode=mode)  # type: ignore[arg-type]
    answer = world.request(world.update(first.physical_id))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "1")


def test_an_update_whose_job_cannot_be_read_until_the_deadline_fails(world: World) -> None:
    first = world.deployed()
    world.fail("ListJobs", "500", times=10_000)
    answer = world.request(world.update(first.physical_id, TimeoutSeconds="60"))
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.endswith("in time: Internal failure")


def test_an_update_that_changes_nothing_waits_for_a_permission(world: World) -> None:
    # given an Update that changes the role, which IAM does not know yet
    first = world.deployed()
    begun = world.clock.now
    world.amplify.authorize = lambda _, action, __: "caller" if world.clock.now < begun + 40 else None
    answer = world.request(world.update(first.physical_id))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "1")


def test_an_update_that_changes_nothing_and_is_denied_for_good_fails(world: World) -> None:
    first = world.deployed()
    world.amplify.authorize = lambda _, action, __: f"arn:aws:iam::{'1' * 12}:role/function"
    answer = world.request(world.update(first.physical_id))
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.startswith("ACCESS_DENIED: amplify:ListJobs on branch main of app d1a2b3c4")


def _no_rollback(world: World) -> None:
    """The operation fails, and the next one begins."""
    world.clock.sleep(5)
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(30)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)


def _busy(world: World, seconds: float) -> None:
    """Somebody else's job."""
    world.amplify.next_job(seconds=seconds)
    world.amplify.start(APP_ID, BRANCH)
