"""One event of CloudFormation, as this function reads it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from identity import FAILED, NO_JOB, PhysicalId, Token, digest

_CARRIED = "HandedOver"
_CARRIED_VERSION = 1
_URL_LIFETIME_SECONDS = 7_200
_FRESH_SECONDS = 5
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
    """Whether this very request started that job."""
    tried: bool = False
    """Whether a StartJob was sent whose outcome is unknown."""


class Request(NamedTuple):
    type: str
    """Create, Update or Delete."""
    id: str
    response_url: str
    stack_id: str
    logical_id: str
    physical_id: str
    """Empty on Create."""
    properties: Any
    old_properties: Any
    handed_over: bool
    """Whether an earlier invocation handed this request over."""
    maybe_repeated: bool
    """Whether this may be Lambda's retry of a delivery that got as far as StartJob."""
    fresh: bool
    """Whether this comes so soon that no other operation of the stack can have begun since it was sent."""
    progress: Progress
    event: Mapping[str, Any]

    @classmethod
    def read(cls, event: Mapping[str, Any], now: float) -> Request:
        """:raises ValueError: it is no event of CloudFormation, so that there is nobody to answer."""
        for name in ("RequestType", "RequestId", "ResponseURL", "StackId", "LogicalResourceId"):
            if not isinstance(event, dict) or not isinstance(event.get(name), str) or not event[name]:
                raise ValueError(f"not an event for a custom resource of CloudFormation: {name} is missing")
        carried = event.get(_CARRIED)
        if isinstance(carried, dict) and carried.get("version") == _CARRIED_VERSION:
            progress = Progress(**{name: carried[name] for name in Progress.__dataclass_fields__})
            handed_over = True
        else:
            requested = _requested(event["ResponseURL"]) or now
            progress = Progress(requested, requested)
            handed_over = False
        # A hand-over of another version is read as a redelivery: something may have been started.
        unknown = carried is not None and not handed_over
        maybe_repeated = unknown or now - progress.sent > _REDELIVERY_SECONDS
        return cls(
            type=event["RequestType"],
            id=event["RequestId"],
            response_url=event["ResponseURL"],
            stack_id=event["StackId"],
            logical_id=event["LogicalResourceId"],
            physical_id=str(event.get("PhysicalResourceId") or ""),
            properties=event.get("ResourceProperties"),
            old_properties=event.get("OldResourceProperties"),
            handed_over=handed_over,
            maybe_repeated=maybe_repeated,
            fresh=not unknown and now - progress.sent <= _FRESH_SECONDS,
            progress=progress,
            event=event,
        )

    @property
    def stack_name(self) -> str:
        """arn:…:stack/NAME/UUID"""
        return self.stack_id.split("/")[1] if "/" in self.stack_id else self.stack_id

    @property
    def physical(self) -> PhysicalId | None:
        return PhysicalId.parse(self.physical_id)

    @property
    def resource_digest(self) -> str:
        """Marks the jobs of this resource."""
        return digest(self.stack_id, self.logical_id, length=12)

    @property
    def request_digest(self) -> str:
        """Marks the jobs of this request.

        CloudFormation reuses the RequestId when a failed operation is retried, with another ResponseURL
        (https://github.com/aws/aws-cdk/issues/35957); a redelivery by Lambda repeats the event to the letter.
        """
        return digest(self.id, self.response_url, length=12)

    def token(self, fingerprint: str, job_type: str) -> Token:
        """The mark of the job that this request starts."""
        return Token(self.resource_digest, fingerprint, self.request_digest, job_type)

    def failed_create(self, job_id: str) -> PhysicalId:
        """The physical ID of a Create that failed. Its properties may be anything; the ID has 1 KB."""
        properties = self.properties if isinstance(self.properties, dict) else {}
        app_id, branch_name = (
            str(properties.get(name) or "unknown").encode("ascii", "replace").decode()[:255]
            for name in ("AppId", "BranchName")
        )
        return PhysicalId(app_id.replace("/", "-"), branch_name, job_id or NO_JOB, FAILED)

    def hand_over(self, now: float) -> dict[str, Any]:
        """The event for the next invocation."""
        return {**self.event, _CARRIED: {"version": _CARRIED_VERSION, **asdict(self.progress), "sent": now}}


def _requested(response_url: str) -> float | None:
    """The date in the presigned URL: X-Amz-Date, or Expires less the URL's lifetime."""
    try:
        query = {name: values[0] for name, values in parse_qs(urlsplit(response_url).query).items()}
        if "X-Amz-Date" in query:
            return datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        return float(int(query["Expires"]) - _URL_LIFETIME_SECONDS)
    except (KeyError, ValueError, OverflowError):
        return None
