"""``AWS::Amplify::App`` and ``AWS::Amplify::Branch`` in CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from amplify_local import LocalAws

# Often, and for as long as a slow machine needs.
FAST = {"Delay": 0.1, "MaxAttempts": 1200}


@pytest.fixture
def cloudformation(aws: LocalAws) -> Iterator[Any]:
    cloudformation = aws.client("cloudformation")
    yield cloudformation
    cloudformation.delete_stack(StackName="hosting")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="hosting", WaiterConfig=FAST)


def template(variables: dict[str, str], branch_name: str = "main", **of_branch: Any) -> str:
    listed = [{"Name": name, "Value": value} for name, value in variables.items()]
    resources = {
        "App": {
            "Type": "AWS::Amplify::App",
            "Properties": {
                "Name": "shop",
                "Repository": "https://github.com/example/shop",
                "Platform": "WEB_COMPUTE",
                "BasicAuthConfig": {"EnableBasicAuth": "false"},
                "CustomRules": [{"Source": "/<*>", "Target": "/index.html", "Status": "404"}],
                "EnvironmentVariables": listed,
                "Tags": [{"Key": "team", "Value": "web"}],
            },
        },
        "Branch": {
            "Type": "AWS::Amplify::Branch",
            "Properties": {
                "AppId": {"Fn::GetAtt": ["App", "AppId"]},
                "BranchName": branch_name,
                "EnableAutoBuild": False,
                **of_branch,
            },
        },
    }
    outputs = {
        "App": {"Ref": "App"},
        "AppId": {"Fn::GetAtt": ["App", "AppId"]},
        "AppArn": {"Fn::GetAtt": ["App", "Arn"]},
        "AppName": {"Fn::GetAtt": ["App", "AppName"]},
        "Domain": {"Fn::GetAtt": ["App", "DefaultDomain"]},
        "Branch": {"Ref": "Branch"},
        "BranchArn": {"Fn::GetAtt": ["Branch", "Arn"]},
        "BranchName": {"Fn::GetAtt": ["Branch", "BranchName"]},
    }
    return json.dumps(
        {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
    )


def create(cloudformation: Any, body: str) -> dict[str, str]:
    cloudformation.create_stack(StackName="hosting", TemplateBody=body)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="hosting", WaiterConfig=FAST)
    return outputs(cloudformation)


def update(cloudformation: Any, body: str) -> dict[str, str]:
    cloudformation.update_stack(StackName="hosting", TemplateBody=body)
    cloudformation.get_waiter("stack_update_complete").wait(StackName="hosting", WaiterConfig=FAST)
    return outputs(cloudformation)


def outputs(cloudformation: Any) -> dict[str, str]:
    stack = cloudformation.describe_stacks(StackName="hosting")["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_an_app_and_its_branch_are_created_without_a_build(aws: LocalAws, cloudformation: Any) -> None:
    found = create(cloudformation, template({"API": "https://a"}))
    app = aws.amplify.app(found["AppId"])
    assert found["App"] == found["AppArn"] == app.arn
    assert found["Branch"] == found["BranchArn"] == f"{app.arn}/branches/main"
    assert (found["AppName"], found["BranchName"]) == ("shop", "main")
    assert found["Domain"] == f"{app.id}.amplifyapp.com"
    assert app.settings["environmentVariables"] == {"API": "https://a"}
    assert app.settings["tags"] == {"team": "web"}
    assert app.settings["customRules"][0]["target"] == "/index.html"
    assert app.settings["enableBasicAuth"] is False
    assert app.branches["main"].settings["enableAutoBuild"] is False
    assert aws.amplify.jobs(app.id) == []


def test_both_are_updated_in_place(aws: LocalAws, cloudformation: Any) -> None:
    before = create(cloudformation, template({"API": "https://a"}))
    after = update(cloudformation, template({"API": "https://b"}, EnableAutoBuild=True))
    assert after == before
    app = aws.amplify.app(after["AppId"])
    assert app.settings["environmentVariables"] == {"API": "https://b"}
    assert app.branches["main"].settings["enableAutoBuild"] is True


def test_a_renamed_branch_is_replaced(aws: LocalAws, cloudformation: Any) -> None:
    create(cloudformation, template({}))
    found = update(cloudformation, template({}, branch_name="feature/x"))
    assert found["Branch"].endswith("/branches/feature/x")
    assert list(aws.amplify.app(found["AppId"]).branches) == ["feature/x"]


def test_both_are_deleted_with_their_stack(aws: LocalAws, cloudformation: Any) -> None:
    found = create(cloudformation, template({}))
    cloudformation.delete_stack(StackName="hosting")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="hosting", WaiterConfig=FAST)
    assert found["AppId"] not in [app.id for app in aws.amplify.apps()]


def test_what_amplify_refuses_fails_the_stack(aws: LocalAws, cloudformation: Any) -> None:
    with pytest.raises(WaiterError):
        create(cloudformation, template({}, Stage="NOWHERE"))
    events = cloudformation.describe_stack_events(StackName="hosting")["StackEvents"]
    reasons = " ".join(event.get("ResourceStatusReason", "") for event in events)
    assert "stage" in reasons.lower()
