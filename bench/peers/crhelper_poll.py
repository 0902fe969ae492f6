"""crhelper with `poll_create`: https://github.com/aws-cloudformation/custom-resource-helper"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

HANDLER = Path(__file__).parent / "crhelper_handler"


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        function = lambda_.Function(
            stack,
            "Release",
            code=lambda_.Code.from_asset(_bundle(Path(folder) / "bundle")),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            timeout=Duration.minutes(1),
        )
    jobs = [
        stack.format_arn(service="amplify", resource="apps", resource_name=f"{app_id}/branches/{name}/jobs/*")
        for name in branch_names
    ]
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["amplify:StartJob", "amplify:GetJob"], resources=jobs)
    )
    # What its polling takes, as its README has it.
    polling = ["lambda:AddPermission", "lambda:RemovePermission"]
    polling += ["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"]
    function.add_to_role_policy(iam.PolicyStatement(actions=polling, resources=["*"]))
    for branch_name in branch_names:
        CustomResource(
            stack,
            f"Release-{branch_name}",
            service_token=function.function_arn,
            properties={"AppId": app_id, "BranchName": branch_name, "Version": version},
        )


def _bundle(folder: Path) -> str:
    """The handler with its library beside it, as `pip install --target` puts it there."""
    shutil.copytree(HANDLER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    found = find_spec("crhelper")
    assert found, "see bench/requirements.txt"
    assert found.submodule_search_locations
    library = found.submodule_search_locations[0]
    shutil.copytree(library, folder / "crhelper", ignore=shutil.ignore_patterns("__pycache__"))
    return str(folder)
