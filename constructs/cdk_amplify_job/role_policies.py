"""The policies that are attached to a provider's role, within IAM's quota for a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, CfnResource, Fn, Names, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .permissions import QUOTA, WILDCARD_EXPLAINED, Statement, characters, policy


class RolePolicies:
    """Policies as resources of their own.

    CloudFormation deletes a job's policy after its job. It would change a policy inside the role earlier:
    then the Delete of a job that is new in a failed update, or left the template, would be denied.

    :param provider: Whose role it is; errors name it.
    :param inside: The statements inside the role, if the provider has made it.
    """

    def __init__(
        self, provider: Construct, role: iam.IRole | iam.Role, inside: Sequence[Statement] = ()
    ) -> None:
        self._provider = provider
        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        self._role: Any = role
        self._stack = Stack.of(provider) if inside else None
        self._characters = characters(inside) if inside else 0

    def attach(
        self,
        scope: Construct,
        id: str,
        statements: Sequence[Statement],
        *,
        needed_by: CfnResource | None = None,
    ) -> iam.CfnPolicy:
        """Attach one policy. No other policy of the role has its name, in any CDK app.

        :param needed_by: What waits for it. Default: - nothing
        :raises ValueError: The inline policies of the role are full.
        """
        self._characters += characters(statements)
        if self._characters > QUOTA:
            raise ValueError(
                f"the inline policies of the role of {self._provider.node.path!r} must have at most "
                f"{QUOTA:,} characters, received {self._characters:,}: give the provider app_ids, which "
                "allow all branches of an app at once, or give some of its jobs a provider of their own"
            )
        unique = Names.unique_resource_name(scope, max_length=80) + ("" if id == "Policy" else id)
        if Stack.of(scope) is not self._stack:  # stacks of other apps may attach policies, too
            unique = "-".join([unique, Fn.select(2, Fn.split("/", Aws.STACK_ID))])
        attached = iam.CfnPolicy(
            scope,
            id,
            policy_name=unique,
            policy_document=policy(statements),
            roles=[self._role.role_name],
        )
        if "*" in str(statements):
            attached.add_metadata("cdk_nag", WILDCARD_EXPLAINED)
        if needed_by:
            needed_by.node.add_dependency(attached)
        return attached
