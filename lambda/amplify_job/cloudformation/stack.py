"""The stack's events: which operation a request belongs to, and what has begun in it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

_LISTED_SECONDS = 60
"""An event is listed after this time at the latest (not verified on AWS). What a look has shown of the time
before that is not read again: a large stack has thousands of events."""
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")


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
    custom_resource: str
    """The logical ID of a custom resource; empty for anything else."""


class Look(NamedTuple):
    """What the stack's events show of a request at one moment."""

    at: float
    kind: Kind
    phase: str
    """The stack's own status when the request was sent; empty if no event shows it."""
    began: float
    """When that phase began."""
    last_complete: float = 0
    """When the stack was last complete; only for a request that undoes an update."""
    siblings: tuple[str, ...] = ()
    """The logical IDs of the custom resources that have had events since then."""

    @property
    def undoes_an_update(self) -> bool:
        """Whether an update is rolled back, or cleaned up after a rollback: then Deletes are sent."""
        return self.phase.startswith("UPDATE_ROLLBACK_")


def kind_unseen(request_type: str) -> Kind:
    """What a request counts as while nothing is known of its stack."""
    return Kind.DELETE if request_type == "Delete" else Kind.FORWARD


def look_at(
    request_type: str, requested: float, events: Iterable[StackEvent], before: Look | None, now: float
) -> Look:
    """Decide by dates: the stack's present status may be that of a later operation.

    :param requested: When the request was sent, in whole seconds.
    :param events: Newest first. Only as many are read as are needed.
    :param before: An earlier look at the same request: what it showed of the past is not read again.
    """
    events, statuses = iter(events), set()
    siblings, oldest, phase = set(), requested, StackEvent(0, "", "")
    for event in events:
        siblings.add(event.custom_resource)
        oldest = event.when
        if event.status and event.when < requested + 1:
            phase = event
            break
        if before and before.phase and event.when < requested - _LISTED_SECONDS:
            phase = StackEvent(before.began, before.phase, "")
            break
        statuses.add(event.status)
    look = Look(
        now, _kind(request_type, phase.status, statuses - {"", phase.status}), phase.status, phase.when
    )
    if not (look.kind is Kind.ROLLBACK or look.undoes_an_update):
        return look
    if before and before.last_complete and before.phase == look.phase:
        return look._replace(last_complete=before.last_complete, siblings=before.siblings)
    for event in events:
        oldest = event.when
        if event.status.endswith("_COMPLETE"):
            break
        siblings.add(event.custom_resource)
    return look._replace(last_complete=oldest, siblings=tuple(sorted(siblings - {""})))


def _kind(request_type: str, phase: str, later: set[str]) -> Kind:
    """:param later: The other statuses of the stack in later seconds than the request's."""
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
            is_custom = event.get("ResourceType", "").startswith(_CUSTOM)
            yield StackEvent(
                event["Timestamp"].timestamp(),
                event.get("ResourceStatus", "") if of_stack else "",
                event.get("LogicalResourceId", "") if is_custom else "",
            )
