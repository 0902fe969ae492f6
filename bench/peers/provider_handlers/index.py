"""The two functions that the provider framework calls."""

from __future__ import annotations

from typing import Any

import boto3

amplify: Any = boto3.client("amplify")


def on_event(event: dict[str, Any], context: Any) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    branch = {"appId": properties["AppId"], "branchName": properties["BranchName"]}
    physical_id = "/".join(branch.values())
    if event["RequestType"] == "Delete":
        return {"PhysicalResourceId": physical_id}
    job = amplify.start_job(**branch, jobType="RELEASE")["jobSummary"]
    return {"PhysicalResourceId": physical_id, "Data": {"JobId": job["jobId"]}}


def is_complete(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    properties = event["ResourceProperties"]
    job_id = event["Data"]["JobId"]
    branch = {"appId": properties["AppId"], "branchName": properties["BranchName"]}
    status = amplify.get_job(**branch, jobId=job_id)["job"]["summary"]["status"]
    if status in ("FAILED", "CANCELLED"):
        raise RuntimeError(f"job {job_id} ended as {status}")
    return {"IsComplete": status == "SUCCEED"}
