"""Facts about Amplify Hosting, and the throwaway app on which they are looked at."""

from __future__ import annotations

import base64
import secrets
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from verify.account import Account, said
from verify.facts import AMPLIFY, BUILDS
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

    def builds(self, *, fail: bool = False, seconds: int = 20) -> None:
        """What becomes of the next builds."""
        variables = {"VERIFY_SECONDS": str(seconds), **({"VERIFY_FAIL": "yes"} if fail else {})}
        self.amplify.update_branch(**self.names, environmentVariables=variables)

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
    amplify, names = site.amplify, site.names
    refused(table, "app-missing", amplify.list_jobs, appId="d0000000000000", branchName=site.branch)
    refused(table, "branch-missing", amplify.list_jobs, appId=site.app_id, branchName="not-there")
    refused(table, "manual", amplify.start_job, **names, jobType="MANUAL")
    refused(table, "retry-without-job", amplify.start_job, **names, jobType="RETRY")
    with table.checking("app-defaults"):
        _show(table, "app-defaults", amplify.get_app(appId=site.app_id)["app"])
    with table.checking("branch-defaults", "display-name"):
        branch = amplify.create_branch(appId=site.app_id, branchName="feature/x")["branch"]
        _show(table, "branch-defaults", branch)
        table.saw("display-name", branch["displayName"])
    refused(table, "branch-twice", amplify.create_branch, appId=site.app_id, branchName="feature/x")
    with table.checking("basic-auth"):
        table.saw("basic-auth", _credentials_of(site, "feature/x"))
    with table.checking("denied-start", "denied-list"):
        other, slashed = denied("amplify"), {"appId": site.app_id, "branchName": "feature/x"}
        refused(table, "denied-start", other.start_job, **slashed, jobType="RELEASE")
        refused(table, "denied-list", other.list_jobs, **slashed)
    table.skip(AMPLIFY, "not reached")


def _credentials_of(site: Site, branch: str) -> str:
    """Protect a branch and the app for a moment, and say how their credentials read back."""
    amplify, app, names = site.amplify, {"appId": site.app_id}, {"appId": site.app_id, "branchName": branch}
    sent = base64.b64encode(f"verify:{secrets.token_hex(16)}".encode()).decode()
    protected = {"enableBasicAuth": True, "basicAuthCredentials": sent}
    try:
        amplify.update_branch(**names, **protected)
        amplify.update_app(**app, **protected)
        answers = {
            "GetBranch": amplify.get_branch(**names)["branch"],
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
    with table.checking(*(name for name, fact in BUILDS.items() if not fact.by_hand)):
        site.builds()
        first = _watched_job(site, table)
        _its_log(table, first)
        _stopped_jobs(site, table, first)
        _commits(site, table, older_commit)
        _listing(site, table)


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
    refused(table, "delete-running", site.amplify.delete_job, **site.names, jobId=job_id)

    seen = [early]
    job = site.ended(job_id, seen.append)
    began = time.monotonic()
    for _ in range(5):
        site.job(job_id)
    table.saw("call-time", f"{200 * (time.monotonic() - began):.0f} ms")

    statuses = list(dict.fromkeys([started["status"], *(state["summary"]["status"] for state in seen)]))
    known = set(statuses[:-1]) <= set(_KNOWN) and statuses[-1] == "SUCCEED"
    table.saw("statuses", "known ones, then SUCCEED" if known else " ".join(statuses))
    steps = " ".join(step["stepName"] for step in early.get("steps", []))
    table.saw("first-steps", steps or "none")

    summary = job["summary"]
    listed = next(found for found in site.jobs() if found["jobId"] == job_id)
    same = ["yes" if found.get("commitMessage") == message else "no" for found in (summary, listed)]
    table.saw("message-release", f"GetJob {same[0]}, ListJobs {same[1]}")
    table.saw("commit-none", summary.get("commitId", "missing"))
    table.saw("job-arn", summary["jobArn"])
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
    refused(table, "stop-ended", site.amplify.stop_job, **site.names, jobId=job_id)
    return job


def _its_log(table: Table, job: Mapping[str, Any]) -> None:
    with table.checking("log-head", "log-host", "log-range"):
        url = next(step["logUrl"] for step in job["steps"] if step["stepName"] == "BUILD")
        table.saw("log-host", urlsplit(url).hostname or "")
        table.saw("log-head", _checkout(job))
        status, tail = _read(url, "bytes=-100")
        table.saw("log-range", f"{status}, {len(tail.encode())} bytes")


def _stopped_jobs(site: Site, table: Table, first: Mapping[str, Any]) -> None:
    again = {"jobType": "RETRY", "jobId": first["summary"]["jobId"]}
    site.builds(seconds=60)
    with table.checking("message-retry", "stop-running"):
        job_id = site.start(**again, commitMessage="retried")["jobId"]
        message = site.job(job_id)["summary"].get("commitMessage", "missing")
        table.saw("message-retry", "as sent" if message == "retried" else message)
        table.saw("stop-running", " ".join(site.stopped(job_id)))
    with table.checking("message-retry-none"):
        job_id = site.start(**again)["jobId"]
        message = site.job(job_id)["summary"].get("commitMessage", "missing")
        copied = message == first["summary"].get("commitMessage", "missing")
        table.saw("message-retry-none", "that of the job it repeats" if copied else message)
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
        line = _checkout(job)
        table.saw("log-commit", line)
        built = line.rpartition(" ")[2].startswith(older_commit)
        table.saw("commit-built", "the commit that it names" if built else f"its log says: {line}")


def _listing(site: Site, table: Table) -> None:
    with table.checking("list-order", "list-pages"):
        ids = [int(job["jobId"]) for job in site.jobs()]
        table.saw("list-order", "newest first" if ids == sorted(ids, reverse=True) else str(ids))
        paged, page = [], site.amplify.list_jobs(**site.names, maxResults=1)
        while True:
            paged += [int(job["jobId"]) for job in page["jobSummaries"]]
            if "nextToken" not in page:
                break
            page = site.amplify.list_jobs(**site.names, maxResults=1, nextToken=page["nextToken"])
        whole = sorted(ids, reverse=True) == paged
        table.saw("list-pages", "newest first, none left out" if whole else str(paged))


def refused(table: Table, name: str, call: Callable[..., Any], **parameters: str) -> None:
    """Record the error of a call."""
    with table.checking(name):
        try:
            call(**parameters)
        except ClientError as error:
            table.saw(name, said(error))
        else:
            table.saw(name, "accepted")


def _show(table: Table, name: str, described: Mapping[str, Any]) -> None:
    """The members that the fact names."""
    members = [pair.partition("=")[0] for pair in AMPLIFY[name].expected.split()]
    table.saw(name, " ".join(f"{member}={described.get(member, 'missing')}" for member in members))


def _checkout(job: Mapping[str, Any]) -> str:
    """The line of a build's log that names the commit."""
    url = next(step["logUrl"] for step in job["steps"] if step["stepName"] == "BUILD")
    lines = (line for line in _read(url)[1].splitlines() if "Switching to commit" in line)
    line = next(lines, "no such line")
    return line[max(line.find("# Switching"), 0) :]


def _read(url: str, wanted: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Range": wanted} if wanted else {})  # noqa: S310 - from Amplify
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - as above
        return response.status, response.read().decode(errors="replace")
