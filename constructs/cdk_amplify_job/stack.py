"""``AmplifyJobStack``: a stack with one job."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct
from typing_extensions import Unpack

from .amplify_job import AmplifyJob
from .limits import ATTRIBUTES
from .options import AmplifyJobOptions
from .stack_options import StackOptions, parted


class AmplifyJobStackOptions(AmplifyJobOptions, StackOptions, total=False):
    """The options of :class:`AmplifyJobStack`."""


class AmplifyJobStack(Stack):
    """A stack with one job, whose attributes are the stack's outputs.

    :param options: Those of :class:`AmplifyJob`, and these of ``aws_cdk.Stack``: env, stack_name,
        description, tags, termination_protection, cross_region_references, notification_arns,
        permissions_boundary and synthesizer.
    :raises ValueError: As :class:`AmplifyJob`.
    """

    job: AmplifyJob
    """The job."""

    def __init__(self, scope: Construct, id: str, **options: Unpack[AmplifyJobStackOptions]) -> None:
        of_stack, of_job = parted("AmplifyJobStack", options, AmplifyJobOptions.__annotations__)
        super().__init__(scope, id, **of_stack)
        self.job = AmplifyJob(self, "Job", **of_job)
        for name in ATTRIBUTES:
            CfnOutput(self, name, value=self.job.attribute(name))
