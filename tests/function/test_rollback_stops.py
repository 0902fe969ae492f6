"""Which jobs a rollback stops, and what it does on a busy branch."""

from __future__ import annotations

import pytest
from rollbacks import rolled_back, said, updated
from simulated import APP_ID, BRANCH, World


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
    world.amplify.plan(queue_seconds=1_000_000)
    second = world.request(world.update(first.physical_id, Nonce="2", Wait="false"))
    rolled_back(world, second)
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
    second = updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


def test_a_redeploy_by_hand_that_copied_the_mark_is_not_stopped(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="2")
    rolled_back(world, second)
    assert world.amplify.count("StopJob") == 0


def test_a_job_of_the_version_that_is_restored_is_not_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    begun = world.clock.now
    answer = rolled_back(world, first)
    assert (answer.status, answer.time, answer.data["Status"]) == ("SUCCESS", begun + 6, "RUNNING")
    assert world.amplify.count("StopJob") == 0


def test_a_job_of_an_earlier_deploy_is_not_stopped(world: World) -> None:
    # given a deploy that did not wait, and one that never started a job
    world.amplify.plan(never_ends=True)
    first = world.deployed(Wait="false")
    rolled_back(world, first, old={"Nonce": "3"}, Nonce="2")
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED"])
@pytest.mark.parametrize("when_busy", ["WAIT", "STOP", "JOIN", "FAIL"])
def test_a_branch_that_is_busy_for_a_while_is_waited_for(world: World, outcome: str, when_busy: str) -> None:
    second = updated(world, world.deployed(WhenBusy=when_busy))
    world.amplify.next_job(outcome=outcome, seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    answer = rolled_back(world, second, WhenBusy=when_busy)
    assert answer.data["JobId"] == "4"
    assert world.amplify.count("StopJob") == 0


def test_a_branch_on_which_a_push_succeeds_meanwhile_is_left_alone(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.next_job(seconds=30)
    world.amplify.push(APP_ID, BRANCH)
    assert rolled_back(world, second).status == "SUCCESS"
    assert len(world.jobs()) == 3


def test_a_branch_that_stays_busy_is_left_alone_after_a_minute(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.next_job(never_ends=True)
    world.amplify.push(APP_ID, BRANCH)
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 3)
    assert begun + 60 <= answer.time <= begun + 70
    assert said(world, "nothing restored")[0]["why"].startswith("The requested branch")
