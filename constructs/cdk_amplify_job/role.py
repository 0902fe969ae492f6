"""``AmplifyJobRole``: access to an app for jobs that another account deploys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .limits import checked, is_list_of
from .permissions import QUOTA, WILDCARD_EXPLAINED, arn_of_app, characters, policy, work_on


class AmplifyJobRole(iam.Role):
    """A role in the account of an app, for the option ``assume_role`` of jobs in another account.

    It allows what jobs do with the given branches. Only the role of the provider's function may assume it.

    :param app_id: The ID of the app.
    :param branch_names: The names of its branches, at least one; no patterns.
    :param trusted_role_arn: The ARN of the role of the provider's function. It may end with an asterisk, for
        the letters that CloudFormation adds to a role's name; then it stands for each role that matches.
    :param region: The Region of the app. Default: - the stack's
    :param role_name: The name of this role. Default: - made by CloudFormation
    :param deploys_files: Whether jobs deploy files, by their option sources. Default: False
    :raises ValueError: An option is out of its limits, or the branches do not fit into one role.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        app_id: str,
        branch_names: Sequence[str],
        trusted_role_arn: str,
        region: str | None = None,
        role_name: str | None = None,
        deploys_files: bool = False,
    ) -> None:
        checked("AppId", app_id)
        if not branch_names or not is_list_of("isalnum", branch_names):
            raise ValueError(f"branch_names must be a list of names, received {branch_names!r}")
        for branch_name in branch_names:
            checked("BranchName", branch_name)
        trusted = re.fullmatch(r"arn:[^:]+:iam::([^:*?]+):role/[^:*?]+\*?", trusted_role_arn)
        if not trusted:
            raise ValueError(f"trusted_role_arn must be the ARN of one role, received {trusted_role_arn!r}")

        # The account and a condition, not the role itself: IAM refuses a principal that is not there yet.
        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        function: Any = iam.AccountPrincipal(trusted[1]).with_conditions(
            {"ArnLike": {"aws:PrincipalArn": trusted_role_arn}}
        )
        super().__init__(scope, id, assumed_by=function, role_name=role_name)

        app = arn_of_app(Stack.of(self), app_id, region)
        statements = [work_on(app, branch_names, deploys_files=deploys_files)]
        size = characters(statements)
        if size > QUOTA:
            raise ValueError(
                f"branch_names must fit into the {QUOTA:,} characters of the policies of a role, "
                f"received {len(branch_names)} names, which take {size:,}: make several roles"
            )
        cfn_role = cast(iam.CfnRole, self.node.default_child)
        cfn_role.policies = [
            iam.CfnRole.PolicyProperty(policy_name="Jobs", policy_document=policy(statements))
        ]
        cfn_role.add_metadata("cdk_nag", WILDCARD_EXPLAINED)
