"""The policy of a job: where it lies, and what it allows."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_iam as iam
from statements_of import actions, hosting, on_app, one_job
from templates import resolved, resources, warnings

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    AmplifyJobProviderStack,
)

APP = "d1a2b3c4d5e6f7"
HERE = "${AWS::Region}:${AWS::AccountId}"
ARN = f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/{APP}"
WHAT_TO_ALLOW = (
    "no policy is attached to the role of the provider, so its owner must allow:\n"
    "- amplify:StartJob, amplify:GetJob, amplify:StopJob, amplify:ListJobs, amplify:GetBranch, "
    f"amplify:GetApp on {ARN}, {ARN}/branches/main, {ARN}/branches/main/jobs/*\n"
    "- cloudformation:DescribeStackEvents on ${AWS::StackId}"
)


def test_the_permissions_of_a_job_are_a_policy_of_its_own(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)
    AmplifyJob(stack, "Again", branch=branch, triggers={"content": "2"})

    template = resources(stack)
    first, second = resources(stack, "Custom::AmplifyJob").values()
    assert first["DependsOn"] != second["DependsOn"]
    (policy,) = first["DependsOn"]
    arn = f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/${{App.AppId}}"
    assert actions({policy: template[policy]})["amplify:StartJob"] == on_app(arn, "feature/x")
    role = {name: value for name, value in template.items() if value["Type"] == "AWS::IAM::Role"}
    assert not [action for action in actions(role) if action.startswith("amplify:")]


def test_an_app_can_use_what_another_job_answered(stack: cdk.Stack) -> None:
    _, backend = hosting(stack, "Backend")
    first = AmplifyJob(stack, "First", branch=backend)
    _, frontend = hosting(
        stack,
        "Frontend",
        environment_variables=[
            amplify.CfnBranch.EnvironmentVariableProperty(name="API_URL", value=first.branch_url)
        ],
    )
    AmplifyJob(stack, "Second", branch=frontend)

    # Reading the template raises when it has a cycle.
    assert len(resources(stack, "Custom::AmplifyJob")) == 2


def test_a_provider_of_another_stack_gets_its_permissions_from_the_job_s(app: cdk.App) -> None:
    shared = AmplifyJobProvider.get_or_create(cdk.Stack(app, "Shared"))
    site = cdk.Stack(app, "Site")
    AmplifyJob(site, "Job", app_id=APP, branch_name="main", provider=shared)

    template = resources(site)
    assert {value["Type"] for value in template.values()} == {"AWS::IAM::Policy", "Custom::AmplifyJob"}
    (policy,) = resolved(list(resources(site, "AWS::IAM::Policy").values()))
    assert policy["Properties"]["Roles"][0]["Fn::ImportValue"].startswith("Shared:ExportsOutputRef")
    assert actions(template)["cloudformation:DescribeStackEvents"] == ["${AWS::StackId}"]
    job = one_job(site)
    assert job["DependsOn"] == list(resources(site, "AWS::IAM::Policy"))
    assert job["Properties"]["ServiceToken"]["Fn::ImportValue"].startswith("Shared:ExportsOutputFnGetAtt")


def test_a_provider_stack_may_describe_the_stacks_that_use_it(app: cdk.App) -> None:
    provider = AmplifyJobProviderStack(app, "Releases").provider
    site = cdk.Stack(app, "Site")
    AmplifyJob(site, "Job", app_id=APP, branch_name="main", provider=provider)

    assert "cloudformation:DescribeStackEvents" not in actions(resources(site))


def test_stacks_that_share_a_provider_share_its_quota(app: cdk.App) -> None:
    provider = AmplifyJobProviderStack(app, "Releases").provider
    sites = [cdk.Stack(app, f"Site{number}") for number in range(2)]
    long: Any = {"app_id": APP, "branch_name": "x" * 250, "provider": provider}
    for number in range(10):
        AmplifyJob(sites[number % 2], f"Job{number}", **long)
    with pytest.raises(ValueError, match="the role of 'Releases/AmplifyJobProvider' must have at most"):
        AmplifyJob(sites[1], "OneMore", **long)


def test_a_nested_stack_has_a_provider_and_permissions_of_its_own(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    _, branch = hosting(stack)
    AmplifyJob(nested, "Job", branch=branch)

    assert AmplifyJobProvider.get_or_create(nested) is not AmplifyJobProvider.get_or_create(stack)
    assert one_job(nested)["DependsOn"] == [
        name for name in resources(nested, "AWS::IAM::Policy") if "HandOver" not in name
    ]


def test_a_nested_stack_can_use_the_provider_around_it(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    outer = AmplifyJobProvider.get_or_create(stack)
    AmplifyJob(nested, "Job", app_id=APP, branch_name="main", provider=outer)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert len(resources(nested)) == 2
    assert actions(resources(nested))["cloudformation:DescribeStackEvents"] == ["${AWS::StackId}"]
    resources(stack)


def test_a_job_can_use_a_branch_of_a_nested_stack(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    _, branch = hosting(nested)
    AmplifyJob(stack, "Job", branch=branch)

    (beside,) = one_job(stack)["DependsOn"]
    assert "Job" in beside


def test_a_service_token_with_its_role_gets_a_policy_that_no_other_stack_overwrites(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_name(stack, "Role", cdk.Fn.import_value("Releases-RoleName"))
    token = cdk.Fn.import_value("Releases-ServiceToken")
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, role=role)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert not warnings(stack)
    assert one_job(stack)["Properties"]["ServiceToken"] == {"Fn::ImportValue": "Releases-ServiceToken"}
    (policy,) = resolved(list(resources(stack, "AWS::IAM::Policy").values()))
    assert policy["Properties"]["Roles"] == [{"Fn::ImportValue": "Releases-RoleName"}]
    part_of_stack_id = {"Fn::Select": [2, {"Fn::Split": ["/", "${AWS::StackId}"]}]}
    assert policy["Properties"]["PolicyName"].endswith(str(part_of_stack_id))


def test_a_service_token_without_its_role_says_what_the_owner_must_allow(stack: cdk.Stack) -> None:
    token = "arn:aws:lambda:eu-west-1:123456789012:function:releases"
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    (warning,) = warnings(stack)
    assert warning.partition(" [ack")[0] == WHAT_TO_ALLOW
    assert list(resources(stack)) == ["JobB9D00F9F"]


@pytest.mark.parametrize("by_arn", [True, False])
def test_a_role_that_takes_no_policies_gets_none(stack: cdk.Stack, by_arn: bool) -> None:
    role = (
        iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/provider", mutable=False)
        if by_arn
        else iam.Role.from_role_name(stack, "Role", "provider", mutable=False)
    )
    token = "arn:aws:lambda:eu-west-1:123456789012:function:releases"
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, role=role)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert [warning.partition(" [ack")[0] for warning in warnings(stack)] == [WHAT_TO_ALLOW]
    assert list(resources(stack)) == ["JobB9D00F9F"]


def test_a_function_with_a_role_that_takes_no_policies_brings_none(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_name(stack, "Role", "prescribed", mutable=False)
    AmplifyJobProvider.get_or_create(stack, role=role, app_ids=[APP])
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert resources(stack, "AWS::IAM::Policy") == {}
    said = " ".join(warnings(stack))
    needed = ("logs:PutLogEvents", "lambda:InvokeFunction on", "branches/*/jobs/*", "DescribeStackEvents on")
    assert all(part in said for part in needed)
    assert "branches/main" not in said  # the owner allows all branches of the app


@pytest.mark.parametrize(
    ("name", "pattern"), [("機能/追加", "??/??"), ("feature/ł", "feature/?"), ("é", "é")]
)
def test_a_policy_holds_only_characters_that_iam_takes(stack: cdk.Stack, name: str, pattern: str) -> None:
    AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name=name)
    policy = resources(stack)["JobPolicy2F084D14"]
    assert f"apps/d1a2b3c4d5e6f7/branches/{pattern}/jobs/*" in json.dumps(policy, ensure_ascii=False)
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert job["Properties"]["BranchName"] == name


@pytest.mark.parametrize(
    "token",
    [
        "Releases",
        "arn:aws:lambda:eu-west-1:123456789012:layer:x",
        "arn:aws:iam::1:role/x",
        "arn:aws:lambda:us-east-1:123456789012:function:provider:live",
    ],
)
def test_a_service_token_is_the_arn_of_a_function(stack: cdk.Stack, token: str) -> None:
    with pytest.raises(
        ValueError,
        match="token must be the ARN of a provider's function, without version and alias, received ",
    ):
        AmplifyJobProvider.from_service_token(stack, "Provider", token)


def test_a_service_token_is_of_the_region_of_its_stack(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Other", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    token = "arn:aws:lambda:us-east-1:123456789012:function:provider"
    with pytest.raises(ValueError, match="token must be of the Region eu-west-1 of its stack, received "):
        AmplifyJobProvider.from_service_token(stack, "Provider", token)


def test_stacks_that_use_a_provider_of_their_app_need_no_policy(app: cdk.App) -> None:
    releases = AmplifyJobProviderStack(app, "Releases", app_ids=[APP, "d2"])
    shop = cdk.Stack(app, "Shop")
    for name in ("main", "dev"):
        AmplifyJob(shop, name, app_id=APP, branch_name=name, provider=releases.provider)
    AmplifyJob(shop, "Other", app_id="d3", branch_name="main", provider=releases.provider)

    assert len(resources(shop, "AWS::IAM::Policy")) == 1  # for the app that was not named
    allowed = actions(resources(releases, "AWS::IAM::Policy"))["amplify:StartJob"]
    assert [arn for arn in allowed if arn.endswith("/jobs/*")] == [
        f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/{app_id}/branches/*/jobs/*" for app_id in (APP, "d2")
    ]


def test_a_service_token_that_is_permitted_already_gets_no_warning(stack: cdk.Stack) -> None:
    token = "arn:aws:lambda:us-east-1:123456789012:function:provider"
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, permitted=True)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert warnings(stack) == []
    assert resources(stack, "AWS::IAM::Policy") == {}
