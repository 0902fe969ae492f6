"""One event of CloudFormation, as this function reads it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from amplify_job.cloudformation.mark import NO_VERSION, Mark, digest, physical_id, resource_digest
from amplify_job.cloudformation.properties import Properties
from amplify_job.outcomes import InvalidProperties

_URL_LIFETIME_SECONDS = 7_200


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

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Request:
        """:raises ValueError: it is no event of CloudFormation, so that there is nobody to answer."""
        for name in ("RequestType", "RequestId", "ResponseURL", "StackId", "LogicalResourceId"):
            if not isinstance(event, dict) or not isinstance(event.get(name), str) or not event[name]:
                raise ValueError(f"not an event for a custom resource of CloudFormation: {name} is missing")
        resource = resource_digest(event["StackId"], event["LogicalResourceId"])
        return cls(
            type=event["RequestType"],
            id=event["RequestId"],
            response_url=event["ResponseURL"],
            stack_id=event["StackId"],
            logical_id=event["LogicalResourceId"],
            physical_id=str(event.get("PhysicalResourceId") or physical_id(resource)),
            properties=event.get("ResourceProperties"),
            old_properties=event.get("OldResourceProperties"),
        )

    @property
    def resource(self) -> str:
        """The digests that mark the jobs of this resource."""
        return resource_digest(self.stack_id, self.logical_id)

    def mark(self, fingerprint: str, job_type: str) -> Mark:
        """The mark of the job that this request starts.

        CloudFormation reuses the RequestId when a failed operation is tried again, with another ResponseURL
        (https://github.com/aws/aws-cdk/issues/35957). A second delivery by Lambda repeats the whole event.
        """
        return Mark(self.resource, fingerprint, digest(self.id, self.response_url, length=12), job_type)

    @property
    def stack_name(self) -> str:
        """arn:…:stack/NAME/UUID"""
        return self.stack_id.split("/")[1] if "/" in self.stack_id else self.stack_id

    @property
    def date(self) -> float | None:
        """When it was sent, by the presigned URL: X-Amz-Date, or Expires less the URL's lifetime."""
        try:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.response_url).query).items()}
            if "X-Amz-Date" in query:
                return datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
            return float(int(query["Expires"]) - _URL_LIFETIME_SECONDS)
        except (KeyError, ValueError, OverflowError):
            return None


class Task(NamedTuple):
    """A request whose properties have been read."""

    request: Request
    properties: Properties
    before: Properties | None
    """Those before the Update; None if there are none, or no valid ones: a failed Update can leave such."""

    @classmethod
    def read(cls, request: Request) -> Task:
        """:raises InvalidProperties: the request cannot be served."""
        if request.type not in ("Create", "Update", "Delete"):
            raise InvalidProperties(f"RequestType is {request.type!r}, must be Create, Update or Delete")
        try:
            before = Properties.parse(request.old_properties)
        except InvalidProperties:
            before = None
        return cls(request, Properties.parse(request.properties), before)

    @property
    def resource(self) -> str:
        return self.request.resource

    @property
    def mark(self) -> Mark:
        """The mark of the job that is started for this version of the resource."""
        return self.request.mark(self.properties.fingerprint, self.properties.job_type)

    @property
    def parting_mark(self) -> Mark:
        """The mark of the job that a Delete starts."""
        return self.request.mark(NO_VERSION, "RETRY")

    @property
    def message(self) -> str:
        started_by = f"Started by CloudFormation stack {self.request.stack_name} ({self.request.logical_id})"
        return self.properties.commit_message or started_by

    @property
    def changes_nothing(self) -> bool:
        """Whether nothing has changed that defines the job."""
        return self.before is not None and self.before.fingerprint == self.properties.fingerprint

    @property
    def changes_settings(self) -> bool:
        """Whether what Amplify builds by has changed, now or in a failed Update that is repeated."""
        settings = self.properties.build_settings
        return bool(self.before and settings and (settings != self.before.build_settings or self.is_repeated))

    @property
    def is_repeated(self) -> bool:
        """Whether nothing has changed at all: with rollback disabled, CloudFormation
        repeats a failed Update."""
        return bool(self.request.properties == self.request.old_properties)
