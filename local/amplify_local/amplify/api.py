"""Amplify Hosting's own REST API on the state in memory; step logs, uploads, and requests that go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from amplify_local.amplify.backend import Backend
from amplify_local.amplify.faults import Fault, Mode, denied
from amplify_local.amplify.models import LOG_PREFIX, UPLOAD_PREFIX, Job
from amplify_local.amplify.provider import OPERATIONS, resource_arn, start_job, stop_job
from amplify_local.amplify.rest import ApiError, Request, Response, route, write_output

UPLOAD = "Upload"
"""What faults call the upload of files, which is no operation of Amplify's API."""
_UPLOAD_SECONDS = 3600


@dataclass(frozen=True)
class Call:
    """One request that fits the model. ``error``: its code, "timeout" or "reset"; None if it went well."""

    operation: str
    params: dict[str, Any]
    time: float
    status: int
    error: str | None
    access_key: str | None


@dataclass(eq=False)
class Amplify(Backend):
    """Amplify Hosting of one account behind its API: :meth:`handle`. The other methods are for tests.

    :param authorize: Gets an access key, an action and an ARN. Returns the caller's ARN if the action is not
        allowed, else None. Default: everything is allowed
    """

    authorize: Callable[[str, str, str], str | None] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []

    def handle(self, request: Request) -> Response:
        """Answer one HTTP request as Amplify does."""
        if request.path.startswith(LOG_PREFIX):
            return self._log(request)
        if request.path.startswith(UPLOAD_PREFIX):
            return self._upload(request)
        try:
            operation, params = route(request)
        except ApiError as error:
            return error.response()
        # Not under the lock: whoever is asked may ask us something meanwhile.
        denied_caller = self._denied_caller(operation.name, params, request)
        with self.lock:
            fault = next((fault for fault in self.faults if fault.strikes(operation.name)), None)
            resource = resource_arn(self, operation.name, params)
            if denied_caller:
                response = denied(operation.name, resource, denied_caller).response()
            elif fault is None:
                response = self._perform(operation, params, request)
            else:
                if fault.applied:
                    self._perform(operation, params, request)
                response = fault.response(operation.name, resource)
            self._record(operation.name, params, request, response)
            return response

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(call.operation == operation for call in self.calls)

    def start(self, app_id: str, branch_name: str, job_type: str = "RELEASE", **params: Any) -> Job:
        """Somebody else starts a job; ``params`` as in StartJob (``commitMessage=…``)."""
        with self.lock:
            request = {"appId": app_id, "branchName": branch_name, "jobType": job_type, **params}
            started = start_job(self, request)
            return self.job(app_id, branch_name, started["jobSummary"]["jobId"])

    def stop(self, app_id: str, branch_name: str, job_id: str) -> None:
        """Somebody else stops a job."""
        with self.lock:
            stop_job(self, {"appId": app_id, "branchName": branch_name, "jobId": job_id})

    # Scenarios.

    def fail(
        self, operation: str | None = None, times: int = 1, mode: Mode = "500", *more: Any, **named: Any
    ) -> Fault:
        """Make the next requests go wrong; options as in :class:`Fault`."""
        fault = Fault(mode, operation, times, *more, **named)
        self.faults.append(fault)
        return fault

    # Requests.

    def _perform(self, operation: Any, params: dict[str, Any], request: Request) -> Response:
        perform = OPERATIONS.get(operation.name)
        try:
            if perform is None:
                raise ApiError("InternalFailureException", f"{operation.name} is not emulated", 501)
            self._check_region(params, request)
            return write_output(perform(self, params))
        except ApiError as error:
            return error.response()

    def _denied_caller(self, operation: str, params: dict[str, Any], request: Request) -> str | None:
        """The ARN of a caller who may not do this."""
        if self.authorize is None or request.signature is None:
            return None
        key = request.signature["access_key"]
        return self.authorize(key, f"amplify:{operation}", resource_arn(self, operation, params))

    def _check_region(self, params: dict[str, Any], request: Request) -> None:
        app = self.apps_by_id.get(params.get("appId", ""))
        if app is not None and request.signature and app.region != request.signature["region"]:
            raise ApiError("NotFoundException", f"App {app.id} not found.")

    def _record(self, operation: str, params: dict[str, Any], request: Request, response: Response) -> None:
        error = response.broken or response.headers.get("x-amzn-ErrorType")
        key = request.signature["access_key"] if request.signature else None
        self.calls.append(Call(operation, params, self.clock(), response.status, error, key))

    def _log(self, request: Request) -> Response:
        try:
            with self.lock:
                job, (step, _) = self._of_path(request.path.removeprefix(LOG_PREFIX))
                text = job.log(step, self.clock())
            if not text:
                raise ValueError("the step has not started")
        except (ApiError, ValueError):
            missing = b"<Error><Code>NoSuchKey</Code></Error>"
            return Response(404, {"Content-Type": "application/xml"}, missing)
        return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())

    def _upload(self, request: Request) -> Response:
        """A PUT to the URL that CreateDeployment has returned."""
        with self.lock:
            fault = next((fault for fault in self.faults if fault.strikes(UPLOAD)), None)
            try:
                job, _ = self._of_path(request.path.removeprefix(UPLOAD_PREFIX).removesuffix(".zip"))
                is_late = self.clock() > job.created + _UPLOAD_SECONDS
                if request.method != "PUT" or "X-Amz-Signature" not in request.query or is_late:
                    raise ValueError("the URL is good for a PUT, and for some time")
            except (ApiError, ValueError):
                response = Response(403, {"Content-Type": "application/xml"}, b"<Code>AccessDenied</Code>")
            else:
                if fault is None or fault.applied:
                    job.files = request.body
                response = fault.response(UPLOAD, job.arn) if fault else Response(200)
        self._record(UPLOAD, {"bytes": len(request.body)}, request, response)
        return response

    def _of_path(self, path: str) -> tuple[Job, list[str]]:
        """The job of a log or an upload, and what else the path names."""
        app_id, branch_name, job_id, *rest = map(unquote, path.split("/"))
        return self.job(app_id, branch_name, job_id.lstrip("0")), rest
