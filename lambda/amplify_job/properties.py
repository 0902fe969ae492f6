"""The resource's properties: the only reader of CloudFormation's strings.

CloudFormation gives every scalar as a string. A plain template has no construct that checks its properties,
so everything is checked here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from identity import digest, unsigned
from outcomes import InvalidProperties

START_JOB: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "start_job.json").read_text())
"""The limits and enum words of StartJob's fields, as botocore's service model states them."""
OPTIONS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "options.json").read_text())
"""The limits and defaults of the properties that are not Amplify's."""

FINGERPRINT_VERSION = "1"
DEPLOYMENT = "MANUAL"
"""The type of a job that deploys files."""
_NAMES = {name[0].upper() + name[1:] for name in START_JOB} | OPTIONS.keys()


class BranchLocation(NamedTuple):
    """Where a branch lives, and by which role it is reached."""

    app_id: str
    branch_name: str
    region: str
    assume_role_arn: str
    external_id: str

    def is_same_branch(self, other: BranchLocation) -> bool:
        """Whether both are one branch, perhaps reached by different roles."""
        return self[:3] == other[:3]

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
    wait: bool
    wait_for_job_id: str
    """Nothing is started; this job is waited for."""
    sources: tuple[Source, ...]
    """Files to deploy, instead of a build."""
    timeout_seconds: int
    when_busy: str
    on_rollback: str
    verify_commit: bool
    smoke_test: SmokeTest | None
    failure_log_lines: int

    @classmethod
    def parse(cls, raw: Any) -> Properties:
        """Read and check `ResourceProperties`.

        :raises InvalidProperties: what was given, and what is allowed.
        """
        if not isinstance(raw, dict):
            raise InvalidProperties("the resource has no properties")
        for name in raw:
            if name not in _NAMES:
                raise InvalidProperties(f"unknown property {_shown(name)}; {_meant(str(name))}")
        read = _Reader(raw)
        sources = read.sources()
        properties = cls(
            location=BranchLocation(
                app_id=read.api("AppId", required=True),
                branch_name=read.api("BranchName", required=True),
                region=read.matching("Region", "a Region such as eu-west-1")
                or os.environ.get("AWS_REGION", ""),
                assume_role_arn=read.matching("AssumeRoleArn", "the ARN of an IAM role"),
                external_id=read.matching("ExternalId", "2 to 1,224 letters, digits or any of +=,.@:/-_"),
            ),
            job_type=read.api("JobType") or (DEPLOYMENT if sources else "RELEASE"),
            job_id=read.api("JobId"),
            job_reason=read.api("JobReason"),
            commit_id=read.api("CommitId"),
            commit_message=unsigned(read.api("CommitMessage")),
            commit_time=read.time("CommitTime"),
            triggers=read.strings("Triggers"),
            nonce=read.text("Nonce"),
            wait=read.boolean("Wait"),
            wait_for_job_id=read.matching("WaitForJobId", "the ID of a job, such as 7"),
            sources=sources,
            timeout_seconds=read.seconds(),
            when_busy=read.word("WhenBusy"),
            on_rollback=read.word("OnRollback"),
            verify_commit=read.boolean("VerifyCommit"),
            smoke_test=read.smoke_test(),
            failure_log_lines=read.integer("FailureLogLines"),
        )
        if (properties.job_type == "RETRY") != bool(properties.job_id):
            given = f"JobType is {properties.job_type!r} and JobId is {properties.job_id!r}"
            raise InvalidProperties(f"{given}; JobId is required for, and only for, JobType 'RETRY'")
        if (properties.job_type == DEPLOYMENT) != bool(sources):
            given = f"JobType is {properties.job_type!r} with {len(sources)} sources"
            allowed = f"sources are required for, and only for, JobType {DEPLOYMENT!r}"
            raise InvalidProperties(f"{given}; {allowed}")
        properties._check_build_only()
        if properties.smoke_test and not properties.wait:
            raise InvalidProperties("SmokeTestPath looks at the site after the job, so Wait must be true")
        return properties

    def _check_build_only(self) -> None:
        """:raises InvalidProperties: a field of a new build goes with what starts none."""
        fields = {**self.start_job, "commitMessage": self.commit_message}
        if self.wait_for_job_id:
            fields |= {"triggers": self.triggers, "sourceBucketNames": self.sources}
            why = "WaitForJobId starts no job"
        elif self.sources:
            why = "files are deployed without a build"
        else:
            return
        given = [name for name, value in fields.items() if value and value not in ("RELEASE", DEPLOYMENT)]
        if given:
            names = ", ".join(name[0].upper() + name[1:] for name in given)
            raise InvalidProperties(f"{why}, so {names} must be left out")

    @property
    def fingerprint(self) -> str:
        """A digest of the properties that define the job. A change of others starts no job."""
        defining: tuple[Any, ...] = (
            self.location.app_id,
            self.location.branch_name,
            self.location.region,
            self.job_type,
            self.job_id,
            self.job_reason,
            self.commit_id,
            self.commit_message,
            self.commit_time and self.commit_time.isoformat(),
            dict(self.triggers),
            self.nonce,
        )
        if self.wait_for_job_id:  # an addition keeps the fingerprints of what does not use it
            defining += (self.wait_for_job_id,)
        if self.sources:
            defining += (self.sources,)
        return FINGERPRINT_VERSION + digest(*defining, length=15)

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


class _Reader:
    """Reads one property at a time; absent and empty are the same, as for an empty template parameter."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def text(self, name: str) -> str:
        value = self._raw.get(name, "")
        if not isinstance(value, str):
            raise InvalidProperties(f"{name} is {_shown(value)}, must be a string")
        return value

    def api(self, name: str, *, required: bool = False) -> str:
        """A field of StartJob, within the API's limits."""
        limits = START_JOB[name[0].lower() + name[1:]]
        value = self.text(name)
        if not value:
            if required:
                raise InvalidProperties(f"{name} is missing")
            return value
        if "enum" in limits and value not in limits["enum"]:
            raise InvalidProperties(f"{name} is {_shown(value)}, must be one of {', '.join(limits['enum'])}")
        if len(value) > limits.get("max", len(value)):
            raise InvalidProperties(f"{name} has {len(value)} characters, must have at most {limits['max']}")
        if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            raise InvalidProperties(f"{name} is {_shown(value)}, must match {limits['pattern']}")
        return value

    def matching(self, name: str, allowed: str) -> str:
        value, limits = self.text(name), OPTIONS[name]
        fits = limits.get("min", 0) <= len(value) <= limits.get("max", len(value))
        if value and not (fits and re.fullmatch(limits["pattern"], value)):
            raise InvalidProperties(f"{name} is {_shown(value)}, must be {allowed}")
        return value

    def word(self, name: str) -> str:
        words, value = OPTIONS[name]["enum"], self.text(name) or OPTIONS[name]["default"]
        if value not in words:
            raise InvalidProperties(f"{name} is {_shown(value)}, must be one of {', '.join(words)}")
        return str(value)

    def boolean(self, name: str) -> bool:
        value = self._raw.get(name, "")
        if value in ("", None):
            return bool(OPTIONS[name]["default"])
        if str(value).lower() not in ("true", "false"):
            raise InvalidProperties(f"{name} is {_shown(value)}, must be true or false")
        return str(value).lower() == "true"

    def integer(self, name: str) -> int:
        lowest, highest = int(OPTIONS[name]["min"]), int(OPTIONS[name]["max"])
        value = self._raw.get(name, "")
        if value in ("", None):
            return int(OPTIONS[name].get("default", highest))
        if not re.fullmatch(r"[0-9]{1,9}", str(value)) or not lowest <= int(value) <= highest:
            allowed = f"must be a whole number from {lowest} to {highest}"
            raise InvalidProperties(f"{name} is {_shown(value)}, {allowed}")
        return int(value)

    def smoke_test(self) -> SmokeTest | None:
        text = self.text("SmokeTestText")
        if len(text) > OPTIONS["SmokeTestText"]["max"]:
            raise InvalidProperties(f"SmokeTestText has {len(text)} characters, must have at most 1000")
        path = self.matching("SmokeTestPath", "one slash and then ASCII characters without spaces")
        others = [
            name for name in ("SmokeTestStatus", "SmokeTestText", "SmokeTestSeconds") if self._raw.get(name)
        ]
        if others and not path:
            raise InvalidProperties(f"{others[0]} is given, so SmokeTestPath must be given, too")
        status, seconds = self.integer("SmokeTestStatus"), self.integer("SmokeTestSeconds")
        return SmokeTest(path, status, text, seconds) if path else None

    def seconds(self) -> int:
        """The smaller of both timeouts: the function must answer before CloudFormation gives up."""
        to_answer = int(OPTIONS["ServiceTimeout"]["to_answer"])
        return min(self.integer("TimeoutSeconds"), self.integer("ServiceTimeout") - to_answer)

    def time(self, name: str) -> datetime | None:
        value = self.text(name)
        if not value:
            return None
        try:
            parsed = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value))
            if parsed.tzinfo is None:
                raise ValueError
            return parsed.astimezone(timezone.utc)
        except (ValueError, OverflowError):
            allowed = "must be an ISO 8601 date and time with an offset, such as 2026-01-31T12:00:00Z"
            raise InvalidProperties(f"{name} is {_shown(value)}, {allowed}") from None

    def strings(self, name: str) -> Mapping[str, str]:
        value = self._raw.get(name, "")
        return {} if value in ("", None) else _map_of_strings(name, value)

    def sources(self) -> tuple[Source, ...]:
        """Lists with an item for each source, as BucketDeployment has them."""
        buckets = self._items("SourceBucketNames", str)
        keys = self._items("SourceObjectKeys", str, like=buckets)
        markers = self._items("SourceMarkers", dict, like=buckets)
        configs = self._items("SourceMarkersConfig", dict, like=buckets)
        return tuple(
            Source(
                bucket,
                key,
                _map_of_strings(f"SourceMarkers.{number}", of_source),
                str(config.get("jsonEscape", "")).lower() == "true",
            )
            for number, (bucket, key, of_source, config) in enumerate(
                zip(buckets, keys, markers, configs, strict=True)
            )
        )

    def _items(self, name: str, of: type, like: list[Any] | None = None) -> list[Any]:
        """:param like: A list of the same length; maps may be left out."""
        value = self._raw.get(name, "")
        if value in ("", None):
            value = [{} for _ in like or ()] if of is dict else []
        what = "strings" if of is str else "maps"
        if not isinstance(value, list) or not all(isinstance(item, of) and item != "" for item in value):
            raise InvalidProperties(f"{name} is {_shown(value)}, must be a list of {what}")
        if like is not None and len(value) != len(like):
            raise InvalidProperties(
                f"{name} has {len(value)} items, must have as many as SourceBucketNames: {len(like)}"
            )
        return value


def _map_of_strings(name: str, value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise InvalidProperties(f"{name} is {_shown(value)}, must be a map of strings")
    for key, item in value.items():
        if not key:
            raise InvalidProperties(f"{name} has an empty name")
        if not isinstance(item, str):
            raise InvalidProperties(f"{name}.{key} is {_shown(item)}, must be a string")
    return value


def _meant(name: str) -> str:
    """What the user may have meant by an unknown name."""
    by_lower = {known.lower(): known for known in _NAMES}
    close = get_close_matches(name.lower(), by_lower, n=1)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    return f"allowed are {', '.join(sorted(_NAMES))}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
