"""A provider that is defined elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from .permissions import Statement, app_of, describe_stacks
from .provider_interface import reader_of
from .role_policies import RolePolicies


class ImportedProvider(Construct):
    """A provider that is defined elsewhere.

    :param role: Its role, if it is known.
    :param permitted: Whether it may already work on the jobs' apps and read the events of their stacks.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        token: str,
        role: iam.IRole | iam.Role | None,
        permitted: bool,
    ) -> None:
        super().__init__(scope, id)
        self.service_token = token
        self._role = role
        self._policies = RolePolicies(self, None if permitted else role)
        self._permitted = permitted

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        needed = [*statements, describe_stacks(Aws.STACK_ID)]
        if self._permitted:
            needed = [statement for statement in statements if not app_of(statement)]
        if needed:
            self._policies.attach(job, "Policy", needed, needed_by=resource)

    def reader(self, job: Construct) -> iam.IRole:
        return reader_of(job, self._role)
