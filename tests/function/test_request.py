"""The event: when it was sent, what it carries, and what is no event at all."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import START, World

from request import Request

EXPIRES = int(START) + 7_200


@pytest.mark.parametrize(
    ("query", "requested"),
    [
        ("X-Amz-Date=20260131T120000Z&X-Amz-Expires=7200", START),
        ("X-Amz-Date=20260131T120000Z&Expires=1", START),
        (f"Expires={EXPIRES}", START),
        (f"AWSAccessKeyId=A&Expires={EXPIRES}&Signature=x%2By%3D", START),
        ("", START + 40),
        ("Expires=soon", START + 40),
        ("X-Amz-Date=yesterday", START + 40),
        ("X-Amz-Date=20261331T120000Z", START + 40),
        ("Expires=" + "9" * 400, START + 40),
        ("Expires=" + "9" * 5000, START + 40),
    ],
)
def test_the_date_of_a_request_is_that_of_its_url(query: str, requested: float) -> None:
    request = _read(ResponseURL=f"https://responses.example/1?{query}")
    assert request.progress.requested == requested
    assert request.progress.sent == requested


def test_an_unreadable_url_has_no_date() -> None:
    assert _read(ResponseURL="https://[bad?Expires=1").progress.requested == START + 40


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


@pytest.mark.parametrize(
    ("age", "fresh", "repeated"),
    [(0, True, False), (5, True, False), (5.1, False, False), (55, False, False), (55.1, False, True)],
)
def test_a_delivery_is_fresh_for_seconds_and_may_be_lambdas_retry_after_a_minute(
    age: float, fresh: bool, repeated: bool
) -> None:
    request = Request.read(_event(), START + age)
    assert (request.fresh, request.maybe_repeated) == (fresh, repeated)


@pytest.mark.parametrize(
    ("age", "fresh", "repeated"), [(0, True, False), (6, False, False), (56, False, True)]
)
def test_the_age_of_a_hand_over_counts_from_itself(age: float, fresh: bool, repeated: bool) -> None:
    carried = _read().hand_over(START + 800)
    request = Request.read(carried, START + 800 + age)
    assert (request.fresh, request.handed_over, request.maybe_repeated) == (fresh, True, repeated)


def test_a_hand_over_reads_back() -> None:
    first = _read()
    first.progress.job_id, first.progress.started, first.progress.tried = "7", True, True
    second = Request.read(first.hand_over(START + 800), START + 801)
    assert (second.progress.job_id, second.progress.started, second.progress.tried) == ("7", True, True)
    assert (second.progress.requested, second.progress.sent) == (START, START + 800)
    assert second.request_digest == first.request_digest


def test_two_hand_overs_carry_only_the_last() -> None:
    second = Request.read(_read().hand_over(START + 800), START + 801)
    third = second.hand_over(START + 1600)
    assert (third["HandedOver"]["sent"], third["HandedOver"]["requested"]) == (START + 1600, START)


@pytest.mark.parametrize("name", ["RequestType", "RequestId", "ResponseURL", "StackId", "LogicalResourceId"])
@pytest.mark.parametrize("value", [None, "", 1, [], {}])
def test_what_is_no_event_of_cloudformation_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=f"not an event for a custom resource of CloudFormation: {name} is missing"
    ):
        Request.read({**_event(), name: value}, START)


@pytest.mark.parametrize("event", [None, [], "text", 1, {}])
def test_what_is_no_object_is_refused(event: Any) -> None:
    with pytest.raises(ValueError, match="RequestType is missing"):
        Request.read(event, START)


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
        _read().resource_digest,
        _read(StackId="other").resource_digest,
        _read(LogicalResourceId="Other").resource_digest,
    }
    assert len(digests) == 3
    assert (
        _read(RequestId="2", ResponseURL="https://other.example").resource_digest == _read().resource_digest
    )


def test_a_request_is_told_by_its_id_and_its_url() -> None:
    digests = {
        _read().request_digest,
        _read(RequestId="2").request_digest,
        _read(ResponseURL="https://other.example").request_digest,
    }
    assert len(digests) == 3


def test_the_marks_of_resource_and_request_never_change_in_a_release() -> None:
    # else a new release would not know the jobs that the one before it started
    assert str(_read().mark("1abc", "RELEASE")) == "[cfn 8cc853cb8ad1.1abc.1b959ed19cf1.RELEASE]"


@pytest.mark.parametrize(
    ("properties", "physical_id"),
    [
        ({"AppId": "d1", "BranchName": "a/b"}, "d1/a/b/0/failed"),
        ({"AppId": "d1"}, "d1/unknown/0/failed"),
        ({}, "unknown/unknown/0/failed"),
        (None, "unknown/unknown/0/failed"),
        ([], "unknown/unknown/0/failed"),
        ({"AppId": "d/1", "BranchName": "main"}, "d-1/main/0/failed"),
        ({"AppId": "d" * 300, "BranchName": "m" * 300}, f"{'d' * 255}/{'m' * 255}/0/failed"),
        ({"AppId": 5, "BranchName": ["x"]}, "5/['x']/0/failed"),
        ({"AppId": "dü", "BranchName": "ü"}, "d?/?/0/failed"),
    ],
)
def test_a_failed_create_has_a_physical_id_whatever_its_properties(properties: Any, physical_id: str) -> None:
    request = _read(ResourceProperties=properties)
    assert str(request.failed_create("")) == physical_id
    assert request.failed_create("7").job_id == "7"


@pytest.mark.parametrize("physical_id", [None, "", 0])
def test_a_create_has_no_physical_id_yet(physical_id: Any) -> None:
    request = _read(PhysicalResourceId=physical_id)
    assert (request.physical_id, request.physical) == ("", None)


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
    return Request.read(_event(**changed), START + 40)
