"""What each operation of Amplify's API does, and the ARN on which IAM allows it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from botocore import xform_name

from amplify_local.amplify.backend import Backend
from amplify_local.amplify.models import UPLOAD_PREFIX, Branch, Domain, Job, timestamp
from amplify_local.amplify.rest import ApiError, service_model
from amplify_local.amplify.timeline import DEPLOYMENT

Params = dict[str, Any]
_NAMES = ("appId", "branchName", "domainName")
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
    if "jobId" not in params:
        refusal = "Must specify jobId or sourceUrl for StartDeploymentRequest."
        not_here = "sourceUrl is not emulated"
        raise ApiError("BadRequestException", not_here if "sourceUrl" in params else refusal)
    job = backend.job(branch.app.id, branch.name, params["jobId"])
    if job.asked < math.inf or not job.in_progress(backend.clock()):
        # Text from memory; only the code is relied upon.
        raise ApiError("BadRequestException", f"The job {job.id} was started already.")
    job.asked = backend.clock()
    if job.files is None:
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


def create_app(backend: Backend, params: Params) -> Params:
    app = backend.create_app(**{"repository": "", **params})
    return _get("App", backend, {"appId": app.id})


def create_branch(backend: Backend, params: Params) -> Params:
    if params["branchName"] in backend.app(params["appId"]).branches:
        # https://github.com/aws-amplify/amplify-hosting/issues/2604
        refusal = f"The branch {params['branchName']} already exists for the app {params['appId']}"
        raise ApiError("BadRequestException", refusal)
    backend.create_branch(params["appId"], params["branchName"], **_settings(params))
    return _get("Branch", backend, params)


def create_domain_association(backend: Backend, params: Params) -> Params:
    app, name = backend.app(params["appId"]), params["domainName"]
    if name in app.domains:
        raise ApiError("BadRequestException", f"The domain {name} already exists")  # from memory
    for setting in params["subDomainSettings"]:
        backend.branch(app.id, setting["branchName"])
    app.domains[name] = Domain(app, name, _settings(params))
    return _get("DomainAssociation", backend, params)


def _get(noun: str, backend: Backend, params: Params) -> Params:
    kept, name = _kept(noun, backend, params)
    if name not in kept:
        raise ApiError("NotFoundException", f"{noun.removesuffix('Association')} {name} not found.")
    return {noun[0].lower() + noun[1:]: kept[name].shown(backend.clock())}


def _list(noun: str, backend: Backend, params: Params) -> Params:
    """By name, as nobody has published the order. A token is the last name of the page before."""
    here = {app.id: app for app in backend.apps() if app.region == backend.region}
    kept: dict[str, Any] = here if noun == "App" else backend.app(params["appId"]).branches
    names = sorted(name for name in kept if name > params.get("nextToken", ""))
    shown = names[: params.get("maxResults") or _PAGE_SIZE]
    more = {"nextToken": shown[-1]} if len(shown) < len(names) else {}
    key = "apps" if noun == "App" else "branches"
    return {key: [kept[name].shown(backend.clock()) for name in shown], **more}


def _update(noun: str, backend: Backend, params: Params) -> Params:
    _get(noun, backend, params)
    kept, name = _kept(noun, backend, params)
    kept[name].settings |= {**_settings(params), "updateTime": timestamp(backend.clock())}
    return _get(noun, backend, params)


def _delete(noun: str, backend: Backend, params: Params) -> Params:
    deleted = _get(noun, backend, params)
    kept, name = _kept(noun, backend, params)
    del kept[name]
    return deleted


def _kept(noun: str, backend: Backend, params: Params) -> tuple[dict[str, Any], str]:
    """Where all of this noun are kept, and the name of the one that is meant."""
    if noun == "App":
        return backend.apps_by_id, params["appId"]
    app = backend.app(params["appId"])
    return (app.branches, params["branchName"]) if noun == "Branch" else (app.domains, params["domainName"])


def _settings(params: Params) -> Params:
    return {name: value for name, value in params.items() if name not in _NAMES}


Operation = Callable[[Backend, Params], Params]

# Each function above is the operation that has its name.
OPERATIONS: dict[str, Operation] = {
    name: globals()[xform_name(name)]
    for name in service_model().operation_names
    if xform_name(name) in globals()
} | {
    verb + noun: partial(perform, noun)
    for noun in ("App", "Branch", "DomainAssociation")
    for verb, perform in (("Get", _get), ("Update", _update), ("Delete", _delete))
}
OPERATIONS |= {"ListApps": partial(_list, "App"), "ListBranches": partial(_list, "Branch")}


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
