"""A custom resource's function that starts an Amplify job and waits for it, in the fewest lines."""

import json
import time
import urllib.request
from typing import Any

import boto3

amplify: Any = boto3.client("amplify")


def handler(event: dict[str, Any], context: object) -> None:
    properties = event["ResourceProperties"]
    branch = {"appId": properties["AppId"], "branchName": properties["BranchName"]}
    status, reason = "SUCCESS", ""
    if event["RequestType"] != "Delete":
        job_id = amplify.start_job(**branch, jobType="RELEASE")["jobSummary"]["jobId"]
        while (job := amplify.get_job(**branch, jobId=job_id)["job"])["summary"]["status"] not in (
            "SUCCEED",
            "FAILED",
            "CANCELLED",
        ):
            time.sleep(0.2)
        print(f"job {job_id} ended: {job['summary']['status']}")
        if job["summary"]["status"] != "SUCCEED":
            status, reason = "FAILED", f"JOB_FAILED: {[step.get('statusReason') for step in job['steps']]}"
    answer = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": "site",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    body = json.dumps(answer).encode()
    put = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})
    urllib.request.urlopen(put)
