"""The resource's attributes, for `Fn::GetAtt`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.mark import unsigned

_NAMES: list[str] = json.loads((Path(__file__).parents[1] / "attributes.json").read_text())


def attributes(
    job: Job | None, *, job_type: str, built_commit_id: str, branch_url: str, console_url: str
) -> dict[str, str]:
    """Return all attributes: if one is missing, CloudFormation fails the stack.

    :param job_type: What was asked for; Amplify may not say the type of a job.
    """
    shown = {"JobType": job_type, "BranchUrl": branch_url, "ConsoleUrl": console_url}
    if job:
        shown |= {
            "JobId": job.id,
            "JobArn": job.arn,
            "JobType": job.type or (job.mark.job_type if job.mark else "") or job_type,
            "Status": job.status,
            "CommitId": job.commit_id,
            "CommitMessage": unsigned(job.message).strip(),
            "CommitTime": _iso(job.commit_time),
            "BuiltCommitId": built_commit_id,
            "StartTime": _iso(job.started),
            "EndTime": _iso(job.ended),
        }
    return {name: shown.get(name, "") for name in _NAMES}


def _iso(when: datetime | None) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""
