"""The jobs of one branch, and what Amplify's answers mean.

https://docs.aws.amazon.com/amplify/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from botocore.exceptions import ClientError, ParamValidationError

from identity import Token
from outcomes import AccessDenied, AmplifyError, NotFound

if TYPE_CHECKING:
    from types_boto3_amplify import AmplifyClient

    from properties import Place

_T = TypeVar("_T")

SUCCEED, FAILED, CANCELLED, CANCELLING = "SUCCEED", "FAILED", "CANCELLED", "CANCELLING"
_ENDS = (SUCCEED, FAILED, CANCELLED)
_PAGE, _PAGES = 50, 20  # ListJobs gives at most 50 a page
_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
)
_THROTTLED = ("LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException")


class Unanswered(Exception):
    """The call may have had its effect or not: a timeout, a broken connection, a 5xx, an unreadable body."""


class Throttled(Unanswered):
    """Amplify refused the call for now; it had no effect."""


class Busy(Throttled):
    """The branch already has a pending or running job, says Amplify."""


class Step(NamedTuple):
    name: str
    status: str
    reason: str
    log_url: str

    @classmethod
    def read(cls, step: Mapping[str, Any]) -> Step:
        return cls(*(_text(step, name) for name in ("stepName", "status", "statusReason", "logUrl")))


class Job(NamedTuple):
    """A job as Amplify describes it; fields that the service model calls required can be missing."""

    id: str
    arn: str
    type: str
    status: str
    commit_id: str
    message: str
    """The commit message, with its token line if it has one."""
    commit_time: datetime | None
    started: datetime | None
    ended: datetime | None
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, summary: Mapping[str, Any], steps: Iterable[Mapping[str, Any]] = ()) -> Job:
        """:raises ValueError: the summary names no job."""
        if not re.fullmatch("[0-9]+", _text(summary, "jobId")):
            raise ValueError("a job without an ID")
        return cls(
            id=summary["jobId"],
            arn=_text(summary, "jobArn"),
            type=_text(summary, "jobType"),
            status=_text(summary, "status"),
            commit_id=_text(summary, "commitId"),
            message=_text(summary, "commitMessage"),
            commit_time=summary.get("commitTime"),
            started=summary.get("startTime"),
            ended=summary.get("endTime"),
            steps=tuple(Step.read(step) for step in steps),
        )

    @property
    def token(self) -> Token | None:
        """The token in its message, unless copied from a job of another type, as by a redeploy."""
        token = Token.parse(self.message)
        return token if token and self.type in ("", token.job_type) else None

    @property
    def in_progress(self) -> bool:
        """An unknown status word is no end."""
        return self.status not in _ENDS

    @property
    def number(self) -> tuple[int, str]:
        """Sorts by age: job IDs are numbers that grow."""
        return len(self.id), self.id

    def since(self, when: float) -> bool:
        return self.started is not None and self.started.timestamp() >= when


class Jobs:
    """The jobs of one branch. Every method is one try, and its errors say what another means.

    :raises Busy, Throttled, Unanswered: worth another try.
    :raises AccessDenied, NotFound, AmplifyError: not worth one.
    """

    def __init__(self, place: Place, connect: Callable[[], AmplifyClient]) -> None:
        self.place = place
        self._connect = connect
        self._branch = {"appId": place.app_id, "branchName": place.branch_name}

    def list(self, enough: Callable[[list[Job]], bool]) -> list[Job]:
        """The newest jobs, newest first, page by page until there are enough.

        ListJobs answers newest first (seen by its users, not verified on AWS).
        """
        jobs: list[Job] = []
        page: dict[str, str] = {}
        for _ in range(_PAGES):
            more, token = self._call("list_jobs", _read_page, **self._branch, maxResults=_PAGE, **page)
            jobs += more
            if not token or enough(jobs):
                break
            page = {"nextToken": token}
        return sorted(jobs, key=lambda job: job.number, reverse=True)

    def get(self, job_id: str) -> Job:
        return self._call("get_job", _read_job, **self._branch, jobId=job_id)

    def start(self, fields: Mapping[str, Any]) -> Job:
        return self._call(
            "start_job", lambda response: Job.read(response["jobSummary"]), **self._branch, **fields
        )

    def stop(self, job_id: str) -> None:
        self._call("stop_job", lambda response: response["jobSummary"], **self._branch, jobId=job_id)

    def site_url(self) -> str:
        name = self._call("get_branch", lambda response: response["branch"]["displayName"], **self._branch)
        domain = self._call(
            "get_app", lambda response: response["app"]["defaultDomain"], appId=self.place.app_id
        )
        return f"https://{name}.{domain}"

    @property
    def console_url(self) -> str:
        region, app, branch = self.place.region, self.place.app_id, quote(self.place.branch_name, safe="")
        return f"https://{region}.console.aws.amazon.com/amplify/apps/{app}/branches/{branch}/deployments"

    @property
    def endpoint(self) -> str:
        return self._client.meta.endpoint_url

    @property
    def title(self) -> str:
        return f"branch {self.place.branch_name} of app {self.place.app_id}"

    @cached_property
    def _client(self) -> AmplifyClient:
        return self._connect()

    def _call(self, method: str, read: Callable[[Any], _T], **parameters: Any) -> _T:
        try:
            return read(getattr(self._client, method)(**parameters))
        except ClientError as error:
            raise self._meaning(error) from error
        except ParamValidationError as error:
            raise AmplifyError(f"the call does not fit Amplify's API: {error}") from error
        except Exception as error:  # no connection, no answer in time, or no answer that can be read
            raise Unanswered(f"{method} was not answered: {type(error).__name__}") from error

    def _meaning(self, error: ClientError) -> Exception:
        code = str(error.response.get("Error", {}).get("Code", ""))
        text = str(error.response.get("Error", {}).get("Message", "")) or code
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        operation = error.operation_name
        if operation == "StartJob" and code == "LimitExceededException":
            return Busy(text)
        if code in _THROTTLED or status == 429:
            return Throttled(text)
        if operation == "AssumeRole" and status < 500:
            return AccessDenied(f"the role {self.place.assume_role_arn} could not be assumed: {text}")
        if code in _DENIED or status in (401, 403):
            return AccessDenied(f"amplify:{operation} on {self.title} was denied: {text}")
        if code == "NotFoundException" or status == 404:
            return NotFound(f"amplify:{operation} on {self.title}: {text}")
        if status >= 500:
            return Unanswered(text)
        return AmplifyError(f"amplify:{operation} on {self.title} was refused: {text}")


def _read_page(response: Any) -> tuple[list[Job], str]:
    return [Job.read(summary) for summary in response["jobSummaries"]], response.get("nextToken") or ""


def _read_job(response: Any) -> Job:
    return Job.read(response["job"]["summary"], response["job"].get("steps") or ())


def _text(described: Mapping[str, Any], name: str) -> str:
    value = described.get(name)
    return value if isinstance(value, str) else ""
