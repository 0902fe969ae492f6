"""The options of ``AmplifyJob``, and what is refused at synthesis.

Each function checks one option, or some that belong together. It returns what the template needs, or raises a
ValueError: what was given, and what is allowed. ``limits`` checks each option by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk.region_info import RegionInfo
from constructs import Construct, IConstruct
from typing_extensions import TypedDict

from .branch import names_of
from .commit import Commit
from .limits import ROWS, checked, checked_branch_name, conflict, is_known, is_list_of
from .provider import AmplifyJobProvider
from .provider_interface import IAmplifyJobProvider
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
    """Build commit_id, or the newest commit of the branch, and deploy it."""
    RETRY = "RETRY"
    """Run an earlier job again, with its commit."""
    MANUAL = "MANUAL"
    """Deploy files; the option sources says which."""
    WEB_HOOK = "WEB_HOOK"
    """Build as if a webhook had asked for it."""


class WhenBusy(str, Enum):
    """What to do when the branch already has a pending or running job."""

    WAIT = "WAIT"
    """Wait for that job's end, then start."""
    STOP = "STOP"
    """Stop that job once it runs, then start. A job that another AmplifyJob started in this deployment is not
    stopped: the function waits for its end."""
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


def check_names(owner: str, options: Mapping[str, object]) -> None:
    """Refuse an unknown option, as Python refuses an unknown parameter.

    :raises TypeError: AmplifyJob has no such option.
    """
    for name in options.keys() - AmplifyJobOptions.__annotations__.keys():
        raise TypeError(f"{owner}.__init__() got an unexpected keyword argument {name!r}")


def checked_branch(
    branch: IBranchRef | IResource | None, app_id: str | None, branch_name: str | None
) -> tuple[str, str]:
    received = f"received app_id={app_id!r} and branch_name={branch_name!r}"
    if branch is not None and (app_id is not None or branch_name is not None):
        raise ValueError(
            f"branch says the app and the branch, so app_id and branch_name must be left out, {received}"
        )
    if branch is not None:
        return names_of(branch)
    if app_id is None or branch_name is None:
        raise ValueError(f"either branch or both app_id and branch_name must be given, {received}")
    return checked("AppId", app_id), checked_branch_name(branch_name)


def commit_fields(
    commit: Commit | None, id: str | None, message: str | None, time: datetime | str | None
) -> tuple[str | None, str | None, datetime | str | None]:
    if commit is None:
        return id, message, time
    if not isinstance(commit, Commit):
        raise ValueError(f"commit must be a Commit, received {commit!r}: for a SHA use commit_id")
    given = {"commit_id": id, "commit_message": message, "commit_time": time}
    also = [name for name, value in given.items() if value is not None]
    if also:
        raise ValueError(f"commit says it all, received also {', '.join(also)}")
    return commit.id, commit.message, commit.time


def checked_triggers(triggers: Mapping[str, str] | None) -> dict[str, str] | None:
    for key in triggers if isinstance(triggers, Mapping) else ():
        if not is_known(key):
            raise ValueError(f"triggers must have keys that are known at synthesis, received {key!r}")
    given = dict(triggers) if isinstance(triggers, Mapping) else triggers
    copied: dict[str, str] | None = checked("Triggers", given)
    return copied or None


def checked_region(region: str | None, branch: IBranchRef | IResource | None, stack: Stack) -> str | None:
    region = checked("Region", region)
    if region is None and branch and not Token.is_unresolved(branch.env.region):
        region = branch.env.region
    return region if region != stack.region else None


def misspelt_region(region: str | None) -> str | None:
    """Return a warning if the Region looks misspelt. No error: the CDK may not know the newest Region."""
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


def check_own_build(app_id: str, branch_name: str) -> None:
    """Refuse to deploy a branch from its own Amplify build: each would wait for the other."""
    # https://docs.aws.amazon.com/amplify/latest/userguide/amplify-console-environment-variables.html
    if (app_id, branch_name) == (os.environ.get("AWS_APP_ID"), os.environ.get("AWS_BRANCH")):
        raise ValueError(
            f"branch {branch_name!r} of app {app_id!r} must not be released from its own Amplify build, "
            "received AWS_APP_ID and AWS_BRANCH of that build: deploy this stack from elsewhere"
        )


def checked_role_arn(role: iam.IRole | iam.Role | str | None) -> str | None:
    arn: str | None = checked("AssumeRoleArn", getattr(role, "role_arn", role))
    return arn


def smoke_test_properties(smoke_test: SmokeTest | None) -> dict[str, Any]:
    if smoke_test is not None and not isinstance(smoke_test, SmokeTest):
        raise ValueError(f"smoke_test must be a SmokeTest, received {smoke_test!r}")
    return smoke_test.properties() if smoke_test else {}


def check_external_id(external_id: str | None, role_arn: str | None) -> None:
    if external_id is not None and role_arn is None and is_known(external_id):
        raise ValueError(f"external_id goes with assume_role, received {external_id!r} without one")


def check_together(properties: Mapping[str, Any], sources: Sequence[ISource] | None) -> None:
    """The contract's rules about several options."""
    given = {name: value for name, value in properties.items() if value is not None}
    if sources:
        given["SourceBucketNames"] = sources
    unknown = {name for name, value in given.items() if not is_known(value)}
    flaw = conflict(given, unknown, lambda name: ROWS[name].option)
    if flaw:
        raise ValueError(flaw)
    if sources and properties["VerifyCommit"] is not None:
        raise ValueError("sources are deployed without a build, so verify_commit must be left out")


def check_constructs(execute_after: Sequence[IConstruct] | None) -> None:
    if not is_list_of("node", execute_after or ()):
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
    """Return the role that reads a job's files, without grants: those of sources are wider than needed."""
    if provider.role is None:
        raise ValueError(
            "sources need a provider whose role is known, so that it may read them: give its role as the "
            "option role of AmplifyJobProvider.from_service_token"
        )
    # By its name: the ARN of a role in another stack would look like one of another account.
    return iam.Role.from_role_name(job, "Reader", provider.role.role_name, mutable=False)
