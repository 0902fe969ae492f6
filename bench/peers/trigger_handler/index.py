"""Starts a job and waits for its end, in one invocation."""

from __future__ import annotations

import os
import time
from typing import Any

import boto3

amplify: Any = boto3.client("amplify")


def handler(event: dict[str, Any], context: Any) -> None:
    branch = {"appId": os.environ["APP_ID"], "branchName": os.environ["BRANCH_NAME"]}
    job = amplify.start_job(**branch, jobType="RELEASE")["jobSummary"]
    while job["status"] not in ("SUCCEED", "FAILED", "CANCELLED"):
        time.sleep(5)
        job = amplify.get_job(**branch, jobId=job["jobId"])["job"]["summary"]
    if job["status"] != "SUCCEED":
        raise RuntimeError(f"job {job['jobId']} ended as {job['status']}")
