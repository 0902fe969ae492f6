"""The end of a request's time: stop the job, look once more, and fail.

When it ends, and what is told: test_end_of_work.py, test_create_or_update.py.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from simulated import APP_ID, PHYSICAL_ID, START, World

CONSOLE = f"https://us-east-1.console.aws.amazon.com/amplify/apps/{APP_ID}/branches/main/deployments"


def test_at_the_deadline_the_job_is_stopped_and_the_create_fails(world: World) -> None:
    world.amplify.plan(never_ends=True)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason == (
        "JOB_TIMED_OUT: job 1 of branch main of app d1a2b3c4 had not ended after 60 seconds; "
        f"it was stopped. When the time was over, it was in BUILD. See {CONSOLE}"
    )
    assert (answer.status, answer.physical_id) == ("FAILED", PHYSICAL_ID)
    assert START + 60 <= answer.time <= START + 62
    assert (world.amplify.count("StopJob"), world.status(world.jobs()[0])) == (1, "CANCELLED")


def test_a_job_that_succeeds_between_the_last_poll_and_the_stop_has_succeeded(world: World) -> None:
    # given that the StopJob is refused because the job has just ended
    world.amplify.plan(seconds=61)

    def before_call(path: str) -> None:
        if path.startswith("DELETE"):
            world.clock.now = START + 61

    world.before_call = before_call
    # when
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    # then
    assert (answer.status, answer.data["Status"]) == ("SUCCESS", "SUCCEED")
    assert any(line["decision"] == "not stopped" for line in world.decisions)


def test_it_is_not_stopped_either_where_the_stack_cannot_be_read_at_once(world: World) -> None:
    # given a stack that could not be read once before, and cannot now
    world.fail("DescribeStackEvents", "500")
    world.amplify.plan(never_ends=True)
    world.clock.at(START + 30, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    world.clock.at(START + 30, lambda: world.fail("DescribeStackEvents", "500", times=2))
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason.startswith("EXPIRED")
    assert world.amplify.count("StopJob") == 0


def test_the_job_of_a_request_that_has_expired_is_looked_for_more_than_once(world: World) -> None:
    world.amplify.plan(never_ends=True)
    event = world.event("Create", TimeoutSeconds="60")
    delivery = world.deliver(event)
    world.clock.at(START + 30, delivery.kill)
    world.clock.sleep(90)
    world.fail("ListJobs", "500", times=3)
    world.fail("StopJob", "500", times=1)
    world.request(event)
    assert world.stopped == {"1"}


def test_a_job_that_can_never_be_read_is_given_up_in_time(world: World) -> None:
    # given calls that take 20 s to go wrong
    world.amplify.plan(never_ends=True)
    world.fail("GetJob", "timeout", times=1000)
    answer = world.request(world.event("Create", TimeoutSeconds="120"))
    assert answer.reason.startswith("JOB_TIMED_OUT: ")
    assert "get_job was not answered: ReadTimeoutError" in answer.reason
    assert START + 120 <= answer.time <= START + 180


def test_retries_come_more_and_more_slowly(world: World) -> None:
    world.fail("ListJobs", "500", times=8)
    world.request(world.event("Create"))
    times = [call.time for call in world.amplify.calls if call.operation == "ListJobs"]
    pauses = [after - before for before, after in pairwise(times)]
    for number, pause in enumerate(pauses):
        longest = min(2**number, 30)
        assert longest / 2 <= pause <= longest


def test_the_same_error_is_logged_once(world: World) -> None:
    world.fail("ListJobs", "500", times=3)
    world.request(world.event("Create"))
    assert [line["error"] for line in world.decisions if line["decision"] == "trying again"] == [
        "Internal failure"
    ]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"CommitId": "a" * 40}, "COMMIT_MISMATCH"),
        ({"SmokeTestPath": "/", "SmokeTestText": "not there", "SmokeTestSeconds": "10"}, "SITE_CHECK_FAILED"),
    ],
)
def test_a_late_redelivery_judges_the_job_as_the_first_one_did(
    world: World, properties: dict[str, str], code: str
) -> None:
    # given an answer that cannot be delivered until the timeout has passed
    world.amplify.plan(seconds=30, builds="b" * 40)
    world.answer_faults = [TimeoutError()] * 6
    world.deliver(world.event("Create", TimeoutSeconds="60", **properties), retries=2)
    world.settle()
    [answer] = world.answers
    assert answer.reason.startswith(code)
