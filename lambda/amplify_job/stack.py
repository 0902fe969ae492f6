"""What CloudFormation says of the stack: whether a request is still wanted, and whether it is a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from log import log

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

    from patience import Clock

UNKNOWN = ""
_LIVE = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")


class Stack:
    def __init__(self, client: CloudFormationClient, stack_id: str, clock: Clock) -> None:
        self._client = client
        self._stack_id = stack_id
        self._clock = clock
        self._last_known = UNKNOWN

    def status(self, *, tries: int = 3) -> str:
        """The stack's status; when it cannot be read, the one that was read last, or UNKNOWN."""
        for attempt in range(tries):
            if attempt:
                self._clock.sleep(attempt)
            try:
                stacks = self._client.describe_stacks(StackName=self._stack_id)["Stacks"]
                self._last_known = stacks[0]["StackStatus"]
                return self._last_known
            except Exception as error:  # denied, throttled, unreachable, unreadable: all the same here
                log("stack status unreadable", attempt=attempt + 1, **_shown(error))
        return self._last_known

    def last_complete(self) -> float | None:
        """When the stack was last complete: what began since is of this operation. None if unreadable."""
        return self._last_event("_COMPLETE")

    def has_ended(self, requested: float) -> bool:
        """Whether the operation that sent a request then has ended; the status may be a newer one's already.

        Unreadable counts as no. The request's date has whole seconds.
        """
        return self._last_event("_COMPLETE", "_FAILED", since=requested + 1) is not None

    def _last_event(self, *endings: str, since: float = 0) -> float | None:
        """When the stack itself last took on a status that ends so."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self._stack_id)
        try:
            for event in (event for page in pages for event in page["StackEvents"]):  # newest first
                when = event["Timestamp"].timestamp()
                if when < since:
                    break
                of_stack = event.get("PhysicalResourceId") == self._stack_id
                if of_stack and event.get("ResourceStatus", "").endswith(endings):
                    return when
        except Exception as error:
            log("stack events unreadable", **_shown(error))
        return None


def is_live(status: str) -> bool:
    """Whether a Create or an Update still counts; unreadable counts as yes."""
    return status in _LIVE or status == UNKNOWN


def is_rolling_back(status: str) -> bool:
    return status.endswith("ROLLBACK_IN_PROGRESS")


def is_undoing_an_update(status: str) -> bool:
    """As above for an Update, with the clean-up that follows it, in which Deletes are sent."""
    return status.startswith("UPDATE_ROLLBACK_") and status.endswith("_IN_PROGRESS")


def _shown(error: Exception) -> dict[str, str]:
    response = getattr(error, "response", None) or {}  # None where there was no answer
    return {"error": type(error).__name__, "code": response.get("Error", {}).get("Code", "")}
