"""The function behind ``Custom::AmplifyJob``: one for all jobs of a stack, or shared between stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol, cast, runtime_checkable

from aws_cdk import Annotations, Aws, CfnResource, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .branch import Branch
from .limits import ASSET, checked, checked_arn, is_known
from .permissions import (
    WILDCARD_EXPLAINED,
    Statement,
    Target,
    allow,
    fitted,
    is_literal,
    policy,
    size_for,
    statements_for,
    widened,
)
from .role_policies import RolePolicies

# Lambda's own limit. A longer wait is handed over to the next invocation.
_FUNCTION_TIMEOUT = Duration.minutes(15)
_MEMORY_MB = 256

# Whether a request is still wanted, and which job a rollback is to undo.
_DESCRIBE = ("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents")

_RUNTIME_EXPLAINED = {
    "rules_to_suppress": [{"id": "AwsSolutions-L1", "reason": "The newest runtime that its tests run on."}]
}


# Lambda makes the network interfaces of a function in a VPC with the function's role, and refuses a function
# without these permissions. Some of the actions work on all resources only.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_NETWORK_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
_WILDCARDS_IN_VPC_EXPLAINED = {
    "rules_to_suppress": [
        {
            "id": "AwsSolutions-IAM5",
            "reason": "Jobs and network interfaces have no ID before they exist.",
        }
    ]
}

_FUNCTION_ARN = "arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9-_:]+"


@runtime_checkable
class IAmplifyJobProvider(Protocol):
    """Any provider: an :class:`AmplifyJobProvider`, or one that is defined elsewhere.

    :class:`AmplifyJob` calls its methods.
    """

    service_token: str
    """The ARN of the function, which ``Custom::AmplifyJob`` names as its ``ServiceToken``."""

    def permit(self, job: Construct, resource: CfnResource, target: Target) -> None:
        """Let the function do the work of a job.

        :param job: The scope of what is needed for that.
        :param resource: The custom resource, which waits for its permission.
        :param target: The job's branch, or the ARN of the role that has access to it.
        :raises ValueError: The inline policies of the role are full.
        """

    def reader(self, job: Construct) -> iam.IRole:
        """Return the role that reads the files of a job, in a form that ignores grants.

        :raises ValueError: The role of the provider is not known.
        """
        ...

    def permit_reading(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """Let the function read the files of a job; as ``permit``."""


class AmplifyJobProvider(Construct):
    """The function that starts jobs, waits for them and answers CloudFormation.

    A job without the option ``provider`` uses the one of its stack. To give that one options, create it
    before the stack's first job, directly in the stack, with the ID ``AmplifyJobProvider.ID``.

    :param log_retention: How long the function's log is kept. Default: RetentionDays.ONE_MONTH
    :param log_group: Where the function logs. Default: - a log group that is removed with the stack
    :param role: The role of the function, where an account prescribes one: what jobs need is attached to it,
        by policies. Default: - one is made, with its permissions inside
    :param runtime: The function's runtime, Python 3.10 or newer. Default: Runtime.PYTHON_3_13
    :param vpc: The VPC of the function. From there it must reach Amplify, CloudFormation, S3 and Lambda; STS
        with ``assume_role``, and the site with ``smoke_test``. Default: - none
    :param vpc_subnets: The subnets in that VPC. Default: - as aws_lambda.Function
    :param security_groups: The security groups in that VPC. Default: - as aws_lambda.Function
    :param ephemeral_storage_size: The size of /tmp, for the files that jobs deploy; a single archive
        without tokens needs none. Default: Size.mebibytes(512)
    :param shared: Whether stacks of other CDK apps use the provider too. The function may then describe every
        stack of its account and Region. Default: False
    :param app_ids: The IDs of Amplify apps. The function may then work on every branch of them, and their
        jobs add no permission, in any stack. Default: - each job adds one for its branch
    :raises ValueError: Both log_retention and log_group are given, the runtime is no recent Python, or
        iam.Role.customize_roles is in force.
    """

    ID: Final = "AmplifyJobProvider"
    """The ID of the provider that the jobs of a stack share, directly below the stack."""

    function: lambda_.Function
    """The function."""
    role: iam.IRole
    """The role that the function runs with."""
    log_group: logs.ILogGroup
    """Where the function logs."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        log_retention: logs.RetentionDays | None = None,
        log_group: logs.ILogGroup | logs.LogGroup | None = None,
        role: iam.IRole | iam.Role | None = None,
        runtime: lambda_.Runtime | None = None,
        vpc: ec2.IVpc | ec2.Vpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None = None,
        ephemeral_storage_size: Size | None = None,
        shared: bool = False,
        app_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id)
        if isinstance(app_ids, str):
            raise ValueError(f"app_ids must be a list of IDs, received {app_ids!r}")
        for app_id in app_ids:
            checked("AppId", app_id)
        if runtime and not _is_recent_python(runtime):
            raise ValueError(f"runtime must be Python 3.10 or newer, received {runtime.name}")
        if log_group and log_retention:
            raise ValueError(
                "log_retention is for the log group that is made without log_group, received both"
            )

        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        log: Any = log_group or logs.LogGroup(
            self,
            "LogGroup",
            retention=log_retention or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        lambda_service: Any = iam.ServicePrincipal("lambda.amazonaws.com")
        function_role: Any = role or iam.Role(self, "Role", assumed_by=lambda_service)
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(ASSET), exclude=["**/__pycache__", "*.pyc"]),
            handler="index.handler",
            runtime=runtime or lambda_.Runtime.PYTHON_3_13,
            role=function_role,
            timeout=_FUNCTION_TIMEOUT,
            memory_size=_MEMORY_MB,
            ephemeral_storage_size=ephemeral_storage_size,
            log_group=log,
            vpc=cast(Any, vpc),
            vpc_subnets=vpc_subnets,
            security_groups=cast(Any, security_groups),
        )
        self.role = function_role
        self.log_group = log
        self.service_token = self.function.function_arn

        stack = Stack.of(self)
        self._shared = shared
        self._granted: list[Target] = [
            Branch(stack.region, stack.account, app_id, "*", deploys_files)
            for app_id in app_ids
            for deploys_files in (False, True)
        ]
        self._own = [
            allow([self.log_group.log_group_arn], "logs:CreateLogStream", "logs:PutLogEvents"),
            allow(
                [f"arn:{Aws.PARTITION}:cloudformation:{stack.region}:{stack.account}:stack/*"]
                if shared
                else [Aws.STACK_ID],
                *_DESCRIBE,
            ),
        ]
        if vpc:
            self._own.append(allow(["*"], *_NETWORK_INTERFACES))
        cfn_function = cast(CfnResource, self.function.node.default_child)
        cfn_function.add_metadata("cdk_nag", _RUNTIME_EXPLAINED)
        # This names the function, so inside the role it would be a cycle. No job waits for it: the first
        # hand-over is minutes away.
        hand_over = [allow([self.service_token], "lambda:InvokeFunction")]
        if role:
            self._inside = None
            self._policies = RolePolicies(self, role)
            own = [*statements_for(self._granted), *self._own]
            self._policies.attach(self, "Own", own, needed_by=cfn_function)
            self._policies.attach(self, "HandOver", hand_over)
        else:
            self._inside = _cfn_role_of(self, function_role)
            # Those that a property injector has added.
            self._other_policies: Any = self._inside.policies or []
            self._policies = RolePolicies(
                self, function_role, inside=lambda: size_for(self._granted, self._own)
            )
            self._write_role(self._inside)
            self._policies.attach(self, "HandOver", hand_over, name="HandOver")
            self._inside.add_metadata("cdk_nag", _WILDCARDS_IN_VPC_EXPLAINED if vpc else WILDCARD_EXPLAINED)

    @classmethod
    def get_or_create(cls, scope: Construct) -> AmplifyJobProvider:
        """Return the provider of the stack around a construct.

        :param scope: Any construct in the stack.
        """
        stack = Stack.of(scope)
        provider = stack.node.try_find_child(cls.ID)
        return provider if isinstance(provider, cls) else cls(stack, cls.ID)

    @staticmethod
    def from_service_token(
        scope: Construct,
        id: str,
        token: str,
        *,
        role: iam.IRole | iam.Role | None = None,
        permitted: bool = False,
    ) -> IAmplifyJobProvider:
        """Use a provider that is defined elsewhere, as by an :class:`AmplifyJobProviderStack`.

        :param token: Its service token, the ARN of its function.
        :param role: Its role: each branch's permissions are attached to it. Default: - a warning lists what
            the role's owner must allow
        :param permitted: Whether its role already has all permissions that the jobs need: it has if the
            provider was made with ``app_ids``. Default: False
        :raises ValueError: The token is no ARN of a function, or one of another Region than the stack's.
        """
        checked_arn("token", token, _FUNCTION_ARN, "the ARN of a provider's function")
        region, own = token.split(":")[3] if is_known(token) else "", Stack.of(scope).region
        if region and is_known(own) and region != own:
            raise ValueError(f"token must be of the Region {own} of its stack, received {token!r}")
        return _ImportedProvider(scope, id, token, role, permitted)

    def permit(self, job: Construct, resource: CfnResource, target: Target) -> None:
        """As every provider; what is known at synthesis goes into the role, if the provider has made it."""
        stack = Stack.of(job)
        describes = self._shared or stack is Stack.of(self)
        if widened(target) in self._granted and describes:
            return
        if self._inside is None or stack is not Stack.of(self) or not is_literal(target):
            self._policies.permit(job, resource, target, [] if describes else [_describing_own_stack()])
            return
        if target in self._granted:
            return
        granted = [*self._granted, target]
        self._granted = fitted(granted, self._own, room=self._policies.room_inside)
        if self._granted != granted:
            self._policies.warn_of_patterns()
        self._policies.check_quota()
        self._write_role(self._inside)

    def reader(self, job: Construct) -> iam.IRole:
        """As every provider."""
        return _without_grants(job, self.role)

    def permit_reading(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """As every provider."""
        self._policies.attach(job, "Files", statements, needed_by=resource)
        if self._inside and self._granted:  # that leaves less room there
            self._granted = fitted(self._granted, self._own, room=self._policies.room_inside)
            self._write_role(self._inside)

    def _write_role(self, role: iam.CfnRole) -> None:
        # Inside the role, so that the function does not start before it has its permissions.
        role.policies = [
            *self._other_policies,
            iam.CfnRole.PolicyProperty(
                policy_name="Jobs", policy_document=policy([*statements_for(self._granted), *self._own])
            ),
        ]


class _ImportedProvider(Construct):
    """A provider that is defined elsewhere.

    :param role: Its role, if it is known.
    :param permitted: Whether it may do all that its jobs need already.
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
        self._role: Any = role
        self._policies = RolePolicies(self, role) if role else None
        self._permitted = permitted

    def permit(self, job: Construct, resource: CfnResource, target: Target) -> None:
        if self._permitted:
            return
        if self._policies:
            self._policies.permit(job, resource, target, [_describing_own_stack()])
            return
        statements = Stack.of(job).resolve([*statements_for([target]), _describing_own_stack()])
        Annotations.of(job).add_warning_v2(
            "cdk-amplify-job:permissions",
            f"the role of the provider is not given: its owner must allow {json.dumps(statements)}",
        )

    def reader(self, job: Construct) -> iam.IRole:
        if self._role is None:
            raise ValueError(
                "sources need a provider whose role is known, so that it may read them: give the one of "
                f"{self.node.path!r} as the option role of AmplifyJobProvider.from_service_token"
            )
        return _without_grants(job, self._role)

    def permit_reading(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        if self._policies:
            self._policies.attach(job, "Files", statements, needed_by=resource)


def _cfn_role_of(provider: Construct, role: iam.Role) -> iam.CfnRole:
    cfn_role = role.node.default_child
    if not isinstance(cfn_role, iam.CfnRole):
        raise ValueError(
            f"the role of {provider.node.path!r} must be made in this stack, received one that "
            "iam.Role.customize_roles replaces: use the provider of a stack where it is not in force, "
            "with AmplifyJobProvider.from_service_token"
        )
    return cfn_role


def _without_grants(job: Construct, role: iam.IRole) -> iam.IRole:
    return iam.Role.from_role_arn(job, "Reader", role.role_arn, mutable=False)


def _describing_own_stack() -> Statement:
    return allow([Aws.STACK_ID], *_DESCRIBE)


def _is_recent_python(runtime: lambda_.Runtime) -> bool:
    found = re.fullmatch(r"python3\.([0-9]+)", runtime.name)
    return found is not None and int(found[1]) >= 10
