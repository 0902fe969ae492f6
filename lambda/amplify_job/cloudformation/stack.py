"""The stack's events: which operation a request belongs to, and what has begun in it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient


class Kind(str, Enum):
    """What a request is, as the stack's events show it."""

    FORWARD = "forward"
    """A Create, or an Update to what the user wants."""
    ROLLBACK = "rollback"
    """An Update back to what was there before."""
    DELETE = "delete"
    GIVEN_UP = "given up"
    """CloudFormation does not wait for it any more."""


class StackEvent(NamedTuple):
    when: float
    status: str
    """The status that the stack itself took on; empty for an event of a resource."""


class Look(NamedTuple):
    """What the stack's events show of a request at one moment."""

    kind: Kind
    phase: str
    """The stack's own status when the request was sent; empty if no event shows it."""
    began: float
    """When that phase began."""
    last_complete: float = 0
    """When the stack was last complete; only for a request that undoes an update."""
    at: float = 0
    """When the look ended: a large stack takes seconds to read."""

    @property
    def undoes_an_update(self) -> bool:
        """Whether an update is rolled back, or cleaned up after a rollback: then Deletes are sent."""
        return self.phase.startswith("UPDATE_ROLLBACK_")


def kind_unseen(request_type: str) -> Kind:
    """What a request counts as while nothing is known of its stack."""
    return Kind.DELETE if request_type == "Delete" else Kind.FORWARD


def look_at(request_type: str, requested: float, events: Iterable[StackEvent]) -> Look:
    """Decide by dates: the stack's present status may be that of a later operation.

    :param requested: When the request was sent, in whole seconds.
    :param events: Newest first. Only as many are read as are needed.
    """
    events = iter(events)
    phase, later = _phase(requested, events)
    look = Look(_kind(request_type, phase.status, later), phase.status, phase.when)
    if look.kind is Kind.ROLLBACK or look.undoes_an_update:
        return look._replace(last_complete=_last_complete(phase, events))
    return look


def _phase(requested: float, events: Iterator[StackEvent]) -> tuple[StackEvent, set[str]]:
    """Read back to the stack's status when the request was sent.

    :return: That status, and the other ones of the stack in later seconds than the request's.
    """
    later: set[str] = set()
    for event in events:
        if event.status and event.when < requested + 1:
            return event, later - {"", event.status}
        later.add(event.status)
    return StackEvent(0, ""), later - {""}


def _last_complete(phase: StackEvent, events: Iterator[StackEvent]) -> float:
    """Read on to when the stack was last complete; if no event shows that any more, to the oldest one."""
    oldest = phase
    for oldest in events:
        if oldest.status.endswith("_COMPLETE"):
            break
    return oldest.when


def _kind(request_type: str, phase: str, later: set[str]) -> Kind:
    if request_type == "Delete":  # it goes on while the rollback turns into its clean-up
        later = {status for status in later if not status.endswith("_IN_PROGRESS")}
    if later:
        return Kind.GIVEN_UP
    if request_type == "Update" and phase.endswith("ROLLBACK_IN_PROGRESS"):
        return Kind.ROLLBACK
    if request_type == "Create" and phase.endswith(("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS")):
        return Kind.GIVEN_UP
    return kind_unseen(request_type)


def events_of(client: CloudFormationClient, stack_id: str) -> Iterator[StackEvent]:
    """The events of a stack, newest first, page by page. Events are kept for 90 days."""
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            of_stack = event.get("PhysicalResourceId") == stack_id
            yield StackEvent(
                event["Timestamp"].timestamp(), event.get("ResourceStatus", "") if of_stack else ""
            )
