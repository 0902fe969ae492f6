"""The function's folders: each imports what lies below it; what decides imports nothing that calls AWS."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lambda" / "amplify_job"
BELOW = {
    "run": {"decide", "files", "amplify", "cloudformation"},
    "decide": {"amplify", "cloudformation"},
    "files": {"amplify", "cloudformation"},
    "amplify": {"cloudformation"},
    "cloudformation": set(),
}


@pytest.mark.parametrize("folder", BELOW)
def test_a_folder_imports_only_what_lies_below_it(folder: str) -> None:
    sources = "".join(path.read_text() for path in (PACKAGE / folder).glob("*.py"))
    imported = set(re.findall(r"from amplify_job\.(\w+)[. ]", sources)) & {*BELOW}
    assert imported - {folder} <= BELOW[folder]


def test_every_folder_has_its_place() -> None:
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"} == {*BELOW}


def test_what_decides_loads_no_sdk() -> None:
    modules = [f"amplify_job.decide.{path.stem}" for path in (PACKAGE / "decide").glob("*.py")]
    script = f"import sys, {', '.join(modules)}; sys.exit('botocore' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(PACKAGE.parent)})
