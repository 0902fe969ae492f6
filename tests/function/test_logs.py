"""No log line, reason or raised exception holds a ResponseURL, its signature, a credential or a variable."""

from __future__ import annotations

import json
import traceback
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from simulated import APP_ID, BRANCH, SIGNATURE, World

from amplify_job import index
from amplify_job.log import log

ROLE = "arn:aws:iam::210987654321:role/releaser"
SECRETS = (
    SIGNATURE,
    "responses.s3.amazonaws.com",
    "X-Amz-Signature",
    "SessionToken",
    "top-secret-token",
    "hunter2",
)
SETTINGS = {"Branch": {"EnvironmentVariables": [{"Name": "PASSWORD", "Value": "hunter2"}]}}


def _nothing(world: World) -> None:
    pass


def _failed(world: World) -> None:
    world.amplify.next_job(outcome="FAILED", status_reason="exit status 1")


def _never_ends(world: World) -> None:
    world.amplify.plan(never_ends=True)


def _busy(world: World) -> None:
    world.amplify.start(APP_ID, BRANCH)


def _amplify_down(world: World) -> None:
    world.amplify.fail(None, times=1000, mode="timeout")


def _denied(world: World) -> None:
    world.amplify.authorize = lambda *_: "arn:aws:sts::123456789012:assumed-role/function"


def _not_answered(world: World) -> None:
    url = world.event("Create")["ResponseURL"]
    world.answer_faults = [HTTPError(url, 503, f"at {url}", None, None), URLError(url)] * 3  # type: ignore[arg-type]


def _refused(world: World) -> None:
    world.answer_faults = [HTTPError(world.event("Create")["ResponseURL"], 403, "", None, None)]  # type: ignore[arg-type]


def _no_hand_over(world: World) -> None:
    world.invoke_denied = True
    world.limit = 70


def _handed_over(world: World) -> None:
    world.limit = 90


def _no_role(world: World) -> None:
    world.assume_role_error = "AccessDenied"


def _unreadable_stack(world: World) -> None:
    world.describe_denied = True


def _defect(world: World) -> None:
    world.may_have_defects = True
    world.amplify.handle = lambda request: world.event("Create")["ResponseURL"]  # type: ignore[method-assign]


GIVEN = [
    _nothing,
    _failed,
    _never_ends,
    _busy,
    _amplify_down,
    _denied,
    _not_answered,
    _refused,
    _no_hand_over,
    _handed_over,
    _no_role,
    _unreadable_stack,
    _defect,
]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete", "Other"])
def test_nothing_that_the_function_says_holds_a_secret(world: World, given: Any, request_type: str) -> None:
    # given
    given(world)
    properties = {
        "TimeoutSeconds": "60",
        "AssumeRoleArn": ROLE,
        "CommitId": "f" * 40,
        "BuildSettings": SETTINGS,
    }
    event = world.event(request_type, **properties)
    if request_type != "Create":
        event["PhysicalResourceId"] = f"{APP_ID}/{BRANCH}/1/1abc"
    # when
    world.deliver(event, retries=1)
    world.clock.run(world.clock.now + 4000)
    # then
    raised = [delivery.raised for delivery in world.deliveries if delivery.raised]
    said = [*world.log, *(text for error in raised for text in traceback.format_exception(error))]
    said += [json.dumps(answer.body) for answer in world.answers]
    assert world.log
    for secret in SECRETS:
        assert not [text for text in said if secret in text]


def test_every_line_is_one_json_object_that_names_the_decision(world: World) -> None:
    world.request(world.event("Create"))
    assert all(list(line)[0] == "decision" for line in world.decisions)
    assert all("\n" not in line for line in world.log)


def test_a_line_is_written_whatever_it_holds(world: World) -> None:
    log("decided", what=ValueError("x"), lines="a\nb", surrogate="\ud800")
    assert world.decisions == [{"decision": "decided", "what": "x", "lines": "a\nb", "surrogate": "\ud800"}]


def test_the_received_request_is_logged_without_its_url(world: World) -> None:
    world.request(world.event("Create"))
    assert world.decisions[0] == {
        "decision": "received",
        "type": "Create",
        "request": "request-1",
        "stack": world.event("Create")["StackId"],
        "resource": "Site",
    }


def test_the_answer_is_logged_with_its_reason(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    answer = world.request(world.event("Create"))
    assert world.decisions[-1] == {
        "decision": "answered",
        "status": "FAILED",
        "physical_id": answer.physical_id,
        "reason": answer.reason,
    }


def test_lambdas_entry_point_serves_an_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a world in place of AWS and of time
    from simulated import Delivery, _Context
    from simulated_aws import SimulatedAws

    monkeypatch.setattr(index, "Aws", lambda: SimulatedAws(world))
    monkeypatch.setattr(index, "time", world.clock)
    # when
    event = world.event("Create")
    index.handler(event, _Context(world, Delivery(event, world.clock.now + 900)))
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS"]
