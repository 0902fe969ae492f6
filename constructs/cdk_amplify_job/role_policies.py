"""What a provider's role is allowed: by policies, within IAM's quota for a role, or by its owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Annotations, Aws, CfnResource, Fn, Names, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .permissions import QUOTA, WILDCARD_EXPLAINED, Statement, characters, in_words, policy


class RolePolicies:
    """Policies as resources of their own.

    CloudFormation deletes a job's policy after its job. It would change a policy inside the role earlier:
    then the Delete of a job that is new in a failed update, or left the template, would be denied.

    :param provider: Whose role it is; errors name it.
    :param role: None if it is not known. To this one, and to one that takes no policies, none is attached: a
        warning says what its owner must allow.
    :param inside: The statements inside the role, if the provider has made it.
    """

    def __init__(
        self, provider: Construct, role: iam.IRole | iam.Role | None, inside: Sequence[Statement] = ()
    ) -> None:
        self._provider = provider
        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        self._role: Any = role if role and _takes_policies(role) else None
        self._stack = Stack.of(provider) if inside else None
        self._characters = characters(inside) if inside else 0

    def attach(
        self,
        scope: Construct,
        id: str,
        statements: Sequence[Statement],
        *,
        needed_by: CfnResource | None = None,
    ) -> iam.CfnPolicy | None:
        """Attach one policy. No other policy of the role has its name, in any CDK app.

        :param needed_by: What waits for it. Default: - nothing
        :return: The policy; None if the role takes none.
        :raises ValueError: The inline policies of the role are full.
        """
        if not self._role:
            Annotations.of(scope).add_warning_v2(
                "cdk-amplify-job:permissions",
                "no policy is attached to the role of the provider, so its owner must allow:"
                + "".join(f"\n- {in_words(statement, scope)}" for statement in statements),
            )
            return None
        self._characters += characters(statements)
        if self._characters > QUOTA:
            raise ValueError(
                f"the inline policies of the role of {self._provider.node.path!r} must have at most "
                f"{QUOTA:,} characters, received {self._characters:,}: list every app of the jobs "
                "in the provider's app_ids, or give some of the jobs a provider of their own"
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


def _takes_policies(role: iam.IRole | iam.Role) -> bool:
    """Whether a role takes policies: not one that was imported with ``mutable=False``, or customized.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam-readme.html#opting-out-of-automatic-permissions-management
    """
    if role.node.try_get_context("@aws-cdk/iam:customizeRoles") is not None:
        return False
    statement = iam.PolicyStatement(actions=["iam:None"], resources=["none"])
    probe: Any = iam.Policy(Stack(), "Probe", force=True, statements=[statement])
    role.attach_inline_policy(probe)
    return not probe.node.validate()  # it says so if it is attached to nothing
