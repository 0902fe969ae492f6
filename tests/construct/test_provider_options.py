"""The options of a provider, and of a service token."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from statements_of import actions
from templates import (
    resolved,
    resources,
    statements,
)

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider

APP = "d1a2b3c4d5e6f7"
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"


def test_the_stack_s_own_provider_takes_options_before_the_first_job(stack: cdk.Stack) -> None:
    mine = AmplifyJobProvider.get_or_create(
        stack,
        log_retention=logs.RetentionDays.ONE_WEEK,
        runtime=lambda_.Runtime.PYTHON_3_12,
    )
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert AmplifyJobProvider.get_or_create(stack) is mine
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["Runtime"] == "python3.12"
    (log_group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert log_group["Properties"] == {"RetentionInDays": 7}


def test_options_that_come_after_the_first_job_are_refused(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    with pytest.raises(ValueError, match="^the provider") as refusal:
        AmplifyJobProvider.get_or_create(stack, ephemeral_storage_size=cdk.Size.gibibytes(2))
    assert str(refusal.value) == (
        "the provider 'Site/AmplifyJobProvider' must get its options before the first job of its stack, "
        "received ephemeral_storage_size after it was made"
    )


def test_a_provider_can_log_to_a_given_group(stack: cdk.Stack) -> None:
    group = logs.LogGroup.from_log_group_name(stack, "Logs", "/site/releases")
    provider = AmplifyJobProvider(stack, "Provider", log_group=group)

    assert provider.log_group is group
    assert not resources(stack, "AWS::Logs::LogGroup")
    on_logs = [
        found for found in resolved(statements(resources(stack))) if "logs:PutLogEvents" in found["Action"]
    ]
    assert [found["Resource"] for found in on_logs] == [
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/site/releases:*"
    ]


def test_a_log_group_and_a_retention_exclude_each_other(stack: cdk.Stack) -> None:
    group = logs.LogGroup.from_log_group_name(stack, "Logs", "/site/releases")

    with pytest.raises(ValueError, match="received both"):
        AmplifyJobProvider(stack, "Provider", log_group=group, log_retention=logs.RetentionDays.ONE_DAY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vpc": "vpc-1"}, "vpc must be a VPC, received 'vpc-1'"),
        ({"role": "Releases"}, "role must be a role, received 'Releases'"),
        ({"log_group": "/site"}, "log_group must be a log group, received '/site'"),
        ({"runtime": "python3.13"}, "runtime must be a Runtime, received 'python3.13'"),
        ({"ephemeral_storage_size": 512}, "ephemeral_storage_size must be a Size, received 512"),
        ({"log_retention": 7}, "log_retention must be one of logs.RetentionDays, received 7"),
        ({"shared": "yes"}, "shared must be true or false, known at synthesis, received 'yes'"),
        ({"security_groups": "sg-1"}, "security_groups must be a list of security groups, received 'sg-1'"),
        (
            {"security_groups": ["sg-1"]},
            "security_groups must be a list of security groups, received ['sg-1']",
        ),
        ({"app_ids": []}, "app_ids must be a list of different IDs, or be left out, received []"),
        ({"app_ids": APP}, f"app_ids must be a list of different IDs, or be left out, received '{APP}'"),
        ({"app_ids": [None]}, "app_ids must be a list of different IDs, or be left out, received [None]"),
        (
            {"app_ids": [APP, APP]},
            f"app_ids must be a list of different IDs, or be left out, received ['{APP}', '{APP}']",
        ),
    ],
)
def test_an_option_of_the_wrong_type_is_told_in_a_line(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=" must be ") as refusal:
        AmplifyJobProvider(stack, "Provider", **options)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"role": "x"}, "role must be a role, received 'x'"),
        ({"permitted": "yes"}, "permitted must be true or false, known at synthesis, received 'yes'"),
    ],
)
def test_an_option_of_a_service_token_of_the_wrong_type_is_told_in_a_line(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=" must be ") as refusal:
        AmplifyJobProvider.from_service_token(stack, "Provider", TOKEN, **options)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "options",
    [{"security_groups": []}, {"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}],
)
def test_what_is_for_a_vpc_needs_one(stack: cdk.Stack, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(
        ValueError, match=f"^{name} is for a function in a VPC, so vpc must be given, received"
    ):
        AmplifyJobProvider(stack, "Provider", **options)


def test_a_provider_of_another_region_is_refused(app: cdk.App) -> None:
    def stack_in(region: str) -> cdk.Stack:
        return cdk.Stack(app, region, env=cdk.Environment(account="123456789012", region=region))

    provider = AmplifyJobProvider.get_or_create(stack_in("eu-west-1"))
    with pytest.raises(
        ValueError, match="provider must be of the Region us-east-1 of its job, received one of eu-"
    ):
        AmplifyJob(stack_in("us-east-1"), "Job", app_id=APP, branch_name="main", provider=provider)


def test_a_provider_can_be_in_a_vpc(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, vpc=vpc)
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    allowed = actions(resources(stack, "AWS::IAM::Role"))
    assert {action for action in allowed if action.startswith("ec2:")} == {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }
    assert allowed["ec2:CreateNetworkInterface"] == ["*"]


def test_a_prescribed_role_gets_the_permissions_for_a_vpc_before_the_function(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, vpc=ec2.Vpc(stack, "Vpc"), role=role)

    policies = resources(stack, "AWS::IAM::Policy")
    (needed,) = (
        name for name, policy in policies.items() if "ec2:CreateNetworkInterface" in json.dumps(policy)
    )
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert needed in function["DependsOn"]


@pytest.mark.parametrize("runtime", [lambda_.Runtime.NODEJS_22_X, lambda_.Runtime.PYTHON_3_9])
def test_a_provider_runs_on_a_recent_python(stack: cdk.Stack, runtime: lambda_.Runtime) -> None:
    with pytest.raises(ValueError, match="runtime must be Python 3.10 or newer, received "):
        AmplifyJobProvider(stack, "Provider", runtime=runtime)


@pytest.mark.parametrize("app_ids", ["d1a2b3c4d5e6f7", ["my-app"]])
def test_the_apps_of_a_provider_are_a_list_of_ids(stack: cdk.Stack, app_ids: Any) -> None:
    with pytest.raises(ValueError, match="^app_ids? must "):
        AmplifyJobProvider(stack, "Provider", app_ids=app_ids)
