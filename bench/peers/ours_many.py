"""This project's construct, with the option for more jobs than a role's policies hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack

from cdk_amplify_job import AmplifyJobProvider
from peers import ours


def release(
    stack: Stack, app_id: str, branch_names: Sequence[str], version: str = "", **options: Any
) -> None:
    AmplifyJobProvider.get_or_create(stack, app_ids=[app_id])
    ours.release(stack, app_id, branch_names, version, **options)
