"""Updates while the stack rolls back: the site goes back to what it served, and nothing ever fails."""

from __future__ import annotations

from typing import Any

import pytest
from rollbacks import complete, pushed, rolled_back, said, updated
from simulated import APP_ID, BRANCH, Answer, World

OLD, NEW = "0" * 39 + "1", "0" * 39 + "2"


def test_a_commit_that_the_previous_version_names_is_built_again(world: World) -> None:
    # given an Update that succeeded, and a sibling that failed
    pushed(world, OLD, NEW)
    first = world.deployed(CommitId=OLD)
    second = updated(world, first, old={"CommitId": OLD}, CommitId=NEW)
    # when
    answer = rolled_back(world, second, old={"CommitId": NEW}, CommitId=OLD)
    # then
    assert (answer.status, answer.data["JobId"], answer.data["JobType"]) == ("SUCCESS", "3", "RETRY")
    assert world.started["3"]["jobId"] == "1"
    world.clock.sleep(100)
    assert world.jobs()[-1].sha == OLD
    assert said(world, "started")[-1]["what"] == "job 1 again"


def test_without_a_commit_the_newest_one_is_built_with_the_environment_of_before(world: World) -> None:
    # given a deploy that changes an environment variable
    world.branch.settings["environmentVariables"] = {"API": "old"}
    first = world.deployed()
    world.branch.settings["environmentVariables"] = {"API": "new"}
    second = updated(world, first)
    # when CloudFormation sets the variable back, and somebody has pushed without a build
    world.branch.settings["environmentVariables"] = {"API": "old"}
    world.branch.settings["enableAutoBuild"] = False
    world.amplify.push(APP_ID, BRANCH)
    rolled_back(world, second)
    # then
    job = world.jobs()[-1]
    world.clock.sleep(100)
    assert (job.type, job.environment["API"], job.sha) == ("RELEASE", "old", world.branch.tip)
    assert "commitId" not in world.started[job.id]
    assert said(world, "started")[-1]["what"] == "the newest commit"


def test_a_push_that_was_served_is_retried(world: World) -> None:
    # given somebody's push between both deploys
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    pushed = world.jobs()[-1].sha
    second = updated(world, first)
    # when
    answer = rolled_back(world, second)
    # then
    assert (answer.data["JobType"], world.started["4"]["jobId"]) == ("RETRY", "2")
    assert answer.data["CommitMessage"] == "Restored by CloudFormation: job 2"
    world.clock.sleep(100)
    assert world.jobs()[-1].sha == pushed
    assert said(world, "started")[-1]["what"] == "job 2 again"


def test_somebody_elses_job_of_no_recorded_commit_is_not_retried(world: World) -> None:
    # given a release that somebody started by hand: a RETRY of it would build the newest commit, too
    first = world.deployed()
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(100)
    complete(world)
    second = updated(world, first)
    answer = rolled_back(world, second)
    assert (answer.data["JobType"], answer.data["CommitMessage"]) == (
        "RELEASE",
        "Started by CloudFormation stack shop (Site)",
    )


def test_a_previous_version_that_retries_a_job_retries_it_again(world: World) -> None:
    first = world.deployed()
    complete(world)
    retry: dict[str, Any] = {"JobType": "RETRY", "JobId": "1"}
    world.request(world.update(first.physical_id, **retry))
    world.clock.sleep(10)
    complete(world)
    second = updated(world, first, old=retry)
    answer = rolled_back(world, second, **retry)
    assert (answer.data["JobType"], world.started["4"]["jobId"]) == ("RETRY", "1")


def test_jobs_that_did_not_succeed_were_never_served(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED")
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    complete(world)
    second = updated(world, first)
    assert rolled_back(world, second).data["JobType"] == "RELEASE"


def test_ignore_starts_nothing(world: World) -> None:
    second = updated(world, world.deployed())
    answer = rolled_back(world, second, OnRollback="IGNORE")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)


def test_a_site_that_has_moved_on_is_left_alone(world: World) -> None:
    # given somebody's push after the Update
    second = updated(world, world.deployed())
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    # when
    answer = rolled_back(world, second)
    # then
    assert (answer.status, len(world.jobs()), answer.data["JobId"]) == ("SUCCESS", 3, "1")
    assert said(world, "nothing restored")[-1]["why"] == "the site serves no job of this resource"


def test_a_job_that_failed_leaves_nothing_to_undo(world: World) -> None:
    first = world.deployed()
    world.amplify.next_job(outcome="FAILED", seconds=20)
    failed = world.request(world.update(first.physical_id, Nonce="2"))
    assert failed.status == "FAILED"
    # when
    answer = rolled_back(world, failed)
    # then
    assert (answer.status, answer.data, len(world.jobs())) == ("SUCCESS", first.data, 2)


def test_a_job_that_succeeded_although_its_update_failed_is_undone(world: World) -> None:
    # given a job that built another commit than asked for: the site serves it
    pushed(world, OLD)
    first = world.deployed(CommitId=OLD)
    world.amplify.next_job(builds=NEW)
    failed = world.request(world.update(first.physical_id, old={"CommitId": OLD}, CommitId="f" * 40))
    assert (failed.status, failed.reason.split(":")[0]) == ("FAILED", "COMMIT_MISMATCH")
    # when
    answer = rolled_back(world, failed, old={"CommitId": "f" * 40}, CommitId=OLD)
    # then
    assert (answer.data["JobId"], world.started["3"]["jobId"]) == ("3", "1")


def test_a_success_of_an_earlier_deploy_is_not_undone(world: World) -> None:
    # given a failed deploy whose job was left to serve, by IGNORE
    first = world.deployed()
    second = updated(world, first, OnRollback="IGNORE")
    rolled_back(world, second, OnRollback="IGNORE")
    world.clock.sleep(5)
    complete(world, "UPDATE_ROLLBACK_COMPLETE")
    # when the next deploy fails before its job starts
    answer = rolled_back(world, first)
    # then the site serves what it did before
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 2)
    assert said(world, "nothing restored")[-1]["why"] == "the site serves what it served before"


def test_what_was_served_is_what_was_there_when_the_stack_was_last_complete(world: World) -> None:
    # given two deploys without a rollback, of which the first left the stack failed
    pushed(world, OLD, NEW)
    first = world.deployed(CommitId=OLD)
    second = updated(world, first, old={"CommitId": OLD}, CommitId=NEW)
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(300)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(2)
    third = updated(world, second, old={"CommitId": NEW}, Nonce="3")
    # when both are undone
    rolled_back(world, third, old={"Nonce": "3"}, CommitId=OLD)
    # then
    assert world.started["4"]["jobId"] == "1"


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_of_two_resources_on_one_branch_the_one_that_is_served_restores(world: World, order: str) -> None:
    def sent(event: dict[str, Any], resource: str) -> Answer:
        return world.request({**event, "LogicalResourceId": resource})

    # given
    pushed(world, "a" * 40, "b" * 40)
    commits = {"A": "a" * 40, "B": "b" * 40}
    ids = {name: sent(world.event("Create", CommitId=commits[name]), name).physical_id for name in "AB"}
    world.clock.sleep(10)
    complete(world, "CREATE_COMPLETE")
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
    complete(world)
    second = updated(world, first)
    rolled_back(world, second)
    assert world.started["104"]["jobId"] == "2"


def test_a_resource_whose_jobs_are_gone_releases_the_previous_version(world: World) -> None:
    second = updated(world, world.deployed())
    del world.branch.jobs[0]
    assert rolled_back(world, second).data["JobType"] == "RELEASE"


def test_events_that_amplify_keeps_no_more_count_from_the_oldest_one(world: World) -> None:
    # given a stack that was complete more than 90 days ago
    first = world.deployed()
    del world.stack_events[1:]
    second = updated(world, first)
    assert rolled_back(world, second).data["JobId"] == "3"


def test_events_of_other_resources_do_not_tell_when_the_stack_was_complete(world: World) -> None:
    second = updated(world, world.deployed())
    world.stack_event("UPDATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = "table"
    assert rolled_back(world, second).data["JobId"] == "3"


def test_a_job_of_another_resource_with_the_same_properties_is_no_job_of_this_one(world: World) -> None:
    second = updated(world, world.deployed())
    world.request({**world.event("Create"), "LogicalResourceId": "Other"})
    assert rolled_back(world, second).status == "SUCCESS"
    assert len(world.jobs()) == 3


@pytest.mark.parametrize("role", ["", "arn:aws:iam::210987654321:role/releaser"])
def test_a_role_that_changes_along_does_not_keep_the_site_from_going_back(world: World, role: str) -> None:
    second = updated(world, world.deployed(), AssumeRoleArn=role)
    answer = rolled_back(world, second, old={"Nonce": "2", "AssumeRoleArn": role})
    assert answer.data["JobId"] == "3"


def test_old_properties_that_are_no_use_do_not_keep_the_site_from_going_back(world: World) -> None:
    second = updated(world, world.deployed())
    assert rolled_back(world, second, old={"Unknown": "1"}).data["JobId"] == "3"
