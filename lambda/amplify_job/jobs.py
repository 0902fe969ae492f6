"""The jobs of one branch, and what Amplify's answers mean.

https://docs.aws.amazon.com/amplify/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError, ParamValidationError

from identity import Mark
from outcomes import AccessDenied, AmplifyError, Busy, NotFound, Throttled, Unanswered

if TYPE_CHECKING:
    from types_boto3_amplify import AmplifyClient

    from properties import BranchLocation

_T = TypeVar("_T")

SUCCEED, FAILED, CANCELLED, CANCELLING = "SUCCEED", "FAILED", "CANCELLED", "CANCELLING"
_ENDS = (SUCCEED, FAILED, CANCELLED)
_PAGE, _PAGES = 50, 20  # ListJobs gives at most 50 a page
_THROTTLED = ("LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException")
# "The requested branch main already have pending or running jobs"
# https://github.com/aws-amplify/amplify-hosting/issues/751
# "The last job(deployment) 17 was not finished, please wait until it finish or use StopJob operation …"
# https://github.com/aws-amplify/amplify-backend/issues/1528
_BUSY = {
    "StartJob": "pending or running",
    "CreateDeployment": "was not finished",
    "StartDeployment": "was not finished",
}


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
    """The commit message, with its mark if it has one."""
    mark: Mark | None
    """Which request started this job; None for somebody else's."""
    commit_time: datetime | None
    started: datetime | None
    """A job that is pending shows no start."""
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
            mark=Mark.parse(_text(summary, "commitMessage")),
            commit_time=summary.get("commitTime"),
            started=summary.get("startTime"),
            ended=summary.get("endTime"),
            steps=tuple(Step.read(step) for step in steps),
        )

    @property
    def in_progress(self) -> bool:
        """Whether the job has not ended. One with an unknown status counts as not ended."""
        return self.status not in _ENDS

    @property
    def step(self) -> str:
        """The step that runs; the job's status if none does."""
        return next((step.name for step in self.steps if step.status == "RUNNING"), self.status)

    @property
    def is_unstarted(self) -> bool:
        """Whether it shows no start yet: it is queued, or its deployment was only created."""
        return self.started is None and self.in_progress

    def began_since(self, when: float) -> bool:
        """Whether it began then or later, or has not begun yet."""
        if self.started is None:
            return self.is_unstarted
        return self.started.timestamp() >= when


@dataclass(frozen=True)
class Site:
    """What is known of a branch's site."""

    url: str
    platform: str
    """WEB for a static site."""
    credentials: str = field(repr=False)
    """What basic auth asks for, the base64 of `user:password`; empty if the site is not protected."""

    @classmethod
    def read(cls, branch: Mapping[str, Any], app: Mapping[str, Any]) -> Site:
        protected = next((by for by in (branch, app) if by.get("enableBasicAuth")), {})
        return cls(
            f"https://{branch['displayName']}.{app['defaultDomain']}",
            _text(app, "platform"),
            _text(protected, "basicAuthCredentials"),
        )


class Jobs:
    """The jobs of one branch. No method repeats a call: the errors say whether a repeat is of use.

    :raises Busy, Throttled, Unanswered: worth another try.
    :raises AccessDenied, NotFound, AmplifyError: not worth one.
    """

    def __init__(self, location: BranchLocation, stack_id: str, connect: Callable[[], AmplifyClient]) -> None:
        self.location = location
        self._stack_id = stack_id
        self._connect = connect
        self._site: Site | None = None
        self._listed: tuple[list[Job], dict[str, str]] = [], {}
        """The pages of a list that was not answered to its end: the next try goes on there."""
        self._branch = {"appId": location.app_id, "branchName": location.branch_name}

    def list(self, since: float | None = None) -> list[Job]:
        """The jobs, newest first.

        ListJobs answers newest first (seen by its users, not verified on AWS).

        :param since: In seconds since the epoch. Reading ends at a page with a job that began earlier.
        """
        jobs, page = self._listed
        self._listed = [], {}
        for _ in range(_PAGES):
            try:
                more, token = self._call("list_jobs", _read_page, **self._branch, maxResults=_PAGE, **page)
            except Unanswered:
                self._listed = jobs, page
                raise
            jobs += more
            if not token or any(since and job.started and job.started.timestamp() < since for job in jobs):
                break
            page = {"nextToken": token}
        return without_marks_of_copies(sorted(jobs, key=lambda job: int(job.id), reverse=True))

    def get(self, job_id: str) -> Job:
        return self._call("get_job", _read_job, **self._branch, jobId=job_id)

    def start(self, fields: Mapping[str, Any]) -> Job:
        return self._call(
            "start_job", lambda response: Job.read(response["jobSummary"]), **self._branch, **fields
        )

    def create_deployment(self) -> tuple[str, str]:
        """:return: The ID of the new job, and the URL that its files are sent to before it starts."""

        def read(response: Any) -> tuple[str, str]:
            return Job.read(response).id, response["zipUploadUrl"]

        return self._call("create_deployment", read, **self._branch)

    def start_deployment(self, job_id: str) -> Job:
        return self._call(
            "start_deployment",
            lambda response: Job.read(response["jobSummary"]),
            **self._branch,
            jobId=job_id,
        )

    def stop(self, job_id: str) -> None:
        self._call("stop_job", lambda response: response["jobSummary"], **self._branch, jobId=job_id)

    def site(self) -> Site:
        """The site of the branch. Amplify is asked once: it stays the same during a request."""
        if not self._site:
            branch = self._call("get_branch", lambda response: response["branch"], **self._branch)
            self._site = self._call(
                "get_app", lambda response: Site.read(branch, response["app"]), appId=self.location.app_id
            )
        return self._site

    @property
    def endpoint(self) -> str:
        return self._client.meta.endpoint_url

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
        called = f"amplify:{operation} on {self.location.title} in {self.location.region}"
        if operation in _BUSY and _BUSY[operation] in text:
            return Busy(text.rstrip(" ."))
        if code in _THROTTLED or status == 429:
            return Throttled(text)
        if operation == "AssumeRole" and status < 500:
            return AccessDenied(f"the role {self.location.assume_role_arn} could not be assumed: {text}")
        if status in (401, 403):
            return AccessDenied(f"{called} was denied: {text}. {self._missing_statement(operation)}")
        if code == "NotFoundException" or status == 404:
            return NotFound(f"{called}: {text}")
        if status >= 500:
            return Unanswered(text)
        return AmplifyError(f"{called} was refused: {text}")

    def _missing_statement(self, operation: str) -> str:
        location = self.location
        by, resource = location.assume_role_arn or self._stack_id, f"apps/{location.app_id}"
        if operation != "GetApp":
            resource += f"/branches/{location.branch_name}"
        if operation.endswith(("Job", "Jobs")):
            resource += "/jobs/*"
        if operation.endswith("Deployment"):  # which of the two a denial is about, nobody has published
            resource += " and on its deployments/*"
        _, partition, _, _, account, *_ = (by + "::::").split(":")
        role = f"The role {by}" if location.assume_role_arn else "The function's role"
        arn = f"arn:{partition}:amplify:{location.region}:{account}:{resource}"
        return f"{role} must allow amplify:{operation} on {arn}"


def without_marks_of_copies(jobs: list[Job]) -> list[Job]:
    """Leave each mark to the oldest job with it: a redeploy in the console copies the commit message.

    :param jobs: Newest first, and so is what is returned.
    """
    owners = {job.mark: job.id for job in jobs}  # the oldest comes last
    return [job if owners[job.mark] == job.id else job._replace(mark=None) for job in jobs]


def _read_page(response: Any) -> tuple[list[Job], str]:
    return [Job.read(summary) for summary in response["jobSummaries"]], response.get("nextToken") or ""


def _read_job(response: Any) -> Job:
    return Job.read(response["job"]["summary"], response["job"].get("steps") or ())


def _text(described: Mapping[str, Any], name: str) -> str:
    value = described.get(name)
    return value if isinstance(value, str) else ""
