"""`triggers.TriggerFunction` whose function waits for the job.

https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.triggers/README.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration, Stack, triggers
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

HANDLER = Path(__file__).parent / "trigger_handler"


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    for branch_name in branch_names:
        jobs = stack.format_arn(
            service="amplify", resource="apps", resource_name=f"{app_id}/branches/{branch_name}/jobs/*"
        )
        function = triggers.TriggerFunction(
            stack,
            f"Release-{branch_name}",
            code=lambda_.Code.from_asset(str(HANDLER), exclude=["__pycache__"]),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            timeout=Duration.minutes(15),
            environment={"APP_ID": app_id, "BRANCH_NAME": branch_name, "VERSION": version},
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["amplify:StartJob", "amplify:GetJob"], resources=[jobs])
        )
