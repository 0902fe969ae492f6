"""The control endpoint: other people's doing and failures on demand, as JSON under ``/_amplify/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from inspect import signature
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from amplify_local.amplify.api import UPLOAD, Amplify
from amplify_local.amplify.backend import REPOSITORY, Behaviour
from amplify_local.amplify.faults import Fault
from amplify_local.amplify.models import Job
from amplify_local.amplify.plan import Plan
from amplify_local.amplify.provider import OPERATIONS
from amplify_local.amplify.rest import ApiError, Request, Response
from amplify_local.amplify.timeline import DEPLOYMENT

PREFIX = "/_amplify/"


def control(amplify: Amplify, request: Request) -> Response:
    """Perform one request under :data:`PREFIX`."""
    asked = f"{request.method} {request.path.removeprefix(PREFIX)}"
    try:
        body = json.loads(request.body or b"{}")
        check(asked, body)
        done = _ACTIONS[asked].perform(amplify, **body)
        return _answer(200, _shown(amplify, done) if isinstance(done, Job) else done)
    except ApiError as error:
        return error.response()
    except ValueError as error:
        return _answer(400, {"message": str(error)})


class _Action(NamedTuple):
    """What to do. The keys of its body are its parameters, and the fields of a dataclass."""

    perform: Callable[..., Any]
    options: type | None = None


def check(asked: str, body: Any) -> None:
    """Refuse what would be ignored, or would make later requests fail.

    :param asked: Method and action, such as "POST push".
    :raises ValueError: naming what is wrong, and what there is
    """
    if asked not in _ACTIONS:
        raise ValueError(f"there is no {asked}; there is {', '.join(_ACTIONS)}")
    action = _ACTIONS[asked]
    if not isinstance(body, dict):
        raise ValueError(f"the body must be a JSON object, got {body!r}")
    named = [each for each in signature(action.perform).parameters.values() if each.annotation != "Amplify"]
    named = [each for each in named if each.kind is not each.VAR_KEYWORD and each.name != "self"]
    kinds = get_type_hints(action.options) if action.options else {}
    known = [*(each.name for each in named), *kinds]
    for what, names in (
        ("unknown", [name for name in body if name not in known]),
        ("missing", [each.name for each in named if each.default is each.empty and each.name not in body]),
    ):
        if names:
            raise ValueError(f"{what} key: {', '.join(names)}; there is {', '.join(known)}")
    for name, value in body.items():
        what, types = _KINDS.get(kinds.get(name), ("", (object,)))
        # True is an int to Python.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types and what):
            raise ValueError(f"{name} must be {what}, got {value!r}")
        if get_origin(kinds.get(name)) is Literal and value not in get_args(kinds[name]):
            raise ValueError(f"{name} must be one of {', '.join(get_args(kinds[name]))}, got {value!r}")


_KINDS: dict[Any, tuple[str, tuple[type, ...]]] = {
    bool: ("true or false", (bool,)),
    float: ("a number", (int, float)),
    int: ("a whole number", (int,)),
    str: ("a text", (str,)),
}


def _next_job(amplify: Amplify, branch: Any = None, **options: Any) -> None:
    amplify.next_job(branch=tuple(branch) if branch else None, **options)


def _plan(amplify: Amplify, **options: Any) -> None:
    amplify.plan(**options)


def _fail(amplify: Amplify, **options: Any) -> Any:
    known = (*OPERATIONS, UPLOAD)
    if options.get("operation") not in (None, *known):
        raise ValueError(f"operation must be one of {', '.join(known)}, got {options['operation']!r}")
    return asdict(amplify.fail(**options))


def _behaviour(amplify: Amplify, **options: Any) -> None:
    for name, value in options.items():
        setattr(amplify.behaviour, name, frozenset(value) if isinstance(value, list) else value)


def _create_app(amplify: Amplify, app_id: str, name: str = "site", repository: str = REPOSITORY) -> Any:
    return {"app_id": amplify.create_app(name, app_id, repository=repository).id}


def _create_branch(amplify: Amplify, app_id: str, branch_name: str) -> Any:
    return {"arn": amplify.create_branch(app_id, branch_name).arn}


def _site(amplify: Amplify, app_id: str, branch_name: str) -> Any:
    return {name: len(content) for name, content in amplify.site(app_id, branch_name).items()}


def _jobs(amplify: Amplify) -> Any:
    return [_shown(amplify, job) for job in amplify.jobs()]


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


_ACTIONS = {
    "POST push": _Action(Amplify.push),
    "POST plan": _Action(_plan, Plan),
    "POST next-job": _Action(_next_job, Plan),
    "POST fail": _Action(_fail, Fault),
    "POST behaviour": _Action(_behaviour, Behaviour),
    "POST apps": _Action(_create_app),
    "POST branches": _Action(_create_branch),
    "POST site": _Action(_site),
    "GET jobs": _Action(_jobs),
    "GET apps": _Action(_apps),
    "GET branches": _Action(_branches),
    "GET calls": _Action(_calls),
}


def _shown(amplify: Amplify, job: Job) -> dict[str, Any]:
    """A job for people: times in seconds since 1970, steps with their names and statuses."""
    now = amplify.clock()
    return {
        "app_id": job.branch.app.id,
        "branch_name": job.branch.name,
        "job_id": job.id,
        "job_type": job.type,
        "status": job.status_at(now),
        "commit": None if job.type == DEPLOYMENT else job.sha,
        "commit_message": job.commit_message,
        "environment": job.environment,
        "started": job.created,
        "ended": job.ended if now >= job.ended else None,
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
