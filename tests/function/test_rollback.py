"""Updates while the stack rolls back: the site goes back to what it served, and nothing ever fails."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import APP_ID, BRANCH, Answer, World

OLD, NEW = "0" * 39 + "1", "0" * 39 + "2"


def pushed(world: World, *shas: str) -> None:
    """Commits that are in the repository, without a build of their own."""
    world.branch.settings["enableAutoBuild"] = False
    for sha in shas:
        world.amplify.push(APP_ID, BRANCH, commit_id=sha)


def updated(world: World, first: Answer, *, old: dict[str, Any] | None = None, **properties: Any) -> Answer:
    """An Update with a new nonce, which succeeds."""
    properties = (
        properties if "CommitId" in properties or "Nonce" in properties else {"Nonce": "2", **properties}
    )
    answer = world.request(world.update(first.physical_id, old=old, **properties))
    assert answer.status == "SUCCESS", answer.reason
    world.clock.sleep(5)
    return answer


def rolled_back(
    world: World, latest: Answer, *, old: dict[str, Any] | None = None, **properties: Any
) -> Answer:
    """A sibling fails, the stack rolls back: the answer to its Update back to the first properties."""
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    return world.request(world.update(latest.physical_id, old=old or {"Nonce": "2"}, **properties))


def complete(world: World, status: str = "UPDATE_COMPLETE") -> None:
    """The operation of the stack ends well, and the next one begins."""
    world.stack_event(status)
    world.clock.sleep(100)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)


def said(world: World, decision: str) -> list[dict[str, Any]]:
    return [line for line in world.decisions if line["decision"] == decision]


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


def test_events_of_other_resources_do_not_tell_when_the_stack_was_complete(world: World) -> None:
    second = updated(world, world.deployed())
    world.stack_event("UPDATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = "table"
    assert rolled_back(world, second).data["JobId"] == "3"


def test_old_properties_that_are_no_use_do_not_keep_the_site_from_going_back(world: World) -> None:
    second = updated(world, world.deployed())
    assert rolled_back(world, second, old={"Unknown": "1"}).data["JobId"] == "3"


# It always succeeds, with all attributes


def test_a_rollback_does_not_wait_for_the_job_and_calls_each_api_as_often_as_needed(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.calls.clear()
    world.asked.clear()
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert (answer.time, answer.data["Status"]) == (begun + 6, "PENDING")
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "StartJob", "GetBranch", "GetApp"]
    assert world.asked == ["DescribeStackEvents"] * 2


def test_the_attributes_are_read_in_spite_of_a_fault(world: World) -> None:
    world.amplify.next_job(builds="b" * 40)
    first = world.deployed()
    assert first.data["BuiltCommitId"] == "b" * 40
    second = updated(world, first)
    world.fail("GetJob", "500")
    assert rolled_back(world, second, OnRollback="IGNORE").data == first.data


def test_a_job_that_cannot_be_read_is_described_as_it_is_listed(world: World) -> None:
    second = updated(world, world.deployed())
    world.fail("GetJob", "timeout", times=1000)
    answer = rolled_back(world, second, OnRollback="IGNORE")
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "1", "SUCCEED")


def test_properties_that_are_no_use_are_a_success(world: World) -> None:
    second = updated(world, world.deployed())
    answer = rolled_back(world, second, Unknown="1")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert list(answer.data.values()) == [""] * 12
    assert said(world, "failed")[0]["reason"].startswith("VALIDATION_ERROR: unknown property 'Unknown'")


def test_a_retry_that_amplify_refuses_is_given_up(world: World) -> None:
    # given that the job to go back to is deleted just before it is retried
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    complete(world)
    second = updated(world, first)

    def before_call(path: str) -> None:
        if path.startswith("POST"):
            del world.branch.jobs[1]

    world.before_call = before_call
    answer = rolled_back(world, second)
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 2)


@pytest.mark.parametrize("operation", ["ListJobs", "StartJob", "GetBranch", "GetApp"])
def test_a_call_that_is_never_answered_fails_no_rollback(world: World, operation: str) -> None:
    second = updated(world, world.deployed())
    world.fail(operation, "timeout", times=1000)
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert (answer.status, len(answer.data)) == ("SUCCESS", 12)
    assert answer.data["ConsoleUrl"]
    assert answer.time <= begun + 240


# Whether an Update is of a rollback


def test_a_stack_that_cannot_be_read_is_asked_less_and_less_often(world: World) -> None:
    second = updated(world, world.deployed())
    world.fail("DescribeStackEvents", "429", times=5)
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert begun + 15 <= answer.time <= begun + 61
    assert answer.data["Status"] == "PENDING", "it is not waited for"


@pytest.mark.parametrize("fault", ["ListJobs timeout", "busy"])
def test_a_rollback_that_looked_like_a_deploy_at_first_is_answered(world: World, fault: str) -> None:
    # given a stack that cannot be read for more than a minute, and then something that takes time
    second = updated(world, world.deployed())
    world.fail("DescribeStackEvents", "429", times=7)
    if fault == "busy":
        world.amplify.push(APP_ID, BRANCH)
    else:
        world.fail(*fault.split(), times=3)
    answer = rolled_back(world, second)
    assert answer.status == "SUCCESS"


def test_a_rollback_that_was_seen_once_stays_one_when_the_stack_becomes_unreadable(world: World) -> None:
    second = updated(world, world.deployed())
    world.fail("ListJobs", "denied", times=1000)
    begun = world.clock.now
    world.clock.at(begun + 2, lambda: world.fail("DescribeStackEvents", "denied", times=1000))
    world.latency = 2
    assert rolled_back(world, second).status == "SUCCESS"


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
    answer = rolled_back(world, second)
    # then
    assert (answer.status, world.stopped) == ("SUCCESS", set())


def test_unusable_properties_do_not_fail_it_where_the_stack_can_be_read_at_a_later_try_only(
    world: World,
) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(3)
    world.fail("DescribeStackEvents", "429", times=4)
    assert world.request(world.update(first.physical_id, Bogus="1")).status == "SUCCESS"


# A branch where others are at work


def test_a_redeploy_by_hand_that_copied_the_mark_is_not_stopped(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="2")
    rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


def test_a_branch_that_is_busy_for_a_while_is_waited_for(world: World) -> None:
    second = updated(world, world.deployed(WhenBusy="STOP"))
    world.amplify.next_job(outcome="FAILED", seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = rolled_back(world, second, WhenBusy="STOP")
    assert answer.data["JobId"] == "4"
    assert world.amplify.count("StopJob") == 0
