"""`WaitForJobId`: nothing is started; one job is waited for, judged and described, whoever started it."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import APP_ID, BRANCH, START, World


def test_the_job_is_waited_for_and_described_and_none_is_started(world: World) -> None:
    world.amplify.plan(seconds=300)
    world.amplify.push(APP_ID, BRANCH, commit_id="a" * 40)
    answer = world.request(world.event("Create", WaitForJobId="1"))
    assert (answer.status, answer.time) == ("SUCCESS", START + 300)
    assert (answer.data["JobId"], answer.data["Status"], answer.data["BuiltCommitId"]) == (
        "1",
        "SUCCEED",
        "a" * 40,
    )
    assert {call.operation for call in world.amplify.calls} == {"GetJob", "GetBranch", "GetApp"}
    assert len(world.jobs()) == 1


@pytest.mark.parametrize("ended", [True, False])
def test_a_job_that_fails_fails_the_deploy(world: World, ended: bool) -> None:
    world.amplify.next_job(outcome="FAILED", seconds=30)
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(60 if ended else 1)
    answer = world.request(world.event("Create", WaitForJobId="1"))
    assert answer.reason.startswith("JOB_FAILED: job 1 of branch main")


def test_it_is_never_stopped(world: World) -> None:
    # given a job that this very stack has started with another resource
    world.amplify.plan(never_ends=True)
    world.request({**world.event("Create", Wait="false"), "LogicalResourceId": "Start"})
    event = world.event("Create", WaitForJobId="1", TimeoutSeconds="60")
    answer = world.request(event)
    assert "it is somebody else's and goes on" in answer.reason
    world.clock.sleep(100)
    assert world.request(event).reason.startswith("JOB_TIMED_OUT")
    world.stack_event("ROLLBACK_IN_PROGRESS")
    world.request(world.delete(answer.physical_id, WaitForJobId="1"))
    assert world.amplify.count("StopJob") == 0


def test_it_is_handed_over(world: World) -> None:
    world.limit = 200
    world.amplify.plan(seconds=500)
    world.amplify.start(APP_ID, BRANCH)
    answer = world.request(world.event("Create", WaitForJobId="1"))
    assert (answer.status, answer.time, len(world.handed_over)) == ("SUCCESS", START + 500, 3)


def test_a_job_that_is_not_there_fails_at_once(world: World) -> None:
    answer = world.request(world.event("Create", WaitForJobId="7"))
    assert answer.reason.startswith("NOT_FOUND: amplify:GetJob on branch main of app d1a2b3c4 in us-east-1: ")
    assert answer.time == START


def test_an_update_waits_for_another_job_and_its_rollback_starts_none(world: World) -> None:
    for _ in range(2):
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(100)
    first = world.deployed(WaitForJobId="1")
    second = world.request(world.update(first.physical_id, old={"WaitForJobId": "1"}, WaitForJobId="2"))
    assert second.data["JobId"] == "2"
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    back = world.request(world.update(first.physical_id, old={"WaitForJobId": "2"}, WaitForJobId="1"))
    assert (back.status, back.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 2)


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ({"CommitId": "a" * 40}, "CommitId"),
        ({"JobType": "RETRY", "JobId": "1"}, "JobType, JobId"),
        ({"CommitMessage": "x", "Triggers": {"a": "b"}}, "CommitMessage, Triggers"),
    ],
)
def test_what_describes_a_new_job_is_refused_beside_it(world: World, also: dict[str, Any], said: str) -> None:
    answer = world.request(world.event("Create", WaitForJobId="1", **also))
    assert answer.reason == f"VALIDATION_ERROR: WaitForJobId starts no job, so {said} must be left out"
