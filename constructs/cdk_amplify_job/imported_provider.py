"""A provider that is defined elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import Annotations, Aws, CfnResource, Stack
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
        self._policies = RolePolicies(self, role) if role else None
        self._permitted = permitted

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        needed = [*statements, describe_stacks(Aws.STACK_ID)]
        if self._permitted:
            needed = [statement for statement in statements if not app_of(statement)]
        if needed and self._policies:
            self._policies.attach(job, "Policy", needed, needed_by=resource)
        elif needed:
            Annotations.of(job).add_warning_v2(
                "cdk-amplify-job:permissions",
                "the role of the provider is not given: its owner must allow "
                f"{json.dumps(Stack.of(job).resolve(needed))}",
            )

    def reader(self, job: Construct) -> iam.IRole:
        if self._role is None:
            raise ValueError(
                "sources need a provider whose role is known, so that it may read them: give its role as the "
                "option role of AmplifyJobProvider.from_service_token"
            )
        return reader_of(job, self._role)
