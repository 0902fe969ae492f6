"""``AmplifyJobStack``: a stack with one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack
from constructs import Construct
from typing_extensions import Unpack

from .amplify_job import AmplifyJob
from .limits import ATTRIBUTES
from .options import AmplifyJobOptions, check_names

if TYPE_CHECKING:
    from aws_cdk import Environment, IStackSynthesizer, PermissionsBoundary


class AmplifyJobStack(Stack):
    """A stack with one job, whose attributes are the stack's outputs.

    :param env: Where the stack is deployed. Default: - where the command line points
    :param stack_name: The stack's name. Default: - made from the construct's path
    :param description: The stack's description. Default: - none
    :param tags: Tags of the stack. Default: - none
    :param termination_protection: Refuse to delete the stack. Default: False
    :param cross_region_references: Let options refer to stacks of other Regions. Default: False
    :param notification_arns: SNS topics that get the stack's events. Default: - none
    :param permissions_boundary: The boundary of the stack's roles. Default: - that of the app
    :param synthesizer: How the stack is synthesized. Default: - the app's
    :param options: Those of :class:`AmplifyJob`.
    :raises ValueError: As :class:`AmplifyJob`.
    """

    job: AmplifyJob
    """The job."""

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
        cross_region_references: bool | None = None,
        notification_arns: Sequence[str] | None = None,
        permissions_boundary: PermissionsBoundary | None = None,
        synthesizer: IStackSynthesizer | None = None,
        **options: Unpack[AmplifyJobOptions],
    ) -> None:
        check_names("AmplifyJobStack", options)
        super().__init__(
            scope,
            id,
            env=env,
            stack_name=stack_name,
            description=description,
            tags=tags,
            termination_protection=termination_protection,
            cross_region_references=cross_region_references,
            notification_arns=notification_arns,
            permissions_boundary=permissions_boundary,
            synthesizer=synthesizer,
        )
        self.job = AmplifyJob(self, "Job", **options)
        for name in ATTRIBUTES:
            CfnOutput(self, name, value=self.job.attribute(name))
