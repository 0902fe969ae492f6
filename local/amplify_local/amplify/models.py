"""Apps, branches and jobs of Amplify Hosting, and how its API shows them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from datetime import datetime, timezone
from io import BytesIO
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

from amplify_local.amplify.build_log import skipped_build, step_log
from amplify_local.amplify.timeline import Timeline

DOMAIN = ".amplifyapp.com"
LOG_PREFIX = "/_logs/"
UPLOAD_PREFIX = "/_uploads/"

# Required by the model of CreateApp's and CreateBranch's answers; what Amplify fills in (from memory).
_APP_DEFAULTS: dict[str, Any] = {
    "description": "",
    "repository": "",
    "platform": "WEB",
    "environmentVariables": {},
    "enableBranchAutoBuild": False,
    "enableBasicAuth": False,
}
_BRANCH_DEFAULTS: dict[str, Any] = {
    "description": "",
    "stage": "PRODUCTION",
    "enableNotification": False,
    "environmentVariables": {},
    "enableAutoBuild": True,
    "framework": "Web",
    "enableBasicAuth": False,
    "ttl": "5",
    "enablePullRequestPreview": False,
}
# Never shown again once they were given. The credentials of basic auth are (docs/aws-facts.md).
_SECRETS = ("oauthToken", "accessToken")


@dataclass
class App:
    """An Amplify app; ``settings`` are members of the model's App."""

    id: str
    region: str
    account: str
    settings: dict[str, Any]
    branches: dict[str, Branch] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:amplify:{self.region}:{self.account}:apps/{self.id}"

    @property
    def repository(self) -> str | None:
        return self.settings.get("repository")

    @property
    def default_domain(self) -> str:
        return f"{self.id}{DOMAIN}"

    def shown(self, now: float) -> dict[str, Any]:
        return {
            **_APP_DEFAULTS,
            **_without(_SECRETS, self.settings),
            "appId": self.id,
            "appArn": self.arn,
            "defaultDomain": self.default_domain,
        }


@dataclass
class Domain:
    """A domain of an app, which is available at once; ``settings`` are members of CreateDomainAssociation."""

    app: App
    name: str
    settings: dict[str, Any]

    def hosts(self, branch_name: str) -> list[str]:
        """Where the branch is served."""
        return [
            f"{setting['prefix']}.{self.name}".lstrip(".")
            for setting in self.settings["subDomainSettings"]
            if branch_name == setting["branchName"]
        ]

    def shown(self, now: float) -> dict[str, Any]:
        return {
            "enableAutoSubDomain": False,
            **_without(("subDomainSettings", "updateTime"), self.settings),
            "domainAssociationArn": f"{self.app.arn}/domains/{self.name}",
            "domainName": self.name,
            "domainStatus": "AVAILABLE",
            "statusReason": "",
            "subDomains": [
                {
                    "subDomainSetting": setting,
                    "verified": True,
                    "dnsRecord": f"{setting['prefix']} CNAME {self.app.default_domain}",
                }
                for setting in self.settings["subDomainSettings"]
            ],
        }


@dataclass
class Branch:
    """A branch of an app, its jobs, and the commits that were its tip."""

    app: App
    name: str
    settings: dict[str, Any]
    tips: list[tuple[float, str]]
    jobs: list[Job] = field(default_factory=list)
    last_id: int = 0

    @property
    def arn(self) -> str:
        return f"{self.app.arn}/branches/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a build gets: the branch's go before the app's."""
        of_app = self.app.settings.get("environmentVariables", {})
        return {**of_app, **self.settings.get("environmentVariables", {})}

    @property
    def tip(self) -> str:
        return self.tips[-1][1]

    def tip_at(self, moment: float) -> str:
        return next((sha for since, sha in reversed(self.tips) if since <= moment), self.tips[0][1])

    def known_commit(self, commit_id: str) -> str | None:
        """The commit of this branch that a full or abbreviated SHA means."""
        return next((sha for _, sha in self.tips if sha.startswith(commit_id.lower())), None)

    @property
    def credentials(self) -> str | None:
        """What its site asks for, if it is protected: the branch's own, else the app's."""
        for settings in (self.settings, self.app.settings):
            if settings.get("enableBasicAuth"):
                return str(settings.get("basicAuthCredentials", ""))
        return None

    @property
    def hosts(self) -> list[str]:
        """Where its site is served: its own address, here and on AWS, and those of domains."""
        own = f"{display_name(self.name)}.{self.app.id}"
        return [f"{own}.localhost", f"{own}{DOMAIN}", *self.custom_domains]

    @property
    def custom_domains(self) -> list[str]:
        of_domains = [host for domain in self.app.domains.values() for host in domain.hosts(self.name)]
        return [*self.settings.get("customDomains", ()), *of_domains]

    def signed(self, prefix: str, job: Job, rest: str) -> str:
        """A path of a log or an upload, as the presigned ones of S3."""
        path = f"{self.app.id}/{quote(self.name, safe='')}/{job.id.zfill(10)}{rest}"
        signature = hashlib.sha256(path.encode()).hexdigest()
        return f"{prefix}{path}?X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"

    def served(self, now: float) -> Job | None:
        """The newest job that has succeeded, and has built something."""
        succeeded = [job for job in self.jobs if job.status_at(now) == "SUCCEED" and not job.plan.skips_build]
        return succeeded[-1] if succeeded else None

    def site(self, now: float) -> dict[str, bytes]:
        """The files that it serves, by their paths."""
        job = self.served(now)
        if job is None:
            return {}
        if job.files is None:
            name, built = self.app.settings["name"], f"App {self.app.id}, job {job.id}, commit {job.sha}"
            return {"index.html": f"<!doctype html><title>{name}</title><p>{built}</p>".encode()}
        with ZipFile(BytesIO(job.files)) as files:
            return {name: files.read(name) for name in files.namelist() if not name.endswith("/")}

    def shown(self, now: float) -> dict[str, Any]:
        served = self.served(now)
        return {
            **_BRANCH_DEFAULTS,
            "displayName": display_name(self.name),
            **_without(_SECRETS, self.settings),
            "customDomains": self.custom_domains,
            "branchArn": self.arn,
            "branchName": self.name,
            "activeJobId": served.id if served else "0",
            "totalNumberOfJobs": str(len(self.jobs)),
        }


@dataclass(kw_only=True)
class Job(Timeline):
    """A job. Its fields change when it is asked to start, begins, is stopped, or gets files or a push.

    :param environment: The variables that it is built with.
    :param builds: The commit to build. Default: the branch's tip when the job begins
    :param files: The zip that a deployment was sent.
    """

    branch: Branch
    id: str
    environment: dict[str, str]
    commit_id: str | None = None
    commit_message: str | None = None
    commit_time: datetime | None = None
    builds: str | None = None
    files: bytes | None = None

    @property
    def arn(self) -> str:
        return f"{self.branch.arn}/jobs/{self.id.zfill(10)}"

    @property
    def sha(self) -> str:
        """The commit that it builds."""
        return self.plan.builds or self.builds or self.branch.tip_at(self.began)

    def steps(self, now: float) -> list[dict[str, Any]]:
        """The steps as GetJob shows them (log URLs without host); none until provisioned (from memory)."""
        if now < self.first_step:
            return []
        return [self._step(name, now) for name in self.step_names]

    def log(self, step: str, now: float) -> str:
        """A step's log as far as it is written by now; empty before the step starts."""
        started, ended = self.spans().get(step, (math.inf, math.inf))
        if now < started:
            return ""
        repository = self.branch.app.repository
        recorded = self.plan.builds or (self.builds if self.commit_id else None)
        status, planned = self.status_in(step, now), step == self.planned_step
        lines = step_log(step, recorded, repository, status, self.plan if planned else None)
        if step == "BUILD" and self.plan.skips_build:
            lines = skipped_build(recorded, repository)
        done = 1.0 if now >= ended else (now - started) / (ended - started)
        shown = lines[: max(1, round(done * len(lines)))]
        pace = (min(ended, now) - started) / len(lines)
        return "".join(
            f"{timestamp(started + i * pace).isoformat('T', 'milliseconds')[:-6]}Z {line}\n"
            for i, line in enumerate(shown)
        )

    def _step(self, name: str, now: float) -> dict[str, Any]:
        spans = self.spans()
        started, ended = spans.get(name, (self.ended, self.ended))
        status = self.status_in(name, now)
        # The model requires startTime also of steps that have not started.
        begun = timestamp(min(started, now))
        shown: dict[str, Any] = {"stepName": name, "startTime": begun, "status": status}
        if name in spans and started <= now:
            shown["logUrl"] = self.branch.signed(LOG_PREFIX, self, f"/{name}/log.txt")
        if status not in ("PENDING", "RUNNING", "CANCELLING", self.plan.running):
            shown["endTime"] = timestamp(min(ended, now))
        if self.plan.reason and name == self.last_step and now >= self.ended and not self.was_stopped:
            shown["statusReason"] = self.plan.reason
        return shown


def display_name(branch_name: str) -> str:
    """Seen in the console: feature/login is served at feature-login.….amplifyapp.com."""
    return branch_name.replace("/", "-")


def _without(names: tuple[str, ...], settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


def timestamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
