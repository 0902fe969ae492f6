"""What a decision is made from, without a world: a request, the branch's jobs, and how far the request is."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.mark import Mark
from amplify_job.cloudformation.request import Request, Task

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1"


def task(request_type: str = "Create", *, old: dict[str, Any] | None = None, **properties: Any) -> Task:
    """What CloudFormation asks for.

    :param old: The properties before an Update; by default, the same ones.
    """
    here = {"ServiceToken": "arn", "AppId": "d1a2b3c4", "BranchName": "main", "Region": "eu-west-1"}
    event = {
        "RequestType": request_type,
        "RequestId": "1",
        "ResponseURL": "https://responses.example/1",
        "StackId": STACK_ID,
        "LogicalResourceId": "Site",
        "PhysicalResourceId": "amplify-job-1",
        "ResourceProperties": {**here, **properties},
    }
    if request_type == "Update":
        event["OldResourceProperties"] = {**here, **(properties if old is None else old)}
    return Task.read(Request.read(event))


def job(
    number: int, status: str = "SUCCEED", *, began: float | None = 0, mark: Mark | None = None, **more: Any
) -> Job:
    """A job of a branch's list.

    :param began: None if it has not begun.
    :param mark: None for somebody else's.
    :param more: Other fields of it, under Amplify's names.
    """
    summary = {"jobId": str(number), "status": status, **more}
    if mark:
        summary["commitMessage"] = mark.sign("x")
    if began is not None:
        summary["startTime"] = datetime.fromtimestamp(began, timezone.utc)
    return Job.read(summary)
