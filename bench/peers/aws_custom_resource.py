"""The recipe of https://github.com/aws/aws-cdk/issues/9479: `AwsCustomResource` calls StartJob."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import custom_resources as cr


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    for branch_name in branch_names:
        parameters = {"appId": app_id, "branchName": branch_name, "jobType": "RELEASE"}
        cr.AwsCustomResource(
            stack,
            f"Release-{branch_name}",
            on_update=cr.AwsSdkCall(  # also at creation
                service="amplify",
                action="startJob",
                parameters={**parameters, "jobReason": version or "deploy"},
                physical_resource_id=cr.PhysicalResourceId.from_response("jobSummary.jobId"),
            ),
            policy=cr.AwsCustomResourcePolicy.from_sdk_calls(
                resources=cr.AwsCustomResourcePolicy.ANY_RESOURCE
            ),
            install_latest_aws_sdk=False,  # as new projects of the CDK have it
        )
