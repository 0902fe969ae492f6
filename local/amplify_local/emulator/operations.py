"""Operations on stacks as strict as CloudFormation's, put into ministack's own.

What is stricter: a stack has one operation at a time, and no change set once its Create is rolled back; a
failed Create of a custom resource is followed by a Delete; what an update replaces or removes is deleted in
the status of a cleanup, with its events; a replacement that is rolled back is first sent an Update; an
unchanged resource has no events; conditions know the Region; a change set says "may be replaced" of nothing
that is updated in place; a ``DependsOn`` names a resource of the template.

It replaces private names, so it fits exactly one release (see ``emulator``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import (
    _stack_events,
    _stacks,
    changesets,
    engine,
    handlers,
    helpers,
    stacks,
)

Properties = dict[str, Any]
Original = Callable[..., Any]

_STACK = "AWS::CloudFormation::Stack"
_CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"

_last_event = 0.0

# Events not to be recorded once more: (stack ID, logical ID, status).
_unwanted: set[tuple[str, str, str]] = set()


def install() -> None:
    """Replace ministack's functions, each in every module that imported it; a wrapper gets the original."""
    for wrapper in (
        _add_event,
        _update_resource,
        _delete_resource,
        _deploy_stack_async,
        _roll_back_operation,
        _delete_stack_async,
        _evaluate_conditions,
        _property_recreation,
    ):
        name = wrapper.__name__
        wrapped = partial(wrapper, getattr(stacks, name))
        for module in (stacks, handlers, changesets):
            if hasattr(module, name):
                setattr(module, name, wrapped)
    engine._validate_template_statics = partial(_validate_template, engine._validate_template_statics)
    for action in ("CreateChangeSet", "ExecuteChangeSet"):
        handlers._ACTION_HANDLERS[action] = partial(_one_at_a_time, handlers._ACTION_HANDLERS[action])


def _one_at_a_time(original: Original, params: Properties) -> Any:
    """UpdateStack is refused by ministack itself; the text is that of `aws cloudformation deploy` on AWS."""
    _, changes = changesets._find_change_set(helpers._p(params, "ChangeSetName"))
    name = helpers._p(params, "StackName") or (changes or {}).get("StackName", "")
    stack = handlers._resolve_stack(name) or {}
    status = stack.get("StackStatus", "")
    is_busy = status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    if is_busy or status == "ROLLBACK_COMPLETE":
        words = f"Stack:{stack['StackId']} is in {status} state and can not be updated."
        return helpers._error("ValidationError", words)
    return original(params)


def _validate_template(original: Original, template: Properties) -> None:
    """A macro may add resources, so nothing is missing as long as the template has a ``Transform``."""
    original(template)
    resources = template.get("Resources") or {}
    named = [each.get("DependsOn", []) for each in resources.values() if isinstance(each, dict)]
    names = {name for some in named for name in ([some] if isinstance(some, str) else some)}
    if not template.get("Transform") and (missing := ", ".join(sorted(names - set(resources)))):
        words = f"Unresolved resource dependencies [{missing}] in the Resources block of the template"
        raise ValueError(f"Template format error: {words}")


def remember_failed_create(
    stack: Properties, logical_id: str, resource_type: str, physical_id: str, props: Properties
) -> None:
    """So that the resource is sent a Delete when the stack is rolled back or deleted."""
    stack.setdefault("_failed_creates", {})[logical_id] = {
        "PhysicalResourceId": physical_id,
        "ResourceType": resource_type,
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": logical_id,
        "Properties": props,
        "Attributes": {},
    }


def _adopt_failed_creates(stack: Properties) -> list[str]:
    failed: dict[str, Properties] = stack.pop("_failed_creates", {})
    stack.setdefault("_resources", {}).update(failed)
    return list(failed)


async def _deploy_stack_async(original: Original, name: str, *args: Any, **options: Any) -> None:
    # Retried after --no-rollback: the Create is sent again. What AWS then does with the first is not known.
    _stacks[name].pop("_failed_creates", None)
    await original(name, *args, **options)


async def _delete_stack_async(original: Original, name: str, *args: Any, **options: Any) -> None:
    if _stacks.get(name):
        _adopt_failed_creates(_stacks[name])
    await original(name, *args, **options)


async def _roll_back_operation(
    original: Original, name: str, stack_id: str, stack: Properties, operation: Properties, *args: Any
) -> None:
    operation["created"] += _adopt_failed_creates(stack)
    replaced = [
        logical_id
        for logical_id in operation["replaced_ids"]
        if stacks._sends_back_failed_update(stack["_resources"][logical_id]["ResourceType"])
    ]
    if replaced:
        await _send_back(stack, operation, replaced)
    await original(name, stack_id, stack, operation, *args)


async def _send_back(stack: Properties, operation: Properties, replaced: list[str]) -> None:
    """A replacement that is rolled back: an Update to the old properties, and only then the Delete.

    aws-cdk pull request 29581 describes the order. A failure is recorded as an event, and goes no further.
    """
    name, stack_id, status = stack["StackName"], stack["StackId"], "UPDATE_ROLLBACK_IN_PROGRESS"
    failed = operation.get("failed_logical_id")
    reason = f"The following resource(s) failed to update: [{failed}]. " if failed else "User Initiated"
    stack["StackStatus"] = status
    stacks._add_event(stack_id, name, name, _STACK, status, reason, stack_id)
    _unwanted.add((stack_id, name, status))
    for logical_id in replaced:
        now = stack["_resources"][logical_id]
        before = operation["previous_stack"]["_resources"][logical_id]["Properties"]
        sent = [now[key] for key in ("ResourceType", "PhysicalResourceId", "Properties")]
        try:
            await stacks._revert_update(stack_id, name, logical_id, *sent, before, now["Attributes"])
        except Exception as error:  # whatever the function answers
            stacks.logger.warning("The Update back of %s failed: %s", logical_id, error)


def _delete_resource(
    original: Original, kind: str, physical_id: str, props: Properties, name: str = "", logical_id: str = ""
) -> None:
    stack = _stacks.get(name) or {}
    if stack.get("StackStatus") not in ("UPDATE_IN_PROGRESS", _CLEANUP):
        original(kind, physical_id, props, name, logical_id)
        return
    stack_id = stack["StackId"]
    if stack["StackStatus"] != _CLEANUP:
        stack["StackStatus"] = _CLEANUP
        stacks._add_event(stack_id, name, name, _STACK, _CLEANUP, "", stack_id)
    stacks._add_event(stack_id, name, logical_id, kind, "DELETE_IN_PROGRESS", "", physical_id)
    original(kind, physical_id, props, name, logical_id)
    stacks._add_event(stack_id, name, logical_id, kind, "DELETE_COMPLETE", "", physical_id)


def _update_resource(original: Original, kind: str, physical_id: str, *args: Any) -> Any:
    old, new, name, logical_id = args[:4]
    if old == new:
        stack_id = (_stacks.get(name) or {}).get("StackId", "")
        events = _stack_events.get(stack_id) or [{}]
        if events[-1].get("LogicalResourceId") == logical_id:
            events.pop()
            _unwanted.add((stack_id, logical_id, "UPDATE_COMPLETE"))
    return original(kind, physical_id, *args)


def _evaluate_conditions(original: Original, template: Properties, params: Properties) -> Any:
    """Without the Region, the CDK's condition of ``AWS::CDK::Metadata`` is false everywhere."""
    known = {"AWS::AccountId": get_account_id(), "AWS::Region": get_region()}
    return original(template, {**params, **{name: {"Value": value} for name, value in known.items()}})


def _property_recreation(original: Original, kind: str, name: str) -> Any:
    """A new property updates a custom resource; only its function can replace it (not verified on AWS)."""
    return "Never" if kind.startswith("Custom::") else original(kind, name)


def _add_event(original: Original, stack_id: str, name: str, logical: str, *args: Any, **more: Any) -> None:
    """The time of an event is later than that of any before: the CDK CLI sorts events by their time."""
    global _last_event
    event = (stack_id, logical, args[1])
    if event in _unwanted:
        _unwanted.discard(event)
        return
    original(stack_id, name, logical, *args, **more)
    _last_event = max(time.time(), _last_event + 0.001)
    at = datetime.fromtimestamp(_last_event, tz=timezone.utc)
    _stack_events[stack_id][-1]["Timestamp"] = at.isoformat("T", "milliseconds").replace("+00:00", "Z")
