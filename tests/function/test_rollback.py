"""Updates while the stack rolls back: the site goes back to what it served, and nothing ever fails."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import APP_ID, BRANCH, Answer, World

MODES = ["500", "429", "timeout", "reset", "malformed", "denied"]
NO_ECHO: frozenset[str] = frozenset()


def test_the_job_before_the_one_of_the_undone_update_is_retried(world: World) -> None:
    # given an Update that succeeded, and a sibling that failed
    first = world.deployed()
    second = _updated(world, first)
    # when
    answer = _rolled_back(world, second)
    # then
    assert (answer.status, answer.data["JobId"], answer.data["JobType"]) == ("SUCCESS", "3", "RETRY")
    assert answer.physical_id == first.physical_id.replace("/1/", "/3/")
    assert world.started["3"]["jobId"] == "1"
    assert [job.type for job in world.jobs()] == ["RELEASE", "RELEASE", "RETRY"]


def test_a_restored_site_says_so_in_the_message_of_its_job(world: World) -> None:
    second = _updated(world, world.deployed())
    answer = _rolled_back(world, second)
    assert answer.data["CommitMessage"] == "Restored by CloudFormation stack shop: job 1"


def test_a_rollback_does_not_wait_for_the_job_and_calls_each_api_as_often_as_needed(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.calls.clear()
    world.asked.clear()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    begun = world.clock.now
    answer = world.request(world.update(second.physical_id, old={"Nonce": "2"}))
    assert (answer.time, answer.data["Status"]) == (begun, "PENDING")
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "ListJobs", "StartJob", "GetBranch", "GetApp"]
    assert world.asked == ["DescribeStacks", "DescribeStackEvents", "DescribeStacks"]


def test_a_rollback_answers_all_attributes(world: World) -> None:
    second = _updated(world, world.deployed())
    answer = _rolled_back(world, second)
    assert len(answer.data) == 11
    assert all(isinstance(value, str) for value in answer.data.values())


def test_ignore_starts_nothing_and_keeps_the_physical_id(world: World) -> None:
    second = _updated(world, world.deployed())
    world.asked.clear()
    answer = _rolled_back(world, second, OnRollback="IGNORE")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert answer.data == second.data
    assert world.asked == ["DescribeStacks"]


def test_the_site_goes_back_to_what_it_served_whoever_had_built_that(world: World) -> None:
    # given somebody's push between both deploys
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    second = _updated(world, first)
    # when
    _rolled_back(world, second)
    # then
    assert world.started["4"]["jobId"] == "2"


def test_jobs_that_did_not_succeed_were_never_served(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    second = _updated(world, first)
    _rolled_back(world, second)
    assert world.started["4"]["jobId"] == "1"


def test_a_site_that_has_moved_on_is_left_alone(world: World) -> None:
    # given somebody's push after the Update
    second = _updated(world, world.deployed())
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    # when
    answer = _rolled_back(world, second)
    # then
    assert (answer.status, answer.physical_id) == ("SUCCESS", second.physical_id)
    assert (len(world.jobs()), answer.data["JobId"]) == (3, "2")


def test_a_job_that_failed_leaves_nothing_to_undo(world: World) -> None:
    # given an Update that did not wait for its job, which failed
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED", seconds=20)
    second = _updated(world, first, Wait="false")
    world.clock.sleep(60)
    # when
    answer = _rolled_back(world, second, Wait="false")
    # then
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert answer.data["Status"] == "FAILED"


def test_a_job_in_progress_is_stopped(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(never_ends=True, stop_seconds=5)
    second = _updated(world, first, Wait="false")
    answer = _rolled_back(world, second, Wait="false")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert (answer.data["Status"], world.amplify.count("StopJob")) == ("CANCELLED", 1)


def test_a_job_in_progress_that_succeeds_in_spite_of_the_stop_is_undone(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(seconds=30, ignores_stop=True)
    second = _updated(world, first, Wait="false")
    answer = _rolled_back(world, second, Wait="false")
    assert (answer.data["JobId"], world.started["3"]["jobId"]) == ("3", "1")


def test_somebody_elses_job_in_progress_is_not_stopped(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    _rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED"])
def test_a_branch_that_is_busy_for_a_while_is_waited_for(world: World, outcome: str) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(outcome=outcome, seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = _rolled_back(world, second)
    assert (answer.data["JobId"], world.started["4"]["jobId"]) == ("4", "1")


def test_a_branch_on_which_a_push_succeeds_meanwhile_is_left_alone(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 3)


def test_a_branch_that_stays_busy_is_left_alone_after_a_minute(world: World) -> None:
    second = _updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    begun = world.clock.now
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 3)
    assert begun + 60 <= answer.time <= begun + 70
    assert any(line["decision"] == "nothing restored" for line in world.decisions)


@pytest.mark.parametrize("when_busy", ["STOP", "JOIN", "FAIL"])
def test_a_rollback_waits_for_a_busy_branch_whatever_the_deploy_did(world: World, when_busy: str) -> None:
    second = _updated(world, world.deployed(WhenBusy=when_busy))
    world.amplify.next_job(outcome="FAILED", seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = _rolled_back(world, second, WhenBusy=when_busy)
    assert answer.data["JobId"] == "4"
    assert world.amplify.count("StopJob") == 0


def test_no_more_jobs_are_listed_than_needed_to_find_the_one_to_go_back_to(world: World) -> None:
    for _ in range(60):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    second = _updated(world, world.deployed())
    world.amplify.calls.clear()
    assert _rolled_back(world, second).data["JobId"] == "63"
    assert world.amplify.count("ListJobs") == 2  # to stop, and to restore


def test_without_an_earlier_success_there_is_nothing_to_go_back_to(world: World) -> None:
    # given a first job that is not among the branch's any more
    second = _updated(world, world.deployed())
    del world.branch.jobs[0]
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 1)


def test_a_retry_that_amplify_refuses_is_given_up(world: World) -> None:
    # given that the job to go back to is deleted just before it is retried
    second = _updated(world, world.deployed())

    def before_call(path: str) -> None:
        if path.startswith("POST"):
            del world.branch.jobs[0]

    world.before_call = before_call
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 1)


def test_an_update_that_moved_to_another_branch_has_nothing_to_go_back_to(world: World) -> None:
    # given
    world.amplify.create_branch(APP_ID, "dev")
    world.amplify.start(APP_ID, "dev")
    first = world.deployed()
    second = world.request(world.update(first.physical_id, BranchName="dev"))
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(second.physical_id, old={"BranchName": "dev"}))
    # then
    assert (answer.status, answer.physical_id) == ("SUCCESS", second.physical_id)
    assert world.amplify.count("StartJob") == 2
    assert "/branches/dev/" in answer.data["ConsoleUrl"]


def test_a_job_with_the_same_number_on_the_branch_before_is_not_taken_for_the_one_to_undo(
    world: World,
) -> None:
    # given an Update that moved to another branch, and a push on the branch that it left
    world.amplify.create_branch(APP_ID, "dev")
    world.amplify.start(APP_ID, "dev")
    first = world.deployed()
    second = world.request(world.update(first.physical_id, BranchName="dev"))
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    assert second.data["JobId"] == world.jobs()[-1].id == "2"
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(second.physical_id, old={"BranchName": "dev"}))
    # then
    assert (answer.physical_id, len(world.jobs())) == (second.physical_id, 2)


@pytest.mark.parametrize("nothing_to_undo", [True, False])
def test_the_attributes_in_a_rollback_are_read_in_spite_of_a_fault(
    world: World, nothing_to_undo: bool
) -> None:
    first = world.deployed()
    latest = first if nothing_to_undo else _updated(world, first)
    world.fail("GetJob", "500")
    answer = _rolled_back(world, latest, OnRollback="IGNORE")
    assert answer.data == latest.data


def test_an_update_whose_old_properties_are_unreadable_goes_by_the_physical_id(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(second.physical_id, old={"NewInAnotherVersion": "1"}))
    assert (answer.data["JobId"], world.started["3"]["jobId"]) == ("3", "1")


def test_a_forward_update_delivered_just_as_the_stack_rolls_back_undoes_nothing(world: World) -> None:
    # given two earlier deploys, and a sibling that fails in the second in which an Update is delivered
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(600)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)
    forward = world.update(second.physical_id, old={"Nonce": "2"}, Nonce="3")
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(forward)
    # then the job of the earlier deploy is not undone, and none is started
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)


def test_a_job_of_an_earlier_deploy_in_progress_is_not_stopped_by_that_update_either(world: World) -> None:
    # given a deploy that did not wait
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.update(first.physical_id, Nonce="2", Wait="false"))
    # then
    assert world.amplify.count("StopJob") == 0


def test_events_of_other_resources_do_not_tell_when_the_stack_was_complete(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = "table"
    assert _rolled_back(world, second).data["JobId"] == "3"


def test_where_the_stacks_events_are_unreadable_a_job_in_progress_is_stopped(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(never_ends=True)
    second = _updated(world, first, Wait="false")
    world.fail("DescribeStackEvents", "denied")
    _rolled_back(world, second, Wait="false")
    assert world.stopped == {"2"}


def test_a_job_of_another_resource_with_the_same_properties_is_no_restoration(world: World) -> None:
    # given two resources on one branch: the other one releases after the Update
    second = _updated(world, world.deployed())
    world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    answer = _rolled_back(world, second)
    assert (answer.physical_id, len(world.jobs())) == (second.physical_id, 3)


def test_where_the_stacks_events_are_unreadable_nothing_is_undone(world: World) -> None:
    second = _updated(world, world.deployed())
    world.fail("DescribeStackEvents", "denied")
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert any(line["decision"] == "stack events unreadable" for line in world.decisions)


def test_a_stack_that_was_never_complete_has_no_deploy_to_undo(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_events.clear()
    answer = _rolled_back(world, second)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)


def test_the_job_to_go_back_to_may_be_many_jobs_ago(world: World) -> None:
    # given a hundred jobs that failed between both deploys
    first = world.deployed()
    for _ in range(100):
        world.amplify.next_job(outcome="FAILED", seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    second = _updated(world, first)
    # when
    _rolled_back(world, second)
    # then
    assert world.started["103"]["jobId"] == "1"


@pytest.mark.parametrize("physical_id", ["shop-Site-1ABCDEFGHIJKL", f"{APP_ID}/{BRANCH}/7/failed"])
def test_a_physical_id_without_a_job_has_nothing_to_undo(world: World, physical_id: str) -> None:
    _updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(physical_id, old={"Nonce": "2"}))
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", physical_id, 2)
    assert len(answer.data) == 11


def test_the_rollback_of_a_create_that_started_no_job_takes_no_earlier_job_for_a_restoration(
    world: World,
) -> None:
    first = world.deployed()
    failed = first.physical_id.replace("/1/", "/0/").rpartition("/")[0] + "/failed"
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(failed, old={"Nonce": "2"}))
    assert (answer.status, answer.physical_id) == ("SUCCESS", failed)


def test_properties_that_are_no_use_are_a_success_in_a_rollback(world: World) -> None:
    second = _updated(world, world.deployed())
    answer = _rolled_back(world, second, Unknown="1")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert list(answer.data.values()) == [""] * 11
    [line] = [line for line in world.decisions if line["decision"] == "failure ignored"]
    assert line["reason"].startswith("VALIDATION_ERROR: unknown property 'Unknown'")


def test_a_late_update_in_a_rollback_does_not_expire(world: World) -> None:
    second = _updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"}, TimeoutSeconds="60")
    world.clock.sleep(3000)
    assert world.request(event).data["JobId"] == "3"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", ["ListJobs", "GetJob", "StartJob", "StopJob", "GetBranch", "GetApp"])
def test_no_fault_of_amplifys_fails_a_rollback(world: World, operation: str, mode: str) -> None:
    second = _updated(world, world.deployed())
    world.fail(operation, mode, times=1000)
    begun = world.clock.now
    answer = _rolled_back(world, second)
    assert answer.status == "SUCCESS"
    assert answer.time <= begun + 180


@pytest.mark.parametrize("mode", MODES)
def test_no_fault_of_amplifys_fails_a_rollback_to_the_same_properties(world: World, mode: str) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    assert (answer.status, answer.physical_id, len(answer.data)) == ("SUCCESS", first.physical_id, 11)
    assert answer.time <= begun + 180


@pytest.mark.parametrize(("times", "job_type"), [(2, "RETRY"), (3, "RELEASE")])
def test_a_rollback_whose_stack_stays_unreadable_for_three_tries_counts_as_a_deploy(
    world: World, times: int, job_type: str
) -> None:
    second = _updated(world, world.deployed())
    world.fail("DescribeStacks", "500", times=times)
    assert _rolled_back(world, second).data["JobType"] == job_type


def test_the_stack_is_asked_again_after_a_second_and_after_two_more(world: World) -> None:
    second = _updated(world, world.deployed())
    world.fail("DescribeStacks", "500", times=2)
    begun = world.clock.now
    assert _rolled_back(world, second).time == begun + 3


@pytest.mark.parametrize("physical", ["first", "second"])
def test_a_rollback_that_was_seen_once_stays_one_when_the_stack_becomes_unreadable(
    world: World, physical: str
) -> None:
    first = world.deployed()
    second = _updated(world, first)
    world.amplify.fail(None, times=10_000)
    read = world.stubbed
    world.stubbed = lambda operation, effect: (  # type: ignore[method-assign]
        read(operation, effect) if not world.asked or world.asked[-1] == "go" else _denied()
    )
    world.asked.append("go")
    answer = _rolled_back(world, first if physical == "first" else second)
    assert answer.status == "SUCCESS"


@pytest.mark.parametrize("echo", [True, False])
def test_a_redelivered_rollback_restores_once(world: World, echo: bool) -> None:
    second = _updated(world, world.deployed())
    if not echo:
        _forget_messages(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"})
    first_answer = world.request(event)
    world.clock.sleep(61)
    again = world.request(event)
    assert again.physical_id == first_answer.physical_id
    assert len(world.jobs()) == 3


@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("mode", ["timeout", "reset", "500", "malformed"])
def test_a_retry_that_took_effect_unanswered_is_adopted(world: World, mode: str, echo: bool) -> None:
    second = _updated(world, world.deployed())
    if not echo:
        _forget_messages(world)
    world.fail("StartJob", mode, applied=True)
    answer = _rolled_back(world, second)
    assert (answer.data["JobId"], len(world.jobs())) == ("3", 3)


# The properties are those of the physical ID: the Update before was abandoned, or failed


def test_an_update_that_failed_by_itself_leaves_nothing_to_undo(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    failed = world.request(world.update(first.physical_id, Nonce="2"))
    world.amplify.calls.clear()
    answer = _rolled_back(world, failed)
    assert (answer.status, answer.physical_id, answer.data) == ("SUCCESS", first.physical_id, first.data)
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "ListJobs", "GetJob", "GetBranch", "GetApp"]


def test_a_success_of_an_update_that_failed_all_the_same_is_undone(world: World) -> None:
    # given a job that built another commit than asked for: the site serves it
    first = world.deployed()
    world.amplify.behaviour.builds_commit_id = False
    failed = world.request(world.update(first.physical_id, CommitId="f" * 40))
    assert (failed.status, failed.physical_id) == ("FAILED", first.physical_id)
    # when
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(first.physical_id, old={"CommitId": "f" * 40}))
    # then
    assert (answer.status, answer.data["JobId"], world.started["3"]["jobId"]) == ("SUCCESS", "3", "1")
    assert answer.physical_id == first.physical_id.replace("/1/", "/3/")


def test_a_success_of_this_resource_before_the_physical_ids_job_is_not_undone(world: World) -> None:
    # given a deploy that did not wait for its job, which failed, after one that succeeded
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(100)
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED", seconds=10)
    second = world.request(world.update(first.physical_id, Nonce="2", Wait="false"))
    world.clock.sleep(60)
    # when the next Update fails
    world.amplify.next_job(outcome="FAILED", seconds=10)
    failed = world.request(world.update(second.physical_id, old={"Nonce": "2"}, Nonce="3"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(failed.physical_id, old={"Nonce": "3"}, Nonce="2"))
    # then
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 4)


def test_a_success_of_an_earlier_deploy_is_not_undone(world: World) -> None:
    # given a failed deploy whose job was left to serve, by IGNORE
    first = world.deployed()
    world.request(world.update(first.physical_id, Nonce="2", OnRollback="IGNORE"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.request(world.update(first.physical_id, old={"Nonce": "2"}, OnRollback="IGNORE"))
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(5)
    # when the next deploy fails before its job starts
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)
    answer = _rolled_back(world, first)
    # then the site serves what it did before
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", first.physical_id, 2)


def test_where_the_stacks_events_are_unreadable_that_success_is_not_undone_either(world: World) -> None:
    first = world.deployed()
    world.amplify.behaviour.builds_commit_id = False
    world.request(world.update(first.physical_id, CommitId="f" * 40))
    world.fail("DescribeStackEvents", "denied")
    answer = _rolled_back(world, first)
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", first.physical_id, 2)


def test_ignore_does_not_undo_it(world: World) -> None:
    first = world.deployed(OnRollback="IGNORE")
    world.amplify.behaviour.builds_commit_id = False
    world.request(world.update(first.physical_id, CommitId="f" * 40, OnRollback="IGNORE"))
    answer = _rolled_back(world, first, OnRollback="IGNORE")
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id, 2)


def test_outside_of_a_rollback_it_is_not_undone(world: World) -> None:
    # given --no-rollback, and an Update back to the old properties
    first = world.deployed()
    world.amplify.behaviour.builds_commit_id = False
    world.request(world.update(first.physical_id, CommitId="f" * 40))
    answer = world.request(world.update(first.physical_id, old={"CommitId": "f" * 40}))
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id, 2)


def test_a_success_of_somebody_else_since_then_is_not_undone(world: World) -> None:
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    answer = _rolled_back(world, first)
    assert (answer.physical_id, len(world.jobs())) == (first.physical_id, 2)


def test_the_job_of_an_update_that_was_abandoned_is_stopped(world: World) -> None:
    # given a sibling that fails while the job runs
    first = world.deployed()
    world.amplify.plan(never_ends=True)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    # when
    stopped_at = world.clock.now
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}))
    world.settle()
    # then both are answered without a failure, and the first worker's answer goes to a closed ear
    assert world.jobs()[1].stopped == stopped_at
    assert [(a.status, a.physical_id) for a in world.answers[1:]] == [("SUCCESS", first.physical_id)] * 2
    assert (world.status(world.jobs()[1]), len(world.jobs())) == ("CANCELLED", 2)


def test_ignore_stops_the_job_of_an_update_that_was_abandoned_too(world: World) -> None:
    first = world.deployed(OnRollback="IGNORE")
    world.amplify.plan(never_ends=True)
    world.deliver(world.update(first.physical_id, Nonce="2", OnRollback="IGNORE"))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    stopped_at = world.clock.now
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}, OnRollback="IGNORE"))
    world.settle()
    assert (world.status(world.jobs()[1]), len(world.jobs())) == ("CANCELLED", 2)
    assert world.jobs()[1].stopped == stopped_at


def test_the_job_of_an_update_that_was_abandoned_and_succeeds_all_the_same_is_undone(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(seconds=30, ignores_stop=True)
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}))
    world.settle()
    assert world.started["3"]["jobId"] == "1"
    assert world.answers[-1].physical_id == first.physical_id.replace("/1/", "/3/")


def test_a_rollback_does_not_wait_for_the_job_in_the_physical_id(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    assert (answer.status, answer.time, answer.data["Status"]) == ("SUCCESS", begun, "RUNNING")
    assert world.amplify.count("StopJob") == 0


def test_a_rollback_after_a_restored_one_does_not_undo_the_restoration(world: World) -> None:
    # given a rollback that restored, and an Update that fails by itself
    restored = _rolled_back(world, _updated(world, world.deployed()))
    world.clock.sleep(100)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(100)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.amplify.next_job(outcome="FAILED")
    failed = world.request(world.update(restored.physical_id, Nonce="3"))
    # when
    answer = _rolled_back(world, failed)
    # then
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", restored.physical_id, 4)


def test_a_restoration_that_failed_is_not_tried_again_when_the_rollback_is_continued(world: World) -> None:
    # given a rollback whose restoration fails, and that fails itself because of a sibling
    second = _updated(world, world.deployed())
    world.amplify.next_job(outcome="FAILED", seconds=10)
    restored = _rolled_back(world, second)
    world.clock.sleep(100)
    world.stack_event("UPDATE_ROLLBACK_FAILED")
    # when
    answer = _rolled_back(world, restored)
    # then
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", restored.physical_id, 3)


def test_a_redeploy_by_hand_does_not_change_the_physical_id_of_an_update_that_changes_nothing(
    world: World,
) -> None:
    # given no echo, and a "Redeploy this version" just after the request, which is delivered late
    first = world.deployed()
    _forget_messages(world)
    event = world.update(first.physical_id)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="1")
    world.clock.sleep(70)
    assert world.request(event).physical_id == first.physical_id


def _updated(world: World, first: Answer, **properties: Any) -> Answer:
    """An Update with a new nonce, which succeeds."""
    answer = world.request(world.update(first.physical_id, Nonce="2", **properties))
    assert answer.status == "SUCCESS", answer.reason
    world.clock.sleep(5)
    return answer


def _rolled_back(world: World, latest: Answer, **properties: Any) -> Answer:
    """A sibling fails, the stack rolls back: the answer to its Update back to the first properties."""
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    return world.request(world.update(latest.physical_id, old={"Nonce": "2"}, **properties))


def _forget_messages(world: World) -> None:
    world.amplify.behaviour.echoes_commit_message = NO_ECHO
    world.amplify.behaviour.retry_copies_message = False


def _denied() -> None:
    raise PermissionError
