"""Whatever comes in: the function answers, or raises for Lambda's retry, and starts nothing on invalid input.

`make fuzz` tries many more examples.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulated import APP_ID, BRANCH, World

from amplify_job.cloudformation.answer import encode
from amplify_job.cloudformation.mark import Mark, unsigned
from amplify_job.cloudformation.properties import Properties
from amplify_job.cloudformation.request import Request
from amplify_job.outcomes import InvalidProperties
from amplify_local.amplify.rest import Response

EXAMPLES = settings().max_examples

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "RequestType",
    "RequestId",
    "ResponseURL",
    "StackId",
    "LogicalResourceId",
    "PhysicalResourceId",
    "ResourceProperties",
    "OldResourceProperties",
    "HandedOver",
]
PROPERTIES = [
    "AppId",
    "BranchName",
    "JobType",
    "JobId",
    "JobReason",
    "CommitId",
    "CommitMessage",
    "CommitTime",
    "Triggers",
    "Nonce",
    "Wait",
    "TimeoutSeconds",
    "ServiceTimeout",
    "WhenBusy",
    "OnRollback",
    "VerifyCommit",
    "FailureLogLines",
    "Region",
    "AssumeRoleArn",
    "ExternalId",
    "Unknown",
]
tempting = st.sampled_from(
    [
        "",
        "0",
        "1",
        "60",
        "true",
        "FALSE",
        "RETRY",
        "STOP",
        "JOIN",
        "IGNORE",
        "main",
        "d1",
        "eu-west-1",
        "None",
    ]
    + ["2026-01-31T12:00:00Z", "9999-12-31T23:59:59-12:00", f"{APP_ID}/{BRANCH}/1/1ab", "[cfn 0.0.0.RELEASE]"]
)
values = st.one_of(tempting, st.text(max_size=30), json_values)


@settings(max_examples=2 * EXAMPLES)
@given(event=json_values | st.dictionaries(st.sampled_from(NAMES), values))
def test_any_json_as_event_starts_nothing(event: Any) -> None:
    world = World(job_seconds=10)
    delivery = world.deliver(event)
    world.settle()
    assert delivery.ended
    assert world.started == {}
    assert delivery.raised is not None or len(world.answers) == 1


@settings(max_examples=2 * EXAMPLES)
@given(
    request_type=st.sampled_from(["Create", "Update", "Delete"]),
    changed=st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=3),
    old=st.none() | st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=3),
    fields=st.dictionaries(st.sampled_from(NAMES), values, max_size=1),
    handed_over=st.none() | values,
    stack_status=st.sampled_from(
        [
            "CREATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "ROLLBACK_IN_PROGRESS",
            "X",
        ]
    ),
)
@example("Create", {"CommitTime": "9999-12-31T23:59:59-12:00"}, None, {}, None, "CREATE_IN_PROGRESS")
@example("Update", {}, None, {"PhysicalResourceId": f"{APP_ID}/{BRANCH}/1/1ab"}, None, "UPDATE_IN_PROGRESS")
def test_an_event_that_is_nearly_valid_ends_and_starts_nothing_unless_it_is_valid(
    request_type: str,
    changed: dict[str, Any],
    old: dict[str, Any] | None,
    fields: dict[str, Any],
    handed_over: Any,
    stack_status: str,
) -> None:
    # given
    world = World(job_seconds=10)
    world.stack_event("CREATE_COMPLETE")
    world.stack_event(stack_status)
    event = {**world.event(request_type, **changed), "PhysicalResourceId": f"{APP_ID}/{BRANCH}/1/1ab"}
    if old is not None:
        event["OldResourceProperties"] = {**event["ResourceProperties"], **old}
    if handed_over is not None:
        event["HandedOver"] = handed_over  # by another version of the function
    event.update(fields)
    # when
    world.deliver(event)
    world.clock.run(world.clock.now + 8000)
    # then
    assert all(delivery.ended for delivery in world.deliveries)
    last = world.deliveries[-1]
    assert last.raised is not None or len(world.answers) == 1
    assert len(world.started) <= 1
    if not _is_valid(event):
        assert world.started == {}
    if event["RequestType"] == "Delete" and world.answers:
        assert world.answers[0].status == "SUCCESS"


bodies = st.one_of(
    st.binary(max_size=40),
    json_values.map(lambda value: json.dumps(value).encode()),
)
summaries = st.dictionaries(
    st.sampled_from(
        ["jobId", "jobArn", "jobType", "status", "commitId", "commitMessage", "startTime", "endTime"]
    ),
    st.one_of(
        st.sampled_from(
            ["1", "2", "RELEASE", "RETRY", "SUCCEED", "FAILED", "CANCELLED", "RUNNING", "HEAD", ""]
        ),
        st.sampled_from([0, 1769860800, 1769860801.5, -1e12, 253402300799, 1e300]),
        json_values,
    ),
)
steps = st.lists(
    st.dictionaries(st.sampled_from(["stepName", "status", "statusReason", "logUrl"]), values), max_size=2
)
shaped = st.one_of(
    st.fixed_dictionaries({"jobSummary": summaries}),
    st.fixed_dictionaries({"jobSummaries": st.lists(summaries, max_size=3), "nextToken": values}),
    st.fixed_dictionaries({"job": st.fixed_dictionaries({"summary": summaries, "steps": steps})}),
    st.fixed_dictionaries({"branch": st.dictionaries(st.just("displayName"), values)}),
    st.fixed_dictionaries({"app": st.dictionaries(st.just("defaultDomain"), values)}),
).map(lambda value: json.dumps(value).encode())
responses = st.builds(
    Response,
    status=st.sampled_from([200, 200, 200, 204, 301, 400, 403, 404, 429, 500, 503]),
    headers=st.sampled_from(
        [
            {"Content-Type": "application/json"},
            {"Content-Type": "text/html"},
            {"x-amzn-ErrorType": "LimitExceededException"},
            {"x-amzn-ErrorType": "\u00fc:x"},
        ]
    ),
    body=bodies | shaped,
)


@settings(max_examples=2 * EXAMPLES)
@given(
    request_type=st.sampled_from(["Create", "Create", "Update", "Rollback", "Same", "Delete"]),
    operation=st.sampled_from(["ListJobs", "GetJob", "StartJob", "StopJob", "GetBranch", "GetApp", "all"]),
    answered=st.lists(responses, min_size=1, max_size=4),
    for_good=st.booleans(),
)
def test_whatever_amplify_answers_the_request_is_answered(
    request_type: str, operation: str, answered: list[Response], for_good: bool
) -> None:
    # given a resource, and a job that runs
    world = World(job_seconds=10)
    first = world.deployed().physical_id
    second = world.request(world.update(first, Nonce="2", Wait="false")).physical_id
    # when
    world.amplify.handle = _garbled(world, operation, answered, for_good)  # type: ignore[method-assign]
    if request_type == "Rollback":
        world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = {
        "Create": lambda: world.event("Create", TimeoutSeconds="60", WhenBusy="STOP"),
        "Update": lambda: world.update(second, Nonce="3", TimeoutSeconds="60"),
        "Rollback": lambda: world.update(second, old={"Nonce": "2"}),
        "Same": lambda: world.update(second, Nonce="2", TimeoutSeconds="60"),
        "Delete": lambda: world.delete(second, Nonce="2"),
    }[request_type]()
    begun = world.clock.now
    answer = world.request(event)
    # then
    assert answer.time <= begun + 240
    if request_type in ("Rollback", "Delete"):
        assert answer.status == "SUCCESS"
    if answer.status == "SUCCESS" and request_type != "Delete":
        assert len(answer.data) == 12
        assert all(isinstance(value, str) for value in answer.data.values())
    assert answer.physical_id == event.get("PhysicalResourceId", first)


@settings(max_examples=2 * EXAMPLES)
@given(
    reason=st.text(max_size=5000),
    data=st.dictionaries(st.sampled_from(["JobId", "CommitMessage", "ConsoleUrl"]), st.text(max_size=3000)),
)
def test_any_answer_fits_and_is_json(reason: str, data: dict[str, str]) -> None:
    data["JobId"] = data.get("JobId", "")[:100]
    encoded = encode({"Status": "FAILED", "PhysicalResourceId": "p", "Reason": reason, "Data": data})
    assert len(encoded) <= 4096
    decoded = json.loads(encoded)
    assert decoded["PhysicalResourceId"] == "p"
    assert set(decoded["Data"]) == set(data)


@settings(max_examples=2 * EXAMPLES)
@given(message=st.text() | st.text(alphabet="[cfn 0a.RELEASE]\n "))
def test_any_message_is_signed_and_read_back(message: str) -> None:
    mark = Mark("0a", "1b", "2c", "RELEASE")
    signed = mark.sign(unsigned(message))
    assert len(signed) <= 10_000
    assert Mark.parse(signed) == mark
    assert unsigned(signed) == unsigned(message)


def _is_valid(event: dict[str, Any]) -> bool:
    try:
        Request.read(event)
        Properties.parse(event["ResourceProperties"])
    except (InvalidProperties, ValueError, KeyError, TypeError):
        return False
    return True


def _garbled(world: World, operation: str, answered: list[Response], for_good: bool) -> Any:
    """An Amplify that answers some calls with something else."""
    handle, left = world.amplify.handle, list(answered)

    def garbled(request: Any) -> Response:
        response = handle(request)
        called = world.amplify.calls[-1].operation
        if not left or operation not in ("all", called):
            return response
        garbage = left[0]
        left.append(left.pop(0)) if for_good else left.pop(0)
        return garbage

    return garbled
