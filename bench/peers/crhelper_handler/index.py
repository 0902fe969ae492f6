"""Starts a job; EventBridge then calls again every 2 minutes, crhelper's default."""

from __future__ import annotations

from typing import Any

import boto3
from crhelper import CfnResource

helper: Any = CfnResource()
amplify: Any = boto3.client("amplify")


@helper.create  # type: ignore[untyped-decorator]
@helper.update  # type: ignore[untyped-decorator]
def start(event: dict[str, Any], context: Any) -> None:
    job = amplify.start_job(**_branch(event), jobType="RELEASE")["jobSummary"]
    helper.Data["JobId"] = job["jobId"]


@helper.poll_create  # type: ignore[untyped-decorator]
@helper.poll_update  # type: ignore[untyped-decorator]
def poll(event: dict[str, Any], context: Any) -> str | None:
    job_id = event["CrHelperData"]["JobId"]
    status = amplify.get_job(**_branch(event), jobId=job_id)["job"]["summary"]["status"]
    if status in ("FAILED", "CANCELLED"):
        raise RuntimeError(f"job {job_id} ended as {status}")
    return "/".join(_branch(event).values()) if status == "SUCCEED" else None


@helper.delete  # type: ignore[untyped-decorator]
def keep(event: dict[str, Any], context: Any) -> None:
    pass


def handler(event: dict[str, Any], context: Any) -> None:
    helper(event, context)


def _branch(event: dict[str, Any]) -> dict[str, str]:
    properties = event["ResourceProperties"]
    return {"appId": properties["AppId"], "branchName": properties["BranchName"]}
