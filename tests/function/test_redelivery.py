"""The same event twice, a killed sandbox, a StartJob without an answer: one job, one outcome."""

from __future__ import annotations

import pytest
from simulated import APP_ID, BRANCH, World


def test_a_redelivery_of_a_failed_create_answers_as_the_first_delivery_did(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    event = world.event("Create")
    first = world.request(event)
    world.clock.sleep(60)
    second = world.request(event)
    assert second.body == first.body
    assert len(world.jobs()) == 1


@pytest.mark.parametrize("when_busy", ["FAIL", "STOP"])
def test_two_deliveries_at_the_same_time_are_no_busy_branch_to_each_other(
    world: World, when_busy: str
) -> None:
    # given that both list the jobs before either starts one
    world.latency = 0.1
    event = world.event("Create", WhenBusy=when_busy)
    # when
    world.deliver(event)
    world.deliver(event)
    world.settle()
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS", "SUCCESS"]
    assert len(world.jobs()) == 1
    assert world.amplify.count("StopJob") == 0


def test_a_retry_made_by_hand_that_copies_the_token_is_not_taken_for_the_job_of_the_request(
    world: World,
) -> None:
    # given a release whose message, and with it the mark, somebody's redeploy copies
    event = world.event("Create")
    world.request(event)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="1")
    # when
    world.clock.sleep(60)
    answer = world.request(event)
    # then
    assert answer.data["JobId"] == "1"
