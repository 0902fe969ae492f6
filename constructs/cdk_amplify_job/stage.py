"""``AmplifyJobStage``: a stage of a pipeline that releases a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stage
from constructs import Construct
from typing_extensions import Unpack

from .amplify_job import AmplifyJob
from .options import AmplifyJobOptions, check_names
from .stack import AmplifyJobStack

if TYPE_CHECKING:
    from aws_cdk import Environment, PermissionsBoundary


class AmplifyJobStage(Stage):
    """A stage with one :class:`AmplifyJobStack`, for ``pipelines.CodePipeline.add_stage``.

    Tokens cannot cross stages: give app_id and branch_name, not branch.

    :param env: Where the stage is deployed. Default: - that of the stage or app around it
    :param stage_name: The stage's name. Default: - its ID
    :param stack_name: The stack's name. Default: - made from the stage's name
    :param permissions_boundary: The boundary of the stage's roles. Default: - that of the app
    :param options: Those of :class:`AmplifyJob`.
    :raises ValueError: As :class:`AmplifyJob`.
    """

    stack: AmplifyJobStack
    """The stack."""
    job: AmplifyJob
    """The job."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: Environment | None = None,
        stage_name: str | None = None,
        stack_name: str | None = None,
        permissions_boundary: PermissionsBoundary | None = None,
        **options: Unpack[AmplifyJobOptions],
    ) -> None:
        check_names("AmplifyJobStage", options, AmplifyJobOptions.__annotations__)
        super().__init__(scope, id, env=env, stage_name=stage_name, permissions_boundary=permissions_boundary)
        self.stack = AmplifyJobStack(self, "AmplifyJob", stack_name=stack_name, **options)
        self.job = self.stack.job
