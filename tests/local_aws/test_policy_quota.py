"""A role's inline policies together have no more characters than IAM allows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from waiting import eventually

from amplify_local import LocalAws


def template(*sizes: int) -> str:
    """A role, and policies of so many characters."""

    def document(size: int) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/"}
        empty = {"Version": "2012-10-17", "Statement": [statement]}
        statement["Resource"] += "x" * (size - len(json.dumps(empty, separators=(",", ":"))))
        return empty

    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    policies = {
        f"Policy{number}": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": f"p{number}",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": document(size),
            },
        }
        for number, size in enumerate(sizes)
    }
    return json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}, **policies}})


@pytest.mark.parametrize(
    ("name", "sizes", "status"),
    [("Fits", [5_120, 5_120], "CREATE_COMPLETE"), ("Full", [5_120, 5_121], "ROLLBACK_COMPLETE")],
)
def test_a_role_has_room_for_10240_characters(
    aws: LocalAws, name: str, sizes: list[int], status: str
) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=template(*sizes), Capabilities=["CAPABILITY_IAM"]
    )

    def came_to() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    assert eventually(lambda: came_to() == status)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("Maximum policy size of 10240 bytes" in reason for reason in reasons) is (name == "Full")
