"""What tests of templates share: how to read, measure and compare them."""

from __future__ import annotations

import json
import os
import re
import runpy
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

ROOT = Path(__file__).parents[2]


def new_app(**context: Any) -> cdk.App:
    """Return an app whose templates hold nothing but what the test asks for."""
    return cdk.App(analytics_reporting=False, context=context)


def app_with_our_flags(**options: Any) -> cdk.App:
    """Return an app with the feature flags of cdk.json."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    context = {**flags, **options.pop("context", {})}
    return cdk.App(analytics_reporting=False, context=context, **options)


def run_program(file: Path, app: cdk.App) -> None:
    """Run a program that makes an app and synthesizes it, with this app in place of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cdk, "App", lambda: app)
        runpy.run_path(str(file), run_name="__main__")


def resources(stack: cdk.Stack, type_: str | None = None) -> dict[str, dict[str, Any]]:
    """Return a stack's resources by logical ID. Raises when they depend on each other in a cycle."""
    found: dict[str, dict[str, Any]] = Template.from_stack(stack).to_json().get("Resources", {})
    return {name: value for name, value in found.items() if type_ in (None, value["Type"])}


def warnings(stack: cdk.Stack) -> list[str]:
    """Return the texts of a stack's warnings."""
    assembly = cdk.App.of(stack).synth(force=True)  # type: ignore[union-attr]
    artifact = assembly.get_stack_artifact(stack.artifact_id)
    return [str(message.entry.data) for message in artifact.messages]


def characters(value: object) -> int:
    """Count the characters of compact JSON."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def documents(template: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the documents of all policies among resources, but for trust policies."""
    return [
        policy["PolicyDocument"]
        for resource in template.values()
        for properties in [resource.get("Properties", {})]
        for policy in [properties, *properties.get("Policies", [])]
        if "PolicyDocument" in policy
    ]


def statements(template: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the statements of all policies among resources, but for trust policies."""
    return [statement for document in documents(template) for statement in document["Statement"]]


def resolved(value: Any) -> Any:
    """Write intrinsic functions as text: ``${App}``, ``${App.Arn}``, joins as what they join."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(resolved(part)) for part in parts)
        case _:
            return {key: resolved(item) for key, item in value.items()}


def matches_snapshot(template: dict[str, Any], file: Path) -> bool:
    """Compare a template with a stored one, whatever the hashes of its assets.

    With UPDATE_SNAPSHOTS=1 in the environment the file is written instead.
    """
    text = re.sub(r"\b[0-9a-f]{64}\b", "{hash}", json.dumps(template, indent=2, sort_keys=True)) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return file.read_text() == text
