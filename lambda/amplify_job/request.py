"""One event of CloudFormation, as this function reads it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from identity import Mark, digest, physical_id

_CARRIED = "HandedOver"
_CARRIED_VERSION = 2
_URL_LIFETIME_SECONDS = 7_200
FRESH_SECONDS = 5
"""So long after it was sent, a request counts as wanted: the stack is not asked.

A rollback that begins so early sends a request of its own later, which stops the job.
"""
_REDELIVERY_SECONDS = 55  # Lambda's first retry of an asynchronous invocation waits a minute.


@dataclass
class Progress:
    """What one invocation hands over to the next, apart from the event."""

    requested: float
    """When CloudFormation sent the request, in seconds since the epoch."""
    sent: float
    """When this event was sent: with the request, or at the hand-over."""
    job_id: str = ""
    """The job that is being waited for."""
    started: bool = False
    """Whether this request started that job."""
    tried: bool = False
    """Whether a StartJob, or a CreateDeployment, was sent whose outcome is unknown."""
    went_forward: bool = False
    """Whether the stack was seen to be created or updated since the request was sent: it is no rollback's."""
    checked_since: float = 0
    """When the site was first looked at, after the job."""
    created: str = ""
    """The deployment that this request created and has not seen start."""

    @classmethod
    def of(cls, event: Mapping[str, Any], now: float) -> Progress:
        """What an earlier invocation handed over with the event, or the beginning."""
        carried = _carried(event)
        if carried:
            return cls(**{name: carried[name] for name in cls.__dataclass_fields__})
        requested = _requested(event["ResponseURL"]) or now
        return cls(requested, requested)

    def hand_over(self, event: Mapping[str, Any], now: float) -> dict[str, Any]:
        """The event for the next invocation."""
        return {**event, _CARRIED: {"version": _CARRIED_VERSION, **asdict(self), "sent": now}}


class Request(NamedTuple):
    type: str
    """Create, Update or Delete."""
    id: str
    response_url: str
    stack_id: str
    logical_id: str
    physical_id: str
    """As the event has it; for a Create, the one that the resource gets."""
    properties: Any
    old_properties: Any
    handed_over: bool
    """Whether an earlier invocation handed this request over."""
    unknown_hand_over: bool
    """Whether another version of the function handed it over: its progress cannot be read."""

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Request:
        """:raises ValueError: it is no event of CloudFormation, so that there is nobody to answer."""
        for name in ("RequestType", "RequestId", "ResponseURL", "StackId", "LogicalResourceId"):
            if not isinstance(event, dict) or not isinstance(event.get(name), str) or not event[name]:
                raise ValueError(f"not an event for a custom resource of CloudFormation: {name} is missing")
        handed_over = _carried(event) is not None
        return cls(
            type=event["RequestType"],
            id=event["RequestId"],
            response_url=event["ResponseURL"],
            stack_id=event["StackId"],
            logical_id=event["LogicalResourceId"],
            physical_id=str(
                event.get("PhysicalResourceId")
                or physical_id(_resource(event["StackId"], event["LogicalResourceId"]))
            ),
            properties=event.get("ResourceProperties"),
            old_properties=event.get("OldResourceProperties"),
            handed_over=handed_over,
            unknown_hand_over=event.get(_CARRIED) is not None and not handed_over,
        )

    @property
    def stack_name(self) -> str:
        """arn:…:stack/NAME/UUID"""
        return self.stack_id.split("/")[1] if "/" in self.stack_id else self.stack_id

    @property
    def resource(self) -> str:
        """The digest that marks the jobs of this resource."""
        return _resource(self.stack_id, self.logical_id)

    def mark(self, fingerprint: str, job_type: str) -> Mark:
        """The mark of the job that this request starts.

        CloudFormation reuses the RequestId when a failed operation is tried again, with another ResponseURL
        (https://github.com/aws/aws-cdk/issues/35957). A second delivery by Lambda repeats the whole event.
        """
        return Mark(self.resource, fingerprint, digest(self.id, self.response_url, length=12), job_type)

    def may_be_repeated(self, progress: Progress, now: float) -> bool:
        """Whether this may be Lambda's retry of a delivery that got as far as StartJob."""
        return self.unknown_hand_over or now - progress.sent > _REDELIVERY_SECONDS


def _resource(stack_id: str, logical_id: str) -> str:
    return digest(stack_id, logical_id, length=12)


def _carried(event: Mapping[str, Any]) -> dict[str, Any] | None:
    carried = event.get(_CARRIED)
    if isinstance(carried, dict) and carried.get("version") == _CARRIED_VERSION:
        return carried
    return None


def _requested(response_url: str) -> float | None:
    """The date in the presigned URL: X-Amz-Date, or Expires less the URL's lifetime."""
    try:
        query = {name: values[0] for name, values in parse_qs(urlsplit(response_url).query).items()}
        if "X-Amz-Date" in query:
            return datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        return float(int(query["Expires"]) - _URL_LIFETIME_SECONDS)
    except (KeyError, ValueError, OverflowError):
        return None
