"""The stack: which of its operations a request belongs to, and what began in it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from log import log
from request import FRESH_SECONDS, Progress, Request

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

    from deadline import Clock

_T = TypeVar("_T")

PATIENT_SECONDS, BRIEF_SECONDS = 60, 4
_FORWARD = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")


class Kind(Enum):
    """What a request is, as the stack shows it now."""

    FORWARD = "a Create, or an Update to what the user wants"
    ROLLBACK = "an Update back to what was there before"
    DELETE = "a Delete"
    GIVEN_UP = "CloudFormation does not wait for it any more"


class StackEvent(NamedTuple):
    when: float
    status: str
    """The status that the stack itself took on; empty for an event of a resource."""


def kind_of(request_type: str, requested: float, status: str, events: Iterable[StackEvent]) -> Kind:
    """Decide by the stack's status and the dates of its events: a status may be that of a later operation.

    :param requested: When the request was sent, in whole seconds.
    :param status: The stack's status; empty if it could not be read.
    :param events: Newest first.
    """
    later = [event.status for event in events if event.when >= requested + 1]
    if any(status.endswith(("_COMPLETE", "_FAILED")) for status in later):
        return Kind.GIVEN_UP
    if request_type == "Delete":
        return Kind.DELETE
    if not status or status in _FORWARD:
        return Kind.FORWARD
    if request_type == "Update" and is_rolling_back(status) and not any(map(is_rolling_back, later)):
        return Kind.ROLLBACK
    return Kind.GIVEN_UP


def last_complete(events: Iterable[StackEvent]) -> float | None:
    """When the stack was last complete: what began since is being undone. None if there is no event.

    Events are kept for 90 days. Where none says so any more, the oldest one counts.
    """
    when = None
    for event in events:
        if event.status:
            when = event.when
        if event.status.endswith("_COMPLETE"):
            break
    return when


def is_rolling_back(status: str) -> bool:
    return status.endswith("ROLLBACK_IN_PROGRESS")


class Stack:
    """The stack of a request."""

    def __init__(
        self, client: CloudFormationClient, request: Request, progress: Progress, clock: Clock
    ) -> None:
        self._client = client
        self._request = request
        self._progress = progress
        self._requested = progress.requested
        self._clock = clock
        self._kind = Kind.DELETE if request.type == "Delete" else Kind.FORWARD
        self._last_complete: float | None = None
        self._has_acted = False

    def kind(self, seconds: float = BRIEF_SECONDS) -> Kind:
        """Return what the request is now.

        :param seconds: How long to try to read the stack. If it cannot be read, the kind stays what it was.
        """
        now, is_delete = self._clock.time(), self._request.type == "Delete"
        status = "" if is_delete else self._read(self._status, now + seconds) or ""
        events: list[StackEvent] = []
        if is_rolling_back(status) or now - self._requested > FRESH_SECONDS:
            events = self._read(self._events_since_request, now + seconds) or []
        if status or events or is_delete:
            self._kind = kind_of(self._request.type, self._requested, status, events)
        if self._kind is Kind.ROLLBACK and self._progress.went_forward:
            # Both fell into one second, the date of the request.
            self._kind = Kind.GIVEN_UP
        self._progress.went_forward |= status in _FORWARD
        return self._kind

    def still(self, kind: Kind) -> bool:
        """Whether the request is still of that kind. To be asked before each StartJob and StopJob.

        The first question of a delivery that is fresh is answered without a look at the stack.
        """
        first, self._has_acted = not self._has_acted, True
        if first and self._clock.time() - self._requested <= FRESH_SECONDS:
            return True
        return self.kind() is kind

    def last_complete(self) -> float | None:
        """When the stack was last complete. None if that is in no event, or the events cannot be read."""
        if self._last_complete is None:
            until = self._clock.time() + PATIENT_SECONDS
            self._last_complete = self._read(lambda: last_complete(self._events()), until)
        return self._last_complete

    def operation_began(self) -> float | None:
        """When the operation of a forward request began. None if the events cannot be read."""
        return self._read(
            lambda: next((event.when for event in self._events() if event.status in _FORWARD), None),
            self._clock.time() + BRIEF_SECONDS,
        )

    def is_undoing_an_update(self) -> bool:
        """Whether an update is rolled back, or cleaned up after a rollback: then Deletes are sent."""
        status = self._read(self._status, self._clock.time() + BRIEF_SECONDS) or ""
        return status.startswith("UPDATE_ROLLBACK_") and status.endswith("_IN_PROGRESS")

    def _status(self) -> str:
        return self._client.describe_stacks(StackName=self._request.stack_id)["Stacks"][0]["StackStatus"]

    def _events_since_request(self) -> list[StackEvent]:
        events = []
        for event in self._events():
            if event.when < self._requested + 1:
                break
            events.append(event)
        return events

    def _events(self) -> Iterator[StackEvent]:
        """Newest first, page by page."""
        stack_id = self._request.stack_id
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for event in page["StackEvents"]:
                of_stack = event.get("PhysicalResourceId") == stack_id
                status = event.get("ResourceStatus", "") if of_stack else ""
                yield StackEvent(event["Timestamp"].timestamp(), status)

    def _read(self, call: Callable[[], _T], until: float) -> _T | None:
        """Try once, and again until that time. Return None if there was no answer."""
        pause = 1.0
        while True:
            try:
                return call()
            except Exception as error:  # denied, throttled, unreachable, unreadable: all the same here
                response = getattr(error, "response", None) or {}  # None where there was no answer
                code = response.get("Error", {}).get("Code", "")
                log("stack unreadable", error=type(error).__name__, code=code)
            if self._clock.time() + pause > until:
                return None
            self._clock.sleep(pause)
            pause *= 2
