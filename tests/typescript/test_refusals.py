"""A table of options that are refused in both languages; and what JavaScript would ignore without a word."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.aws_s3_deployment import Source
from templates import new_app

from cdk_amplify_job import AmplifyJob, Commit, SmokeTest

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "refused_options.json").read_text())


def value_of(given: Any, stack: cdk.Stack) -> Any:
    """What stands for a value that JSON has not."""
    if not isinstance(given, dict):
        return given
    match given:
        case {"repeat": [text, count]}:
            return text * count
        case {"Duration": seconds}:
            return cdk.Duration.seconds(seconds)
        case {"Commit": id}:
            return Commit(id)
        case {"Role": arn}:
            return iam.Role.from_role_arn(stack, "Role", arn)
        case {"Source": name}:
            return [Source.data(name, "")]
        case {"SmokeTest": options}:
            return SmokeTest(**{name: value_of(value, stack) for name, value in options.items()})
    return given


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["message"])
def test_a_wrong_option_is_refused_in_python(row: dict[str, Any]) -> None:
    stack = cdk.Stack(new_app(), "Site")
    options: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main", **row["options"]}

    with pytest.raises((ValueError, TypeError)) as refusal:
        AmplifyJob(stack, "Job", **{name: value_of(value, stack) for name, value in options.items()})

    assert row["message"] in str(refusal.value)


def test_a_wrong_option_is_refused_in_javascript(project: Path) -> None:
    for name in ("refused_options.json", "refusals.test.js"):
        (project / name).write_text((HERE / name).read_text())

    done = subprocess.run(
        ["node", "--test", "refusals.test.js"], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    (passed,) = re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert int(passed) > len(TABLE)
