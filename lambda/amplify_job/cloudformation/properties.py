"""The resource's properties, read and checked by the contract."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from amplify_job.cloudformation.mark import digest, unsigned
from amplify_job.contract import ROWS, SECONDS_TO_ANSWER, allowed, conflict, job_type_of, read, shown
from amplify_job.outcomes import InvalidProperties


class BranchLocation(NamedTuple):
    """Where a branch lives, and by which role it is reached."""

    app_id: str
    branch_name: str
    region: str
    assume_role_arn: str
    external_id: str

    @property
    def title(self) -> str:
        return f"branch {self.branch_name} of app {self.app_id}"

    @property
    def console_url(self) -> str:
        branch = quote(self.branch_name, safe="", errors="replace")
        host = f"https://{self.region}.console.aws.amazon.com"
        return f"{host}/amplify/apps/{self.app_id}/branches/{branch}/deployments"


class Source(NamedTuple):
    """An archive of files to deploy, as aws-cdk's BucketDeployment describes it."""

    bucket: str
    key: str
    markers: Mapping[str, str]
    """Texts in the files, and the values that replace them: those are known when the stack is deployed."""
    json_escape: bool

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class SmokeTest(NamedTuple):
    """What the site must answer once the job has succeeded."""

    path: str
    """A path on the branch's site, or an https URL of another host that shows it."""
    status: int
    text: str
    seconds: int


class Properties(NamedTuple):
    location: BranchLocation
    job_type: str
    job_id: str
    job_reason: str
    commit_id: str
    commit_message: str
    commit_time: datetime | None
    triggers: Mapping[str, str]
    nonce: str
    build_settings: Mapping[str, Any]
    """What Amplify builds by, such as environment variables: secrets may be among them."""
    wait: bool
    sources: tuple[Source, ...]
    """Files to deploy, instead of a build."""
    timeout_seconds: int
    when_busy: str
    on_rollback: str
    verify_commit: bool
    smoke_test: SmokeTest | None
    failure_log_lines: int
    fingerprint: str
    """A digest of the properties that define the job. A change of others starts one only after a failure."""

    @classmethod
    def parse(cls, raw: Any) -> Properties:
        """Read and check `ResourceProperties`.

        :raises InvalidProperties: what was given, and what is allowed.
        """
        given = _given(raw)
        flaw = conflict(given)
        if flaw:
            raise InvalidProperties(flaw)
        defaults = {name: row.default for name, row in ROWS.items()}
        defaults["Region"] = os.environ.get("AWS_REGION", "")
        values = defaults | given
        values["JobType"] = job_type_of(given)
        values["CommitMessage"] = unsigned(values["CommitMessage"])
        page = [values[f"SmokeTest{name}"] for name in ("Path", "Status", "Text", "Seconds")]
        where = ("AppId", "BranchName", "Region", "AssumeRoleArn", "ExternalId")
        return cls(
            location=BranchLocation(*(values[name] for name in where)),
            job_type=values["JobType"],
            job_id=values["JobId"],
            job_reason=values["JobReason"],
            commit_id=values["CommitId"],
            commit_message=values["CommitMessage"],
            commit_time=values["CommitTime"],
            triggers=values["Triggers"],
            nonce=values["Nonce"],
            build_settings=values["BuildSettings"],
            wait=values["Wait"],
            sources=_sources(values),
            # The function must answer before CloudFormation gives up.
            timeout_seconds=min(values["TimeoutSeconds"], values["ServiceTimeout"] - SECONDS_TO_ANSWER),
            when_busy=values["WhenBusy"],
            on_rollback=values["OnRollback"],
            verify_commit=values["VerifyCommit"],
            smoke_test=SmokeTest(*page) if page[0] else None,
            failure_log_lines=values["FailureLogLines"],
            fingerprint=_fingerprint(values, defaults),
        )

    @property
    def start_job(self) -> dict[str, Any]:
        """The fields of StartJob that are set, apart from the commit message."""
        fields = {
            "jobType": self.job_type,
            "jobId": self.job_id,
            "jobReason": self.job_reason,
            "commitId": self.commit_id,
            "commitTime": self.commit_time,
        }
        return {name: value for name, value in fields.items() if value}


def _given(raw: Any) -> dict[str, Any]:
    """What is given. Absent and empty are the same, as for an empty template parameter."""
    if not isinstance(raw, dict):
        raise InvalidProperties("the resource has no properties")
    given = {}
    for name, value in raw.items():
        if name not in ROWS:
            raise InvalidProperties(f"unknown property {shown(name)}; {_meant(str(name))}")
        if value in ("", None):
            continue
        row = ROWS[name]
        try:
            given[name] = read(row, value)
        except ValueError:
            raise InvalidProperties(f"{name} is {shown(value, row.kind)}, must be {allowed(row)}") from None
    for name in ("AppId", "BranchName"):
        if name not in given:
            raise InvalidProperties(f"{name} is missing")
    return given


def _sources(values: Mapping[str, Any]) -> tuple[Source, ...]:
    """The lists with an item for each source, as BucketDeployment has them. Those of maps may be left out."""
    buckets = values["SourceBucketNames"]
    none: list[Any] = [{}] * len(buckets)
    lists = {
        "SourceObjectKeys": values["SourceObjectKeys"],
        "SourceMarkers": values["SourceMarkers"] or none,
        "SourceMarkersConfig": values["SourceMarkersConfig"] or none,
    }
    for name, items in lists.items():
        if len(items) != len(buckets):
            count = f"{name} has {len(items)} items"
            raise InvalidProperties(f"{count}, must have as many as SourceBucketNames: {len(buckets)}")
    return tuple(
        Source(bucket, key, markers, str(config.get("jsonEscape", "")).lower() == "true")
        for bucket, key, markers, config in zip(buckets, *lists.values(), strict=True)
    )


def _fingerprint(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """A digest of what is set. An option that a later release adds changes no fingerprint without it."""
    defining = {
        name: values[name] for name, row in ROWS.items() if row.starts and values[name] != defaults[name]
    }
    if "CommitTime" in defining:
        defining["CommitTime"] = defining["CommitTime"].isoformat()
    return digest(defining, length=16)


def _meant(name: str) -> str:
    """What the user may have meant by an unknown name."""
    from difflib import get_close_matches  # slow to import, and only a mistake needs it

    by_lower = {known.lower(): known for known in ROWS}
    close = get_close_matches(name.lower(), by_lower, n=1)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    return f"allowed are {', '.join(sorted(ROWS))}"
