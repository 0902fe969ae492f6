"""The options of ``AmplifyJob``, and what is refused at synthesis.

Each function checks one option, or some that belong together. It returns what the template needs, or raises a
ValueError: what was given, and what is allowed. ``limits`` checks options that have a single limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk.region_info import RegionInfo
from constructs import Construct, IConstruct
from typing_extensions import TypedDict

from .branch import names_of
from .commit import Commit
from .limits import (
    OPTIONS,
    checked_arn,
    checked_branch_name,
    checked_flag,
    checked_text,
    checked_word,
    is_known,
)
from .provider import AmplifyJobProvider, IAmplifyJobProvider
from .smoke_test import SmokeTest

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.aws_s3_deployment import ISource
    from aws_cdk.interfaces.aws_amplify import IBranchRef


class JobType(str, Enum):
    """What a job does.

    https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html
    """

    RELEASE = "RELEASE"
    """Build the newest commit of the branch, and deploy it."""
    RETRY = "RETRY"
    """Run an earlier job again, with its commit."""
    MANUAL = "MANUAL"
    """Deploy files; the option sources says which."""
    WEB_HOOK = "WEB_HOOK"
    """A build that a webhook asks for."""


class WhenBusy(str, Enum):
    """What to do when the branch already has a pending or running job."""

    WAIT = "WAIT"
    """Wait for that job's end, then start."""
    STOP = "STOP"
    """Stop that job once it runs, then start. A job that another AmplifyJob started in this deployment is not
    stopped: its end is waited for."""
    JOIN = "JOIN"
    """Start no job, and use the result of that one: if it fails, the deployment fails."""
    FAIL = "FAIL"
    """Fail with BRANCH_BUSY."""


class OnRollback(str, Enum):
    """What to do when the deployment is rolled back."""

    RESTORE = "RESTORE"
    """Release the previous version again."""
    IGNORE = "IGNORE"
    """Leave the site as it is."""


class AmplifyJobOptions(TypedDict, total=False):
    """The options of :class:`AmplifyJob`, which explains them. None stands for the default."""

    branch: IBranchRef | IResource | None
    app_id: str | None
    branch_name: str | None
    job_type: JobType | str | None
    job_id: str | None
    job_reason: str | None
    commit_id: str | None
    commit_message: str | None
    commit_time: datetime | str | None
    commit: Commit | None
    sources: Sequence[ISource] | None
    triggers: Mapping[str, str] | None
    execute_after: Sequence[IConstruct] | None
    every_deploy: bool | None
    wait: bool | None
    wait_for: str | None
    timeout: Duration | None
    when_busy: WhenBusy | str | None
    on_rollback: OnRollback | str | None
    verify_commit: bool | None
    smoke_test: SmokeTest | None
    failure_log_lines: int | None
    region: str | None
    assume_role: iam.IRole | iam.Role | str | None
    external_id: str | None
    provider: IAmplifyJobProvider | None


def checked_branch(
    branch: IBranchRef | IResource | None, app_id: str | None, branch_name: str | None
) -> tuple[str, str]:
    if branch and (app_id or branch_name):
        raise ValueError(
            "branch says the app and the branch, so app_id and branch_name must be left out, "
            f"received app_id={app_id!r} and branch_name={branch_name!r}"
        )
    if branch:
        return names_of(branch)
    if app_id is None or branch_name is None:
        raise ValueError(
            "either branch or both app_id and branch_name must be given, "
            f"received app_id={app_id!r} and branch_name={branch_name!r}"
        )
    checked_text("app_id", app_id)
    return app_id, checked_branch_name(branch_name)


def checked_job_type(job_type: JobType | str | None, sources: Sequence[ISource] | None) -> str:
    job_type = checked_word("job_type", job_type, JobType)
    if job_type is None:
        return JobType.MANUAL.value if sources else JobType.RELEASE.value
    if not Token.is_unresolved(job_type) and (job_type == JobType.MANUAL) != bool(sources):
        raise ValueError(
            "job_type MANUAL and sources must be given together, "
            f"received {job_type!r} and {'no' if not sources else len(sources)} sources"
        )
    return job_type


def checked_job_to_retry(job_type: str, job_id: str | None) -> str | None:
    if not Token.is_unresolved(job_type) and (job_type == JobType.RETRY) != (job_id is not None):
        raise ValueError(
            "job_id must be given for RETRY and for no other job_type, "
            f"received job_type={job_type!r} and job_id={job_id!r}"
        )
    return checked_text("job_id", job_id)


def commit_fields(
    commit: Commit | None, id: str | None, message: str | None, time: datetime | str | None
) -> tuple[str | None, str | None, datetime | str | None]:
    if not commit:
        return id, message, time
    if not isinstance(commit, Commit):
        raise ValueError(f"commit must be a Commit, received {commit!r}: for a SHA use commit_id")
    given = {"commit_id": id, "commit_message": message, "commit_time": time}
    also = [name for name, value in given.items() if value is not None]
    if also:
        raise ValueError(f"commit says it all, received also {', '.join(also)}")
    return commit.id, commit.message, commit.time


def known_flag(name: str, value: bool | None) -> bool | None:
    """The answer decides at synthesis what the template says."""
    if value is not None and Token.is_unresolved(value):
        raise ValueError(f"{name} must be True or False, known at synthesis, received a token")
    return checked_flag(name, value)


def in_utc(time: datetime | str | None) -> str | None:
    if time is None or (isinstance(time, str) and not is_known(time)):
        return time
    allowed = "commit_time must be a datetime with a time zone, or an ISO 8601 string with one"
    if not isinstance(time, (str, datetime)):
        raise ValueError(f"{allowed}, received {time!r}")
    try:
        # Python 3.10 does not read the Z.
        moment = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", time)) if isinstance(time, str) else time
    except ValueError:
        raise ValueError(f"{allowed}, received {time!r}") from None
    if not moment.tzinfo:
        raise ValueError(f"{allowed}, received {time!r}")
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def checked_triggers(triggers: Mapping[str, str] | None) -> dict[str, str] | None:
    if triggers is not None and not isinstance(triggers, Mapping):
        raise ValueError(f"triggers must be a dict of strings, received {triggers!r}")
    for key, value in (triggers or {}).items():
        if not isinstance(key, str) or Token.is_unresolved(key):
            raise ValueError(f"triggers must have keys that are strings known at synthesis, received {key!r}")
        if not isinstance(value, str):
            raise ValueError(f"triggers must have strings as values, received {value!r} for {key!r}")
    return dict(triggers) if triggers else None


def whole_seconds(timeout: Duration | None) -> int:
    limit = OPTIONS["TimeoutSeconds"]
    if timeout is None:
        return int(limit["default"])
    allowed = f"timeout must be {limit['min'] // 60} to {limit['max'] // 60} minutes"
    if not isinstance(timeout, Duration):
        raise ValueError(f"{allowed} as a Duration, received {timeout!r}")
    if timeout.is_unresolved():
        raise ValueError(f"{allowed}, known at synthesis, received a token")
    seconds = timeout.to_milliseconds() / 1000
    if not limit["min"] <= seconds <= limit["max"]:
        raise ValueError(f"{allowed}, received {timeout.to_human_string()}")
    return round(seconds)


def checked_region(region: str | None, branch: IBranchRef | IResource | None, stack: Stack) -> str | None:
    if region and is_known(region) and not re.fullmatch(OPTIONS["Region"]["pattern"], region):
        raise ValueError(f"region must be the name of a Region, as eu-west-1, received {region!r}")
    if not region and branch and not Token.is_unresolved(branch.env.region):
        region = branch.env.region
    return region if region != stack.region else None


def misspelt_region(region: str | None) -> str | None:
    """Only a warning: the CDK may not know the newest Region."""
    if region is None or not is_known(region):
        return None
    known = [info.name for info in RegionInfo.regions]
    close = get_close_matches(region, known, n=1, cutoff=0.8)
    if region in known or not close:
        return None
    return f"the CDK knows no Region {region}, did you mean {close[0]}?"


def check_account(branch: IBranchRef | IResource, stack: Stack) -> None:
    account, own = branch.env.account, stack.account
    if account != own and not Token.is_unresolved(account) and not Token.is_unresolved(own):
        raise ValueError(
            f"branch must be of the account of its job, {own}, received one of {account}: "
            "give a role there as assume_role"
        )


def checked_role_arn(role: iam.IRole | iam.Role | str | None) -> str | None:
    arn = role if role is None or isinstance(role, str) else role.role_arn
    return checked_arn(
        "assume_role", arn, OPTIONS["AssumeRoleArn"]["pattern"], "a role or the ARN of one, no pattern"
    )


def checked_external_id(external_id: str | None, role_arn: str | None) -> str | None:
    if external_id is None or not is_known(external_id):
        return external_id
    if role_arn is None:
        raise ValueError(f"external_id goes with assume_role, received {external_id!r} without one")
    limit = OPTIONS["ExternalId"]
    fits = isinstance(external_id, str) and limit["min"] <= len(external_id) <= limit["max"]
    if not fits or not re.fullmatch(limit["pattern"], external_id):
        raise ValueError(
            f"external_id must be {limit['min']} to {limit['max']:,} letters, digits or any of +=,.@:/-_, "
            f"received {external_id!r}"
        )
    return external_id


_OF_START_JOB: Final = {
    "JobId": "job_id",
    "JobReason": "job_reason",
    "CommitId": "commit_id",
    "CommitMessage": "commit_message",
    "CommitTime": "commit_time",
}


def check_sources_alone(properties: Mapping[str, object]) -> None:
    of_a_build = {**_OF_START_JOB, "VerifyCommit": "verify_commit"}
    given = [option for name, option in of_a_build.items() if properties[name] is not None]
    if given:
        raise ValueError(f"sources are deployed without a build, so {', '.join(given)} must be left out")


def check_wait_for(
    properties: Mapping[str, object], wait_for: str, sources: Sequence[ISource] | None
) -> None:
    if is_known(wait_for) and not re.fullmatch(OPTIONS["WaitForJobId"]["pattern"], str(wait_for)):
        raise ValueError(f"wait_for must be the ID of a job, as job.job_id, received {wait_for!r}")
    of_a_job = {**_OF_START_JOB, "Triggers": "triggers", "Nonce": "every_deploy"}
    given = [option for name, option in of_a_job.items() if properties[name] is not None]
    given += ["sources"] if sources else []
    given += ["job_type"] if not sources and properties["JobType"] != JobType.RELEASE else []
    if given:
        raise ValueError(f"wait_for starts no job, so {', '.join(given)} must be left out")


def check_constructs(execute_after: Sequence[IConstruct] | None) -> None:
    given = execute_after or ()
    if (
        isinstance(given, str)
        or not isinstance(given, Sequence)
        or not all(hasattr(i, "node") for i in given)
    ):
        raise ValueError(f"execute_after must be a list of constructs, received {execute_after!r}")


def checked_provider(provider: IAmplifyJobProvider | None, stack: Stack) -> IAmplifyJobProvider | None:
    if provider is not None and not isinstance(provider, IAmplifyJobProvider):
        hint = (
            "pass its .provider"
            if hasattr(provider, "provider")
            else "see AmplifyJobProvider.from_service_token"
        )
        raise ValueError(f"provider must be a provider, received {provider!r}: {hint}")
    if isinstance(provider, AmplifyJobProvider):
        region, own = Stack.of(provider).region, stack.region
        if region != own and is_known(region) and is_known(own):
            raise ValueError(f"provider must be of the Region {own} of its job, received one of {region}")
    return provider


def reader_of(provider: IAmplifyJobProvider, job: Construct) -> iam.IRole:
    """The role that reads the files of a job, in a form that ignores grants: theirs are wider than needed."""
    if provider.role is None:
        raise ValueError(
            "sources need a provider whose role is known, so that it may read them: give its role as the "
            "option role of AmplifyJobProvider.from_service_token"
        )
    # By its name: the ARN of a role in another stack would look like one of another account.
    return iam.Role.from_role_name(job, "Reader", provider.role.role_name, mutable=False)
