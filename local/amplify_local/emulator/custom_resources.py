"""Custom resources as strict as CloudFormation and Lambda are, put into ministack's own.

What is stricter: the function is invoked asynchronously, with Lambda's retries; ServiceTimeout is counted
from the invocation and limited; the first answer counts, and only one that is well-formed, short enough and
about this request; a failed Create is followed by a Delete; a replacement too, in the status and with the
events of a cleanup; a rolled back replacement is first sent an Update; a changed ServiceToken is refused.
Beside that, conditions know the Region.

It replaces private names, so it fits exactly one release (see ``emulator``). The error texts are
CloudFormation's where they are known, else from memory.
"""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import (
    _stack_events,
    _stacks,
    changesets,
    custom_resource,
    handlers,
    stacks,
)

from amplify_local.emulator.response_url import ResponseUrls

Properties = dict[str, Any]

_STACK = "AWS::CloudFormation::Stack"
_ANSWER_BYTES = 4096
_PHYSICAL_ID_BYTES = 1024
urls = ResponseUrls()

_last_event = 0.0

# How often to deliver each of the next requests.
_deliveries: list[int] = []

# Events not to be recorded once more: (stack ID, logical ID, status).
_unwanted: set[tuple[str, str, str]] = set()


def install() -> None:
    """Replace ministack's custom-resource protocol by this one."""
    custom_resource.invoke_custom_resource = invoke_custom_resource
    _wrap("_add_event", _add_event)
    _wrap("_update_resource", _update_resource)
    _wrap("_delete_resource", _delete_resource)
    _wrap("_deploy_stack_async", _deploy_stack)
    _wrap("_roll_back_operation", _roll_back_operation)
    _wrap("_delete_stack_async", _delete_stack)
    _wrap("_evaluate_conditions", _evaluate_conditions)


def _wrap(name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a function in every module that imported it; the wrapper gets the original first."""
    original = getattr(stacks, name)

    def wrapped(*args: Any, **options: Any) -> Any:
        return wrapper(original, *args, **options)

    for module in (stacks, handlers, changesets):
        if hasattr(module, name):
            setattr(module, name, wrapped)


# One request to a custom resource.


def invoke_custom_resource(
    request_type: str,
    logical_id: str,
    props: Properties,
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: Properties | None = None,
) -> tuple[str, Properties]:
    """Ask the function for a Create, Update or Delete and wait for the answer: physical ID and attributes."""
    stack = _stacks.get(stack_name) or {}
    if old_props is not None and props.get("ServiceToken") != old_props.get("ServiceToken"):
        if "ROLLBACK" in stack.get("StackStatus", ""):
            return str(physical_id), {}  # the refused Update changed nothing that could be sent back
        raise ValueError("Modifying service token is not allowed.")
    timeout = _service_timeout(props)
    function = _function(props.get("ServiceToken", ""))
    event = {
        "RequestType": request_type,
        "ServiceToken": props["ServiceToken"],
        "StackId": stack_id,
        "RequestId": _request_id(stack, logical_id),
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": custom_resource._normalise_resource_properties(props),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        event["OldResourceProperties"] = custom_resource._normalise_resource_properties(old_props)
    base = custom_resource._gateway_url()
    url, answer = urls.new(base, get_region(), stack_id, logical_id, event["RequestId"])
    event["ResponseURL"] = url
    for _ in range(_deliveries.pop(0) if _deliveries else 1):
        lambda_svc.invoke_async_with_retry(function, event)
    try:
        if not answer.wait(timeout):
            raise RuntimeError(_no_response(event["RequestId"]))
        if answer.abandoned:
            raise RuntimeError(f"Resource {'creation' if request_type == 'Create' else 'update'} cancelled")
        new_id, data = _read(answer.body or b"", event)
    except RuntimeError as error:
        if request_type == "Create":
            failed = getattr(error, "physical_id", None) or _invented_id(stack_name, logical_id)
            _remember_failed_create(stack, logical_id, resource_type, failed, props)
            stack.setdefault("_request_ids", {})[logical_id] = event["RequestId"]
        raise
    if request_type == "Update" and new_id != physical_id:
        reason = "Requested update required the provider to create a new physical resource"
        stacks._add_event(
            stack_id, stack_name, logical_id, resource_type, "UPDATE_IN_PROGRESS", reason, new_id
        )
    return new_id, data


def deliver_next_twice() -> None:
    """Invoke the function twice, at the same time, for the next request: Lambda delivers at least once."""
    _deliveries.append(2)


def _request_id(stack: Properties, logical_id: str) -> str:
    """A new one, but the same again when a failed Create is retried (aws-cdk issue 35957)."""
    retried: str | None = stack.get("_request_ids", {}).pop(logical_id, None)
    return retried if retried and stack["StackStatus"] == "UPDATE_IN_PROGRESS" else str(new_uuid())


class InvalidAnswer(RuntimeError):
    """An answer that fails the request; ``physical_id`` is the one it names, if it names one."""

    def __init__(self, reason: str, physical_id: str | None = None) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


def _read(body: bytes, event: Properties) -> tuple[str, Properties]:
    """The physical ID and attributes of an answer, which must be well-formed and about this request."""
    if len(body) > _ANSWER_BYTES:
        raise InvalidAnswer("Response object is too long.")
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise InvalidAnswer("Response object is not valid JSON.")
    physical_id = answer.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 0 < len(physical_id.encode()) <= _PHYSICAL_ID_BYTES:
        raise InvalidAnswer("Invalid PhysicalResourceId")
    for name in ("RequestId", "StackId", "LogicalResourceId"):
        if answer.get(name) != event[name]:
            raise InvalidAnswer(f"Invalid {name}", physical_id)
    if answer.get("Status") == "FAILED":
        raise InvalidAnswer(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{answer.get('Reason')} (RequestId: {event['RequestId']})",
            physical_id,
        )
    data = answer.get("Data") or {}
    if answer.get("Status") != "SUCCESS" or not isinstance(data, dict):
        raise InvalidAnswer("Invalid Status" if isinstance(data, dict) else "Invalid Data", physical_id)
    return physical_id, data


def _service_timeout(props: Properties) -> int:
    value = str(props.get("ServiceTimeout", 3600))
    if not value.isdigit() or not 1 <= int(value) <= 3600:
        raise ValueError(f"Invalid ServiceTimeout: {value}. It must be an integer from 1 to 3600.")
    return int(value)


def _function(service_token: str) -> Properties:
    record, config, _ = lambda_svc._get_func_record_for_ref(service_token)
    if record is None or config is None:
        raise ValueError(f"Custom resource ServiceToken {service_token!r} not found.")
    function: Properties = lambda_svc._execution_record_for_config(record, config)
    return function


def _no_response(request_id: str) -> str:
    return (
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
        f"requestId [{request_id}]. If you are using the Python cfn-response module, you may need to update "
        "your Lambda function code so that CloudFormation can attach the updated version."
    )


def _invented_id(stack_name: str, logical_id: str) -> str:
    suffix = "".join(random.choices(string.ascii_uppercase + string.digits, k=13))  # noqa: S311 (not a secret)
    return f"{stack_name}-{logical_id}-{suffix}"


# The stack around it.


def _remember_failed_create(
    stack: Properties, logical_id: str, resource_type: str, physical_id: str, props: Properties
) -> None:
    stack.setdefault("_failed_creates", {})[logical_id] = {
        "PhysicalResourceId": physical_id,
        "ResourceType": resource_type,
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": logical_id,
        "Properties": props,
        "Attributes": {},
    }


def _adopt_failed_creates(stack: Properties) -> list[str]:
    """Add failed Creates to the stack's resources, so that they are sent a Delete; return their names."""
    failed: dict[str, Properties] = stack.pop("_failed_creates", {})
    stack.setdefault("_resources", {}).update(failed)
    return list(failed)


async def _deploy_stack(original: Callable[..., Any], stack_name: str, *args: Any, **options: Any) -> None:
    # Retried after --no-rollback: the Create is sent again. What AWS then does with the first is not known.
    _stacks[stack_name].pop("_failed_creates", None)
    await original(stack_name, *args, **options)


async def _delete_stack(original: Callable[..., Any], stack_name: str, *args: Any, **options: Any) -> None:
    if _stacks.get(stack_name):
        _adopt_failed_creates(_stacks[stack_name])
    await original(stack_name, *args, **options)


async def _roll_back_operation(
    original: Callable[..., Any],
    stack_name: str,
    stack_id: str,
    stack: Properties,
    operation: Properties,
    *args: Any,
    **options: Any,
) -> None:
    operation["created"] += _adopt_failed_creates(stack)
    replaced = [
        logical_id
        for logical_id in operation["replaced_ids"]
        if stacks._sends_back_failed_update(stack["_resources"][logical_id]["ResourceType"])
    ]
    if replaced:
        await _send_back(stack_name, stack_id, stack, operation, replaced)
    await original(stack_name, stack_id, stack, operation, *args, **options)


async def _send_back(
    stack_name: str, stack_id: str, stack: Properties, operation: Properties, replaced: list[str]
) -> None:
    """A replacement that is rolled back: an Update to the old properties, and only then the Delete.

    aws-cdk pull request 29581 describes the order. A failure is recorded as an event, and goes no further.
    """
    stack["StackStatus"] = "UPDATE_ROLLBACK_IN_PROGRESS"
    failed = operation.get("failed_logical_id")
    reason = f"The following resource(s) failed to update: [{failed}]. " if failed else "User Initiated"
    status = stack["StackStatus"]
    stacks._add_event(
        stack_id, stack_name, stack_name, "AWS::CloudFormation::Stack", status, reason, stack_id
    )
    _unwanted.add((stack_id, stack_name, status))
    previous = operation["previous_stack"]["_resources"]
    for logical_id in replaced:
        now, before = stack["_resources"][logical_id], previous[logical_id]
        try:
            await stacks._revert_update(
                stack_id,
                stack_name,
                logical_id,
                now["ResourceType"],
                now["PhysicalResourceId"],
                now["Properties"],
                before["Properties"],
                now["Attributes"],
            )
        except Exception as error:  # whatever the function answers
            stacks.logger.warning("The Update back of %s failed: %s", logical_id, error)


def _delete_resource(
    original: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    props: Properties,
    stack_name: str | None = None,
    logical_id: str | None = None,
) -> None:
    """Deletes at the end of an update happen in CloudFormation's cleanup phase, with its events."""
    stack = _stacks.get(stack_name) or {}
    cleanup = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    if stack.get("StackStatus") not in ("UPDATE_IN_PROGRESS", cleanup):
        original(resource_type, physical_id, props, stack_name, logical_id)
        return
    stack_id = stack["StackId"]
    if stack["StackStatus"] != cleanup:
        stack["StackStatus"] = cleanup
        stacks._add_event(
            stack_id, stack_name, stack_name, "AWS::CloudFormation::Stack", cleanup, "", stack_id
        )
    stacks._add_event(stack_id, stack_name, logical_id, resource_type, "DELETE_IN_PROGRESS", "", physical_id)
    original(resource_type, physical_id, props, stack_name, logical_id)
    stacks._add_event(stack_id, stack_name, logical_id, resource_type, "DELETE_COMPLETE", "", physical_id)


def _update_resource(
    original: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: Properties,
    new_props: Properties,
    stack_name: str,
    logical_id: str,
    *args: Any,
) -> Any:
    """An unchanged resource has no events."""
    if old_props == new_props:
        stack_id = (_stacks.get(stack_name) or {}).get("StackId", "")
        events = _stack_events.get(stack_id) or [{}]
        if events[-1].get("LogicalResourceId") == logical_id:
            events.pop()
            _unwanted.add((stack_id, logical_id, "UPDATE_COMPLETE"))
    return original(resource_type, physical_id, old_props, new_props, stack_name, logical_id, *args)


def _evaluate_conditions(original: Callable[..., Any], template: Properties, params: Properties) -> Any:
    """Without the Region, the CDK's condition of ``AWS::CDK::Metadata`` is false everywhere."""
    known = {"AWS::AccountId": get_account_id(), "AWS::Region": get_region()}
    return original(template, {**params, **{name: {"Value": value} for name, value in known.items()}})


def _add_event(
    original: Callable[..., Any],
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    *args: Any,
    **options: Any,
) -> None:
    if (stack_id, logical_id, status) in _unwanted:
        _unwanted.discard((stack_id, logical_id, status))
        return
    original(stack_id, stack_name, logical_id, resource_type, status, *args, **options)
    _stack_events[stack_id][-1]["Timestamp"] = _next_timestamp()


def _next_timestamp() -> str:
    """Now, and later than any event before: the CDK CLI sorts events by their time."""
    global _last_event
    _last_event = max(time.time(), _last_event + 0.001)
    return f"{datetime.fromtimestamp(_last_event, tz=timezone.utc):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
