"""What is relied on of AWS and not documented there: docs/aws-facts.md says by what, and who recorded it.

In an expectation, … stands for any text.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Fact(NamedTuple):
    text: str
    expected: str


AMPLIFY = {
    "app-missing": Fact("ListJobs on an app that is not there", "NotFoundException (404): App … not found."),
    "branch-missing": Fact(
        "ListJobs on a branch that is not there", "NotFoundException (404): Branch … not found."
    ),
    "basic-auth": Fact(
        "basicAuthCredentials of a protected branch, and of a protected app, read back",
        "GetBranch as sent, GetApp as sent",
    ),
    "denied-start": Fact(
        "A denied StartJob names the jobs of the branch, its slash raw",
        "AccessDeniedException (403): …amplify:StartJob on resource: …/branches/feature/x/jobs/*…",
    ),
    "denied-list": Fact(
        "A denied ListJobs names the same, or the branch",
        "AccessDeniedException (403): …amplify:ListJobs on resource: …/branches/feature/x…",
    ),
}

BUILDS = {
    "message-release": Fact(
        "commitMessage of a RELEASE reads back unchanged, 10,000 characters, in GetJob and ListJobs",
        "GetJob yes, ListJobs yes",
    ),
    "message-retry": Fact("commitMessage of a RETRY reads back", "as sent"),
    "commit-none": Fact("commitId of a RELEASE that was given none", "HEAD"),
    "commit-echo": Fact(
        "commitId of a RELEASE that names an older commit (--older-commit) reads back", "as sent"
    ),
    "commit-built": Fact("What that RELEASE builds", "the commit that it names"),
    "log-commit": Fact(
        "The log of the BUILD step of that RELEASE names the commit", "# Switching to commit: …"
    ),
    "log-head": Fact(
        "The log of the BUILD step of a RELEASE that names no commit names none", "no such line"
    ),
    "job-type": Fact("jobType in the answers of StartJob, GetJob and ListJobs", "in none"),
    "log-range": Fact("A request for the last 100 bytes of a log", "206, 100 bytes"),
    "busy": Fact(
        "StartJob while a job runs",
        "LimitExceededException (429): The requested branch … already have pending or running jobs",
    ),
    "statuses": Fact("Statuses of a job that succeeds", "known ones, then SUCCEED"),
    "start-time": Fact(
        "A PENDING job shows no startTime; then it is near the time of StartJob, and stays",
        "none while PENDING, within 10 s of StartJob, the same at the end",
    ),
    "members": Fact(
        "Members that the model requires and a job's summary lacks",
        "none but commitMessage, jobType, commitTime, startTime, endTime",
    ),
    "list-order": Fact("ListJobs gives the newest job first", "newest first"),
    "list-pages": Fact("Pages of ListJobs, one job each", "newest first, none left out"),
    "list-lag": Fact("ListJobs right after StartJob shows the job", "yes"),
    "skipped-log": Fact(
        "The log of the BUILD step of a commit that is built already, with AMPLIFY_DIFF_DEPLOY",
        "…Skipping Frontend Build & Deploy, No changes detected…",
    ),
    "skipped-end": Fact("How such a job ends (contested)", "…"),
}

FILES = {
    "denied-create-deployment": Fact(
        "A denied CreateDeployment names the branch, or its deployments (nobody has published which)",
        "AccessDeniedException (403): …amplify:CreateDeployment on resource: …/branches/main…",
    ),
    "denied-start-deployment": Fact(
        "A denied StartDeployment names the branch, or its deployments (nobody has published which)",
        "AccessDeniedException (403): …amplify:StartDeployment on resource: …/branches/main…",
    ),
    "created": Fact("A deployment that was created and not started", "PENDING, no startTime"),
    "created-busy": Fact(
        "CreateDeployment while one is not finished",
        "BadRequestException (400): The last job(deployment) … was not finished, …",
    ),
    "created-stopped": Fact("Statuses after StopJob of a deployment that was not started", "…CANCELLED"),
    "upload-signed": Fact("The headers that the signature of zipUploadUrl covers", "host"),
    "upload-lifetime": Fact("For how long zipUploadUrl is good (nobody has published it)", "… s"),
    "files-steps": Fact("Steps of a job that deploys files", "DEPLOY VERIFY"),
    "files-members": Fact("Fields of a commit that such a job shows", "none"),
    "files-started-twice": Fact("StartDeployment of a job that was started", "BadRequestException (400): …"),
}

CLOUDFORMATION = {
    "url-date": Fact("The ResponseURL says when CloudFormation sent the request", "X-Amz-Date, within 5 s"),
    "events-order": Fact("DescribeStackEvents gives the newest event first", "newest first"),
    "failed-create": Fact(
        "A Create that answers FAILED with a physical ID",
        "Create CREATE_IN_PROGRESS, Delete(mine) ROLLBACK_IN_PROGRESS",
    ),
    "abandoned": Fact(
        "An Update that still runs when another resource fails",
        "the Update back comes before the first has ended",
    ),
    "retried": Fact(
        "A Create that is tried again after a failure without rollback",
        "the same RequestId, another ResponseURL",
    ),
    "operation-end": Fact(
        "When an operation has ended, by the stack's own events", "after its request, before the next"
    ),
    "redelivered": Fact("An invocation that raises is repeated", "the same event, a minute later"),
}

RELEASES = {
    "create": Fact("A first deploy", "deployed; RELEASE SUCCEED"),
    "diff": Fact("cdk diff after it", "no differences"),
    "unchanged": Fact("A deploy without a change", "deployed; no job"),
    "changed": Fact("A deploy with another trigger", "deployed; RELEASE SUCCEED"),
    "busy-branch": Fact(
        "A deploy while somebody's job runs", "deployed; RELEASE SUCCEED, begun after the other's end"
    ),
    "failing": Fact(
        "A deploy whose build fails", "rolled back; RELEASE FAILED; JOB_FAILED: … in step BUILD…"
    ),
    "restored": Fact(
        "A deploy where another resource fails after the job", "rolled back; RELEASE SUCCEED, RELEASE …"
    ),
    "latency": Fact("From the end of a job to the end of its resource", "… s"),
    "destroyed": Fact("cdk destroy", "nothing left; no job"),
}

FACTS = {**AMPLIFY, **BUILDS, **FILES, **CLOUDFORMATION, **RELEASES}


def fits(expected: str, seen: str) -> bool:
    """Whether something seen is as expected, where … stands for any text."""
    return bool(re.fullmatch(re.escape(expected).replace("…", ".*"), seen, re.DOTALL))
