"""Each configuration, in Python and in JavaScript: the same templates, assets and warnings."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import configurations
import pytest
from templates import ROOT

OURS = json.loads((ROOT / "cdk.json").read_text())["context"]
NAMES = [
    name
    for name, value in vars(configurations).items()
    if callable(value) and getattr(value, "__module__", "") == configurations.__name__ and name[0].islower()
]


@pytest.fixture(scope="module")
def in_javascript(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of all configurations: one process synthesizes them."""
    output = tmp_path_factory.mktemp("javascript")
    (project / "configurations.js").write_text((Path(__file__).parent / "configurations.js").read_text())
    command = ["node", "configurations.js", str(output), json.dumps(OURS), configurations.SITE]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


def of_python(name: str, flags: str, folder: Path) -> dict[str, Any]:
    app = cdk.App(outdir=str(folder), analytics_reporting=False, context=OURS if flags == "ours" else {})
    getattr(configurations, name)(cdk.Stack(app, "Site"))
    app.synth()
    return assembly(folder)


def assembly(folder: Path) -> dict[str, Any]:
    """What is deployed, and what is said of it, by file: in names as JavaScript has them."""
    found: dict[str, Any] = {}
    for file in sorted(folder.rglob("*.json")):
        text = file.read_text()
        if file.name.endswith(".template.json"):
            found[str(file.relative_to(folder))] = json.loads(
                re.sub('(?<="Nonce": ")[0-9a-f]{16}', "…", text)
            )
        elif file.name == "manifest.json" or file.name.endswith(".metadata.json"):
            found[str(file.relative_to(folder))] = [*messages(json.loads(text))]
    return found


def messages(value: Any) -> Any:
    """The warnings in a manifest."""
    if isinstance(value, dict):
        if str(value.get("type")).startswith("aws:cdk:warning"):
            yield re.sub("_([a-z])", lambda found: found[1].upper(), value["data"]).replace(
                "=False", ": false"
            )
        for item in value.values():
            yield from messages(item)
    elif isinstance(value, list):
        for item in value:
            yield from messages(item)


def test_both_languages_have_the_same_configurations(in_javascript: Path) -> None:
    assert len(NAMES) >= 26
    assert {*os.listdir(in_javascript / "none")} == {*NAMES}


@pytest.mark.parametrize("flags", ["none", "ours"])
@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_the_same_in_both_languages(
    in_javascript: Path, tmp_path: Path, name: str, flags: str
) -> None:
    assert assembly(in_javascript / flags / name) == of_python(name, flags, tmp_path)
