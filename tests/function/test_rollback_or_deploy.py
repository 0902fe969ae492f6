"""Whether an Update is of a rollback, by the events of the stack."""

from __future__ import annotations

import pytest
from rollbacks import rolled_back, updated
from simulated import APP_ID, BRANCH, World


def test_a_forward_update_delivered_again_while_the_stack_rolls_back_does_nothing(world: World) -> None:
    # given a rollback whose restoration takes its time
    first = world.deployed()
    forward = world.update(first.physical_id, Nonce="2")
    second = world.request(forward)
    world.clock.sleep(5)
    world.amplify.next_job(seconds=300)
    rolled_back(world, second)
    world.clock.sleep(90)
    # when
    again = world.request(forward)
    # then
    assert (again.status, again.physical_id) == ("SUCCESS", first.physical_id)
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (3, 0)


def test_an_update_sent_in_the_second_in_which_the_rollback_began_is_of_the_rollback(world: World) -> None:
    second = updated(world, world.deployed())
    world.clock.now = int(world.clock.now) + 1.0
    event = world.update(second.physical_id, old={"Nonce": "2"})
    world.clock.now += 0.9
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    assert world.request(event).data["JobId"] == "3"


def test_an_update_sent_in_the_second_before_is_not(world: World) -> None:
    second = updated(world, world.deployed())
    world.clock.now = int(world.clock.now) + 1.0
    event = world.update(second.physical_id, old={"Nonce": "2"})
    world.clock.now += 1
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    assert (world.request(event).status, len(world.jobs())) == ("SUCCESS", 2)


def test_a_stack_that_cannot_be_read_for_a_while_is_asked_again(world: World) -> None:
    second = updated(world, world.deployed())
    world.fail("DescribeStackEvents", "429", times=5)
    begun = world.clock.now
    answer = rolled_back(world, second, Nonce="1")
    assert (answer.data["JobId"], world.started["3"]["commitMessage"].split(".")[1]) != ("", "")
    assert begun + 15 <= answer.time <= begun + 61
    assert answer.data["Status"] == "PENDING"  # it is not waited for


@pytest.mark.parametrize(
    "fault", ["ListJobs timeout", "ListJobs 500", "busy", "StartJob 500", "StartJob 429"]
)
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


def test_a_rollback_that_looks_like_a_deploy_releases_the_version_of_before(world: World) -> None:
    # given that the function may not read its stack
    second = updated(world, world.deployed())
    world.describe_denied = True
    answer = rolled_back(world, second)
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "3", "SUCCEED")


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


@pytest.mark.parametrize("times", [1, 4])
def test_unusable_properties_do_not_fail_it_where_the_stack_can_be_read_at_a_later_try_only(
    world: World, times: int
) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(3)
    world.fail("DescribeStackEvents", "429", times=times)
    assert world.request(world.update(first.physical_id, Bogus="1")).status == "SUCCESS"
