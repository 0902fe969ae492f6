"""Requests that go wrong on purpose: what the caller gets, and whether the request took effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from amplify_local.amplify.rest import ApiError, Response

Mode = Literal["500", "429", "rate", "denied", "refused", "missing", "malformed", "timeout", "reset"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass
class Fault:
    """Requests that go wrong.

    :param mode: ``500``, ``429`` (throttled), ``rate`` (the code of a busy branch with the words "Rate
        exceeded"), ``denied``, ``refused`` (a bad request), ``missing`` (not found), ``malformed`` (no JSON),
        ``timeout``, ``reset``.
    :param operation: The operation of the requests. Default: any
    :param times: How many requests go wrong. Default: 1
    :param applied: The request takes effect, and only its answer is lost. Default: False
    :param after: How many requests go well first. Default: 0
    """

    mode: Mode
    operation: str | None = None
    times: int = 1
    applied: bool = False
    after: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")

    def strikes(self, operation: str) -> bool:
        """Count a request; return whether this fault applies to it."""
        if self.operation not in (None, operation) or self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True

    def response(self, operation: str, resource: str) -> Response:
        if self.mode == "timeout" or self.mode == "reset":
            return Response(0, broken=self.mode)
        if self.mode == "malformed":
            return Response(200, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>")
        if self.mode == "denied":
            return denied(operation, resource).response()
        return _ERRORS[self.mode].response()


_ERRORS = {
    "500": ApiError("InternalFailureException", "Internal failure"),
    "429": ApiError("TooManyRequestsException", "Too Many Requests", 429),
    # The code of a busy branch, with other words.
    "rate": ApiError("LimitExceededException", "Rate exceeded"),
    "refused": ApiError("BadRequestException", "The request is not valid."),
    "missing": ApiError("NotFoundException", "Not found."),
}


def denied(operation: str, resource: str, caller: str | None = None) -> ApiError:
    caller = caller or f"arn:aws:sts::{resource.split(':')[4]}:assumed-role/function/function"
    return ApiError(
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: amplify:{operation} "
        f"on resource: {resource} because no identity-based policy allows the amplify:{operation} action",
        403,
    )
