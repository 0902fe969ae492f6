"""The event: when it was sent, what it carries, and what is no event at all."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import START, World

from amplify_job.cloudformation.request import Request

EXPIRES = int(START) + 7_200


@pytest.mark.parametrize(
    ("query", "date"),
    [
        ("X-Amz-Date=20260131T120000Z&X-Amz-Expires=7200", START),
        ("X-Amz-Date=20260131T120000Z&Expires=1", START),
        (f"Expires={EXPIRES}", START),
        (f"AWSAccessKeyId=A&Expires={EXPIRES}&Signature=x%2By%3D", START),
        ("", None),
        ("Expires=soon", None),
        ("X-Amz-Date=yesterday", None),
        ("X-Amz-Date=20261331T120000Z", None),
        ("Expires=" + "9" * 400, None),
        ("Expires=" + "9" * 5000, None),
    ],
)
def test_the_date_of_a_request_is_that_of_its_url(query: str, date: float | None) -> None:
    assert _read(ResponseURL=f"https://responses.example/1?{query}").date == date


def test_an_unreadable_url_has_no_date() -> None:
    assert _read(ResponseURL="https://[bad?Expires=1").date is None


def test_the_date_of_the_first_look_is_carried_along(world: World) -> None:
    # given an URL without a date
    world.limit = 200
    world.amplify.plan(never_ends=True)
    event = {**world.event("Create", TimeoutSeconds="300"), "ResponseURL": "https://responses.example/1"}
    world.clock.sleep(40)
    # when
    answer = world.request(event)
    # then the deadline counts from that look
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert START + 340 <= answer.time <= START + 342
    assert {carried["HandedOver"]["requested"] for carried in world.handed_over} == {START + 40}


@pytest.mark.parametrize("name", ["RequestType", "RequestId", "ResponseURL", "StackId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", 1, [], {}])
def test_what_is_no_event_of_cloudformation_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=f"not an event for a custom resource of CloudFormation: {name} is missing"
    ):
        Request.read({**_event(), name: value})


@pytest.mark.parametrize("event", [None, [], "text", 1, {}])
def test_what_is_no_object_is_refused(event: Any) -> None:
    with pytest.raises(ValueError, match="RequestType is missing"):
        Request.read(event)


def test_an_event_that_nobody_waits_for_is_refused_before_anything_is_started(world: World) -> None:
    event = world.event("Create")
    del event["ResponseURL"]
    delivery = world.deliver(event)
    world.settle()
    assert isinstance(delivery.raised, ValueError)
    assert (world.answers, world.amplify.calls) == ([], [])


@pytest.mark.parametrize("request_type", ["create", "Read", "Import"])
def test_an_unknown_type_of_request_is_refused(world: World, request_type: str) -> None:
    answer = world.request(world.event(request_type))
    assert answer.reason == (
        f"VALIDATION_ERROR: RequestType is '{request_type}', must be Create, Update or Delete"
    )
    assert world.amplify.calls == []


@pytest.mark.parametrize(
    ("stack_id", "name"),
    [("arn:aws:cloudformation:us-east-1:1:stack/shop/uuid", "shop"), ("shop", "shop"), ("a/b", "b")],
)
def test_the_stacks_name_is_in_its_id(stack_id: str, name: str) -> None:
    assert _read(StackId=stack_id).stack_name == name


def test_a_resource_is_told_by_stack_and_logical_id() -> None:
    digests = {
        _read().resource,
        _read(StackId="other").resource,
        _read(LogicalResourceId="Other").resource,
    }
    assert len(digests) == 3
    assert _read(RequestId="2", ResponseURL="https://other.example").resource == _read().resource


def test_a_request_is_told_by_its_id_and_its_url() -> None:
    digests = {
        _read().mark("", "").request,
        _read(RequestId="2").mark("", "").request,
        _read(ResponseURL="https://other.example").mark("", "").request,
    }
    assert len(digests) == 3


def test_the_marks_of_resource_and_request_never_change_in_a_release() -> None:
    # else a new release would not know the jobs that the one before it started
    assert str(_read().mark("1abc", "RELEASE")) == "[cfn c008399a5047c67c.1abc.1b959ed19cf1.RELEASE]"


@pytest.mark.parametrize("physical_id", [None, "", 0])
def test_a_create_gets_a_physical_id_of_its_resource(physical_id: Any) -> None:
    request = _read(PhysicalResourceId=physical_id)
    assert request.physical_id == f"amplify-job-{request.resource}"


@pytest.mark.parametrize("physical_id", ["d1/main/1/1abc", "shop-Site-1ABCDEFGHIJKL", "x"])
def test_any_other_request_keeps_its_physical_id(physical_id: str) -> None:
    assert _read(RequestType="Update", PhysicalResourceId=physical_id).physical_id == physical_id


def _event(**changed: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "RequestId": "1",
        "ResponseURL": "https://responses.example/1?X-Amz-Date=20260131T120000Z",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1",
        "LogicalResourceId": "Site",
        "ResourceProperties": {},
        **changed,
    }


def _read(**changed: Any) -> Request:
    return Request.read(_event(**changed))
