"""The function behind ``Custom::AmplifyJob``: one for all jobs of a stack, or shared between stacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, cast

from aws_cdk import Aws, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import Unpack

from .imported_provider import ImportedProvider
from .limits import ASSET, checked_flag, is_known, shown
from .options import check_names
from .permissions import Statement, allow, app_of, arn_of_app, describe_stacks, policy, work_on
from .provider_interface import IAmplifyJobProvider, reader_of
from .provider_options import AmplifyJobProviderOptions, check_types
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
        by policies; if the role takes none (``mutable=False``), warnings say what its owner must allow.
        Default: - one is made
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
    service_token: str
    """The ARN of the function, which ``Custom::AmplifyJob`` names as its ``ServiceToken``."""

    def __init__(self, scope: Construct, id: str, **options: Unpack[AmplifyJobProviderOptions]) -> None:
        super().__init__(scope, id)
        check_names("AmplifyJobProvider", options, AmplifyJobProviderOptions.__annotations__)
        check_types(options)

        self._shared = options.get("shared") or False
        self.log_group = self._define_log_group(options)
        own = self._own_statements(with_network=options.get("vpc") is not None)
        given_role: Any = options.get("role")
        self.role = given_role or self._define_role(own)
        self.function = self._define_function(options)
        self.service_token = self.function.function_arn

        self._policies = RolePolicies(self, self.role, () if given_role else own)
        if given_role:  # the function does not start before it may log
            cfn_function = cast(CfnResource, self.function.node.default_child)
            self._policies.attach(self, "Own", own, needed_by=cfn_function)
        # No job waits for it: the first hand-over is minutes away.
        hand_over = [allow([self.service_token], "lambda:InvokeFunction")]
        self._policies.attach(self, "HandOver", hand_over)
        self._of_apps = self._allow_apps(options.get("app_ids") or ())

    def _define_log_group(self, options: AmplifyJobProviderOptions) -> Any:
        # Any, because to pyright these classes do not implement their interfaces:
        # https://github.com/aws/jsii/issues/4541
        return options.get("log_group") or logs.LogGroup(
            self,
            "LogGroup",
            retention=options.get("log_retention") or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _own_statements(self, *, with_network: bool) -> list[Statement]:
        """What the function needs apart from its jobs."""
        stack = Stack.of(self)
        stacks = f"arn:{Aws.PARTITION}:cloudformation:{stack.region}:{stack.account}:stack/*"
        own = [
            allow([self.log_group.log_group_arn], "logs:CreateLogStream", "logs:PutLogEvents"),
            describe_stacks(stacks if self._shared else Aws.STACK_ID),
        ]
        return [*own, allow(["*"], *_NETWORK_INTERFACES)] if with_network else own

    def _define_role(self, own: Sequence[Statement]) -> Any:
        lambda_service: Any = iam.ServicePrincipal("lambda.amazonaws.com")
        role = iam.Role(
            self,
            "Role",
            assumed_by=lambda_service,
            inline_policies={"Own": iam.PolicyDocument.from_json(policy(own))},
        )
        if "*" in str(own):
            cast(CfnResource, role.node.default_child).add_metadata("cdk_nag", _OWN_EXPLAINED)
        return role

    def _define_function(self, options: AmplifyJobProviderOptions) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(ASSET), exclude=["**/__pycache__", "*.pyc"]),
            handler="amplify_job.index.handler",
            runtime=options.get("runtime") or lambda_.Runtime.PYTHON_3_13,
            role=self.role,
            timeout=_FUNCTION_TIMEOUT,
            memory_size=_MEMORY_MB,
            ephemeral_storage_size=options.get("ephemeral_storage_size"),
            log_group=self.log_group,
            vpc=cast(Any, options.get("vpc")),
            vpc_subnets=options.get("vpc_subnets"),
            security_groups=cast(Any, options.get("security_groups")),
        )
        cast(CfnResource, function.node.default_child).add_metadata("cdk_nag", _RUNTIME_EXPLAINED)
        return function

    def _allow_apps(self, app_ids: Sequence[str]) -> dict[str, iam.CfnPolicy | None]:
        """One policy for each app, by its ARN: an app may use what another app's job answered."""
        arns = [arn_of_app(Stack.of(self), app_id) for app_id in app_ids]
        return {
            arn: self._policies.attach(
                self,
                f"App{app_id if is_known(app_id) else number}",
                [work_on(arn, ["*"], deploys_files=True)],
            )
            for number, (app_id, arn) in enumerate(zip(app_ids, arns, strict=True))
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
        :param role: Its role: what each job needs is attached to it, unless the role takes no policies
            (``mutable=False``). Default: - a warning lists what the role's owner must allow
        :param permitted: Whether its role may already work on the jobs' apps, and describe their stacks: it
            may if the provider is shared and was made with ``app_ids``. Then nothing is attached to it; a
            warning lists what its owner must allow for files or for a role to assume. Default: False
        :raises ValueError: The token is no ARN of a function, or one of another Region than the stack's.
        """
        arn = re.fullmatch(_FUNCTION_ARN, str(token))
        if is_known(token) and not arn:
            allowed = "the ARN of a provider's function, without version and alias"
            raise ValueError(f"token must be {allowed}, received {token!r}")
        if role is not None and not hasattr(role, "role_arn"):
            raise ValueError(f"role must be a role, received {shown(role)}")
        checked_flag("permitted", permitted)
        own = Stack.of(scope).region
        if arn and is_known(own) and arn[1] != own:
            raise ValueError(f"token must be of the Region {own} of its stack, received {token!r}")
        return ImportedProvider(scope, id, token, role, permitted)

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """See :meth:`IAmplifyJobProvider.permit`."""
        needed = [statement for statement in statements if app_of(statement) not in self._of_apps]
        if Stack.of(job) is Stack.of(self):
            of_apps = [self._of_apps.get(app_of(statement)) for statement in statements]
            resource.node.add_dependency(*filter(None, of_apps))
        elif not self._shared:
            needed.append(describe_stacks(Aws.STACK_ID))
        if needed:
            self._policies.attach(job, "Policy", needed, needed_by=resource)

    def reader(self, job: Construct) -> iam.IRole:
        """See :meth:`IAmplifyJobProvider.reader`."""
        return reader_of(job, self.role)
