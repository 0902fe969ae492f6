"""This project's construct, deploying a folder of files, with an app of the same stack."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_amplify as amplify
from aws_cdk.aws_s3_deployment import Source

from cdk_amplify_job import AmplifyJob
from peers.amplify_alpha import SITE


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    app = amplify.CfnApp(stack, "App", name="App")
    for branch_name in branch_names:
        branch = amplify.CfnBranch(
            stack, f"Branch-{branch_name}", app_id=app.attr_app_id, branch_name=branch_name
        )
        AmplifyJob(stack, f"Job-{branch_name}", branch=branch, sources=[Source.asset(str(SITE))])
