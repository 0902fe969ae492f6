from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config
from ticking import Clock

from amplify_local import LocalAws
from amplify_local.amplify import Amplify, attach

collect_ignore = ["own_project"]  # a project of its own, whose tests are run in it


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    """One local AWS for all tests of this folder; Lambda's retries come after half a second, not a minute."""
    with LocalAws(retry_seconds=0.5, job_seconds=2) as aws:
        yield aws


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(amplify: Amplify) -> Any:
    """A boto3 client of the test's own Amplify in memory, which tries each call once."""
    return attach(
        boto3.client(
            "amplify",
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        ),
        amplify,
    )


class WriteSite(Protocol):
    def __call__(self, folder: Path, nonce: str = ..., allowed: str = ..., timeout: int = ...) -> Path: ...


@pytest.fixture
def write_site() -> WriteSite:
    """Writes a synthesized CDK app with the stack Site: ``cdk --app <folder>`` deploys it as it is.

    Its one custom resource releases branch main of app d123.
    """

    def write(folder: Path, nonce: str = "1", allowed: str = "amplify:*", timeout: int = 60) -> Path:
        return write_assembly(folder, site_template(nonce, allowed, timeout))

    return write


RELEASING_FUNCTION = Path(__file__).with_name("releasing_function.py").read_text()


def statement(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def site_template(nonce: str, allowed: str, timeout: int) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [statement(allowed, "arn:aws:amplify:*:*:apps/d123/*")]}
    return {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "Policies": [{"PolicyName": "p", "PolicyDocument": policy}],
                },
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Timeout": 60,
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": RELEASING_FUNCTION},
                },
            },
            "Site": {
                "Type": "Custom::Site",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                    "ServiceTimeout": timeout,
                    "AppId": "d123",
                    "BranchName": "main",
                    "Nonce": nonce,
                },
            },
        },
        "Outputs": {"Released": {"Value": {"Ref": "Site"}}},
    }


@pytest.fixture(name="write_assembly")
def write_assembly_fixture() -> Any:
    return write_assembly


def write_assembly(folder: Path, template: dict[str, Any]) -> Path:
    """Write an app with one stack, Site, as the CDK synthesizes it."""
    assembly = folder / "assembly"
    assembly.mkdir(exist_ok=True)
    (assembly / "Site.template.json").write_text(json.dumps(template))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "Site.template.json"},
    }
    manifest = {"version": "36.0.0", "artifacts": {"Site": stack}}
    (assembly / "manifest.json").write_text(json.dumps(manifest))
    return assembly
