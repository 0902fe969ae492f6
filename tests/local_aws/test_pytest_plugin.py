"""The fixture for other people's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest_plugins = ["pytester"]

SOMEBODYS_TEST = """
def test_the_site(local_aws):
    assert local_aws.client("cloudformation").describe_stacks()["Stacks"]
    local_aws.amplify.create_app("site", app_id="d123")
"""


def test_the_fixture_serves_somebody_elses_project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SOMEBODYS_TEST)
    os.symlink(ROOT / "node_modules", pytester.path / "node_modules")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    code = "import sys, amplify_local.pytest_plugin; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"boto3", "botocore", "ministack", "aws_cdk", "rich"} & set(run.stdout.split())
