"""What follows a step that could not be taken: another try, soon or late, or the end. Nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from decisions import job, task

from amplify_job.decide.retry import after
from amplify_job.decide.state import Blocked, Deployment, Errors, Followed, State
from amplify_job.decide.steps import Again, Do, Fail, ReadJob, ReadJobs, Seen, StartJob, Step
from amplify_job.outcomes import (
    AccessDenied,
    AmplifyError,
    Busy,
    Failure,
    InvalidProperties,
    NotFound,
    Throttled,
    Unanswered,
    Unreached,
)

SENT = 1_000.0
TIMEOUT = 600
ENDS = SENT + TIMEOUT
NOW = SENT + 100
START = StartJob({}, "a release")
PASSES_BY_ITSELF = [Unanswered("no answer"), Throttled("slow down")]
ASKED = task(TimeoutSeconds=str(TIMEOUT))


def tried(failure: Failure, step: Step = START, *, at: float = NOW, **state: Any) -> Again | Fail:
    before = State(SENT, SENT, SENT)._replace(**state)
    return after(failure, step, ASKED, before, Seen(at, [job(3)]))


def again(end: Again | Fail) -> Again:
    assert isinstance(end, Again)
    return end


@pytest.mark.parametrize("failure", [AmplifyError("refused"), NotFound("gone"), InvalidProperties("no use")])
def test_a_refusal_is_final(failure: Failure) -> None:
    assert tried(failure) == Fail(failure)


def test_a_busy_branch_is_no_error_and_the_list_tells_when_to_try_again() -> None:
    state = State(SENT, SENT, SENT, errors=Errors(3, "Throttled", NOW), last_error="slow down")
    seen = Seen(NOW)
    assert after(Busy("busy"), START, ASKED, state, seen) == Again(state, seen)


@pytest.mark.parametrize("failure", [*PASSES_BY_ITSELF, AccessDenied("denied"), Unreached("no way")])
def test_what_may_pass_is_tried_again_and_remembered(failure: Failure) -> None:
    end = again(tried(failure))
    assert end.state.errors == Errors(1, type(failure).__name__, NOW)
    assert end.state.last_error == str(failure)
    assert end.seen == Seen(NOW, [job(3)])


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (6, 30), (50, 30)]
)
def test_pauses_double_up_to_half_a_minute(tries: int, seconds: float) -> None:
    assert again(tried(Throttled(""), errors=Errors(tries, "Throttled", NOW))).seconds == seconds


@pytest.mark.parametrize(("left", "seconds"), [(60, 30), (40, 20), (10, 5), (1, 1), (0, 1), (-5, 1)])
def test_pauses_become_short_again_towards_the_end(left: float, seconds: float) -> None:
    assert again(tried(Throttled(""), at=ENDS - left, errors=Errors(9, "Throttled", NOW))).seconds == seconds


@pytest.mark.parametrize(
    ("failure", "state", "patience"),
    [
        (AccessDenied("denied"), {}, 60),
        (AccessDenied("denied"), {"job": Followed("1", True, SENT)}, 60),
        (Unreached("no way"), {}, 120),
        (Unreached("no way"), {"job": Followed("1", True, SENT)}, None),
        (Unreached("no way"), {"deployment": Deployment("1")}, None),
        (Unanswered("no answer"), {}, None),
        (Throttled("slow down"), {}, None),
    ],
)
def test_how_long_an_error_is_ridden_out(
    failure: Failure, state: dict[str, Any], patience: float | None
) -> None:
    errors = Errors(9, type(failure).__name__, NOW)
    if patience is None:
        assert again(tried(failure, at=NOW + 400, errors=errors, **state))
        return
    last = again(tried(failure, at=NOW + patience - 10, errors=errors, **state))
    assert (last.seconds, last.state.errors.since) == (5, NOW)
    assert tried(failure, at=NOW + patience, errors=errors, **state) == Fail(failure)


def test_another_kind_of_error_begins_the_patience_anew() -> None:
    errors = Errors(5, "Throttled", NOW - 300)
    end = again(tried(AccessDenied("denied"), errors=errors))
    assert end.state.errors == Errors(6, "AccessDenied", NOW)


# When the time is over


def test_a_list_that_cannot_be_read_until_the_end_fails_the_request() -> None:
    end = tried(Throttled("slow down"), ReadJobs(), at=ENDS)
    assert isinstance(end, Fail)
    assert end.failure.reason == (
        "AMPLIFY_ERROR: no job could be started on branch main of app d1a2b3c4 in time: slow down"
    )
    assert isinstance(tried(Throttled("slow down"), ReadJobs(), at=ENDS - 0.1), Again)


def test_after_a_busy_branch_it_fails_as_busy() -> None:
    end = tried(Throttled(""), ReadJobs(), at=ENDS, blocked=Blocked(True, "the branch has jobs", "1"))
    assert isinstance(end, Fail)
    assert end.failure.reason == "BRANCH_BUSY: the branch has jobs until the timeout (WhenBusy is WAIT)"


def test_once_there_is_a_job_the_list_s_own_error_is_told() -> None:
    failure = Throttled("slow down")
    assert tried(failure, ReadJobs(), at=ENDS, job=Followed("3", True, SENT)) == Fail(failure)


@pytest.mark.parametrize(
    ("status", "has_failed"), [("SUCCEED", False), ("RUNNING", False), ("FAILED", True), ("CANCELLED", True)]
)
def test_a_job_that_cannot_be_read_until_the_end_is_what_the_list_says(status: str, has_failed: bool) -> None:
    failure, listed = Throttled("slow down"), job(3, status)
    seen = Seen(ENDS, [job(4), listed])
    end = after(failure, ReadJob("3"), ASKED, State(SENT, SENT, SENT), seen)
    assert again(end).seen == seen._replace(job=listed, verdict=failure if has_failed else None)
    assert again(end).seconds == 0


def test_one_that_is_not_listed_either_may_still_be_stopped() -> None:
    end = again(tried(Throttled(""), ReadJob("5"), at=ENDS))
    assert end.seen.job
    assert (end.seen.job.id, end.seen.job.in_progress, end.seen.verdict) == ("5", True, None)
    assert again(tried(Throttled(""), ReadJob("5"), at=ENDS - 0.1)).seen.job is None


@pytest.mark.parametrize("step", [START, Do.CREATE_DEPLOYMENT, Do.SEND_FILES, Do.START_DEPLOYMENT])
def test_another_step_is_given_up_by_the_decision_that_follows(step: Step) -> None:
    assert again(tried(Throttled(""), step, at=ENDS)).seconds == 1


def test_a_delivery_that_comes_late_tries_to_read_for_twenty_seconds() -> None:
    late = ENDS + 300
    assert isinstance(tried(Throttled(""), ReadJobs(), at=late + 19, began=late), Again)
    for failure in (Throttled(""), AccessDenied("denied")):
        end = tried(failure, ReadJobs(), at=late + 20, began=late)
        assert isinstance(end, Fail)
        assert "no job could be started" in end.failure.reason
