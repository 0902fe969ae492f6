"""`custom_resources.Provider` with on_event and is_complete, every 5 s.

https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.custom_resources/README.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr

HANDLERS = Path(__file__).parent / "provider_handlers"
QUERY_SECONDS = 5


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    code = lambda_.Code.from_asset(str(HANDLERS), exclude=["__pycache__"])
    functions: list[Any] = [
        lambda_.Function(
            stack,
            name,
            code=code,
            handler=f"index.{handler}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            timeout=Duration.minutes(1),
        )
        for name, handler in (("OnEvent", "on_event"), ("IsComplete", "is_complete"))
    ]
    for function, action in zip(functions, ("amplify:StartJob", "amplify:GetJob"), strict=True):
        jobs = [
            stack.format_arn(
                service="amplify", resource="apps", resource_name=f"{app_id}/branches/{name}/jobs/*"
            )
            for name in branch_names
        ]
        function.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=jobs))
    provider = cr.Provider(
        stack,
        "Provider",
        on_event_handler=functions[0],
        is_complete_handler=functions[1],
        query_interval=Duration.seconds(QUERY_SECONDS),
        total_timeout=Duration.minutes(55),
    )
    for branch_name in branch_names:
        CustomResource(
            stack,
            f"Release-{branch_name}",
            service_token=provider.service_token,
            properties={"AppId": app_id, "BranchName": branch_name, "Version": version},
        )
