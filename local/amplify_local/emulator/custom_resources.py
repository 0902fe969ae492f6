"""Custom resources as strict as CloudFormation and Lambda are, put into ministack's own.

What is stricter: the function is invoked asynchronously, with Lambda's retries; ServiceTimeout is counted
from the invocation and limited; the first answer counts, and only one that is well-formed, short enough and
about this request; a changed ServiceToken is refused.

It replaces private names, so it fits exactly one release (see ``emulator``). The error texts are
CloudFormation's where they are known, else from memory.
"""

from __future__ import annotations

import json
import random
import string
from typing import Any

from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import _stacks, custom_resource, stacks

from amplify_local.emulator.operations import remember_failed_create
from amplify_local.emulator.response_url import ResponseUrls

Properties = dict[str, Any]

_ANSWER_BYTES = 4096
_PHYSICAL_ID_BYTES = 1024
urls = ResponseUrls()

# How often to deliver each of the next requests.
_deliveries: list[int] = []


def install() -> None:
    """Replace ministack's custom-resource protocol by this one."""
    custom_resource.invoke_custom_resource = invoke_custom_resource


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
    key = f"{stack_id}|{logical_id}|{event['RequestId']}"
    event["ResponseURL"], answer = urls.new(base, get_region(), key)
    for _ in range(_deliveries.pop(0) if _deliveries else 1):
        lambda_svc.invoke_async_with_retry(function, event)
    try:
        if not answer.wait(timeout):
            raise RuntimeError(_no_response(event["RequestId"]))
        if answer.body is None:
            raise RuntimeError(f"Resource {'creation' if request_type == 'Create' else 'update'} cancelled")
        new_id, data = _read(answer.body, event)
    except RuntimeError as error:
        if request_type == "Create":
            failed = getattr(error, "physical_id", None) or _invented_id(stack_name, logical_id)
            remember_failed_create(stack, logical_id, resource_type, failed, props)
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
