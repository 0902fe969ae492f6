"""The end of a request's time: stop the job, look once more, and fail."""

from __future__ import annotations

from itertools import pairwise

import pytest
from faults import FAULTS, PASSING
from simulated import APP_ID, BRANCH, PHYSICAL_ID, START, World

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


@pytest.mark.parametrize(("seconds", "status"), [(59, "SUCCESS"), (60, "SUCCESS"), (61, "FAILED")])
def test_a_job_that_ends_around_the_deadline(world: World, seconds: int, status: str) -> None:
    world.amplify.plan(seconds=seconds)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.status == status
    assert world.amplify.count("StopJob") == (1 if status == "FAILED" else 0)


def test_a_job_that_succeeds_in_spite_of_the_stop_has_succeeded(world: World) -> None:
    world.amplify.plan(seconds=70, ignores_stop=True)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert (answer.status, answer.data["Status"], answer.data["JobId"]) == ("SUCCESS", "SUCCEED", "1")
    assert START + 70 <= answer.time <= START + 72
    assert world.amplify.count("StopJob") == 1


def test_a_job_that_succeeds_later_than_the_last_look_timed_out(world: World) -> None:
    world.amplify.plan(seconds=81, ignores_stop=True)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert answer.time == START + 80


def test_a_job_that_fails_in_that_moment_timed_out(world: World) -> None:
    world.amplify.plan(seconds=65, outcome="FAILED", ignores_stop=True)
    assert world.request(world.event("Create", TimeoutSeconds="60")).reason.startswith("JOB_TIMED_OUT")


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


def test_the_commit_of_a_job_that_succeeds_at_the_deadline_is_verified(world: World) -> None:
    world.amplify.plan(seconds=70, ignores_stop=True, builds="e" * 40)
    answer = world.request(world.event("Create", TimeoutSeconds="60", CommitId="f" * 40))
    assert answer.reason.startswith("COMMIT_MISMATCH")


def test_a_job_that_is_still_being_cancelled_is_not_called_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True, stop_seconds=600)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert "; it was told to stop and was still CANCELLING 20 seconds later. When" in answer.reason


def test_without_wait_a_second_delivery_after_the_timeout_stops_nothing(world: World) -> None:
    # given a job that was answered with SUCCESS
    world.amplify.plan(never_ends=True)
    event = world.event("Create", TimeoutSeconds="60", Wait="false")
    first = world.request(event)
    world.clock.sleep(90)
    # when
    second = world.request(event)
    # then
    assert (first.status, second.status, second.data["JobId"]) == ("SUCCESS", "SUCCESS", "1")
    assert world.amplify.count("StopJob") == 0


def test_the_job_of_a_request_that_was_given_up_is_not_stopped(world: World) -> None:
    world.amplify.plan(never_ends=True)
    world.clock.at(START + 30, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason.startswith("EXPIRED")
    assert world.amplify.count("StopJob") == 0


def test_it_is_not_stopped_either_where_the_stack_cannot_be_read_at_once(world: World) -> None:
    # given a stack that could not be read once before, and cannot now
    world.fail("DescribeStackEvents", "500")
    world.amplify.plan(never_ends=True)
    world.clock.at(START + 30, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    world.clock.at(START + 30, lambda: world.fail("DescribeStackEvents", "500", times=2))
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason.startswith("EXPIRED")
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("mode", ["500", *PASSING])
def test_a_stop_that_goes_wrong_once_is_tried_again(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    world.fail("StopJob", mode)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert answer.reason.startswith("JOB_TIMED_OUT")
    expected = 1 if mode == "timeout" else 2  # the timeout takes up the 20 s of the last look
    assert world.amplify.count("StopJob") == expected


@pytest.mark.parametrize("mode", ["denied", "500"])
def test_a_stop_that_goes_wrong_for_good_is_told(world: World, mode: str) -> None:
    world.amplify.plan(never_ends=True)
    world.fail("StopJob", mode, times=1000)
    answer = world.request(world.event("Create", TimeoutSeconds="60"))
    assert "had not ended after 60 seconds; it could not be stopped" in answer.reason
    assert answer.time == START + 80
    assert any(line["decision"] == "trying again" for line in world.decisions)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"TimeoutSeconds": "300", "ServiceTimeout": "240"}, 60),
        ({"TimeoutSeconds": "60", "ServiceTimeout": "3600"}, 60),
        ({"TimeoutSeconds": "300", "ServiceTimeout": "300"}, 120),
        ({"ServiceTimeout": "300"}, 120),
        ({"TimeoutSeconds": "90"}, 90),
    ],
)
def test_the_function_speaks_three_minutes_before_cloudformation_gives_up(
    world: World, given: dict[str, str], seconds: int
) -> None:
    world.amplify.plan(never_ends=True)
    answer = world.request(world.event("Create", **given))
    assert f"had not ended after {seconds} seconds" in answer.reason
    assert START + seconds <= answer.time <= START + seconds + 2


def test_the_default_timeout_is_45_minutes(world: World) -> None:
    event = world.event("Create")
    world.clock.sleep(45 * 60 - 1)
    assert world.request(event).status == "FAILED"  # fresh enough for a job, which then timed out
    assert world.answers[-1].reason.startswith("JOB_TIMED_OUT")
    world.clock.sleep(60)
    assert world.request(event).reason.startswith("JOB_CANCELLED")  # what became of it then


@pytest.mark.parametrize(("late", "code"), [(59, "JOB_TIMED_OUT"), (60, "AMPLIFY_ERROR")])
def test_a_create_delivered_after_its_timeout_starts_nothing(world: World, late: int, code: str) -> None:
    event = world.event("Create", TimeoutSeconds="60")
    world.clock.sleep(late)
    answer = world.request(event)
    assert answer.reason.startswith(f"{code}: ")
    assert len(world.jobs()) == (0 if late == 60 else 1)


def test_a_create_that_comes_too_late_says_so(world: World) -> None:
    event = world.event("Create", TimeoutSeconds="60")
    world.clock.sleep(61)
    answer = world.request(event)
    assert answer.reason == (
        "AMPLIFY_ERROR: no job could be started on branch main of app d1a2b3c4 in time: "
        "the timeout has passed"
    )
    assert answer.physical_id == PHYSICAL_ID
    assert world.amplify.count("StartJob") == 0


def test_the_job_of_a_request_that_has_expired_is_stopped(world: World) -> None:
    # given a first delivery that died while it polled
    world.amplify.plan(never_ends=True)
    event = world.event("Create", TimeoutSeconds="60")
    delivery = world.deliver(event)
    world.clock.at(START + 30, delivery.kill)
    world.clock.sleep(90)
    # when
    answer = world.request(event)
    # then
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert world.status(world.jobs()[0]) in ("CANCELLING", "CANCELLED")


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


def test_nobody_elses_job_is_stopped_by_a_request_that_has_expired(world: World) -> None:
    world.amplify.plan(never_ends=True)
    event = world.event("Create", TimeoutSeconds="60")
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(90)
    assert world.request(event).reason.startswith("AMPLIFY_ERROR")
    assert world.amplify.count("StopJob") == 0


def test_a_request_that_has_expired_looks_at_the_newest_jobs_only(world: World) -> None:
    _many_jobs(world)
    event = world.event("Create", TimeoutSeconds="60")
    world.clock.sleep(90)
    world.request(event)
    assert world.amplify.count("ListJobs") == 1


def test_a_job_that_succeeded_before_a_late_redelivery_has_succeeded(world: World) -> None:
    # given a function that was killed before it could answer
    event = world.event("Create", TimeoutSeconds="60", CommitId=world.branch.tip)
    delivery = world.deliver(event)
    world.clock.at(START + 59, delivery.kill)
    # when
    world.clock.sleep(90)
    answer = world.request(event)
    # then
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "1", "SUCCEED")
    assert (len(world.jobs()), world.amplify.count("StopJob")) == (1, 0)


def test_a_job_that_succeeded_is_found_behind_a_newer_one_of_somebody_else(world: World) -> None:
    event = world.event("Create", TimeoutSeconds="60")
    delivery = world.deliver(event)
    world.clock.at(START + 59, delivery.kill)
    world.clock.sleep(70)
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(20)
    answer = world.request(event)
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "1")


def test_a_failed_job_of_a_request_that_has_expired_is_not_stopped(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    event = world.event("Create", TimeoutSeconds="60")
    world.request(event)
    world.clock.sleep(90)
    assert world.request(event).reason.startswith("JOB_FAILED")
    assert world.amplify.count("StopJob") == 0


@pytest.mark.parametrize("mode", ["denied", "500"])
def test_a_request_that_has_expired_is_answered_also_when_amplify_is_not(world: World, mode: str) -> None:
    event = world.event("Create", TimeoutSeconds="60")
    world.clock.sleep(90)
    world.fail("ListJobs", mode, times=1000)
    answer = world.request(event)
    assert answer.reason.startswith("AMPLIFY_ERROR: no job could be started")
    assert answer.time <= START + 90 + 40


def test_a_forward_update_that_is_late_has_expired_and_keeps_its_physical_id(world: World) -> None:
    first = world.deployed()
    event = world.update(first.physical_id, TimeoutSeconds="60", Nonce="2")
    world.clock.sleep(61)
    answer = world.request(event)
    assert (answer.status, answer.physical_id) == ("FAILED", first.physical_id)
    assert answer.reason.startswith("AMPLIFY_ERROR: no job could be started")


# The request's date is in test_request.py


@pytest.mark.parametrize("operation", ["GetJob", "ListJobs", "StartJob"])
@pytest.mark.parametrize("mode", PASSING)
def test_a_call_that_goes_wrong_for_good_ends_with_the_deadline(
    world: World, operation: str, mode: str
) -> None:
    world.amplify.plan(never_ends=True)
    world.fail(operation, mode, times=1000)
    answer = world.request(world.event("Create", TimeoutSeconds="120"))
    code = "JOB_TIMED_OUT" if operation == "GetJob" else "AMPLIFY_ERROR"
    assert answer.reason.startswith(code)
    assert _last_error(mode, operation) in answer.reason
    assert START + 120 <= answer.time <= START + 120 + 60


@pytest.mark.parametrize("operation", ["GetJob", "ListJobs"])
@pytest.mark.parametrize("mode", FAULTS)
def test_a_call_that_goes_wrong_thrice_is_ridden_out(world: World, operation: str, mode: str) -> None:
    world.fail(operation, mode, times=3)
    answer = world.request(world.event("Create"))
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 1)


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


def _many_jobs(world: World) -> None:
    """More than one page of ListJobs."""
    for _ in range(60):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)


def _pauses(world: World) -> list[float]:
    times = [call.time for call in world.amplify.calls if call.operation == "GetJob"]
    return [after - before for before, after in pairwise(times)]


def _last_error(mode: str, operation: str) -> str:
    method = {"GetJob": "get_job", "ListJobs": "list_jobs", "StartJob": "start_job"}[operation]
    return f"{method} was not answered: ReadTimeoutError" if mode == "timeout" else "Too Many Requests"


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
