"""Shortly before its time limit, the function goes on in another invocation of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from simulated import APP_ID, BRANCH, PHYSICAL_ID, START, World
from simulated_aws import FUNCTION_ARN

from amplify_job.cloudformation.stack import Kind, Look
from amplify_job.decide.state import State
from amplify_job.run.hand_over import hand_over, handed_over


@pytest.fixture
def world(world: World) -> World:
    """A function that hands over after 140 of its 200 s, and jobs that take a little longer."""
    world.limit = 200
    world.amplify.job_seconds = 160
    return world


def test_a_job_longer_than_the_functions_limit_is_waited_for(world: World) -> None:
    world.amplify.plan(seconds=300)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.time) == ("SUCCESS", START + 300)
    assert (len(world.jobs()), len(world.handed_over), world.amplify.count("StartJob")) == (1, 2, 1)
    assert world.amplify.count("ListJobs") == 1


def test_the_hand_over_comes_a_minute_before_the_limit(world: World) -> None:
    world.request(world.event("Create"))
    assert [carried["HandedOver"]["sent"] for carried in world.handed_over] == [START + 138]


def test_the_hand_over_carries_the_event_and_what_was_done(world: World) -> None:
    event = world.event("Create")
    world.request(event)
    [carried] = world.handed_over
    progress = carried.pop("HandedOver")
    assert carried == event
    known = {name: progress[name] for name in ("requested", "sent", "job")}
    assert known == {
        "requested": START,
        "sent": START + 138,
        "job": {"id": "1", "mine": True, "since": START},
    }
    assert world.asked == ["DescribeStackEvents", "Invoke"]


LOOK = Look(Kind.FORWARD, "UPDATE_IN_PROGRESS", 1, 2, 3)
STATE = State(1, 2, 3, look=LOOK, stopped=("1",))


def carried(state: State = STATE) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(hand_over({}, state, 2))["HandedOver"]
    return written


def places(value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each field, with the map that it is in."""
    for name, item in list(value.items()):
        yield value, name
        if isinstance(item, dict):
            yield from places(item)


def read(state: dict[str, Any]) -> State | None:
    return handed_over({"HandedOver": state})


def test_a_state_is_read_as_it_was_handed_over() -> None:
    assert read(carried()) == STATE
    assert read(carried(State(1, 2, 3))) == State(1, 2, 3)


def test_a_state_with_a_kind_of_request_that_is_not_known_is_none() -> None:
    assert read({**carried(), "look": {**carried()["look"], "kind": "paused"}}) is None


@pytest.mark.parametrize("number", range(len(list(places(carried())))))
def test_a_state_of_another_shape_is_none(number: int) -> None:
    for other in ["missing", "x", 9, True, None, {"a": 1}, [1]]:
        state = carried()
        owner, name = list(places(state))[number]
        if other == "missing":
            del owner[name]
        elif (name, other) == ("look", None) or _type(owner[name]) is _type(other) is not list:
            continue
        else:
            owner[name] = other
        assert read(state) is None, f"{name}: {other!r}"


@pytest.mark.parametrize("path", [(), ("look",), ("job",)])
def test_a_state_with_another_field_is_none(path: tuple[str, ...]) -> None:
    state = carried()
    owner = state
    for name in path:
        owner = owner[name]
    owner["more"] = 1
    assert read(state) is None


def _type(value: Any) -> type:
    return float if type(value) is int else type(value)


def test_what_another_version_of_the_function_handed_over_begins_anew_and_finds_its_job(world: World) -> None:
    deliver = world.deliver

    def delivered(event: Any, **options: Any) -> Any:
        event.get("HandedOver", {}).pop("renew", None)
        return deliver(event, **options)

    world.deliver = delivered  # type: ignore[method-assign]
    answer = world.request(world.event("Create"))
    assert (answer.status, len(world.jobs()), len(world.handed_over)) == ("SUCCESS", 1, 1)


@pytest.mark.parametrize("text", ["🦊" * 100, "\ud83e", "ü"])
def test_a_hand_over_holds_the_characters_of_a_text(text: str) -> None:
    event = {"ResourceProperties": {"CommitMessage": text}}
    payload = hand_over(event, State(1, 1, 1), 2)
    assert json.loads(payload)["ResourceProperties"] == event["ResourceProperties"]
    assert (
        len(payload) - len(hand_over({"ResourceProperties": {"CommitMessage": ""}}, State(1, 1, 1), 2)) <= 400
    )


def test_the_function_invokes_the_version_of_itself_that_was_invoked(world: World) -> None:
    # The stub refuses every other name and every other type of invocation.
    assert world.request(world.event("Create")).status == "SUCCESS"
    assert FUNCTION_ARN in world.event("Create")["ResourceProperties"]["ServiceToken"]


def test_a_job_started_before_the_hand_over_is_stopped_at_the_deadline(world: World) -> None:
    world.amplify.plan(never_ends=True)
    answer = world.request(world.event("Create", TimeoutSeconds="160"))
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert "it was stopped" in answer.reason
    assert (world.amplify.count("StopJob"), world.status(world.jobs()[0])) == (1, "CANCELLED")
    assert START + 160 <= answer.time <= START + 164, "the time counts from the request"


def test_a_wait_for_a_busy_branch_is_handed_over_too(world: World) -> None:
    world.amplify.next_job(seconds=160)
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(1)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    carried = world.handed_over[0]["HandedOver"]
    assert carried["job"]["id"] == ""
    assert (carried["blocked"]["by"], carried["blocked"]["since"]) == ("1", START + 1)


def test_a_hand_over_delivered_after_the_deadline_stops_the_job_that_it_carries(world: World) -> None:
    # given a sandbox that dies when it takes over, and Lambda's retry a minute later
    world.amplify.plan(never_ends=True)
    world.deliver(world.event("Create", TimeoutSeconds="160"))
    world.clock.sleep(150)
    world.deliveries[-1].kill()
    # when
    world.settle()
    [answer] = world.answers
    # then
    assert answer.reason.startswith("JOB_TIMED_OUT: job 1 ")
    assert world.stopped == {"1"}


@pytest.mark.parametrize("carried", [{"version": 2, "job_id": "7"}, {}, "1"])
def test_a_hand_over_of_another_version_is_treated_as_a_redelivery(world: World, carried: Any) -> None:
    # given a job that the request has started
    event = world.event("Create")
    world.request(event)
    # when
    answer = world.request({**event, "HandedOver": carried})
    # then
    assert (answer.data["JobId"], world.amplify.count("StartJob")) == ("1", 1)


def test_a_hand_over_fits_lambdas_limit_for_events_and_is_json(world: World) -> None:
    triggers = {f"key{number}": "x" * 100 for number in range(20)}
    world.request(world.event("Create", Triggers=triggers))
    assert len(json.dumps(world.handed_over[0])) < 256 * 1024


def test_a_resumed_job_that_is_gone_fails_and_is_named_in_the_physical_id(world: World) -> None:
    _polling_until_handed_over(world)
    world.branch.jobs.clear()
    world.settle()
    [answer] = world.answers
    assert (answer.status, answer.physical_id) == ("FAILED", PHYSICAL_ID)
    assert answer.reason.startswith("NOT_FOUND: amplify:GetJob on branch main")


def test_a_resumed_job_that_cannot_be_read_until_the_deadline_times_out(world: World) -> None:
    world.amplify.plan(seconds=300)
    for operation in ("GetJob", "ListJobs"):
        world.clock.at(START + 140, partial(world.fail, operation, "500", times=10_000))
    answer = world.request(world.event("Create", TimeoutSeconds="200"))
    assert answer.reason.startswith("JOB_TIMED_OUT: job 1 of branch main")
    assert "(Amplify's last error: Internal failure)" in answer.reason
    assert answer.physical_id == PHYSICAL_ID
    assert world.amplify.count("StopJob") == 1


def _polling_until_handed_over(world: World) -> None:
    world.deliver(world.event("Create"))
    world.clock.run(done=lambda: bool(world.handed_over))


@pytest.mark.parametrize("timeout", ["2700", "3300"])
def test_lambdas_last_delivery_answers_if_the_function_may_never_invoke_itself(
    world: World, timeout: str
) -> None:
    world.limit = 900
    world.invoke_denied = True
    world.amplify.plan(never_ends=True)
    world.deliver(world.event("Create", TimeoutSeconds=timeout), retries=2)
    world.settle()
    [answer] = world.answers
    assert answer.time < START + 2700
    assert answer.reason == (
        "AMPLIFY_ERROR: the function could not invoke itself to wait longer: ClientError. "
        "Its role must allow lambda:InvokeFunction on it"
    )
    raised = world.deliveries[0].raised  # Lambda writes it into the log, with its cause
    assert (repr(raised), raised and raised.__suppress_context__) == ("NotHandedOver('ClientError')", True)
