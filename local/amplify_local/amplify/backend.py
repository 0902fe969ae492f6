"""The state of Amplify Hosting in one account: apps, branches, jobs, and what jobs to come are planned to do.

No I/O, no threads, no sleep: what is the case follows from what was done so far and from the clock.
What is not documented and not known for sure is an option of :class:`Behaviour`, so that tests try both.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from amplify_local.amplify.models import App, Branch, Job, timestamp
from amplify_local.amplify.plan import Plan
from amplify_local.amplify.rest import ApiError

REPOSITORY = "https://github.com/example/site"


@dataclass
class Behaviour:
    """What differs between accounts, or is not known for sure.

    :param commit_ids: ``honoured``: a RELEASE builds the commit that it names, and shows it (reported 2026).
        ``ignored``: it builds the branch's tip, and shows ``HEAD`` (reported 2021). Default: "honoured"
    :param any_commit: A full SHA counts as pushed, also one that nobody has pushed here. Default: True
    :param list_lag_seconds: How many seconds after its creation a job is listed. Default: 0
    :param omits: Members left out of every job summary and step, such as ``commitMessage``. Default: none
    :param created_status: The status of a deployment that was created and not started. Nobody has published
        it; consoles called it pending (https://github.com/aws-amplify/amplify-backend/issues/1528).
        Default: "PENDING"
    """

    commit_ids: Literal["honoured", "ignored"] = "honoured"
    any_commit: bool = True
    list_lag_seconds: float = 0
    omits: frozenset[str] = frozenset()
    created_status: Literal["PENDING", "CREATED"] = "PENDING"


@dataclass(eq=False)
class Backend:
    """Amplify Hosting of one account. The methods are what its owner and other people do.

    :param clock: Returns the time in seconds since 1970. Default: time.time
    :param region: The Region. Default: "us-east-1"
    :param account: The account's ID. Default: "000000000000"
    :param job_seconds: How long a job takes, in seconds, unless a plan says otherwise. Default: 5
    :param behaviour: What differs between accounts. Default: ``Behaviour()``
    :param logs_at: The address of step logs and of uploads. Default: one of AWS
    """

    clock: Callable[[], float] = time.time
    region: str = "us-east-1"
    account: str = "000000000000"
    job_seconds: float = 5.0
    behaviour: Behaviour = field(default_factory=Behaviour)
    logs_at: str = "https://aws-amplify-prod-us-east-1-artifacts.s3.us-east-1.amazonaws.com"

    def __post_init__(self) -> None:
        self.apps_by_id: dict[str, App] = {}
        self._plans: dict[tuple[str, str] | None, list[Plan]] = {}
        self._default_plan: Plan | None = None
        self.lock = threading.RLock()

    def create_app(self, name: str = "site", app_id: str | None = None, **settings: Any) -> App:
        """Create an app. ``settings`` are members of CreateApp; ``region`` is another Region for it."""
        with self.lock:
            region = settings.pop("region", self.region)
            settings = {"name": name, "repository": REPOSITORY, **settings}
            app_id = app_id or "d" + _sha(f"{name}{len(self.apps_by_id)}")[:13]
            app = self.apps_by_id[app_id] = App(app_id, region, self.account, self._dated(settings))
            return app

    def create_branch(self, app_id: str, branch_name: str = "main", **settings: Any) -> Branch:
        """Create a branch. ``settings`` are members of CreateBranch, and ``customDomains``: more hosts.

        Its first build is not started, as on AWS.
        """
        with self.lock:
            app, tips = self.app(app_id), [(self.clock(), _sha(f"{app_id}/{branch_name}"))]
            branch = app.branches[branch_name] = Branch(app, branch_name, self._dated(settings), tips)
            return branch

    def _dated(self, settings: dict[str, Any]) -> dict[str, Any]:
        now = timestamp(self.clock())
        return {**settings, "createTime": now, "updateTime": now}

    def app(self, app_id: str) -> App:
        if app_id not in self.apps_by_id:
            raise ApiError("NotFoundException", f"App {app_id} not found.")
        return self.apps_by_id[app_id]

    def delete_app(self, app_id: str) -> App:
        return self.apps_by_id.pop(self.app(app_id).id)

    def apps(self) -> list[App]:
        return list(self.apps_by_id.values())

    def branch(self, app_id: str, branch_name: str) -> Branch:
        app = self.app(app_id)
        if branch_name not in app.branches:
            raise ApiError("NotFoundException", f"Branch {branch_name} not found.")
        return app.branches[branch_name]

    def jobs(self, app_id: str | None = None, branch_name: str | None = None) -> list[Job]:
        """The jobs of all branches, or of one; those of each branch oldest first."""
        with self.lock:
            return [
                job
                for app in self.apps_by_id.values()
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
        with self.lock:
            return self.branch(app_id, branch_name).site(self.clock())

    def push(
        self, app_id: str, branch_name: str, message: str = "Update", commit_id: str | None = None
    ) -> Job | None:
        """Somebody pushes a commit: the branch has a new tip, and a job unless auto-build is off.

        A job that is pending becomes the push's: its commit and message are replaced
        (https://github.com/aws-amplify/amplify-hosting/issues/1617).
        """
        with self.lock:
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

    # What is planned for jobs to come.

    def plan(self, plan: Plan | None = None, **changes: Any) -> None:
        """Plan all jobs that have no plan of their own; options as in :class:`Plan`."""
        self._default_plan = plan or self._new_plan(changes)

    def next_job(
        self, plan: Plan | None = None, *, branch: tuple[str, str] | None = None, **changes: Any
    ) -> None:
        """Plan the next job, or that of ``branch`` (app ID and name). Each further call plans one more."""
        self._plans.setdefault(branch, []).append(plan or self._new_plan(changes))

    def _new_plan(self, changes: dict[str, Any]) -> Plan:
        return replace(self._default_plan or Plan(seconds=self.job_seconds), **changes)

    def _plan_for(self, branch: Branch) -> Plan:
        for key in ((branch.app.id, branch.name), None):
            if self._plans.get(key):
                return self._plans[key].pop(0)
        return self._new_plan({})

    # Jobs.

    def add_job(self, branch: Branch, job_type: str, **of_job: Any) -> Job:
        branch.last_id += 1
        now = self.clock()
        job = Job(
            branch=branch,
            id=str(branch.last_id),
            type=job_type,
            plan=self._plan_for(branch),
            created=now,
            after=next((job for job in reversed(branch.jobs) if job.in_progress(now)), None),
            environment=branch.environment,
            **of_job,
        )
        branch.jobs.append(job)
        return job


def _sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
