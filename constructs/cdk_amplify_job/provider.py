"""The function behind ``Custom::AmplifyJob``: one for all jobs of a stack, or shared between stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aws_cdk import Aws, CfnResource, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Unpack

from .imported_provider import ImportedProvider
from .limits import ASSET, checked, checked_flag, is_known, is_list_of
from .permissions import (
    Statement,
    allow,
    app_of,
    arn_of_app,
    describe_stacks,
    policy,
    work_on,
)
from .provider_interface import AmplifyJobProviderOptions, IAmplifyJobProvider
from .role_policies import RolePolicies

_FUNCTION_TIMEOUT = Duration.minutes(15)  # Lambda's own limit: a longer wait is handed over
_MEMORY_MB = 256

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
_OWN_EXPLAINED = {
    "rules_to_suppress": [
        {"id": "AwsSolutions-IAM5", "reason": "Stacks and network interfaces have no ID before they exist."}
    ]
}

# A function may invoke itself by this name only.
_FUNCTION_ARN = "arn:[a-z-]+:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9-_]+"


class AmplifyJobProvider(Construct):
    """The function that starts jobs, waits for them and answers CloudFormation.

    A job without the option ``provider`` uses the one of its stack. To give that one options, call
    ``AmplifyJobProvider.get_or_create(stack, …)`` with them before the stack's first job.

    :param log_retention: How long the function's log is kept. Default: RetentionDays.ONE_MONTH
    :param log_group: Where the function logs. Default: - a log group that is removed with the stack
    :param role: The role of the function, where an account prescribes one. What jobs need is attached to it,
        by policies. Default: - one is made
    :param runtime: The function's runtime, Python 3.10 or newer. Default: Runtime.PYTHON_3_13
    :param vpc: The VPC of the function. From there it must reach Amplify, CloudFormation, S3 and Lambda; STS
        with ``assume_role``, and the site with ``smoke_test``. Default: - none
    :param vpc_subnets: The subnets in that VPC. Default: - as aws_lambda.Function
    :param security_groups: The security groups in that VPC. Default: - as aws_lambda.Function
    :param ephemeral_storage_size: The size of /tmp, for the files that jobs deploy; one archive without
        tokens usually needs no space there. Default: Size.mebibytes(512)
    :param shared: Whether stacks of other CDK apps use the provider too. The function may then describe every
        stack of its account and Region. Default: False
    :param app_ids: The IDs of Amplify apps. The function may then work on every branch of them, and their
        builds add no permission; in other stacks, if the provider is shared. Default: - each job adds one for
        its branch
    :raises ValueError: Both log_retention and log_group are given, the runtime is no Python 3.10 or newer,
        app_ids is empty or repeats an ID, another option is wrong, or the role is full.
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
        app_ids: Sequence[str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        _check_types(locals())
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
        stack = Stack.of(self)
        stacks = f"arn:{Aws.PARTITION}:cloudformation:{stack.region}:{stack.account}:stack/*"
        own = [
            allow([log.log_group_arn], "logs:CreateLogStream", "logs:PutLogEvents"),
            describe_stacks(stacks if shared else Aws.STACK_ID),
        ]
        if vpc:
            own.append(allow(["*"], *_NETWORK_INTERFACES))
        lambda_service: Any = iam.ServicePrincipal("lambda.amazonaws.com")
        function_role: Any = role or iam.Role(
            self,
            "Role",
            assumed_by=lambda_service,
            inline_policies={"Own": iam.PolicyDocument.from_json(policy(own))},
        )
        self.function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(ASSET), exclude=["**/__pycache__", "*.pyc"]),
            handler="amplify_job.index.handler",
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

        self._shared = shared
        self._policies = RolePolicies(self, function_role, () if role else own)
        cfn_function = cast(CfnResource, self.function.node.default_child)
        cfn_function.add_metadata("cdk_nag", _RUNTIME_EXPLAINED)
        if role:  # the function does not start before it may log
            self._policies.attach(self, "Own", own, needed_by=cfn_function)
        elif vpc or shared:
            cast(CfnResource, function_role.node.default_child).add_metadata("cdk_nag", _OWN_EXPLAINED)
        # No job waits for it: the first hand-over is minutes away.
        hand_over = [allow([self.service_token], "lambda:InvokeFunction")]
        self._policies.attach(self, "HandOver", hand_over)
        # One for each app, by its ARN: an app may use what another app's job answered.
        self._of_apps = {
            arn_of_app(stack, app_id): self._policies.attach(
                self,
                f"App{app_id if is_known(app_id) else number}",
                [work_on(arn_of_app(stack, app_id), ["*"], deploys_files=True)],
            )
            for number, app_id in enumerate(app_ids or ())
        }

    @classmethod
    def get_or_create(
        cls, scope: Construct, **options: Unpack[AmplifyJobProviderOptions]
    ) -> AmplifyJobProvider:
        """Return the provider of the stack around a construct.

        :param scope: Any construct in the stack.
        :param options: Those of :class:`AmplifyJobProvider`, for the provider that is made.
        :raises ValueError: The stack has its provider already, so that the options come too late.
        """
        stack = Stack.of(scope)
        provider = stack.node.try_find_child(cls.ID)
        if not isinstance(provider, cls):
            return cls(stack, cls.ID, **options)
        if options:
            raise ValueError(
                f"the provider {provider.node.path!r} must get its options before the first job of its "
                f"stack, received {', '.join(options)} after it was made"
            )
        return provider

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
        :param role: Its role: what each job needs is attached to it. Default: - a warning lists what the
            role's owner must allow
        :param permitted: Whether its role may already work on the jobs' apps, and describe their stacks: it
            may if the provider is shared and was made with ``app_ids``. Default: False
        :raises ValueError: The token is no ARN of a function, or one of another Region than the stack's.
        """
        arn = re.fullmatch(_FUNCTION_ARN, str(token))
        if is_known(token) and not arn:
            allowed = "the ARN of a provider's function, without version and alias"
            raise ValueError(f"token must be {allowed}, received {token!r}")
        if role is not None and not hasattr(role, "role_arn"):
            raise ValueError(f"role must be a role, received {role!r}")
        checked_flag("permitted", permitted)
        own = Stack.of(scope).region
        if arn and is_known(own) and arn[1] != own:
            raise ValueError(f"token must be of the Region {own} of its stack, received {token!r}")
        return ImportedProvider(scope, id, token, role, permitted)

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """See :meth:`IAmplifyJobProvider.permit`."""
        of_app = [self._of_apps.get(app_of(statement)) for statement in statements]
        needed = [statement for statement, policy in zip(statements, of_app, strict=True) if not policy]
        if Stack.of(job) is Stack.of(self):
            resource.node.add_dependency(*filter(None, of_app))
        elif not self._shared:
            needed.append(describe_stacks(Aws.STACK_ID))
        if needed:
            self._policies.attach(job, "Policy", needed, needed_by=resource)


# What an option must have, and what that is called.
_TYPES = {
    "log_group": ("log_group_arn", "a log group"),
    "role": ("role_arn", "a role"),
    "runtime": ("name", "a Runtime"),
    "vpc": ("vpc_id", "a VPC"),
    "ephemeral_storage_size": ("to_mebibytes", "a Size"),
}


def _check_types(options: Mapping[str, Any]) -> None:
    """:raises ValueError: An option is of the wrong type, which jsii would say in many lines."""
    for name, (attribute, what) in _TYPES.items():
        value = options.get(name)
        if value is not None and not hasattr(value, attribute):
            raise ValueError(f"{name} must be {what}, received {value!r}")
    checked_flag("shared", options["shared"])
    groups, app_ids, runtime = options["security_groups"], options["app_ids"], options["runtime"]
    if groups is not None and not is_list_of("security_group_id", groups):
        raise ValueError(f"security_groups must be a list of security groups, received {groups!r}")
    if app_ids is not None and not (is_list_of("isalnum", app_ids) and 0 < len(app_ids) == len({*app_ids})):
        raise ValueError(f"app_ids must be a list of different IDs, or be left out, received {app_ids!r}")
    for app_id in app_ids or ():
        checked("AppId", app_id)
    if runtime and not _is_recent_python(runtime):
        raise ValueError(f"runtime must be Python 3.10 or newer, received {runtime.name}")


def _is_recent_python(runtime: lambda_.Runtime) -> bool:
    found = re.fullmatch(r"python3\.([0-9]+)", runtime.name)
    return found is not None and int(found[1]) >= 10
