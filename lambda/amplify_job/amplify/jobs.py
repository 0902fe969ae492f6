"""The jobs of one branch, and what Amplify's answers mean.

https://docs.aws.amazon.com/amplify/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ProxyConnectionError,
)

from amplify_job.amplify.job import Job, without_marks_of_copies
from amplify_job.amplify.site import Site
from amplify_job.amplify.step_log import StepLog
from amplify_job.outcomes import AccessDenied, AmplifyError, Busy, NotFound, Throttled, Unanswered, Unreached

if TYPE_CHECKING:
    from types_boto3_amplify import AmplifyClient

    from amplify_job.cloudformation.properties import BranchLocation

_T = TypeVar("_T")

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


class Jobs:
    """The jobs of one branch. No method repeats a call: the errors say whether a repeat is of use.

    :raises Busy, Throttled, Unanswered: worth another try.
    :raises AccessDenied, NotFound, AmplifyError: not worth one.
    """

    def __init__(self, location: BranchLocation, stack_id: str, connect: Callable[[], AmplifyClient]) -> None:
        self.location = location
        self.step_log = StepLog(lambda: self.endpoint)
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

    def stop(self, job_id: str) -> Job:
        return self._call(
            "stop_job", lambda response: Job.read(response["jobSummary"]), **self._branch, jobId=job_id
        )

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
        except (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError) as error:
            raise self._unreached(error) from error
        except Exception as error:  # no answer in time, or none that can be read
            raise Unanswered(f"{method} was not answered: {type(error).__name__}") from error

    def _unreached(self, error: Exception) -> Unreached:
        """The call may have gone to STS, for the role of the app's account."""
        host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))).hostname
        return Unreached(
            f"{host or 'Amplify'} could not be reached: the Region {self.location.region} may be wrong, or "
            "without Amplify, or the function's VPC may have no way out"
        )

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


def _read_page(response: Any) -> tuple[list[Job], str]:
    return [Job.read(summary) for summary in response["jobSummaries"]], response.get("nextToken") or ""


def _read_job(response: Any) -> Job:
    return Job.read(response["job"]["summary"], response["job"].get("steps") or ())
