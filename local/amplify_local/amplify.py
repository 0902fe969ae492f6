"""An AWS Amplify Hosting in memory: apps, branches and jobs behind the service's own REST API.

No I/O, no threads, no sleep: every answer is a function of the requests so far and of the clock.
What is not documented and not known for sure is an option of :class:`Behaviour`, so that tests try both.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

from amplify_local.constraints import Violation
from amplify_local.faults import Fault, Mode, denied
from amplify_local.hosting import App, Branch
from amplify_local.job import Job, Plan, timestamp
from amplify_local.operations import OPERATIONS, resource_arn, start_job, stop_job
from amplify_local.rest import ApiError, Request, Response, route, write_output

# The model requires these. `jobType` is in no recorded answer, `startTime` in none of a pending job, and the
# others are missing now and then (docs/aws-facts.md).
_MAY_BE_MISSING = ("commitId", "commitMessage", "jobType", "commitTime", "startTime", "endTime")
LOG_PREFIX = "/_logs/"
UPLOAD_PREFIX = "/_uploads/"
UPLOAD = "Upload"
"""What faults call the upload of files, which is no operation of Amplify's API."""
_UPLOAD_SECONDS = 3600


@dataclass
class Behaviour:
    """What differs between accounts, or is not known for sure.

    :param commit_ids: ``honoured``: a RELEASE builds the commit that it names, and shows it (reported 2026).
        ``ignored``: it builds the branch's tip, and shows ``HEAD`` (reported 2021). Default: "honoured"
    :param any_commit: A full SHA counts as pushed, also one that nobody has pushed here. Default: True
    :param echoes_commit_message: Job types whose ``commitMessage`` is returned as sent. Default: all builds
    :param retry_copies_message: A RETRY without a message of its own shows that of the job it repeats.
        Default: True
    :param list_lag_seconds: How many seconds after its creation a job is listed. Default: 0
    :param omits: Members left out of every job summary and step, such as ``commitMessage``. Default: none
    :param concurrent_jobs: How many jobs run at a time in a Region; the others wait in PENDING. Default: 5
    :param page_size: Jobs on a page of ListJobs when the caller does not say. Default: 10
    :param created_status: The status of a deployment that was created and not started. Nobody has published
        it; consoles called it pending (https://github.com/aws-amplify/amplify-backend/issues/1528).
        Default: "PENDING"
    :param deployments_arn: What follows the branch's ARN where access to deployments is checked. Nobody has
        published whether that is nothing or ``/deployments/*``. Default: "/deployments/*"
    """

    commit_ids: Literal["honoured", "ignored"] = "honoured"
    any_commit: bool = True
    echoes_commit_message: frozenset[str] = frozenset({"RELEASE", "RETRY", "WEB_HOOK"})
    retry_copies_message: bool = True
    list_lag_seconds: float = 0
    omits: frozenset[str] = frozenset()
    concurrent_jobs: int = 5
    page_size: int = 10
    created_status: Literal["PENDING", "CREATED"] = "PENDING"
    deployments_arn: Literal["", "/deployments/*"] = "/deployments/*"


@dataclass(frozen=True)
class Call:
    """One request that fits the model. ``error``: its code, "timeout" or "reset"; None if it went well."""

    operation: str
    params: dict[str, Any]
    time: float
    status: int
    error: str | None
    access_key: str | None


class Amplify:
    """Amplify Hosting of one account. :meth:`handle` is its API; the other methods are for tests.

    :param clock: Returns the time in seconds since 1970. Default: time.time
    :param region: The Region. Default: "us-east-1"
    :param account: The account's ID. Default: "000000000000"
    :param job_seconds: How long a job takes, in seconds, unless a plan says otherwise. Default: 5
    :param behaviour: What differs between accounts. Default: ``Behaviour()``
    :param logs_at: The address of step logs and of uploads. Default: one of AWS
    :param authorize: Gets an access key, an action and an ARN. Returns the caller's ARN if the action is not
        allowed, else None. Default: everything is allowed
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        region: str = "us-east-1",
        account: str = "000000000000",
        job_seconds: float = 5.0,
        behaviour: Behaviour | None = None,
        logs_at: str = "https://aws-amplify-prod-us-east-1-artifacts.s3.us-east-1.amazonaws.com",
        authorize: Callable[[str, str, str], str | None] | None = None,
    ) -> None:
        self.clock, self.region, self.account = clock, region, account
        self.job_seconds = job_seconds
        self.behaviour = behaviour or Behaviour()
        self.logs_at = logs_at
        self.authorize = authorize
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._apps: dict[str, App] = {}
        self._plans: dict[tuple[str, str] | None, list[Plan]] = {}
        self._default_plan: Plan | None = None
        self._settled_until = -math.inf
        self._lock = threading.RLock()

    # The API.

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
        with self._lock:
            self._settle()
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

    # What the account's owner and other people do.

    def create_app(self, name: str = "site", app_id: str | None = None, **settings: Any) -> App:
        """Create an app. ``settings`` are members of CreateApp; ``region`` is another Region for it."""
        with self._lock:
            now = timestamp(self.clock())
            region = settings.pop("region", self.region)
            settings.setdefault("repository", "https://github.com/example/site")
            app_id = app_id or "d" + _sha(f"{name}{len(self._apps)}")[:13]
            app = App(app_id, region, self.account, now, now, {"name": name, **settings})
            self._apps[app_id] = app
            return app

    def create_branch(self, app_id: str, branch_name: str = "main", **settings: Any) -> Branch:
        """Create a branch. ``settings`` are members of CreateBranch, and ``customDomains``: more hosts.

        Its first build is not started, as on AWS.
        """
        with self._lock:
            now = self.clock()
            tip = _sha(f"{app_id}/{branch_name}")
            branch = Branch(
                self.app(app_id),
                branch_name,
                timestamp(now),
                timestamp(now),
                settings,
                [(now, tip)],
            )
            branch.app.branches[branch_name] = branch
            return branch

    def app(self, app_id: str) -> App:
        if app_id not in self._apps:
            raise ApiError("NotFoundException", f"App {app_id} not found.")
        return self._apps[app_id]

    def delete_app(self, app_id: str) -> App:
        return self._apps.pop(self.app(app_id).id)

    def apps(self) -> list[App]:
        return list(self._apps.values())

    def branch(self, app_id: str, branch_name: str) -> Branch:
        app = self.app(app_id)
        if branch_name not in app.branches:
            raise ApiError("NotFoundException", f"Branch {branch_name} not found.")
        return app.branches[branch_name]

    def jobs(self, app_id: str | None = None, branch_name: str | None = None) -> list[Job]:
        """The jobs of all branches, or of one; those of each branch oldest first."""
        with self._lock:
            self._settle()
            return [
                job
                for app in self._apps.values()
                for branch in app.branches.values()
                for job in branch.jobs
                if app_id in (None, app.id) and branch_name in (None, branch.name)
            ]

    def job(self, app_id: str, branch_name: str, job_id: str) -> Job:
        branch = self.branch(app_id, branch_name)
        for job in branch.jobs:
            if job.id == job_id:
                return job
        raise ApiError("NotFoundException", f"Job {job_id} not found.")

    def site(self, app_id: str, branch_name: str) -> dict[str, bytes]:
        """What the site of a branch serves: its files by their paths."""
        with self._lock:
            self._settle()
            return self.branch(app_id, branch_name).site(self.clock())

    def push(
        self, app_id: str, branch_name: str, message: str = "Update", commit_id: str | None = None
    ) -> Job | None:
        """Somebody pushes a commit: the branch has a new tip, and a job unless auto-build is off.

        A job that is pending becomes the push's: its commit and message are replaced
        (https://github.com/aws-amplify/amplify-hosting/issues/1617).
        """
        with self._lock:
            self._settle()
            branch, now = self.branch(app_id, branch_name), self.clock()
            sha = commit_id or _sha(f"{app_id}/{branch_name}/{len(branch.tips)}/{message}")
            branch.tips.append((now, sha))
            if not branch.settings.get("enableAutoBuild", True):
                return None
            pending = next((job for job in branch.jobs if job.status_at(now) == "PENDING"), None)
            job = pending or self.add_job(branch, "RELEASE", asked=now)
            job.builds = job.commit_id = sha
            job.commit_message, job.commit_time = message, timestamp(now)
            return job

    def start(self, app_id: str, branch_name: str, job_type: str = "RELEASE", **params: Any) -> Job:
        """Somebody else starts a job; ``params`` as in StartJob (``commitMessage=…``)."""
        with self._lock:
            self._settle()
            request = {"appId": app_id, "branchName": branch_name, "jobType": job_type, **params}
            started = start_job(self, request)
            return self.job(app_id, branch_name, started["jobSummary"]["jobId"])

    def stop(self, app_id: str, branch_name: str, job_id: str) -> None:
        """Somebody else stops a job."""
        with self._lock:
            self._settle()
            stop_job(self, {"appId": app_id, "branchName": branch_name, "jobId": job_id})

    # Scenarios.

    def plan(self, plan: Plan | None = None, **changes: Any) -> None:
        """Plan all jobs that have no plan of their own; options as in :class:`Plan`."""
        self._default_plan = plan or self._new_plan(changes)

    def next_job(
        self, plan: Plan | None = None, *, branch: tuple[str, str] | None = None, **changes: Any
    ) -> None:
        """Plan the next job, or that of ``branch`` (app ID and name). Each further call plans one more."""
        self._plans.setdefault(branch, []).append(plan or self._new_plan(changes))

    def fail(
        self,
        operation: str | None = None,
        times: int = 1,
        mode: Mode = "500",
        applied: bool = False,
        after: int = 0,
    ) -> Fault:
        """Make the next requests go wrong; options as in :class:`Fault`."""
        fault = Fault(mode, operation, times, applied, after)
        self.faults.append(fault)
        return fault

    def _new_plan(self, changes: dict[str, Any]) -> Plan:
        return replace(self._default_plan or Plan(seconds=self.job_seconds), **changes)

    def _plan_for(self, branch: Branch) -> Plan:
        for key in ((branch.app.id, branch.name), None):
            if self._plans.get(key):
                return self._plans[key].pop(0)
        return self._new_plan({})

    # Requests.

    def _perform(self, operation: Any, params: dict[str, Any], request: Request) -> Response:
        perform = OPERATIONS.get(operation.name)
        try:
            if perform is None:
                raise ApiError("InternalFailureException", f"{operation.name} is not emulated", 501)
            self._check_region(params, request)
            return write_output(operation, perform(self, params), self._tolerates)
        except ApiError as error:
            return error.response()

    def _denied_caller(self, operation: str, params: dict[str, Any], request: Request) -> str | None:
        """The ARN of a caller who may not do this."""
        if self.authorize is None or request.signature is None:
            return None
        key = request.signature["access_key"]
        return self.authorize(key, f"amplify:{operation}", resource_arn(self, operation, params))

    def _check_region(self, params: dict[str, Any], request: Request) -> None:
        app = self._apps.get(params.get("appId", ""))
        if app is not None and request.signature and app.region != request.signature["region"]:
            raise ApiError("NotFoundException", f"App {app.id} not found.")

    def _record(self, operation: str, params: dict[str, Any], request: Request, response: Response) -> None:
        error = response.broken or response.headers.get("x-amzn-ErrorType")
        key = request.signature["access_key"] if request.signature else None
        self.calls.append(Call(operation, params, self.clock(), response.status, error, key))

    def _tolerates(self, problem: Violation) -> bool:
        """Deviations from the model that Amplify shows, or that a scenario asks for."""
        member = problem.path.rsplit(".", 1)[-1]
        if problem.value is None:
            return member in _MAY_BE_MISSING or member in self.behaviour.omits
        return member == "status" and isinstance(problem.value, str)

    def _log(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.removeprefix(LOG_PREFIX).split("/")]
        try:
            app_id, branch_name, job_id, step, _ = parts
            with self._lock:
                self._settle()
                text = self.job(app_id, branch_name, job_id.lstrip("0")).log(step, self.clock())
            if not text:
                raise ValueError("the step has not started")
        except (ApiError, ValueError):
            missing = b"<Error><Code>NoSuchKey</Code></Error>"
            return Response(404, {"Content-Type": "application/xml"}, missing)
        return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())

    def _upload(self, request: Request) -> Response:
        """A PUT to the URL that CreateDeployment has returned."""
        parts = [unquote(part) for part in request.path.removeprefix(UPLOAD_PREFIX).split("/")]
        with self._lock:
            fault = next((fault for fault in self.faults if fault.strikes(UPLOAD)), None)
            try:
                app_id, branch_name, name = parts
                job = self.job(app_id, branch_name, name.removesuffix(".zip").lstrip("0"))
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

    # Jobs.

    def add_job(self, branch: Branch, job_type: str, **of_job: Any) -> Job:
        branch.last_id += 1
        plan = self._plan_for(branch)
        job = Job(branch, str(branch.last_id), job_type, plan, self.clock(), branch.environment, **of_job)
        branch.jobs.append(job)
        return job

    def _settle(self) -> None:
        """Let waiting jobs begin, oldest first, at each moment until now at which a slot was free."""
        now = self.clock()
        jobs = [
            job
            for app in self._apps.values()
            for branch in app.branches.values()
            for job in branch.jobs
            if job.ended > self._settled_until
        ]
        moments = [m for job in jobs for m in (job.ready, job.ended) if self._settled_until <= m <= now]
        heapq.heapify(moments)
        while moments:
            moment = heapq.heappop(moments)
            for job in sorted(jobs, key=lambda job: job.created):
                if job.began is None and job.ready <= moment < job.ended and self._free(job, jobs, moment):
                    job.began = moment
                    if job.ended <= now:
                        heapq.heappush(moments, job.ended)
        self._settled_until = now

    def _free(self, waiting: Job, jobs: Iterable[Job], moment: float) -> bool:
        """Whether the waiting job's Region has a slot and its branch is idle."""
        active = [job for job in jobs if job.began is not None and job.began <= moment < job.ended]
        in_region = [job for job in active if job.branch.app.region == waiting.branch.app.region]
        on_branch = [job for job in active if job.branch is waiting.branch]
        return len(in_region) < self.behaviour.concurrent_jobs and not on_branch


def _sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
