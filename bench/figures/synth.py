"""Stacks with some jobs, as each alternative defines them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk

OURS = "ours"
OF_FILES = ("amplify_alpha", "ours_files")
"""These deploy files and build nothing; each brings an app along."""
TITLES = {
    OURS: "this project",
    "aws_custom_resource": "AwsCustomResource",
    "provider": "Provider framework",
    "trigger": "TriggerFunction",
    "crhelper_poll": "crhelper",
    "amplify_alpha": "aws-amplify-alpha",
    "ours_files": "this project, files",
}
APP_ID = "d1a2b3c4d5e6f7"


def peer(name: str) -> ModuleType:
    return importlib.import_module(f"peers.{name}")


def branches(jobs: int) -> list[str]:
    return [f"b{number}" for number in range(jobs)]


def synthesize(
    name: str,
    folder: Path | str,
    *,
    app_id: str = APP_ID,
    branch_names: list[str] | None = None,
    version: str = "",
    stack_name: str = "Stack",
    nag: bool = False,
    beside: Callable[[cdk.Stack], None] = lambda stack: None,
    **options: Any,
) -> Path:
    """Write the assembly of an app whose one stack has a job for each branch, and give its folder.

    :param nag: Let cdk-nag write its report beside the template.
    :param beside: Defines what else is in the stack.
    """
    # The rules that aws-cdk-lib checks by itself take a second a process, and are not what is measured.
    app = cdk.App(
        analytics_reporting=False,
        outdir=str(folder),
        context={"@aws-cdk/core:validateAgainstDefaultRules": False},
    )
    stack = cdk.Stack(app, stack_name)
    peer(name).release(stack, app_id, branch_names or branches(1), version, **options)
    beside(stack)
    if nag:
        from cdk_nag import AwsSolutionsChecks

        checks: Any = AwsSolutionsChecks()
        cdk.Aspects.of(app).add(checks)
    app.synth()
    return Path(folder)


def templates(assembly: Path) -> list[dict[str, Any]]:
    """The stack's template, and those of nested stacks."""
    files = sorted(assembly.glob("*.template.json"))
    return [json.loads(file.read_text()) for file in files]


def resources(assembly: Path) -> dict[str, dict[str, Any]]:
    return {
        name: value
        for template in templates(assembly)
        for name, value in template.get("Resources", {}).items()
    }


def size(value: Any) -> int:
    """Bytes of compact JSON."""
    return len(json.dumps(value, separators=(",", ":")).encode())
