"""Where a job runs: the app, its branch, their Region, and the role by which they are reached."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam

from .branch import known_name_of, names_of
from .limits import checked, is_known
from .options import AmplifyJobOptions

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.interfaces.aws_amplify import IBranchRef


class Place(NamedTuple):
    app_id: str
    branch_name: str
    known_name: str
    """The branch's name itself, if it is known: a permission for it is exact, and its length counts."""
    region: str | None
    """None is the Region of the stack."""
    role_arn: str | None
    external_id: str | None


def place_of(options: AmplifyJobOptions, stack: Stack) -> Place:
    """Read where a job runs.

    :raises ValueError: An option is missing, wrong, or does not go with another.
    """
    branch = options.get("branch")
    app_id, branch_name = _checked_names(branch, options.get("app_id"), options.get("branch_name"))
    known_name = (known_name_of(branch) if branch else None) or branch_name
    _check_own_build(app_id, known_name)
    region = _checked_region(options.get("region"), branch, stack)
    role_arn = _checked_role_arn(options.get("assume_role"))
    if branch and role_arn is None:
        _check_account(branch, stack)
    external_id = _checked_external_id(options.get("external_id"), role_arn)
    return Place(app_id, branch_name, known_name, region, role_arn, external_id)


def _checked_names(
    branch: IBranchRef | IResource | None, app_id: str | None, branch_name: str | None
) -> tuple[str, str]:
    received = f"received app_id={app_id!r} and branch_name={branch_name!r}"
    if branch is not None and not hasattr(branch, "node"):
        raise ValueError(
            f"branch must be a branch construct, received {branch!r}: for names use app_id and branch_name"
        )
    if branch is not None and (app_id is not None or branch_name is not None):
        raise ValueError(
            f"branch says the app and the branch, so app_id and branch_name must be left out, {received}"
        )
    if branch is not None:
        return names_of(branch)
    if app_id is None or branch_name is None:
        raise ValueError(f"either branch or both app_id and branch_name must be given, {received}")
    return checked("AppId", app_id), checked("BranchName", branch_name)


def _checked_region(region: str | None, branch: IBranchRef | IResource | None, stack: Stack) -> str | None:
    region = checked("Region", region)
    if region is None and branch and not Token.is_unresolved(branch.env.region):
        region = branch.env.region
    return region if region != stack.region else None


def _check_account(branch: IBranchRef | IResource, stack: Stack) -> None:
    account, own = branch.env.account, stack.account
    if account != own and not Token.is_unresolved(account) and not Token.is_unresolved(own):
        raise ValueError(
            f"branch must be of the account of its job, {own}, received one of {account}: "
            "give a role there as assume_role"
        )


def _check_own_build(app_id: str, branch_name: str) -> None:
    """Refuse to deploy a branch from its own Amplify build: each would wait for the other."""
    # https://docs.aws.amazon.com/amplify/latest/userguide/amplify-console-environment-variables.html
    if (app_id, branch_name) == (os.environ.get("AWS_APP_ID"), os.environ.get("AWS_BRANCH")):
        raise ValueError(
            f"branch {branch_name!r} of app {app_id!r} must not be released from its own Amplify build, "
            "received AWS_APP_ID and AWS_BRANCH of that build: deploy this stack from elsewhere"
        )


def _checked_role_arn(role: iam.IRole | iam.Role | str | None) -> str | None:
    arn: str | None = checked("AssumeRoleArn", getattr(role, "role_arn", role))
    return arn


def _checked_external_id(external_id: str | None, role_arn: str | None) -> str | None:
    external_id = checked("ExternalId", external_id)
    if external_id is not None and role_arn is None and is_known(external_id):
        raise ValueError(f"external_id goes with assume_role, received {external_id!r} without one")
    return external_id
