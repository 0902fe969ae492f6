"""The function behind ``Custom::AmplifyJob``: one for all jobs of a stack, or shared between stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, cast

from aws_cdk import Annotations, Aws, CfnResource, Duration, Fn, Names, RemovalPolicy, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .branch import Branch
from .limits import ASSET, checked_arn, checked_text, is_known
from .permissions import (
    QUOTA,
    THRESHOLD,
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

# Lambda's own limit. A longer wait is handed over to the next invocation.
_FUNCTION_TIMEOUT = Duration.minutes(15)
_MEMORY_MB = 256

# Whether a request is still wanted, and which job a rollback is to undo.
_DESCRIBE = ("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents")

_RUNTIME_EXPLAINED = {
    "rules_to_suppress": [{"id": "AwsSolutions-L1", "reason": "The newest runtime that its tests run on."}]
}


_FUNCTION_ARN = "arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9-_:]+"


class IAmplifyJobProvider(Construct):
    """Any provider: an :class:`AmplifyJobProvider`, or the service token of one that is defined elsewhere."""

    service_token: str
    """The ARN of the function, which ``Custom::AmplifyJob`` names as its ``ServiceToken``."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self._role: iam.IRole | iam.Role | None = None
        # Whether the owner of the role has given it all that jobs need.
        self._is_permitted = False
        # The policies beside jobs: by the stack of the job, and what they give access to.
        self._policies: dict[tuple[Stack, Target], iam.CfnPolicy] = {}
        # Characters of the role's policies, but for the one inside the role.
        self._used = 0

    def permit(self, job: Construct, resource: CfnResource, target: Target) -> None:
        """Let the function do the work of a job; :class:`AmplifyJob` calls this.

        The permission lies in a policy beside the job: inside the role, what holds tokens can make a cycle.
        Further jobs of the stack on the same branch share the policy.

        :param job: The scope of the policy.
        :param resource: The custom resource, which waits for its permission.
        :param target: The job's branch, or the ARN of the role that has access to it.
        :raises ValueError: The inline policies of the role are full.
        """
        if self._is_permitted:
            return
        stack = Stack.of(job)
        others = [] if self._describes(stack) else [allow([Aws.STACK_ID], *_DESCRIBE)]
        if self._role is None:
            self._ask_owner(job, [*statements_for([target]), *others])
            return
        shared = self._policies.get((stack, target)) or self._policies.get((stack, widened(target)))
        if shared:
            resource.node.add_dependency(shared)
            return
        if self._size() + size_for([target], others) > THRESHOLD and target != widened(target):
            target = widened(target)
            self._warn_of_patterns()
        statements = [*statements_for([target]), *others]
        self._policies[stack, target] = self._attach(job, "Policy", resource, statements)

    def reader(self, job: Construct) -> iam.IRole:
        """Return the role that reads the files of a job, in a form that ignores grants.

        :param job: The scope of what stands for the role.
        :raises ValueError: The role of the provider is not known.
        """
        if self._role is None:
            raise ValueError(
                f"sources need a provider whose role is known, so that it may read them: give the one of "
                f"{self.node.path!r} as the option role of AmplifyJobProvider.from_service_token"
            )
        return iam.Role.from_role_arn(job, "Reader", self._role.role_arn, mutable=False)

    def permit_reading(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """Let the function read the files of a job; :class:`AmplifyJob` calls this.

        :param resource: The custom resource, which waits for its permission.
        """
        self._attach(job, "Files", resource, statements)

    def _attach(
        self, job: Construct, id: str, resource: CfnResource, statements: Sequence[Statement]
    ) -> iam.CfnPolicy:
        """Attach a policy to the role, beside a job."""
        assert self._role  # noqa: S101 - both callers have asked
        self._used += size_for([], statements)
        self._check_quota()
        # A role's policies must differ in their names, also those that other apps attach to it.
        name = Names.unique_resource_name(job, max_length=80)
        beside = iam.CfnPolicy(
            job,
            id,
            policy_name="-".join(
                [name if id == "Policy" else f"{name}{id}", Fn.select(2, Fn.split("/", Aws.STACK_ID))]
            ),
            policy_document=policy(statements),
            roles=[self._role.role_name],
        )
        beside.add_metadata("cdk_nag", WILDCARD_EXPLAINED)
        resource.node.add_dependency(beside)
        return beside

    def _describes(self, stack: Stack) -> bool:
        """Whether the role itself is allowed to describe a stack."""
        return False

    def _size(self) -> int:
        """Count the characters of all inline policies of the role."""
        return self._used

    def _check_quota(self) -> None:
        if self._size() > QUOTA:
            raise ValueError(
                f"the inline policies of the role of {self.node.path!r} must have at most {QUOTA:,} "
                f"characters, received {self._size():,}: give some of its jobs a provider of their own"
            )

    def _warn_of_patterns(self) -> None:
        Annotations.of(self).add_warning_v2(
            "cdk-amplify-job:branchPatterns",
            f"permissions for each branch by name would fill more than {THRESHOLD:,} of the {QUOTA:,} "
            "characters that the inline policies of a role have: some are for all branches of an app instead",
        )

    def _ask_owner(self, job: Construct, statements: list[Statement]) -> None:
        Annotations.of(job).add_warning_v2(
            "cdk-amplify-job:permissions",
            "the role of the provider is not given: its owner must allow "
            + json.dumps(Stack.of(job).resolve(statements)),
        )


class AmplifyJobProvider(IAmplifyJobProvider):
    """The function that starts jobs, waits for them and answers CloudFormation.

    A job without the option ``provider`` uses the one of its stack. To give that one options, create it
    before the stack's first job, directly in the stack, with the ID ``AmplifyJobProvider.ID``.

    :param log_retention: How long the function's log is kept. Default: RetentionDays.ONE_MONTH
    :param log_group: Where the function logs. Default: - a log group that is removed with the stack
    :param runtime: The function's runtime, Python 3.10 or newer. Default: Runtime.PYTHON_3_13
    :param vpc: The VPC of the function, from which it must reach Amplify and CloudFormation over the
        internet or by endpoints. Default: - none
    :param vpc_subnets: The subnets in that VPC. Default: - as aws_lambda.Function
    :param security_groups: The security groups in that VPC. Default: - as aws_lambda.Function
    :param ephemeral_storage_size: The room in /tmp for the files that jobs deploy; one archive without
        values of the deployment needs none. Default: Size.mebibytes(512)
    :param shared: Whether stacks of other apps use the provider too: the function may then ask for the
        state of any stack in its account and Region. Default: False
    :param app_ids: Apps on all branches of which the function may work, so that their jobs need no permission
        of their own, in whatever stack they are. Default: - the branches of its jobs only
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
            checked_text("app_id", app_id)
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
        role: Any = iam.Role(self, "Role", assumed_by=lambda_service)
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(ASSET), exclude=["**/__pycache__", "*.pyc"]),
            handler="index.handler",
            runtime=runtime or lambda_.Runtime.PYTHON_3_13,
            role=role,
            timeout=_FUNCTION_TIMEOUT,
            memory_size=_MEMORY_MB,
            ephemeral_storage_size=ephemeral_storage_size,
            log_group=log,
            vpc=cast(Any, vpc),
            vpc_subnets=vpc_subnets,
            security_groups=cast(Any, security_groups),
        )
        self.role = self._role = role
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
        cfn_role = self.role.node.default_child
        if not isinstance(cfn_role, iam.CfnRole):
            raise ValueError(
                f"the role of {self.node.path!r} must be made in this stack, received one that "
                "iam.Role.customize_roles replaces: use the provider of a stack where it is not in force, "
                "with AmplifyJobProvider.from_service_token"
            )
        self._cfn_role = cfn_role
        # Those that a property injector has added.
        self._other_policies: Any = cfn_role.policies or []
        self._write_role()
        # This names the function, so inside the role it would be a cycle. No job waits for it: the first
        # hand-over is minutes away.
        hand_over = [allow([self.service_token], "lambda:InvokeFunction")]
        iam.CfnPolicy(
            self,
            "HandOver",
            policy_name="HandOver",
            policy_document=policy(hand_over),
            roles=[self.role.role_name],
        )
        self._used = size_for([], hand_over)

        self._cfn_role.add_metadata("cdk_nag", WILDCARD_EXPLAINED)
        cast(CfnResource, self.function.node.default_child).add_metadata("cdk_nag", _RUNTIME_EXPLAINED)

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
        :param permitted: Whether the provider may do all that its jobs need already, as one that was made
            with their apps as ``app_ids``. Default: False
        :raises ValueError: The token is no ARN of a function, or one of another Region than the stack's.
        """
        checked_arn("token", token, _FUNCTION_ARN, "the ARN of a provider's function")
        region, own = token.split(":")[3] if is_known(token) else "", Stack.of(scope).region
        if region and is_known(own) and region != own:
            raise ValueError(f"token must be of the Region {own} of its stack, received {token!r}")
        provider = IAmplifyJobProvider(scope, id)
        provider.service_token = token
        provider._role = role
        provider._is_permitted = permitted
        return provider

    def permit(self, job: Construct, resource: CfnResource, target: Target) -> None:
        """As every provider does, but what is known at synthesis goes into the role."""
        if widened(target) in self._granted and self._describes(Stack.of(job)):
            return
        if Stack.of(job) is not Stack.of(self) or not is_literal(target):
            super().permit(job, resource, target)
            return
        if target in self._granted:
            return
        granted = [*self._granted, target]
        self._granted = fitted(granted, self._own, room=THRESHOLD - self._used)
        if self._granted != granted:
            self._warn_of_patterns()
        self._check_quota()
        self._write_role()

    def _describes(self, stack: Stack) -> bool:
        return self._shared or stack is Stack.of(self)

    def _size(self) -> int:
        return self._used + size_for(self._granted, self._own)

    def _write_role(self) -> None:
        # Inside the role, so that the function does not start before it has its permissions.
        self._cfn_role.policies = [
            *self._other_policies,
            iam.CfnRole.PolicyProperty(
                policy_name="Jobs", policy_document=policy([*statements_for(self._granted), *self._own])
            ),
        ]


def _is_recent_python(runtime: lambda_.Runtime) -> bool:
    found = re.fullmatch(r"python3\.([0-9]+)", runtime.name)
    return found is not None and int(found[1]) >= 10
