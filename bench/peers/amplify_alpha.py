"""`Branch(asset=…)` of aws-amplify-alpha: deploys a folder of files, builds nothing.

It is for an app of the same stack, so that it brings its app along.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_amplify_alpha as amplify
from aws_cdk.aws_s3_assets import Asset

SITE = Path(__file__).parent / "amplify_alpha_site"


def release(stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "") -> None:
    app = amplify.App(stack, "App")
    for branch_name in branch_names:
        site = Asset(stack, f"Site-{branch_name}", path=str(SITE))
        app.add_branch(branch_name, asset=site)
