"""Facts about Amplify Hosting, and the throwaway app on which they are looked at."""

from __future__ import annotations

import base64
import secrets
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from verify.account import Account, said
from verify.facts import BUILDS
from verify.table import Table

_JOB_SECONDS = 900
_KNOWN = ["CREATED", "PENDING", "PROVISIONING", "RUNNING", "CANCELLING"]
_ENDS = ["SUCCEED", "FAILED", "CANCELLED"]
_MAY_LACK = {"commitMessage", "jobType", "commitTime", "startTime", "endTime"}

# Any repository will do: the build makes its own page, and fails or dawdles as the branch's variables say.
BUILD_SPEC = """\
version: 1
frontend:
  phases:
    build:
      commands:
        - sleep ${VERIFY_SECONDS:-20}
        - test -z "$VERIFY_FAIL"
        - mkdir -p page && date > page/index.html
  artifacts:
    baseDirectory: page
    files: ["**/*"]
"""


class Site:
    """An Amplify app of a stack, and its branch."""

    def __init__(
        self, account: Account, branch: str, repository: str = "", token: str = "", stack: str = "app"
    ) -> None:
        self._account, self.branch, self._stack = account, branch, stack
        self._repository, self._token = repository, token
        self.amplify = account.client("amplify")
        self.app_id = ""

    def create(self) -> None:
        given = {"Repository": self._repository, "Token": self._token} if self._repository else {}
        self.app_id = self._account.create(self._stack, self._template(), **given)["AppId"]

    def _template(self) -> dict[str, Any]:
        connected = {"Repository": {"Ref": "Repository"}, "AccessToken": {"Ref": "Token"}}
        parameters = {"Repository": {"Type": "String"}, "Token": {"Type": "String", "NoEcho": True}}
        app = {
            "Name": self._account.name,
            "BuildSpec": BUILD_SPEC,
            **(connected if self._repository else {}),
        }
        app_id = {"Fn::GetAtt": ["App", "AppId"]}
        branch = {"AppId": app_id, "BranchName": self.branch, "EnableAutoBuild": False}
        return {
            **({"Parameters": parameters} if self._repository else {}),
            "Resources": {
                "App": {"Type": "AWS::Amplify::App", "Properties": app},
                "Branch": {"Type": "AWS::Amplify::Branch", "Properties": branch},
            },
            "Outputs": {"AppId": {"Value": app_id}},
        }

    @property
    def names(self) -> dict[str, str]:
        return {"appId": self.app_id, "branchName": self.branch}

    def builds(self, *, seconds: int = 20, **variables: str) -> None:
        """What becomes of the next builds.

        :param variables: More of the branch's.
        """
        given = {"VERIFY_SECONDS": str(seconds), **variables}
        self.amplify.update_branch(**self.names, environmentVariables=given)

    def start(self, **fields: str) -> dict[str, Any]:
        return dict(self.amplify.start_job(**self.names, **{"jobType": "RELEASE", **fields})["jobSummary"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.amplify.get_job(**self.names, jobId=job_id)["job"])

    def jobs(self) -> list[dict[str, Any]]:
        return list(self.amplify.list_jobs(**self.names)["jobSummaries"])

    def ended(self, job_id: str, look: Callable[[dict[str, Any]], None] = lambda job: None) -> dict[str, Any]:
        """A job at its end; every state before is shown to `look`."""
        deadline = time.monotonic() + _JOB_SECONDS
        while True:
            job = self.job(job_id)
            look(job)
            if job["summary"]["status"] in _ENDS:
                return job
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is {job['summary']['status']}")
            time.sleep(0.5)

    def stopped(self, job_id: str) -> list[str]:
        """Stop a job; the statuses that it then goes through."""
        self.amplify.stop_job(**self.names, jobId=job_id)
        statuses: list[str] = []
        self.ended(job_id, lambda job: statuses.append(job["summary"]["status"]))
        return list(dict.fromkeys(statuses))


def check(site: Site, denied: Callable[[str], Any], table: Table) -> None:
    """Check the facts that need no build.

    :param denied: Makes a client of a service with a role that may do nothing.
    """
    amplify = site.amplify
    refused(table, "app-missing", amplify.list_jobs, appId="d0000000000000", branchName=site.branch)
    refused(table, "branch-missing", amplify.list_jobs, appId=site.app_id, branchName="not-there")
    slashed = {"appId": site.app_id, "branchName": "feature/x"}
    with table.checking("basic-auth"):
        amplify.create_branch(**slashed)
        table.saw("basic-auth", _credentials_of(site, slashed))
    with table.checking("denied-start", "denied-list"):
        other = denied("amplify")
        refused(table, "denied-start", other.start_job, **slashed, jobType="RELEASE")
        refused(table, "denied-list", other.list_jobs, **slashed)


def _credentials_of(site: Site, branch: Mapping[str, str]) -> str:
    """Protect a branch and the app for a moment, and say how their credentials read back."""
    amplify, app = site.amplify, {"appId": site.app_id}
    sent = base64.b64encode(f"verify:{secrets.token_hex(16)}".encode()).decode()
    protected = {"enableBasicAuth": True, "basicAuthCredentials": sent}
    try:
        amplify.update_branch(**branch, **protected)
        amplify.update_app(**app, **protected)
        answers = {
            "GetBranch": amplify.get_branch(**branch)["branch"],
            "GetApp": amplify.get_app(**app)["app"],
        }
    finally:
        amplify.update_app(**app, enableBasicAuth=False)
    return ", ".join(
        f"{name} {'as sent' if shown.get('basicAuthCredentials') == sent else 'otherwise'}"
        for name, shown in answers.items()
    )


def check_builds(site: Site, table: Table, older_commit: str) -> None:
    """Check the facts that need builds."""
    with table.checking(*BUILDS):
        site.builds()
        first = _watched_job(site, table)
        _its_log(table, first)
        _retried(site, table, first)
        _commits(site, table, older_commit)
        _listing(site, table)
        _skipped(site, table)


def _watched_job(site: Site, table: Table) -> dict[str, Any]:
    """A whole RELEASE, from the first look to the last."""
    message = ("x" * 60 + "\n") * 200
    message = message[: 10_000 - len("\n[cfn 1.2.3.RELEASE]")] + "\n[cfn 1.2.3.RELEASE]"
    asked = time.time()
    started = site.start(commitMessage=message)
    job_id = started["jobId"]
    early = site.job(job_id)
    with table.checking("list-lag"):
        table.saw("list-lag", "yes" if job_id in [job["jobId"] for job in site.jobs()] else "no")
    refused(table, "busy", site.amplify.start_job, **site.names, jobType="RELEASE")

    seen = [early]
    job = site.ended(job_id, seen.append)
    statuses = list(dict.fromkeys([started["status"], *(state["summary"]["status"] for state in seen)]))
    known = set(statuses[:-1]) <= set(_KNOWN) and statuses[-1] == "SUCCEED"
    table.saw("statuses", "known ones, then SUCCEED" if known else " ".join(statuses))

    summary = job["summary"]
    listed = next(found for found in site.jobs() if found["jobId"] == job_id)
    same = ["yes" if found.get("commitMessage") == message else "no" for found in (summary, listed)]
    table.saw("message-release", f"GetJob {same[0]}, ListJobs {same[1]}")
    table.saw("commit-none", summary.get("commitId", "missing"))
    model = site.amplify.meta.service_model.shape_for("JobSummary")
    lacking = {name for state in seen for name in model.required_members if name not in state["summary"]}
    few = "none but commitMessage, jobType, commitTime, startTime, endTime"
    table.saw("members", few if lacking <= _MAY_LACK else ", ".join(sorted(lacking)))
    with table.checking("start-time"):
        states = [started, *(state["summary"] for state in seen)]
        too_early = any("startTime" in state for state in states if state["status"] == "PENDING")
        times = [state["startTime"] for state in states if "startTime" in state]
        late = abs(times[0].timestamp() - asked)
        table.saw(
            "start-time",
            f"{'one' if too_early else 'none'} while PENDING, "
            f"{'within 10' if late <= 10 else f'{late:.0f}'} s of StartJob, "
            f"{'the same' if len(set(times)) == 1 else 'another'} at the end",
        )
    answers = {"StartJob": started, "GetJob": summary, "ListJobs": listed}
    saying = [name for name, shown in answers.items() if "jobType" in shown]
    table.saw("job-type", ", ".join(saying) or "in none")
    return job


def _its_log(table: Table, job: Mapping[str, Any]) -> None:
    with table.checking("log-head", "log-range"):
        url = next(step["logUrl"] for step in job["steps"] if step["stepName"] == "BUILD")
        table.saw("log-head", _line(job, "# Switching to commit"))
        status, tail = _read(url, "bytes=-100")
        table.saw("log-range", f"{status}, {len(tail.encode())} bytes")


def _retried(site: Site, table: Table, first: Mapping[str, Any]) -> None:
    site.builds(seconds=60)
    with table.checking("message-retry"):
        repeated = {"jobType": "RETRY", "jobId": first["summary"]["jobId"]}
        job_id = site.start(**repeated, commitMessage="retried")["jobId"]
        message = site.job(job_id)["summary"].get("commitMessage", "missing")
        table.saw("message-retry", "as sent" if message == "retried" else message)
        site.stopped(job_id)
    site.builds()


def _commits(site: Site, table: Table, older_commit: str) -> None:
    names = ("commit-echo", "commit-built", "log-commit")
    if not older_commit:
        table.skip(names, "no --older-commit was given")
        return
    with table.checking(*names):
        job = site.ended(site.start(commitId=older_commit)["jobId"])
        echo = job["summary"].get("commitId", "missing")
        table.saw("commit-echo", "as sent" if echo == older_commit else echo)
        line = _line(job, "# Switching to commit")
        table.saw("log-commit", line)
        built = line.rpartition(" ")[2].startswith(older_commit)
        table.saw("commit-built", "the commit that it names" if built else f"its log says: {line}")


def _listing(site: Site, table: Table) -> None:
    with table.checking("list-order", "list-pages"):
        ids = [int(job["jobId"]) for job in site.jobs()]
        table.saw("list-order", "newest first" if ids == sorted(ids, reverse=True) else str(ids))
        one_each = {**site.names, "PaginationConfig": {"PageSize": 1}}
        pages = site.amplify.get_paginator("list_jobs").paginate(**one_each)
        paged = [int(job["jobId"]) for page in pages for job in page["jobSummaries"]]
        whole = sorted(ids, reverse=True) == paged
        table.saw("list-pages", "newest first, none left out" if whole else str(paged))


def _skipped(site: Site, table: Table) -> None:
    """A build of a commit that is built already: the last one, as it was recorded that such a job hangs."""
    with table.checking("skipped-log", "skipped-end"):
        site.builds(AMPLIFY_DIFF_DEPLOY="true")
        job_id = site.start()["jobId"]
        try:
            status = site.ended(job_id)["summary"]["status"]
        except TimeoutError as error:
            status = str(error)
            site.stopped(job_id)
        table.saw("skipped-end", status)
        table.saw("skipped-log", _line(site.job(job_id), "Skipping Frontend"))
    site.builds()


def refused(table: Table, name: str, call: Callable[..., Any], **parameters: str) -> None:
    """Record the error of a call."""
    with table.checking(name):
        try:
            call(**parameters)
        except ClientError as error:
            table.saw(name, said(error))
        else:
            table.saw(name, "accepted")


def _line(job: Mapping[str, Any], words: str) -> str:
    """The line of a build's log that has these words, from there on."""
    url = next(step["logUrl"] for step in job["steps"] if step["stepName"] == "BUILD")
    lines = [line for line in _read(url)[1].splitlines() if words in line]
    return lines[0][lines[0].index(words) :] if lines else "no such line"


def _read(url: str, wanted: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Range": wanted} if wanted else {})  # noqa: S310 - from Amplify
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - as above
        return response.status, response.read().decode(errors="replace")
