"""What the emulator's process answers beside AWS: response URLs, and what its owner asks for."""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core.iam_evaluator import resolve_caller_identity

from amplify_local.emulator import placeholders, response_url
from amplify_local.emulator.custom_resources import deliver_next_twice, urls

DELIVER_TWICE = "/_ministack/cfn-deliver-twice"
ABANDON = "/_ministack/cfn-abandon/"
CALLER = "/_ministack/caller/"
PLACEHOLDERS = "/_ministack/placeholders"


def install() -> None:
    """Answer these paths before ministack does."""
    original = app._handle_post_body_shortcuts
    app._handle_post_body_shortcuts = lambda *request: _answer(original, *request)


async def _answer(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, *args: Any
) -> Any:
    if method == "PUT" and path.startswith(response_url.PATH):
        flat = {name: value[0] if isinstance(value, list) else value for name, value in query.items()}
        status, code = urls.put(path, flat, body)
        error = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
        return status, {"Content-Type": "application/xml"}, error
    if method == "POST" and path.startswith(ABANDON):
        return _json({"abandoned": urls.abandon(path.removeprefix(ABANDON))})
    if method == "POST" and path == DELIVER_TWICE:
        deliver_next_twice()
        return _json({})
    if method == "GET" and path.startswith(CALLER):
        identity = resolve_caller_identity(path.removeprefix(CALLER))
        return _json({"arn": identity["userArn"] if identity else None})
    if method == "GET" and path == PLACEHOLDERS:
        return _json({"types": placeholders.take_new()})
    return await original(method, path, headers, body, query, *args)


def _json(answer: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()
