"""Nothing is tied to one partition of AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from templates import new_app, resolved, resources

from cdk_amplify_job import AmplifyJobProviderStack, AmplifyJobRole, AmplifyJobStack

ROOT = Path(__file__).parents[2]
SOURCES = [
    file
    for folder in ("constructs", "lambda")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".py", ".json")
]


@pytest.mark.parametrize("file", [*SOURCES, ROOT / "app.py"], ids=lambda file: file.name)
def test_no_partition_is_written_out_in_the_source(file: Path) -> None:
    assert not re.search(r"\barn:aws[\w-]*:", file.read_text())


def test_no_partition_is_written_out_in_a_template() -> None:
    app = new_app()
    AmplifyJobStack(app, "Release", app_id="d1a2b3c4d5e6f7", branch_name="main", region="eu-central-1")
    AmplifyJobProviderStack(app, "Releases")
    access = cdk.Stack(app, "Access")
    trusted = "arn:aws-cn:iam::123456789012:role/Releases-x"
    AmplifyJobRole(access, "Role", app_id="d1", branch_names=["main"], trusted_role_arn=trusted)

    for stack in app.node.children:
        assert isinstance(stack, cdk.Stack)
        text = json.dumps(Template.from_stack(stack).to_json()).replace(trusted, "")
        assert "arn:${AWS::Partition}:" in json.dumps(resolved(resources(stack)))
        assert not re.search(r"\barn:aws", text)


def test_where_the_partition_is_known_it_is_the_region_s() -> None:
    app = new_app(**{"@aws-cdk/core:enablePartitionLiterals": True})
    env = cdk.Environment(account="123456789012", region="cn-north-1")
    stack = AmplifyJobStack(app, "Release", env=env, app_id="d1a2b3c4d5e6f7", branch_name="main")

    arns = re.findall(r"arn:[\w${}:-]*?:(?=amplify)", json.dumps(resolved(resources(stack))))
    assert arns
    assert set(arns) <= {"arn:aws-cn:", "arn:${AWS::Partition}:"}
