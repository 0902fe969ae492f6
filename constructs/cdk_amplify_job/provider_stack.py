"""``AmplifyJobProviderStack``: a provider for other stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from .provider import AmplifyJobProvider

if TYPE_CHECKING:
    from aws_cdk import Environment, IStackSynthesizer, PermissionsBoundary, Size
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs


class AmplifyJobProviderStack(Stack):
    """A stack with a provider for the other stacks of an account and Region, also those without the CDK.

    It exports ``{stack name}-ServiceToken`` and ``{stack name}-RoleName``. A stack that uses them must attach
    a policy for its branch to the role; :meth:`AmplifyJobProvider.from_service_token` does that, if given the
    role. With ``app_ids``, builds of these apps need no policy.

    :param env: Where the stack is deployed. Default: - where the command line points
    :param stack_name: The stack's name. Default: - made from the construct's path
    :param description: The stack's description. Default: - none
    :param tags: Tags of the stack. Default: - none
    :param termination_protection: Refuse to delete the stack. Default: False
    :param notification_arns: SNS topics that get the stack's events. Default: - none
    :param permissions_boundary: The boundary of the stack's role. Default: - that of the app
    :param synthesizer: How the stack is synthesized. Default: - the app's
    :param log_retention: As in :class:`AmplifyJobProvider`. Default: RetentionDays.ONE_MONTH
    :param log_group: As in :class:`AmplifyJobProvider`. Default: - a log group of the stack
    :param role: As in :class:`AmplifyJobProvider`. Default: - one is made
    :param runtime: As in :class:`AmplifyJobProvider`. Default: Runtime.PYTHON_3_13
    :param vpc: As in :class:`AmplifyJobProvider`. Default: - none
    :param vpc_subnets: As in :class:`AmplifyJobProvider`. Default: - as aws_lambda.Function
    :param security_groups: As in :class:`AmplifyJobProvider`. Default: - as aws_lambda.Function
    :param ephemeral_storage_size: As in :class:`AmplifyJobProvider`. Default: Size.mebibytes(512)
    :param app_ids: As in :class:`AmplifyJobProvider`. Default: - each stack attaches a policy
    """

    provider: AmplifyJobProvider
    """The provider."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: Environment | None = None,
        stack_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        termination_protection: bool | None = None,
        notification_arns: Sequence[str] | None = None,
        permissions_boundary: PermissionsBoundary | None = None,
        synthesizer: IStackSynthesizer | None = None,
        log_retention: logs.RetentionDays | None = None,
        log_group: logs.ILogGroup | logs.LogGroup | None = None,
        role: iam.IRole | iam.Role | None = None,
        runtime: lambda_.Runtime | None = None,
        vpc: ec2.IVpc | ec2.Vpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None = None,
        ephemeral_storage_size: Size | None = None,
        app_ids: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            env=env,
            stack_name=stack_name,
            description=description,
            tags=tags,
            termination_protection=termination_protection,
            notification_arns=notification_arns,
            permissions_boundary=permissions_boundary,
            synthesizer=synthesizer,
        )
        self.provider = AmplifyJobProvider(
            self,
            AmplifyJobProvider.ID,
            log_retention=log_retention,
            log_group=log_group,
            role=role,
            runtime=runtime,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            ephemeral_storage_size=ephemeral_storage_size,
            shared=True,
            app_ids=app_ids,
        )
        exports = {"ServiceToken": self.provider.service_token, "RoleName": self.provider.role.role_name}
        for name, value in exports.items():
            CfnOutput(self, name, value=value, export_name=f"{self.stack_name}-{name}")
