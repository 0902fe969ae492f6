"""What each operation of Amplify's API does, and the ARN on which IAM allows it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore import xform_name

from amplify_local.amplify.backend import Backend
from amplify_local.amplify.models import UPLOAD_PREFIX, Branch, Domain, Job, timestamp
from amplify_local.amplify.rest import ApiError, service_model
from amplify_local.amplify.timeline import DEPLOYMENT

Params = dict[str, Any]
_HEXADECIMAL = set("0123456789abcdef")
_PAGE_SIZE = 10


def start_job(backend: Backend, params: Params) -> Params:
    branch = backend.branch(params["appId"], params["branchName"])
    job_type = params["jobType"]
    if job_type == DEPLOYMENT:
        # Quoted in aws/aws-sdk issue 121.
        raise ApiError("BadRequestException", "The requested jobType MANUAL does not support.")
    if job_type == "RETRY" and "jobId" not in params:
        raise ApiError("BadRequestException", "The jobId is required for the jobType RETRY.")  # from memory
    retried = backend.job(branch.app.id, branch.name, params["jobId"]) if job_type == "RETRY" else None
    if any(job.in_progress(backend.clock()) for job in branch.jobs):
        busy = f"The requested branch {branch.name} already have pending or running jobs"
        raise ApiError("LimitExceededException", busy)
    commit = _commit_again(retried, params) if retried else _commit_of(backend, branch, params)
    job = backend.add_job(branch, job_type, asked=backend.clock(), **commit)
    is_full = bool(job.builds and re.fullmatch("[0-9a-f]{40}", job.builds))
    is_pushed = (is_full and backend.behaviour.any_commit) or branch.known_commit(job.builds or "")
    if job.builds and not job.plan.builds and not is_pushed:
        not_pushed = (f"fatal: reference is not a tree: {job.builds}",)  # as git says it
        job.plan = replace(job.plan, outcome="FAILED", step="BUILD", log=not_pushed)
    return {"jobSummary": _summary(backend, job)}


def create_deployment(backend: Backend, params: Params) -> Params:
    branch = _branch_for_files(backend, params)
    unfinished = next((job for job in branch.jobs if job.in_progress(backend.clock())), None)
    if unfinished:
        # https://github.com/aws-amplify/amplify-backend/issues/1528
        refusal = (
            f"The last job(deployment) {unfinished.id} was not finished, please wait until it finish or use "
            "StopJob operation to cancel it before creating a new deployment."
        )
        raise ApiError("BadRequestException", refusal)
    if "fileMap" in params:
        raise ApiError("BadRequestException", "fileMap is not emulated")
    job = backend.add_job(branch, DEPLOYMENT, before=backend.behaviour.created_status)
    url = backend.logs_at + branch.signed(UPLOAD_PREFIX, job, ".zip")
    return {"jobId": job.id, "fileUploadUrls": {}, "zipUploadUrl": url}


def start_deployment(backend: Backend, params: Params) -> Params:
    branch = _branch_for_files(backend, params)
    if "jobId" not in params and "sourceUrl" not in params:
        message = "Must specify jobId or sourceUrl for StartDeploymentRequest."
        raise ApiError("BadRequestException", message)
    job_id = params.get("jobId") or create_deployment(backend, params)["jobId"]
    job = backend.job(branch.app.id, branch.name, job_id)
    if job.asked < math.inf or not job.in_progress(backend.clock()):
        # Text from memory; only the code is relied upon.
        raise ApiError("BadRequestException", f"The job {job.id} was started already.")
    job.asked, job.source_url = backend.clock(), params.get("sourceUrl")
    if job.files is None and job.source_url is None:
        job.plan = replace(job.plan, outcome="FAILED", step="DEPLOY", log=("No files were uploaded",))
    return {"jobSummary": _summary(backend, job)}


def get_job(backend: Backend, params: Params) -> Params:
    job = _job(backend, params)
    steps = [_without_omitted(backend, step) for step in job.steps(backend.clock())]
    for step in steps:
        if "logUrl" in step:
            step["logUrl"] = backend.logs_at + step["logUrl"]
    return {"job": {"summary": _summary(backend, job), "steps": steps}}


def list_jobs(backend: Backend, params: Params) -> Params:
    listed_until = backend.clock() - backend.behaviour.list_lag_seconds
    jobs = backend.branch(params["appId"], params["branchName"]).jobs
    newest_first = [job for job in reversed(jobs) if job.created <= listed_until]
    start = _position_after(params["nextToken"], newest_first) if "nextToken" in params else 0
    end = start + (params.get("maxResults") or _PAGE_SIZE)
    page: Params = {"jobSummaries": [_summary(backend, job) for job in newest_first[start:end]]}
    if end < len(newest_first):
        page["nextToken"] = base64.b64encode(newest_first[end - 1].id.encode()).decode()
    return page


def stop_job(backend: Backend, params: Params) -> Params:
    job = _job(backend, params)
    if not job.in_progress(backend.clock()):
        # Text from memory; only the code is relied upon.
        raise ApiError("BadRequestException", f"Job {job.id} is not running and cannot be stopped.")
    job.stopped = min(job.stopped, backend.clock())
    return {"jobSummary": _summary(backend, job)}


def delete_job(backend: Backend, params: Params) -> Params:
    job = _job(backend, params)
    if job.in_progress(backend.clock()):
        raise ApiError("BadRequestException", f"Job {job.id} is in progress and cannot be deleted.")
    job.branch.jobs.remove(job)
    return {"jobSummary": _summary(backend, job)}


def get_app(backend: Backend, params: Params) -> Params:
    return {"app": backend.app(params["appId"]).shown()}


def create_app(backend: Backend, params: Params) -> Params:
    return {"app": backend.create_app(**{"repository": "", **params}).shown()}


def update_app(backend: Backend, params: Params) -> Params:
    app = backend.app(params["appId"])
    app.settings.update({name: value for name, value in params.items() if name != "appId"})
    app.updated = timestamp(backend.clock())
    return {"app": app.shown()}


def delete_app(backend: Backend, params: Params) -> Params:
    return {"app": backend.delete_app(params["appId"]).shown()}


def get_branch(backend: Backend, params: Params) -> Params:
    return {"branch": backend.branch(params["appId"], params["branchName"]).shown(backend.clock())}


def create_branch(backend: Backend, params: Params) -> Params:
    app_id, name = params["appId"], params["branchName"]
    if name in backend.app(app_id).branches:
        raise ApiError("BadRequestException", f"The branch {name} already exists")  # from memory
    settings = {key: value for key, value in params.items() if key not in ("appId", "branchName")}
    return {"branch": backend.create_branch(app_id, name, **settings).shown(backend.clock())}


def update_branch(backend: Backend, params: Params) -> Params:
    branch = backend.branch(params["appId"], params["branchName"])
    names = ("appId", "branchName")
    branch.settings.update({name: value for name, value in params.items() if name not in names})
    branch.updated = timestamp(backend.clock())
    return {"branch": branch.shown(backend.clock())}


def delete_branch(backend: Backend, params: Params) -> Params:
    branch = backend.branch(params["appId"], params["branchName"])
    del branch.app.branches[branch.name]
    return {"branch": branch.shown(backend.clock())}


def get_domain_association(backend: Backend, params: Params) -> Params:
    return {"domainAssociation": _domain(backend, params).shown()}


def create_domain_association(backend: Backend, params: Params) -> Params:
    app, name = backend.app(params["appId"]), params["domainName"]
    if name in app.domains:
        raise ApiError("BadRequestException", f"The domain {name} already exists")  # from memory
    answer = _configured(backend, domain := Domain(app, name, {}), params)
    app.domains[name] = domain
    return answer


def update_domain_association(backend: Backend, params: Params) -> Params:
    return _configured(backend, _domain(backend, params), params)


def delete_domain_association(backend: Backend, params: Params) -> Params:
    domain = _domain(backend, params)
    del domain.app.domains[domain.name]
    return {"domainAssociation": domain.shown()}


# Each function is the operation that has its name.
OPERATIONS: dict[str, Callable[[Backend, Params], Params]] = {
    name: globals()[xform_name(name)]
    for name in service_model().operation_names
    if xform_name(name) in globals()
}


def resource_arn(backend: Backend, operation: str, params: Params) -> str:
    """The ARN that IAM checks; ``jobs/*`` for all actions on jobs, as real denials name it."""
    arn = f"arn:aws:amplify:{backend.region}:{backend.account}:apps"
    if "appId" in params:
        arn += f"/{params['appId']}"
    if "branchName" in params and operation != "CreateBranch":
        arn += f"/branches/{params['branchName']}"
    if "domainName" in params and operation != "CreateDomainAssociation":
        arn += f"/domains/{params['domainName']}"
    if operation.endswith("Deployment"):
        # Nobody has published whether it is this or the branch's own.
        return arn + "/deployments/*"
    return arn + ("/jobs/*" if operation.endswith(("Job", "Jobs")) else "")


def _configured(backend: Backend, domain: Domain, params: Params) -> Params:
    for setting in params.get("subDomainSettings", ()):
        backend.branch(domain.app.id, setting["branchName"])
    domain.settings |= {name: value for name, value in params.items() if name not in ("appId", "domainName")}
    return {"domainAssociation": domain.shown()}


def _domain(backend: Backend, params: Params) -> Domain:
    try:
        return backend.app(params["appId"]).domains[params["domainName"]]
    except KeyError:
        raise ApiError("NotFoundException", f"Domain {params['domainName']} not found.") from None


def _branch_for_files(backend: Backend, params: Params) -> Branch:
    branch = backend.branch(params["appId"], params["branchName"])
    if branch.app.repository:
        message = "Operation not supported. App is already connected a repository"
        raise ApiError("BadRequestException", message)
    return branch


def _job(backend: Backend, params: Params) -> Job:
    return backend.job(params["appId"], params["branchName"], params["jobId"])


def _commit_of(backend: Backend, branch: Branch, params: Params) -> Params:
    """The commit of a new job; ``builds`` None means the branch's tip at the time the job begins."""
    commit_id = params.get("commitId", "")
    is_sha = len(commit_id) >= 7 and set(commit_id.lower()) <= _HEXADECIMAL
    honoured = is_sha and backend.behaviour.commit_ids == "honoured"
    return {
        "builds": (branch.known_commit(commit_id) or commit_id) if honoured else None,
        "commit_id": commit_id if honoured else None,
        "commit_message": params.get("commitMessage"),
        "commit_time": params.get("commitTime"),
    }


def _commit_again(retried: Job, params: Params) -> Params:
    """The commit of a RETRY: the one that the repeated job recorded, else the branch's tip of now.

    https://github.com/aws-amplify/amplify-hosting/issues/1253
    """
    return {
        "builds": retried.builds,
        "commit_id": retried.commit_id,
        "commit_message": params.get("commitMessage", retried.commit_message),
        "commit_time": params.get("commitTime", retried.commit_time),
    }


def _summary(backend: Backend, job: Job) -> Params:
    now = backend.clock()
    summary: Params = {
        "jobArn": job.arn,
        "jobId": job.id,
        "startTime": timestamp(job.began) if job.began <= now else None,
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
    return _without_omitted(backend, summary)


def _without_omitted(backend: Backend, members: Params) -> Params:
    omits = backend.behaviour.omits
    return {name: value for name, value in members.items() if value is not None and name not in omits}


def _position_after(token: str, jobs: list[Job]) -> int:
    try:
        last = int(base64.b64decode(token, validate=True))
    except ValueError:
        raise ApiError("BadRequestException", "Invalid nextToken") from None
    return next((i for i, job in enumerate(jobs) if int(job.id) < last), len(jobs))
