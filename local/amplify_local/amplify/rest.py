"""Amplify's REST protocol, as botocore's service model describes it: routes, inputs, outputs, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from typing import Any, Literal
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from amplify_local.amplify.constraints import violations

Broken = Literal["timeout", "reset"]


@dataclass(frozen=True)
class Request:
    """One HTTP request; ``path`` as on the wire, where a slash in a branch name is ``%2F``."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def authorization(self) -> str:
        return {name.lower(): value for name, value in self.headers.items()}.get("authorization", "")

    @property
    def signature(self) -> re.Match[str] | None:
        """What SigV4 says about the caller: groups ``access_key``, ``region``, ``service``."""
        return _SIGNATURE.match(self.authorization)


@dataclass(frozen=True)
class Response:
    """One HTTP response; ``broken`` tells the transport to stall or reset the connection instead."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    broken: Broken | None = None


class ApiError(Exception):
    """An error that the caller receives, named as the service model names it."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
        self.status = status or _status_of(code)

    def response(self) -> Response:
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code}
        return Response(self.status, headers, json.dumps({"message": self.message}).encode())


def route(request: Request) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a request calls, and its parameters, checked against the model."""
    for name, method, pattern in _routes():
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            operation = service_model().operation_model(name)
            return operation, _read_input(operation, found.groupdict(), request)
    raise ApiError("NotFoundException", f"No route for {request.method} {request.path}")


def write_output(output: dict[str, Any]) -> Response:
    """What an operation returns, with times as seconds since 1970. No member has another name on the wire."""
    body = json.dumps(output, default=lambda time: round(time.timestamp(), 3)).encode()
    return Response(200, {"Content-Type": "application/json"}, body)


@cache
def service_model() -> ServiceModel:
    # Not by a session: that would read the profile which AWS_PROFILE names.
    return ServiceModel(Loader().load_service_model("amplify", "service-2"), "amplify")


_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<access_key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, ?SignedHeaders=[^,]+, ?Signature=[0-9a-f]{64}"
)


@cache
def _routes() -> list[tuple[str, str, re.Pattern[str]]]:
    """Name, method and path of every operation of the model."""
    routes = []
    for name in service_model().operation_names:
        http = service_model().operation_model(name).http
        path = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]*)", re.escape(http["requestUri"]))
        routes.append((name, http["method"], re.compile(path)))
    return routes


def _read_input(operation: OperationModel, uri: Mapping[str, str], request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ApiError("BadRequestException", f"Could not parse request body into json: {error}") from None
    if not isinstance(body, dict):
        raise ApiError("BadRequestException", "Could not parse request body into json: not an object")
    sources = {"uri": {name: unquote(value) for name, value in uri.items()}, "querystring": request.query}
    params = {}
    input_shape: Any = operation.input_shape
    for name, shape in input_shape.members.items():
        source = sources.get(shape.serialization.get("location", "body"), body)
        if source.get(name) is not None:
            params[name] = _read(source[name], shape)
    if problems := violations(params, input_shape):
        raise ApiError("BadRequestException", f"{len(problems)} validation error(s): {'; '.join(problems)}")
    return params


def _read(value: Any, shape: Shape) -> Any:
    """A value from the wire, as the model types it; what does not fit is left for the check to refuse."""
    try:
        if shape.type_name == "timestamp" and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), tz=timezone.utc)
        if shape.type_name == "integer" and isinstance(value, str):
            return int(value)
    except (ValueError, OverflowError, OSError, TypeError):
        pass
    return value


@cache
def _status_of(code: str) -> int:
    for shape in service_model().error_shapes:
        if shape.name == code:
            return int(shape.metadata["error"]["httpStatusCode"])
    return 400
