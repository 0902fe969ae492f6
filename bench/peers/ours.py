"""This project's construct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack

from cdk_amplify_job import AmplifyJob


def release(
    stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "", **options: Any
) -> None:
    triggers = {"version": version} if version else None
    for branch_name in branch_names:
        AmplifyJob(
            stack,
            f"Job-{branch_name}",
            app_id=app_id,
            branch_name=branch_name,
            triggers=triggers,
            **options,
        )
