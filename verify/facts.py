"""What is believed of AWS and not documented there: what is expected, and who relies on it.

In an expectation, … stands for any text.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Fact(NamedTuple):
    text: str
    expected: str
    where: str
    """The file that relies on it, or says that it is from memory."""
    by_hand: str = ""
    """Why no check of it is made."""


_JOBS = "lambda/amplify_job/amplify/jobs.py"
_OPERATIONS = "local/amplify_local/amplify/provider.py"
_BACKEND = "local/amplify_local/amplify/backend.py"
_MODELS = "local/amplify_local/amplify/models.py"
_TIMELINE = "local/amplify_local/amplify/timeline.py"
_PROTOCOL = "local/amplify_local/emulator/custom_resources.py"
_URL = "local/amplify_local/emulator/response_url.py"

AMPLIFY = {
    "app-missing": Fact(
        "ListJobs on an app that is not there", "NotFoundException (404): App … not found.", _JOBS
    ),
    "branch-missing": Fact(
        "ListJobs on a branch that is not there", "NotFoundException (404): Branch … not found.", _JOBS
    ),
    "manual": Fact(
        "StartJob of the type MANUAL",
        "BadRequestException (400): The requested jobType MANUAL does not support.",
        _OPERATIONS,
    ),
    "retry-without-job": Fact(
        "StartJob of the type RETRY without a jobId",
        "BadRequestException (400): The jobId is required for the jobType RETRY.",
        _OPERATIONS,
    ),
    "branch-twice": Fact(
        "CreateBranch of a branch that is there",
        "BadRequestException (400): The branch … already exists",
        _OPERATIONS,
    ),
    "app-defaults": Fact(
        "What CreateApp fills in",
        "platform=WEB environmentVariables={} enableBranchAutoBuild=False enableBasicAuth=False",
        _MODELS,
    ),
    "branch-defaults": Fact(
        "What CreateBranch fills in",
        "stage=PRODUCTION framework=Web ttl=5 enableAutoBuild=True enableNotification=False"
        " enableBasicAuth=False enablePullRequestPreview=False environmentVariables={}",
        _MODELS,
    ),
    "basic-auth": Fact(
        "basicAuthCredentials of a protected branch, and of a protected app, read back",
        "GetBranch as sent, GetApp as sent",
        _JOBS,
    ),
    "display-name": Fact("The displayName of the branch feature/x", "feature-x", _MODELS),
    "denied-start": Fact(
        "A denied StartJob names the jobs of the branch, its slash raw",
        "AccessDeniedException (403): …amplify:StartJob on resource: …/branches/feature/x/jobs/*…",
        "constructs/cdk_amplify_job/permissions.py",
    ),
    "denied-list": Fact(
        "A denied ListJobs names the same, or the branch",
        "AccessDeniedException (403): …amplify:ListJobs on resource: …/branches/feature/x…",
        "constructs/cdk_amplify_job/permissions.py",
    ),
}

BUILDS = {
    "message-release": Fact(
        "commitMessage of a RELEASE reads back unchanged, 10,000 characters, in GetJob and ListJobs",
        "GetJob yes, ListJobs yes",
        "lambda/amplify_job/cloudformation/mark.py",
    ),
    "message-retry": Fact(
        "commitMessage of a RETRY reads back", "as sent", "lambda/amplify_job/cloudformation/mark.py"
    ),
    "message-retry-none": Fact(
        "commitMessage of a RETRY that was given none",
        "that of the job it repeats",
        _BACKEND,
    ),
    "commit-none": Fact("commitId of a RELEASE that was given none", "HEAD", _BACKEND),
    "commit-echo": Fact(
        "commitId of a RELEASE that names an older commit (--older-commit) reads back",
        "as sent",
        _BACKEND,
    ),
    "commit-built": Fact("What that RELEASE builds", "the commit that it names", _BACKEND),
    "log-commit": Fact(
        "The log of the BUILD step of that RELEASE names the commit",
        "# Switching to commit: …",
        "lambda/amplify_job/amplify/step_log.py",
    ),
    "log-head": Fact(
        "The log of the BUILD step of a RELEASE that names no commit names none",
        "no such line",
        "lambda/amplify_job/amplify/step_log.py",
    ),
    "retry-head": Fact(
        "What a RETRY builds of a job whose commitId reads HEAD, after a push",
        "the branch's tip",
        "lambda/amplify_job/decide/roll_back.py",
        by_hand="needs a push between both jobs",
    ),
    "push-pending": Fact(
        "A push while a job is PENDING",
        "replaces the commit and the message of that job",
        _BACKEND,
        by_hand="needs a push within a second of StartJob",
    ),
    "job-type": Fact("jobType in the answers of StartJob, GetJob and ListJobs", "in none", _JOBS),
    "log-host": Fact("The host of a step's log", "….amazonaws.com", "lambda/amplify_job/amplify/step_log.py"),
    "log-range": Fact(
        "A request for the last 100 bytes of a log",
        "206, 100 bytes",
        "lambda/amplify_job/amplify/step_log.py",
    ),
    "busy": Fact(
        "StartJob while a job runs",
        "LimitExceededException (429): The requested branch … already have pending or running jobs",
        _JOBS,
    ),
    "delete-running": Fact(
        "DeleteJob of a running job",
        "BadRequestException (400): Job … is in progress and cannot be deleted.",
        _OPERATIONS,
    ),
    "stop-ended": Fact(
        "StopJob of a job that has ended",
        "BadRequestException (400): Job … is not running and cannot be stopped.",
        _OPERATIONS,
    ),
    "stop-running": Fact("Statuses after StopJob of a running job", "CANCELLING CANCELLED", _TIMELINE),
    "statuses": Fact("Statuses of a job that succeeds", "known ones, then SUCCEED", _JOBS),
    "first-steps": Fact("Steps of a job before it is provisioned", "none", _MODELS),
    "start-time": Fact(
        "A PENDING job shows no startTime; then it is near the time of StartJob, and stays",
        "none while PENDING, within 10 s of StartJob, the same at the end",
        "lambda/amplify_job/decide/start.py",
    ),
    "members": Fact(
        "Members that the model requires and a job's summary lacks",
        "none but commitMessage, jobType, commitTime, startTime, endTime",
        _JOBS,
    ),
    "job-arn": Fact("jobArn pads the job's ID with zeros", "…/jobs/0000000001", _TIMELINE),
    "list-order": Fact("ListJobs gives the newest job first", "newest first", _JOBS),
    "list-pages": Fact("Pages of ListJobs, one job each", "newest first, none left out", _JOBS),
    "list-lag": Fact(
        "ListJobs right after StartJob shows the job", "yes", "lambda/amplify_job/decide/start.py"
    ),
    "call-time": Fact("How long GetJob takes", "… ms", "docs/benchmarks.md"),
    "page-size": Fact(
        "Jobs on a page of ListJobs when nothing is asked for",
        "10",
        _BACKEND,
        by_hand="needs eleven jobs",
    ),
    "concurrent": Fact(
        "Jobs that run at a time in a Region",
        "5",
        _BACKEND,
        by_hand="needs six jobs at a time; see Service Quotas",
    ),
    "no-diff": Fact(
        "Where a job that Amplify cancels as nothing has changed says so: statusReason of a step, or its log",
        "cancelled - no diff detected from previous commit",
        "lambda/amplify_job/amplify/step_log.py",
        by_hand="needs a push to a monorepo",
    ),
}

FILES = {
    "denied-create-deployment": Fact(
        "A denied CreateDeployment names the branch, or its deployments (nobody has published which)",
        "AccessDeniedException (403): …amplify:CreateDeployment on resource: …/branches/main…",
        "constructs/cdk_amplify_job/permissions.py",
    ),
    "denied-start-deployment": Fact(
        "A denied StartDeployment names the branch, or its deployments (nobody has published which)",
        "AccessDeniedException (403): …amplify:StartDeployment on resource: …/branches/main…",
        "constructs/cdk_amplify_job/permissions.py",
    ),
    "created": Fact(
        "A deployment that was created and not started",
        "PENDING, no startTime",
        "lambda/amplify_job/decide/start.py",
    ),
    "created-busy": Fact(
        "CreateDeployment while one is not finished",
        "BadRequestException (400): The last job(deployment) … was not finished, …",
        _JOBS,
    ),
    "created-stopped": Fact(
        "Statuses after StopJob of a deployment that was not started",
        "…CANCELLED",
        "lambda/amplify_job/run/perform.py",
    ),
    "upload-signed": Fact(
        "The headers that the signature of zipUploadUrl covers", "host", "lambda/amplify_job/run/perform.py"
    ),
    "upload-lifetime": Fact(
        "For how long zipUploadUrl is good (nobody has published it)",
        "… s",
        "lambda/amplify_job/run/perform.py",
    ),
    "files-steps": Fact("Steps of a job that deploys files", "DEPLOY VERIFY", _TIMELINE),
    "files-members": Fact(
        "Fields of a commit that such a job shows", "none", "lambda/amplify_job/cloudformation/attributes.py"
    ),
    "files-started-twice": Fact(
        "StartDeployment of a job that was started", "BadRequestException (400): …", _OPERATIONS
    ),
    "files-retried": Fact(
        "RETRY of such a job (nobody has published it)", "…", "lambda/amplify_job/decide/roll_back.py"
    ),
}

CLOUDFORMATION = {
    "url-date": Fact(
        "The ResponseURL says when CloudFormation sent the request",
        "X-Amz-Date, within 5 s",
        "lambda/amplify_job/cloudformation/request.py",
    ),
    "url-lifetime": Fact("For how long the ResponseURL is good", "7199 or 7200 s", _URL),
    "url-signed": Fact("The headers that the ResponseURL's signature covers", "host", _URL),
    "url-type": Fact("An answer with a content type is accepted", "200", _URL),
    "scalars": Fact(
        "Numbers and booleans of a template reach the function as strings",
        "'5' 'true'",
        "lambda/amplify_job/cloudformation/properties.py",
    ),
    "events-order": Fact(
        "DescribeStackEvents gives the newest event first",
        "newest first",
        "lambda/amplify_job/cloudformation/stack.py",
    ),
    "token-change": Fact("A changed ServiceToken", "…Modifying service token is not allowed.", _PROTOCOL),
    "failed-create": Fact(
        "A Create that answers FAILED with a physical ID",
        "Create CREATE_IN_PROGRESS, Delete(mine) ROLLBACK_IN_PROGRESS",
        "lambda/amplify_job/decide/roll_back.py",
    ),
    "replaced": Fact(
        "A replacement of a by b, rolled back",
        "Update(a) UPDATE_IN_PROGRESS, Update(b) UPDATE_ROLLBACK_IN_PROGRESS,"
        " Delete(b) UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        _PROTOCOL,
    ),
    "replaced-kept": Fact(
        "The same, where the Update back answers b",
        "Update(a) UPDATE_IN_PROGRESS, Update(b) UPDATE_ROLLBACK_IN_PROGRESS",
        _PROTOCOL,
    ),
    "replaced-no-rollback": Fact(
        "An Update that answers another physical ID, while rollback is disabled (nobody has published it)",
        "…",
        "lambda/amplify_job/cloudformation/mark.py",
    ),
    "amplify-jobs": Fact(
        "What a resource AWS::Amplify::Jobs does (nobody has published it)", "…", "docs/design.md"
    ),
    "abandoned": Fact(
        "An Update that still runs when another resource fails",
        "the Update back comes before the first has ended",
        "lambda/amplify_job/decide/roll_back.py",
    ),
    "retried": Fact(
        "A Create that is tried again after a failure without rollback",
        "the same RequestId, another ResponseURL",
        "lambda/amplify_job/cloudformation/mark.py",
    ),
    "operation-end": Fact(
        "When an operation has ended, by the stack's own events",
        "after its request, before the next",
        "lambda/amplify_job/cloudformation/stack.py",
    ),
    "redelivered": Fact(
        "An invocation that raises is repeated",
        "the same event, a minute later",
        "lambda/amplify_job/cloudformation/request.py",
    ),
    "physical-id": Fact("A physical ID of 1,024 bytes, and one of 1,025", "accepted, refused", _PROTOCOL),
    "answer-size": Fact("An answer of 4,096 bytes, and one of 4,097", "accepted, refused", _PROTOCOL),
    "no-answer": Fact(
        "No answer within the ServiceTimeout",
        "…CloudFormation did not receive a response from your Custom Resource. Please check your logs for"
        " requestId […]. If you are using the Python cfn-response module, you may need to update your Lambda"
        " function code so that CloudFormation can attach the updated version.",
        _PROTOCOL,
    ),
    "service-timeout": Fact(
        "A ServiceTimeout of 3,601",
        "…Invalid ServiceTimeout: 3601. It must be an integer from 1 to 3600.",
        _PROTOCOL,
    ),
}

RELEASES = {
    "create": Fact("A first deploy", "deployed; RELEASE SUCCEED", "README.md"),
    "diff": Fact("cdk diff after it", "no differences", "README.md"),
    "unchanged": Fact("A deploy without a change", "deployed; no job", "README.md"),
    "changed": Fact("A deploy with another trigger", "deployed; RELEASE SUCCEED", "README.md"),
    "busy-branch": Fact(
        "A deploy while somebody's job runs",
        "deployed; RELEASE SUCCEED, begun after the other's end",
        "README.md",
    ),
    "failing": Fact(
        "A deploy whose build fails",
        "rolled back; RELEASE FAILED; JOB_FAILED: … in step BUILD…",
        "README.md",
    ),
    "restored": Fact(
        "A deploy where another resource fails after the job",
        "rolled back; RELEASE SUCCEED, RELEASE …",
        "README.md",
    ),
    "latency": Fact("From the end of a job to the end of its resource", "… s", "docs/benchmarks.md"),
    "destroyed": Fact("cdk destroy", "nothing left; no job", "README.md"),
}

FACTS = {**AMPLIFY, **BUILDS, **FILES, **CLOUDFORMATION, **RELEASES}


def fits(expected: str, seen: str) -> bool:
    """Whether something seen is as expected, where … stands for any text."""
    return bool(re.fullmatch(re.escape(expected).replace("…", ".*"), seen, re.DOTALL))
