"""What every provider is, and what :class:`AmplifyJobProvider` may be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from aws_cdk import CfnResource, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from typing_extensions import TypedDict

from .permissions import Statement


@runtime_checkable
class IAmplifyJobProvider(Protocol):
    """Any provider: an :class:`AmplifyJobProvider`, or one that is defined elsewhere.

    :class:`AmplifyJob` calls its method.
    """

    service_token: str
    """The ARN of the function, which ``Custom::AmplifyJob`` names as its ``ServiceToken``."""

    role: Any
    """The function's role, an ``iam.IRole``: it reads the files of jobs. None if it is not known."""

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """Let the function do the work of a job.

        :param job: The construct in whose scope the policy is made.
        :param resource: The custom resource, which waits for its permission.
        :param statements: The IAM statements that the job needs.
        :raises ValueError: The inline policies of the role are full.
        """


class AmplifyJobProviderOptions(TypedDict, total=False):
    """The options of :class:`AmplifyJobProvider`, which explains them."""

    log_retention: logs.RetentionDays | None
    log_group: logs.ILogGroup | logs.LogGroup | None
    role: iam.IRole | iam.Role | None
    runtime: lambda_.Runtime | None
    vpc: ec2.IVpc | ec2.Vpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None
    ephemeral_storage_size: Size | None
    shared: bool
    app_ids: Sequence[str] | None
