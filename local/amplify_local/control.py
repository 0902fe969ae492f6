"""The control endpoint: other people's doing and failures on demand, as JSON under ``/_amplify/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from amplify_local.amplify import Amplify
from amplify_local.job import Job
from amplify_local.rest import ApiError, Request, Response, service_model

PREFIX = "/_amplify/"


def control(amplify: Amplify, request: Request) -> Response:
    """Perform one request under :data:`PREFIX`."""
    perform = _ACTIONS.get((request.method, request.path.removeprefix(PREFIX)))
    if perform is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _ACTIONS)
        return _answer(404, {"message": f"unknown; there is {known}"})
    try:
        return _answer(200, perform(amplify, json.loads(request.body or b"{}")))
    except ApiError as error:
        return error.response()
    except (TypeError, ValueError, AttributeError) as error:
        return _answer(400, {"message": str(error)})


def _push(amplify: Amplify, body: dict[str, Any]) -> Any:
    job = amplify.push(body.pop("app_id"), body.pop("branch_name"), **body)
    return None if job is None else _job(amplify, job)


def _start(amplify: Amplify, body: dict[str, Any]) -> Any:
    return _job(amplify, amplify.start(body.pop("app_id"), body.pop("branch_name"), **body))


def _stop(amplify: Amplify, body: dict[str, Any]) -> Any:
    amplify.stop(**body)


def _plan(amplify: Amplify, body: dict[str, Any]) -> Any:
    amplify.plan(**body)


def _next_job(amplify: Amplify, body: dict[str, Any]) -> Any:
    branch = body.pop("branch", None)
    amplify.next_job(branch=tuple(branch) if branch else None, **body)


def _fail(amplify: Amplify, body: dict[str, Any]) -> Any:
    return asdict(amplify.fail(**body))


def _behaviour(amplify: Amplify, body: dict[str, Any]) -> Any:
    for name, value in body.items():
        if not hasattr(amplify.behaviour, name):
            raise ValueError(f"unknown behaviour {name!r}")
        setattr(amplify.behaviour, name, frozenset(value) if isinstance(value, list) else value)


def _create_app(amplify: Amplify, body: dict[str, Any]) -> Any:
    _check(body, "CreateApp", "app_id", "name", "region")
    return {"app_id": amplify.create_app(**body).id}


def _check(body: dict[str, Any], operation: str, *names: str) -> None:
    """Refuse a key that is neither one of ``names`` nor an option of ``operation``."""
    shape = service_model().operation_model(operation).input_shape
    options = shape.members if shape else {}
    known = [*names, *(option for option in options if option not in ("appId", "branchName", "name"))]
    if unknown := [name for name in body if name not in known]:
        raise ValueError(f"unknown key: {', '.join(unknown)}; there is {', '.join(known)}")


def _create_branch(amplify: Amplify, body: dict[str, Any]) -> Any:
    _check(body, "CreateBranch", "app_id", "branch_name", "customDomains")
    return {"arn": amplify.create_branch(**body).arn}


def _site(amplify: Amplify, body: dict[str, Any]) -> Any:
    return {name: len(content) for name, content in amplify.site(**body).items()}


def _jobs(amplify: Amplify, body: dict[str, Any]) -> Any:
    return [_job(amplify, job) for job in amplify.jobs()]


def _branches(amplify: Amplify, body: dict[str, Any]) -> Any:
    return [
        {"app_id": app.id, "branch_name": branch.name, "tip": branch.tip}
        for app in amplify.apps()
        for branch in app.branches.values()
    ]


def _apps(amplify: Amplify, body: dict[str, Any]) -> Any:
    return [app.id for app in amplify.apps()]


def _calls(amplify: Amplify, body: dict[str, Any]) -> Any:
    return [asdict(call) for call in amplify.calls]


_ACTIONS: dict[tuple[str, str], Callable[[Amplify, dict[str, Any]], Any]] = {
    ("POST", "push"): _push,
    ("POST", "start"): _start,
    ("POST", "stop"): _stop,
    ("POST", "plan"): _plan,
    ("POST", "next-job"): _next_job,
    ("POST", "fail"): _fail,
    ("POST", "behaviour"): _behaviour,
    ("POST", "apps"): _create_app,
    ("POST", "branches"): _create_branch,
    ("POST", "site"): _site,
    ("GET", "jobs"): _jobs,
    ("GET", "apps"): _apps,
    ("GET", "branches"): _branches,
    ("GET", "calls"): _calls,
}


def _job(amplify: Amplify, job: Job) -> dict[str, Any]:
    """A job for people: times in seconds since 1970, steps with their names and statuses."""
    now = amplify.clock()
    return {
        "app_id": job.branch.app.id,
        "branch_name": job.branch.name,
        "job_id": job.id,
        "job_type": job.type,
        "status": job.status_at(now),
        "commit": job.sha,
        "commit_message": job.commit_message,
        "environment": job.environment,
        "started": job.created,
        "ended": job.ended if now >= job.ended else None,
        "progress": job.progress(now),
        "steps": [
            {
                "name": step["stepName"],
                "status": step["status"],
                "started": step["startTime"].timestamp(),
                "ended": step["endTime"].timestamp() if "endTime" in step else None,
                "reason": step.get("statusReason"),
                "log_path": step.get("logUrl"),
            }
            for step in job.steps(now)
        ],
    }


def _answer(status: int, body: Any) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body, default=str).encode())
