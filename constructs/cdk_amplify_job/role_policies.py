"""The policies beside jobs: what a provider's role is allowed, within IAM's quota for a role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aws_cdk import Annotations, Aws, CfnResource, Fn, Names, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .permissions import (
    QUOTA,
    THRESHOLD,
    WILDCARD_EXPLAINED,
    Statement,
    Target,
    policy,
    size_for,
    statements_for,
    widened,
)


class RolePolicies:
    """The policies that are attached to a role, and the characters that all of its policies take.

    They are resources of their own: a token in the role itself can make a cycle of dependencies.

    :param provider: Whose role it is; warnings and errors name it.
    :param inside: Counts the characters of the policies inside the role.
    """

    def __init__(
        self, provider: Construct, role: iam.IRole | iam.Role, inside: Callable[[], int] = int
    ) -> None:
        self._provider = provider
        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        self._role: Any = role
        self._inside = inside
        self._outside = 0
        # By the stack of the job, and what the policy gives access to.
        self._of_jobs: dict[tuple[Stack, Target], iam.CfnPolicy] = {}

    def permit(
        self, job: Construct, resource: CfnResource, target: Target, others: Sequence[Statement]
    ) -> None:
        """Give access to a target; further jobs of the stack on the same target share the policy.

        :param others: Further statements that the job's stack needs.
        :raises ValueError: The inline policies of the role are full.
        """
        stack = Stack.of(job)
        shared = self._of_jobs.get((stack, target)) or self._of_jobs.get((stack, widened(target)))
        if shared:
            resource.node.add_dependency(shared)
            return
        if self.size + size_for([target], others) > THRESHOLD and target != widened(target):
            target = widened(target)
            self.warn_of_patterns()
        statements = [*statements_for([target]), *others]
        size = size_for([target], others)
        self._of_jobs[stack, target] = self.attach(job, "Policy", statements, size=size, needed_by=resource)

    def attach(
        self,
        scope: Construct,
        id: str,
        statements: Sequence[Statement],
        *,
        name: str = "",
        size: int | None = None,
        needed_by: CfnResource | None = None,
    ) -> iam.CfnPolicy:
        """Attach one policy.

        :param name: Its name. Default: - one that no other policy of the role has, also of other apps
        :param size: Its characters at most. Default: - counted, each token at its greatest length
        :raises ValueError: The inline policies of the role are full.
        """
        self._outside += size_for([], statements) if size is None else size
        self.check_quota()
        if not name:
            unique = Names.unique_resource_name(scope, max_length=80) + ("" if id == "Policy" else id)
            name = "-".join([unique, Fn.select(2, Fn.split("/", Aws.STACK_ID))])
        attached = iam.CfnPolicy(
            scope, id, policy_name=name, policy_document=policy(statements), roles=[self._role.role_name]
        )
        if needed_by:
            attached.add_metadata("cdk_nag", WILDCARD_EXPLAINED)
            needed_by.node.add_dependency(attached)
        return attached

    @property
    def size(self) -> int:
        """Count the characters of all inline policies of the role."""
        return self._outside + self._inside()

    @property
    def room_inside(self) -> int:
        """Count the characters that the policies inside the role may take."""
        return THRESHOLD - self._outside

    def check_quota(self) -> None:
        """:raises ValueError: The inline policies of the role are full."""
        if self.size > QUOTA:
            raise ValueError(
                f"the inline policies of the role of {self._provider.node.path!r} must have at most "
                f"{QUOTA:,} characters, received {self.size:,}: give some of its jobs a provider of their own"
            )

    def warn_of_patterns(self) -> None:
        """Warn that branches of an app have become one pattern."""
        Annotations.of(self._provider).add_warning_v2(
            "cdk-amplify-job:branchPatterns",
            f"permissions for each branch by name would fill more than {THRESHOLD:,} of the {QUOTA:,} "
            "characters that the inline policies of a role have: some are for all branches of an app instead",
        )
