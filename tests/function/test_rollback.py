"""Updates while the stack rolls back: the site goes back to what it served, and nothing ever fails."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import APP_ID, BRANCH, Answer, World

MODES = ["500", "429", "timeout", "reset", "malformed", "denied"]
OLD, NEW = "0" * 39 + "1", "0" * 39 + "2"


# What is restored


def test_a_commit_that_the_previous_version_names_is_built_again(world: World) -> None:
    # given an Update that succeeded, and a sibling that failed
    _pushed(world, OLD, NEW)
    first = world.deployed(CommitId=OLD)
    second = _updated(world, first, old={"CommitId": OLD}, CommitId=NEW)
    # when
    answer = _rolled_back(world, second, old={"CommitId": NEW}, CommitId=OLD)
    # then
    assert (answer.status, answer.data["JobId"], answer.data["JobType"]) == ("SUCCESS", "3", "RETRY")
    assert world.started["3"]["jobId"] == "1"
    world.clock.sleep(100)
    assert world.jobs()[-1].sha == OLD
    assert _said(world, "started")[-1]["what"] == "job 1 again"


def test_without_a_commit_the_newest_one_is_built_with_the_environment_of_before(world: World) -> None:
    # given a deploy that changes an environment variable
    world.branch.settings["environmentVariables"] = {"API": "old"}
    first = world.deployed()
    world.branch.settings["environmentVariables"] = {"API": "new"}
    second = _updated(world, first)
    # when CloudFormation sets the variable back, and somebody has pushed without a build
    world.branch.settings["environmentVariables"] = {"API": "old"}
    world.branch.settings["enableAutoBuild"] = False
    world.amplify.push(APP_ID, BRANCH)
    _rolled_back(world, second)
    # then
    job = world.jobs()[-1]
    world.clock.sleep(100)
    assert (job.type, job.environment["API"], job.sha) == ("RELEASE", "old", world.branch.tip)
    assert "commitId" not in world.started[job.id]
    assert _said(world, "started")[-1]["what"] == "the newest commit"


def test_a_push_that_was_served_is_retried(world: World) -> None:
    # given somebody's push between both deploys
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    pushed = world.jobs()[-1].sha
    second = _updated(world, first)
    # when
    answer = _rolled_back(world, second)
    # then
    assert (answer.data["JobType"], world.started["4"]["jobId"]) == ("RETRY", "2")
    assert answer.data["CommitMessage"] == "Restored by CloudFormation: job 2"
    world.clock.sleep(100)
    assert world.jobs()[-1].sha == pushed
    assert _said(world, "started")[-1]["what"] == "job 2 again"


def test_somebody_elses_job_of_no_recorded_commit_is_not_retried(world: World) -> None:
    # given a release that somebody started by hand: a RETRY of it would build the newest commit, too
    first = world.deployed()
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(100)
    _complete(world)
    second = _updated(world, first)
    answer = _rolled_back(world, second)
    assert (answer.data["JobType"], answer.data["CommitMessage"]) == (
        "RELEASE",
        "Started by CloudFormation stack shop (Site)",
    )


def test_a_previous_version_that_retries_a_job_retries_it_again(world: World) -> None:
    first = world.deployed()
    _complete(world)
    retry: dict[str, Any] = {"JobType": "RETRY", "JobId": "1"}
    world.request(world.update(first.physical_id, **retry))
    world.clock.sleep(10)
    _complete(world)
    second = _updated(world, first, old=retry)
    answer = _rolled_back(world, second, **retry)
    assert (answer.data["JobType"], world.started["4"]["jobId"]) == ("RETRY", "1")


def test_jobs_that_did_not_succeed_were_never_served(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    _complete(world)
    second = _updated(world, first)
    assert _rolled_back(world, second).data["JobType"] == "RELEASE"


def test_ignore_starts_nothing(world: World) -> None:
    second = _updated(world, world.deployed())
    answer = _rolled_back(world, second, OnRollback="IGNORE")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)


def test_a_site_that_has_moved_on_is_left_alone(world: World) -> None:
    # given somebody's push after the Update
    second = _updated(world, world.deployed())
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    # when
    answer = _rolled_back(world, second)
    # then
    assert (answer.status, len(world.jobs()), answer.data["JobId"]) == ("SUCCESS", 3, "1")
    assert _said(world, "nothing restored")[-1]["why"] == "the site serves no job of this resource"


def test_a_job_that_failed_leaves_nothing_to_undo(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED", seconds=20)
    failed = world.request(world.update(first.physical_id, Nonce="2"))
    assert failed.status == "FAILED"
    # when
    answer = _rolled_back(world, failed)
    # then
    assert (answer.status, answer.data, len(world.jobs())) == ("SUCCESS", first.data, 2)


def test_a_job_that_succeeded_although_its_update_failed_is_undone(world: World) -> None:
    # given a job that built another commit than asked for: the site serves it
    _pushed(world, OLD)
    first = world.deployed(CommitId=OLD)
    world.amplify.next_job(builds=NEW)
    failed = world.request(world.update(first.physical_id, old={"CommitId": OLD}, CommitId="f" * 40))
    assert (failed.status, failed.reason.split(":")[0]) == ("FAILED", "COMMIT_MISMATCH")
    # when
    answer = _rolled_back(world, failed, old={"CommitId": "f" * 40}, CommitId=OLD)
    # then
    assert (answer.data["JobId"], world.started["3"]["jobId"]) == ("3", "1")


def test_a_success_of_an_earlier_deploy_is_not_undone(world: World) -> None:
    # given a failed deploy whose job was left to serve, by IGNORE
    first = world.deployed()
    second = _updated(world, first, OnRollback="IGNORE")
    _rolled_back(world, second, OnRollback="IGNORE")
    world.clock.sleep(5)
    _complete(world, "UPDATE_ROLLBACK_COMPLETE")
    # when the next deploy fails before its job starts
    answer = _rolled_back(world, first)
    # then the site serves what it did before
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 2)
    assert _said(world, "nothing restored")[-1]["why"] == "the site serves what it served before"


def test_what_was_served_is_what_was_there_when_the_stack_was_last_complete(world: World) -> None:
    # given two deploys without a rollback, of which the first left the stack failed
    _pushed(world, OLD, NEW)
    first = world.deployed(CommitId=OLD)
    second = _updated(world, first, old={"CommitId": OLD}, CommitId=NEW)
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(300)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(2)
    third = _updated(world, second, old={"CommitId": NEW}, Nonce="3")
    # when both are undone
    _rolled_back(world, third, old={"Nonce": "3"}, CommitId=OLD)
    # then
    assert world.started["4"]["jobId"] == "1"


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_of_two_resources_on_one_branch_the_one_that_is_served_restores(world: World, order: str) -> None:
    def sent(event: dict[str, Any], resource: str) -> Answer:
        return world.request({**event, "LogicalResourceId": resource})

    # given
    _pushed(world, "a" * 40, "b" * 40)
    commits = {"A": "a" * 40, "B": "b" * 40}
    ids = {name: sent(world.event("Create", CommitId=commits[name]), name).physical_id for name in "AB"}
    world.clock.sleep(10)
    _complete(world, "CREATE_COMPLETE")
    for name in "AB":
        sent(world.update(ids[name], old={"CommitId": commits[name]}, Nonce="2"), name)
        world.clock.sleep(2)
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    for name in order:
        world.clock.sleep(2)
        sent(world.update(ids[name], old={"Nonce": "2"}, CommitId=commits[name]), name)
    # then
    assert len(world.jobs()) == 5
    assert world.started["5"]["jobId"] == "2"


def test_the_job_that_was_served_may_be_many_jobs_ago(world: World) -> None:
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    for _ in range(100):
        world.amplify.next_job(outcome="FAILED", seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(2)
    _complete(world)
    second = _updated(world, first)
    _rolled_back(world, second)
    assert world.started["104"]["jobId"] == "2"


def test_a_resource_whose_jobs_are_gone_releases_the_previous_version(world: World) -> None:
    second = _updated(world, world.deployed())
    del world.branch.jobs[0]
    assert _rolled_back(world, second).data["JobType"] == "RELEASE"


def test_events_that_amplify_keeps_no_more_count_from_the_oldest_one(world: World) -> None:
    # given a stack that was complete more than 90 days ago
    first = world.deployed()
    del world.stack_events[1:]
    second = _updated(world, first)
    assert _rolled_back(world, second).data["JobId"] == "3"


def test_events_of_other_resources_do_not_tell_when_the_stack_was_complete(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = "table"
    assert _rolled_back(world, second).data["JobId"] == "3"


def test_a_job_of_another_resource_with_the_same_properties_is_no_job_of_this_one(world: World) -> None:
    second = _updated(world, world.deployed())
    world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    assert _rolled_back(world, second).status == "SUCCESS"
    assert len(world.jobs()) == 3


@pytest.mark.parametrize("role", ["", "arn:aws:iam::210987654321:role/releaser"])
def test_a_role_that_changes_along_does_not_keep_the_site_from_going_back(world: World, role: str) -> None:
    second = _updated(world, world.deployed(), AssumeRoleArn=role)
    answer = _rolled_back(world, second, old={"Nonce": "2", "AssumeRoleArn": role})
    assert answer.data["JobId"] == "3"


def test_old_properties_that_are_no_use_do_not_keep_the_site_from_going_back(world: World) -> None:
    second = _updated(world, world.deployed())
    assert _rolled_back(world, second, old={"Unknown": "1"}).data["JobId"] == "3"


def test_a_move_to_another_branch_is_undone_where_it_went(world: World) -> None:
    # given an Update that moved to another branch, and does not wait for its job there
    world.amplify.create_branch(APP_ID, "dev")
    first = world.deployed()
    world.amplify.plan(never_ends=True)
    second = _updated(world, first, BranchName="dev", Wait="false")
    # when
    answer = _rolled_back(world, second, old={"BranchName": "dev"})
    # then the job there is stopped, and the answer tells of the branch of before
    [moved] = world.amplify.jobs(APP_ID, "dev")
    assert world.status(moved) in ("CANCELLING", "CANCELLED")
    assert (answer.data["JobId"], len(world.jobs())) == ("1", 1)
    assert "/branches/main/" in answer.data["ConsoleUrl"]
    assert answer.data["BranchUrl"].startswith("https://main.")


# What is stopped


@pytest.mark.parametrize("on_rollback", ["RESTORE", "IGNORE"])
def test_the_job_of_an_update_that_was_given_up_is_stopped(world: World, on_rollback: str) -> None:
    # given a sibling that fails while the job runs
    first = world.deployed(OnRollback=on_rollback)
    world.amplify.plan(never_ends=True)
    world.deliver(world.update(first.physical_id, Nonce="2", OnRollback=on_rollback))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    # when
    stopped_at = world.clock.now
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}, OnRollback=on_rollback))
    world.settle()
    # then both are answered without a failure
    assert world.jobs()[1].stopped == stopped_at + 6
    assert [(a.status, a.physical_id) for a in world.answers[1:]] == [("SUCCESS", first.physical_id)] * 2
    assert (world.status(world.jobs()[1]), len(world.jobs())) == ("CANCELLED", 2)


def test_a_job_that_has_not_begun_yet_is_stopped(world: World) -> None:
    # given an account that builds nothing at the moment
    first = world.deployed()
    world.amplify.behaviour.concurrent_jobs = 0
    second = world.request(world.update(first.physical_id, Nonce="2", Wait="false"))
    _rolled_back(world, second)
    assert world.stopped == {"2"}


def test_a_job_that_succeeds_in_spite_of_the_stop_is_undone(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(seconds=30, ignores_stop=True)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}))
    world.settle()
    assert [job.type for job in world.jobs()] == ["RELEASE"] * 3


def test_somebody_elses_job_in_progress_is_not_stopped(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    _rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


def test_a_redeploy_by_hand_that_copied_the_mark_is_not_stopped(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="2")
    _rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


def test_a_job_of_the_version_that_is_restored_is_not_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    begun = world.clock.now
    answer = _rolled_back(world, first)
    assert (answer.status, answer.time, answer.data["Status"]) == ("SUCCESS", begun + 6, "RUNNING")
    assert world.amplify.count("StopJob") == 0


def test_a_job_of_an_earlier_deploy_is_not_stopped(world: World) -> None:
    # given a deploy that did not wait, and one that never started a job
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    _rolled_back(world, first, old={"Nonce": "3"}, Nonce="2")
    assert world.amplify.count("StopJob") == 0


# A busy branch


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED"])
@pytest.mark.parametrize("when_busy", ["WAIT", "STOP", "JOIN", "FAIL"])
def test_a_branch_that_is_busy_for_a_while_is_waited_for(world: World, outcome: str, when_busy: str) -> None:
    second = _updated(world, world.deployed(WhenBusy=when_busy))
    world.amplify.next_job(outcome=outcome, seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = _rolled_back(world, second, WhenBusy=when_busy)
    assert answer.data["JobId"] == "4"
    assert world.amplify.count("StopJob") == 0


def test_a_branch_on_which_a_push_succeeds_meanwhile_is_left_alone(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    assert _rolled_back(world, second).status == "SUCCESS"
    assert len(world.jobs()) == 3


def test_a_branch_that_stays_busy_is_left_alone_after_a_minute(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    begun = world.clock.now
    answer = _rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 3)
    assert begun + 60 <= answer.time <= begun + 70
    assert _said(world, "nothing restored")[0]["why"].startswith("The requested branch")


# The answer


def test_a_rollback_does_not_wait_for_the_job_and_calls_each_api_as_often_as_needed(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.calls.clear()
    world.asked.clear()
    begun = world.clock.now
    answer = _rolled_back(world, second)
    assert (answer.time, answer.data["Status"]) == (begun + 6, "PENDING")
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "StartJob", "GetBranch", "GetApp"]
    assert world.asked == ["DescribeStackEvents"] * 2


def test_all_attributes_are_answered(world: World) -> None:
    answer = _rolled_back(world, _updated(world, world.deployed()))
    assert len(answer.data) == 12
    assert all(isinstance(value, str) for value in answer.data.values())


def test_the_attributes_are_read_in_spite_of_a_fault(world: World) -> None:
    first = world.deployed()
    second = _updated(world, first)
    world.fail("GetJob", "500")
    assert _rolled_back(world, second, OnRollback="IGNORE").data == first.data


def test_properties_that_are_no_use_are_a_success(world: World) -> None:
    second = _updated(world, world.deployed())
    answer = _rolled_back(world, second, Unknown="1")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert list(answer.data.values()) == [""] * 12
    assert _said(world, "failed")[0]["reason"].startswith("VALIDATION_ERROR: unknown property 'Unknown'")


def test_a_late_update_in_a_rollback_does_not_expire(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"}, TimeoutSeconds="60")
    world.clock.sleep(3000)
    assert world.request(event).data["JobId"] == "3"


def test_a_retry_that_amplify_refuses_is_given_up(world: World) -> None:
    # given that the job to go back to is deleted just before it is retried
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    _complete(world)
    second = _updated(world, first)

    def before_call(path: str) -> None:
        if path.startswith("POST"):
            del world.branch.jobs[1]

    world.before_call = before_call
    answer = _rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", ["ListJobs", "GetJob", "StartJob", "StopJob", "GetBranch", "GetApp"])
def test_no_fault_of_amplifys_fails_a_rollback(world: World, operation: str, mode: str) -> None:
    second = _updated(world, world.deployed())
    world.fail(operation, mode, times=1000)
    begun = world.clock.now
    answer = _rolled_back(world, second)
    assert (answer.status, len(answer.data)) == ("SUCCESS", 12)
    assert answer.data["ConsoleUrl"]
    assert answer.time <= begun + 240


@pytest.mark.parametrize("mode", MODES)
def test_an_amplify_that_is_gone_fails_no_rollback(world: World, mode: str) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    assert (answer.status, answer.physical_id, len(answer.data)) == ("SUCCESS", first.physical_id, 12)
    assert answer.time <= begun + 240


# Once


def test_a_redelivered_rollback_restores_once(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"})
    first_answer = world.request(event)
    world.clock.sleep(61)
    again = world.request(event)
    assert again.physical_id == first_answer.physical_id
    assert len(world.jobs()) == 3


@pytest.mark.parametrize("mode", ["timeout", "reset", "500", "malformed"])
def test_a_restoration_that_took_effect_unanswered_is_adopted(world: World, mode: str) -> None:
    second = _updated(world, world.deployed())
    world.fail("StartJob", mode, applied=True)
    answer = _rolled_back(world, second)
    assert (answer.data["JobId"], len(world.jobs())) == ("3", 3)


@pytest.mark.parametrize(
    ("seconds", "outcome", "jobs"), [(100, "SUCCEED", 3), (1, "SUCCEED", 3), (1, "FAILED", 4)]
)
def test_a_continued_rollback_restores_again_only_what_was_not_restored(
    world: World, seconds: float, outcome: str, jobs: int
) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(outcome=outcome, seconds=seconds)
    _rolled_back(world, second)
    world.clock.sleep(30)
    world.stack_event("UPDATE_ROLLBACK_FAILED")
    world.clock.sleep(10)
    answer = _rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", jobs)


def test_the_same_change_is_released_when_it_is_deployed_again(world: World) -> None:
    # given a deploy that was rolled back
    first = world.deployed()
    _rolled_back(world, _updated(world, first))
    world.clock.sleep(100)
    _complete(world, "UPDATE_ROLLBACK_COMPLETE")
    # when
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    # then
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "4", "SUCCEED")


# Whether it is a rollback


def test_a_forward_update_delivered_again_while_the_stack_rolls_back_does_nothing(world: World) -> None:
    # given a rollback whose restoration takes its time
    first = world.deployed()
    forward = world.update(first.physical_id, Nonce="2")
    second = world.request(forward)
    world.clock.sleep(5)
    world.amplify.next_job(seconds=300)
    _rolled_back(world, second)
    world.clock.sleep(90)
    # when
    again = world.request(forward)
    # then
    assert (again.status, again.physical_id) == ("SUCCESS", first.physical_id)
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (3, 0)


def test_an_update_sent_in_the_second_in_which_the_rollback_began_is_of_the_rollback(world: World) -> None:
    second = _updated(world, world.deployed())
    world.clock.now = int(world.clock.now) + 1.0
    event = world.update(second.physical_id, old={"Nonce": "2"})
    world.clock.now += 0.9
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    assert world.request(event).data["JobId"] == "3"


def test_an_update_sent_in_the_second_before_is_not(world: World) -> None:
    second = _updated(world, world.deployed())
    world.clock.now = int(world.clock.now) + 1.0
    event = world.update(second.physical_id, old={"Nonce": "2"})
    world.clock.now += 1
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    assert (world.request(event).status, len(world.jobs())) == ("SUCCESS", 2)


def test_a_stack_that_cannot_be_read_for_a_while_is_asked_again(world: World) -> None:
    second = _updated(world, world.deployed())
    world.fail("DescribeStackEvents", "429", times=5)
    begun = world.clock.now
    answer = _rolled_back(world, second, Nonce="1")
    assert (answer.data["JobId"], world.started["3"]["commitMessage"].split(".")[1]) != ("", "")
    assert begun + 15 <= answer.time <= begun + 61
    assert answer.data["Status"] == "PENDING"  # it is not waited for


@pytest.mark.parametrize(
    "fault", ["ListJobs timeout", "ListJobs 500", "busy", "StartJob 500", "StartJob 429"]
)
def test_a_rollback_that_looked_like_a_deploy_at_first_is_answered(world: World, fault: str) -> None:
    # given a stack that cannot be read for more than a minute, and then something that takes time
    second = _updated(world, world.deployed())
    world.fail("DescribeStackEvents", "429", times=7)
    if fault == "busy":
        world.amplify.push(APP_ID, BRANCH)
    else:
        world.fail(*fault.split(), times=3)
    answer = _rolled_back(world, second)
    assert answer.status == "SUCCESS"


def test_a_rollback_that_looks_like_a_deploy_releases_the_version_of_before(world: World) -> None:
    # given that the function may not read its stack
    second = _updated(world, world.deployed())
    world.describe_denied = True
    answer = _rolled_back(world, second)
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "3", "SUCCEED")


def test_a_rollback_that_was_seen_once_stays_one_when_the_stack_becomes_unreadable(world: World) -> None:
    second = _updated(world, world.deployed())
    world.fail("ListJobs", "denied", times=1000)
    begun = world.clock.now
    world.clock.at(begun + 2, lambda: world.fail("DescribeStackEvents", "denied", times=1000))
    world.latency = 2
    assert _rolled_back(world, second).status == "SUCCESS"


def test_an_update_of_a_rollback_that_has_ended_meanwhile_stops_nothing(world: World) -> None:
    # given a rollback's Update that cannot list the jobs at first
    first = world.deployed()
    world.amplify.next_job(never_ends=True)
    second = world.request(world.update(first.physical_id, Nonce="2", Wait="false"))
    world.fail("ListJobs", "timeout")
    # when the rollback ends, and another update begins, before it can
    soon = world.clock.now + 8
    world.clock.at(soon, lambda: world.stack_event("UPDATE_ROLLBACK_COMPLETE"))
    world.clock.at(soon + 1, lambda: world.stack_event("UPDATE_IN_PROGRESS"))
    answer = _rolled_back(world, second)
    # then
    assert (answer.status, world.stopped) == ("SUCCESS", set())


def _pushed(world: World, *shas: str) -> None:
    """Commits that are in the repository, without a build of their own."""
    world.branch.settings["enableAutoBuild"] = False
    for sha in shas:
        world.amplify.push(APP_ID, BRANCH, commit_id=sha)


def _updated(world: World, first: Answer, *, old: dict[str, Any] | None = None, **properties: Any) -> Answer:
    """An Update with a new nonce, which succeeds."""
    properties = (
        properties if "CommitId" in properties or "Nonce" in properties else {"Nonce": "2", **properties}
    )
    answer = world.request(world.update(first.physical_id, old=old, **properties))
    assert answer.status == "SUCCESS", answer.reason
    world.clock.sleep(5)
    return answer


def _rolled_back(
    world: World, latest: Answer, *, old: dict[str, Any] | None = None, **properties: Any
) -> Answer:
    """A sibling fails, the stack rolls back: the answer to its Update back to the first properties."""
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    return world.request(world.update(latest.physical_id, old=old or {"Nonce": "2"}, **properties))


def _complete(world: World, status: str = "UPDATE_COMPLETE") -> None:
    """The operation of the stack ends well, and the next one begins."""
    world.stack_event(status)
    world.clock.sleep(100)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)


def _said(world: World, decision: str) -> list[dict[str, Any]]:
    return [line for line in world.decisions if line["decision"] == decision]


@pytest.mark.parametrize("times", [1, 4])
def test_unusable_properties_do_not_fail_it_where_the_stack_can_be_read_at_a_later_try_only(
    world: World, times: int
) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(3)
    world.fail("DescribeStackEvents", "429", times=times)
    assert world.request(world.update(first.physical_id, Bogus="1")).status == "SUCCESS"
