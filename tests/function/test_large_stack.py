"""Stacks with so many events that a look at them takes longer than the five seconds for which it is good."""

from __future__ import annotations

import pytest
from simulated import APP_ID, BRANCH, START, World


@pytest.fixture
def world() -> World:
    return World(page_seconds=0.4)


def others_change(world: World, count: int = 1500) -> None:
    """Other resources of the stack have so many events now."""
    for number in range(count):
        world._event_of(f"Other{number}", "AWS::SNS::Topic", "UPDATE_IN_PROGRESS")


def test_a_job_starts_when_its_branch_is_free(world: World) -> None:
    # given a branch that is busy for two minutes, while the rest of the stack changes
    world.stack_event("CREATE_IN_PROGRESS")
    world.amplify.next_job(seconds=120)
    world.amplify.push(APP_ID, BRANCH)
    world.deliver(world.event("Create"), retries=2)
    world.clock.sleep(30)
    others_change(world)
    # when
    world.settle()
    # then
    [answer] = world.answers
    assert answer.status == "SUCCESS"
    assert world.jobs()[-1].asked < START + 150


def test_a_job_that_timed_out_is_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    world.stack_event("CREATE_IN_PROGRESS")
    world.deliver(world.event("Create", TimeoutSeconds="300"), retries=2)
    world.clock.sleep(30)
    others_change(world)
    world.settle()
    [answer] = world.answers
    assert "it was stopped" in answer.reason
    assert world.stopped == {"1"}


def test_a_rollback_restores_the_site(world: World) -> None:
    # given
    first = world.deployed()
    world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(2)
    others_change(world)
    # when
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    # then
    assert (answer.status, list(world.started)) == ("SUCCESS", ["1", "2", "3"])


def test_a_rollback_stops_a_job_that_a_request_of_before_starts_after_a_long_look(world: World) -> None:
    # given an Update whose look at the stack ends after the rollback has begun
    first = world.deployed()
    others_change(world, 2500)  # ten seconds
    world.deliver(world.update(first.physical_id, Nonce="2"))
    world.clock.sleep(2)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(2)
    # when
    world.deliver(world.update(first.physical_id, old={"Nonce": "2"}))
    world.settle()
    # then
    late = [job for job in world.jobs() if job.id != "1"]
    assert late, "the Update has started its job"
    assert all(world.status(job) == "CANCELLED" for job in late)
