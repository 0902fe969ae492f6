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


def test_jobs_are_listed_as_far_back_as_the_request_on_several_pages(world: World) -> None:
    # given that the request's own job is the oldest of 120 since
    event = world.event("Create")
    first = world.request(event)
    for _ in range(120):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    # when
    second = world.request(event)
    # then
    assert second.body == first.body
    assert world.amplify.count("ListJobs") == 1 + 3


def test_no_page_is_listed_beyond_the_request(world: World) -> None:
    for _ in range(60):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    answer = world.request(world.event("Create"))
    assert (answer.data["JobId"], world.amplify.count("ListJobs")) == ("61", 1)
    assert [c.params["maxResults"] for c in world.amplify.calls if c.operation == "ListJobs"] == [50]


def test_a_list_without_end_is_read_for_twenty_pages(world: World) -> None:
    # given jobs whose start Amplify does not tell
    world.amplify.behaviour.omits = frozenset({"startTime"})
    for _ in range(1_001):
        world.amplify.next_job(seconds=0)
        world.amplify.start(APP_ID, BRANCH)
    # when
    world.request(world.event("Create"))
    # then
    assert world.amplify.count("ListJobs") == 20


@pytest.mark.parametrize("resource", ["0", "table"])
def test_what_becomes_of_a_resource_is_not_what_becomes_of_the_stack(world: World, resource: str) -> None:
    event = world.event("Create")
    world.clock.sleep(10)
    world.stack_event("CREATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = resource
    world.stack_status = "CREATE_IN_PROGRESS"
    assert world.request(event).status == "SUCCESS"
