"""The control endpoint: other people's doing and failures on demand, as JSON under ``/_amplify/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from amplify_local.amplify.api import UPLOAD, Amplify
from amplify_local.amplify.backend import Behaviour
from amplify_local.amplify.faults import Fault
from amplify_local.amplify.models import Job
from amplify_local.amplify.plan import Plan
from amplify_local.amplify.provider import OPERATIONS
from amplify_local.amplify.rest import ApiError, Request, Response, read_input, service_model

PREFIX = "/_amplify/"


def control(amplify: Amplify, request: Request) -> Response:
    """Perform one request under :data:`PREFIX`."""
    action = _ACTIONS.get((request.method, request.path.removeprefix(PREFIX)))
    if action is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _ACTIONS)
        return _answer(404, {"message": f"unknown; there is {known}"})
    try:
        body = json.loads(request.body or b"{}")
        _check(body, action)
        return _answer(200, action.perform(amplify, **body))
    except ApiError as error:
        return error.response()
    except ValueError as error:
        return _answer(400, {"message": str(error)})


class _Action(NamedTuple):
    """What to do, and the keys of its body: also the fields of a dataclass, or an operation's members."""

    perform: Callable[..., Any]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    options: type | None = None
    operation: str = ""


def _check(body: Any, action: _Action) -> None:
    """Refuse what would be ignored, or would make later requests fail."""
    if not isinstance(body, dict):
        raise ValueError(f"the body must be a JSON object, got {body!r}")
    kinds = get_type_hints(action.options) if action.options else {}
    members = _members(action.operation) if action.operation else ()
    known = [*action.required, *action.optional, *kinds, *members]
    for what, names in (
        ("unknown", [name for name in body if name not in known]),
        ("missing", [name for name in action.required if name not in body]),
    ):
        if names:
            raise ValueError(f"{what} key: {', '.join(names)}; there is {', '.join(known)}")
    for name in [name for name in body if name in kinds]:
        _check_kind(name, body[name], kinds[name])


_KINDS: dict[Any, tuple[str, tuple[type, ...]]] = {
    bool: ("true or false", (bool,)),
    float: ("a number", (int, float)),
    int: ("a whole number", (int,)),
    str: ("a text", (str,)),
}


def _check_kind(name: str, value: Any, kind: Any) -> None:
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise ValueError(f"{name} must be one of {', '.join(get_args(kind))}, got {value!r}")
    what, types = _KINDS.get(kind, ("", (object,)))
    # True is an int to Python.
    if not isinstance(value, types) or (kind in (int, float) and isinstance(value, bool)):
        raise ValueError(f"{name} must be {what}, got {value!r}")


def _members(operation: str) -> list[str]:
    shape = service_model().operation_model(operation).input_shape
    named_here = ("appId", "branchName", "jobType", "name")
    return [name for name in shape.members if name not in named_here] if shape else []


def _read(operation: str, members: dict[str, Any], **named: Any) -> dict[str, Any]:
    """Members of an operation's input as Amplify reads them; it refuses values that it does not allow."""
    given = {**named, **members}
    request = Request("POST", "", body=json.dumps(given).encode())
    read = read_input(service_model().operation_model(operation), given, request)
    return {name: value for name, value in read.items() if name in members}


def _push(amplify: Amplify, app_id: str, branch_name: str, **commit: Any) -> Any:
    job = amplify.push(app_id, branch_name, **commit)
    return None if job is None else _job(amplify, job)


def _start(amplify: Amplify, app_id: str, branch_name: str, job_type: str = "RELEASE", **members: Any) -> Any:
    read = _read("StartJob", members, appId=app_id, branchName=branch_name, jobType=job_type)
    return _job(amplify, amplify.start(app_id, branch_name, job_type, **read))


def _next_job(amplify: Amplify, branch: Any = None, **options: Any) -> Any:
    amplify.next_job(branch=tuple(branch) if branch else None, **options)


def _fail(amplify: Amplify, operation: str | None = None, **options: Any) -> Any:
    known = (*OPERATIONS, UPLOAD)
    if operation is not None and operation not in known:
        raise ValueError(f"operation must be one of {', '.join(known)}, got {operation!r}")
    return asdict(amplify.fail(operation, **options))


def _behaviour(amplify: Amplify, **options: Any) -> Any:
    for name, value in options.items():
        setattr(amplify.behaviour, name, frozenset(value) if isinstance(value, list) else value)


def _create_app(amplify: Amplify, name: str = "site", app_id: str | None = None, **members: Any) -> Any:
    return {"app_id": amplify.create_app(name, app_id, **_read("CreateApp", members, name=name)).id}


def _create_branch(
    amplify: Amplify, app_id: str, branch_name: str, customDomains: Any = None, **members: Any
) -> Any:
    read = _read("CreateBranch", members, appId=app_id, branchName=branch_name)
    return {"arn": amplify.create_branch(app_id, branch_name, customDomains=customDomains or [], **read).arn}


def _site(amplify: Amplify, app_id: str, branch_name: str) -> Any:
    return {name: len(content) for name, content in amplify.site(app_id, branch_name).items()}


def _jobs(amplify: Amplify) -> Any:
    return [_job(amplify, job) for job in amplify.jobs()]


def _branches(amplify: Amplify) -> Any:
    return [
        {"app_id": app.id, "branch_name": branch.name, "tip": branch.tip}
        for app in amplify.apps()
        for branch in app.branches.values()
    ]


def _apps(amplify: Amplify) -> Any:
    return [app.id for app in amplify.apps()]


def _calls(amplify: Amplify) -> Any:
    return [asdict(call) for call in amplify.calls]


_BRANCH = ("app_id", "branch_name")
_ACTIONS: dict[tuple[str, str], _Action] = {
    ("POST", "push"): _Action(_push, _BRANCH, ("message", "commit_id")),
    ("POST", "start"): _Action(_start, _BRANCH, ("job_type",), operation="StartJob"),
    ("POST", "stop"): _Action(Amplify.stop, (*_BRANCH, "job_id")),
    ("POST", "plan"): _Action(Amplify.plan, options=Plan),
    ("POST", "next-job"): _Action(_next_job, (), ("branch",), options=Plan),
    ("POST", "fail"): _Action(_fail, options=Fault),
    ("POST", "behaviour"): _Action(_behaviour, options=Behaviour),
    ("POST", "apps"): _Action(_create_app, (), ("app_id", "name"), operation="CreateApp"),
    ("POST", "branches"): _Action(_create_branch, _BRANCH, ("customDomains",), operation="CreateBranch"),
    ("POST", "site"): _Action(_site, _BRANCH),
    ("GET", "jobs"): _Action(_jobs),
    ("GET", "apps"): _Action(_apps),
    ("GET", "branches"): _Action(_branches),
    ("GET", "calls"): _Action(_calls),
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
