"""What each operation of Amplify's API does, and the ARN on which IAM allows it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from amplify_local.hosting import Branch
from amplify_local.job import DEPLOYMENT, Job, timestamp
from amplify_local.rest import ApiError

if TYPE_CHECKING:
    from amplify_local.amplify import Amplify

Params = dict[str, Any]
_HEXADECIMAL = set("0123456789abcdef")


def start_job(amplify: Amplify, params: Params) -> Params:
    branch = amplify.branch(params["appId"], params["branchName"])
    job_type = params["jobType"]
    if job_type == DEPLOYMENT:
        # Quoted in aws/aws-sdk issue 121.
        raise ApiError("BadRequestException", "The requested jobType MANUAL does not support.")
    if job_type == "RETRY" and "jobId" not in params:
        raise ApiError("BadRequestException", "The jobId is required for the jobType RETRY.")  # from memory
    retried = amplify.job(branch.app.id, branch.name, params["jobId"]) if job_type == "RETRY" else None
    if any(job.in_progress(amplify.clock()) for job in branch.jobs):
        busy = f"The requested branch {branch.name} already have pending or running jobs"
        raise ApiError("LimitExceededException", busy)
    commit = _commit_again(amplify, retried, params) if retried else _commit_of(amplify, branch, params)
    job = amplify.add_job(branch, job_type, asked=amplify.clock(), reason=params.get("jobReason"), **commit)
    is_full = bool(job.builds and re.fullmatch("[0-9a-f]{40}", job.builds))
    is_pushed = (is_full and amplify.behaviour.any_commit) or branch.known_commit(job.builds or "")
    if job.builds and not job.plan.builds and not is_pushed:
        not_pushed = (f"fatal: reference is not a tree: {job.builds}",)  # as git says it
        job.plan = replace(job.plan, outcome="FAILED", step="BUILD", log=not_pushed)
    return {"jobSummary": _summary(amplify, job)}


def create_deployment(amplify: Amplify, params: Params) -> Params:
    branch = _branch_for_files(amplify, params)
    unfinished = next((job for job in branch.jobs if job.in_progress(amplify.clock())), None)
    if unfinished:
        raise ApiError("BadRequestException", _unfinished(unfinished))
    if "fileMap" in params:
        raise ApiError("BadRequestException", "fileMap is not emulated")
    job = amplify.add_job(branch, DEPLOYMENT, before=amplify.behaviour.created_status)
    url = amplify.logs_at + branch.upload_path(job)
    return {"jobId": job.id, "fileUploadUrls": {}, "zipUploadUrl": url}


def start_deployment(amplify: Amplify, params: Params) -> Params:
    branch = _branch_for_files(amplify, params)
    if "jobId" not in params and "sourceUrl" not in params:
        message = "Must specify jobId or sourceUrl for StartDeploymentRequest."
        raise ApiError("BadRequestException", message)
    job_id = params.get("jobId") or create_deployment(amplify, params)["jobId"]
    job = amplify.job(branch.app.id, branch.name, job_id)
    if job.asked < math.inf or not job.in_progress(amplify.clock()):
        # Text from memory; only the code is relied upon.
        raise ApiError("BadRequestException", f"The job {job.id} was started already.")
    job.asked, job.source_url = amplify.clock(), params.get("sourceUrl")
    if job.files is None and job.source_url is None:
        job.plan = replace(job.plan, outcome="FAILED", step="DEPLOY", log=("No files were uploaded",))
    return {"jobSummary": _summary(amplify, job)}


def get_job(amplify: Amplify, params: Params) -> Params:
    job = _job(amplify, params)
    steps = [_without_omitted(amplify, step) for step in job.steps(amplify.clock())]
    for step in steps:
        if "logUrl" in step:
            step["logUrl"] = amplify.logs_at + step["logUrl"]
    return {"job": {"summary": _summary(amplify, job), "steps": steps}}


def list_jobs(amplify: Amplify, params: Params) -> Params:
    listed_until = amplify.clock() - amplify.behaviour.list_lag_seconds
    jobs = amplify.branch(params["appId"], params["branchName"]).jobs
    newest_first = [job for job in reversed(jobs) if job.created <= listed_until]
    start = _position_after(params["nextToken"], newest_first) if "nextToken" in params else 0
    end = start + (params.get("maxResults") or amplify.behaviour.page_size)
    page: Params = {"jobSummaries": [_summary(amplify, job) for job in newest_first[start:end]]}
    if end < len(newest_first):
        page["nextToken"] = base64.b64encode(newest_first[end - 1].id.encode()).decode()
    return page


def stop_job(amplify: Amplify, params: Params) -> Params:
    job = _job(amplify, params)
    if not job.in_progress(amplify.clock()):
        # Text from memory; only the code is relied upon.
        raise ApiError("BadRequestException", f"Job {job.id} is not running and cannot be stopped.")
    if job.stopped is None:
        job.stopped = amplify.clock()
    return {"jobSummary": _summary(amplify, job)}


def delete_job(amplify: Amplify, params: Params) -> Params:
    job = _job(amplify, params)
    if job.in_progress(amplify.clock()):
        raise ApiError("BadRequestException", f"Job {job.id} is in progress and cannot be deleted.")
    job.branch.jobs.remove(job)
    return {"jobSummary": _summary(amplify, job)}


def get_app(amplify: Amplify, params: Params) -> Params:
    return {"app": amplify.app(params["appId"]).shown()}


def create_app(amplify: Amplify, params: Params) -> Params:
    return {"app": amplify.create_app(**{"repository": "", **params}).shown()}


def update_app(amplify: Amplify, params: Params) -> Params:
    app = amplify.app(params["appId"])
    app.settings.update({name: value for name, value in params.items() if name != "appId"})
    app.updated = timestamp(amplify.clock())
    return {"app": app.shown()}


def delete_app(amplify: Amplify, params: Params) -> Params:
    return {"app": amplify.delete_app(params["appId"]).shown()}


def get_branch(amplify: Amplify, params: Params) -> Params:
    return {"branch": amplify.branch(params["appId"], params["branchName"]).shown(amplify.clock())}


def create_branch(amplify: Amplify, params: Params) -> Params:
    app_id, name = params["appId"], params["branchName"]
    if name in amplify.app(app_id).branches:
        raise ApiError("BadRequestException", f"The branch {name} already exists")  # from memory
    settings = {key: value for key, value in params.items() if key not in ("appId", "branchName")}
    return {"branch": amplify.create_branch(app_id, name, **settings).shown(amplify.clock())}


def update_branch(amplify: Amplify, params: Params) -> Params:
    branch = amplify.branch(params["appId"], params["branchName"])
    names = ("appId", "branchName")
    branch.settings.update({name: value for name, value in params.items() if name not in names})
    branch.updated = timestamp(amplify.clock())
    return {"branch": branch.shown(amplify.clock())}


def delete_branch(amplify: Amplify, params: Params) -> Params:
    branch = amplify.branch(params["appId"], params["branchName"])
    del branch.app.branches[branch.name]
    return {"branch": branch.shown(amplify.clock())}


OPERATIONS: dict[str, Callable[[Amplify, Params], Params]] = {
    "StartJob": start_job,
    "CreateDeployment": create_deployment,
    "StartDeployment": start_deployment,
    "GetJob": get_job,
    "ListJobs": list_jobs,
    "StopJob": stop_job,
    "DeleteJob": delete_job,
    "GetApp": get_app,
    "CreateApp": create_app,
    "UpdateApp": update_app,
    "DeleteApp": delete_app,
    "GetBranch": get_branch,
    "CreateBranch": create_branch,
    "UpdateBranch": update_branch,
    "DeleteBranch": delete_branch,
}


def resource_arn(amplify: Amplify, operation: str, params: Params) -> str:
    """The ARN that IAM checks; ``jobs/*`` for all actions on jobs, as real denials name it."""
    arn = f"arn:aws:amplify:{amplify.region}:{amplify.account}:apps"
    if "appId" in params:
        arn += f"/{params['appId']}"
    if "branchName" in params and operation != "CreateBranch":
        arn += f"/branches/{params['branchName']}"
    if operation.endswith("Deployment"):
        return arn + amplify.behaviour.deployments_arn
    return arn + ("/jobs/*" if operation.endswith(("Job", "Jobs")) else "")


def _branch_for_files(amplify: Amplify, params: Params) -> Branch:
    branch = amplify.branch(params["appId"], params["branchName"])
    if branch.app.repository:
        message = "Operation not supported. App is already connected a repository"
        raise ApiError("BadRequestException", message)
    return branch


def _unfinished(job: Job) -> str:
    """https://github.com/aws-amplify/amplify-backend/issues/1528"""
    return (
        f"The last job(deployment) {job.id} was not finished, please wait until it finish or use StopJob "
        "operation to cancel it before creating a new deployment."
    )


def _job(amplify: Amplify, params: Params) -> Job:
    return amplify.job(params["appId"], params["branchName"], params["jobId"])


def _commit_of(amplify: Amplify, branch: Branch, params: Params) -> Params:
    """The commit of a new job; ``builds`` None means the branch's tip at the time the job begins."""
    behaviour, commit_id = amplify.behaviour, params.get("commitId", "")
    is_sha = len(commit_id) >= 7 and set(commit_id.lower()) <= _HEXADECIMAL
    honoured = is_sha and behaviour.commit_ids == "honoured"
    echoes = params["jobType"] in behaviour.echoes_commit_message
    return {
        "builds": (branch.known_commit(commit_id) or commit_id) if honoured else None,
        "commit_id": commit_id if honoured else None,
        "commit_message": params.get("commitMessage") if echoes else None,
        "commit_time": params.get("commitTime"),
    }


def _commit_again(amplify: Amplify, retried: Job, params: Params) -> Params:
    """The commit of a RETRY: the one that the repeated job recorded, else the branch's tip of now.

    https://github.com/aws-amplify/amplify-hosting/issues/1253
    """
    behaviour = amplify.behaviour
    message = params.get("commitMessage") if "RETRY" in behaviour.echoes_commit_message else None
    if message is None and behaviour.retry_copies_message:
        message = retried.commit_message
    return {
        "builds": retried.builds,
        "commit_id": retried.commit_id,
        "commit_message": message,
        "commit_time": params.get("commitTime", retried.commit_time),
    }


def _summary(amplify: Amplify, job: Job) -> Params:
    now = amplify.clock()
    summary: Params = {
        "jobArn": job.arn,
        "jobId": job.id,
        "startTime": timestamp(job.began) if job.began is not None and job.began <= now else None,
        "status": job.status_at(now),
        "sourceUrl": job.source_url,
    }
    if job.type != DEPLOYMENT:
        summary |= {
            "commitId": job.commit_id or "HEAD",
            "commitMessage": job.commit_message,
            "commitTime": job.commit_time or timestamp(job.created),
        }
    if now >= job.ended:
        summary["endTime"] = timestamp(job.ended)
    return _without_omitted(amplify, summary)


def _without_omitted(amplify: Amplify, members: Params) -> Params:
    omits = amplify.behaviour.omits
    return {name: value for name, value in members.items() if value is not None and name not in omits}


def _position_after(token: str, jobs: list[Job]) -> int:
    try:
        last = int(base64.b64decode(token, validate=True))
    except ValueError:
        raise ApiError("BadRequestException", "Invalid nextToken") from None
    return next((i for i, job in enumerate(jobs) if int(job.id) < last), len(jobs))
