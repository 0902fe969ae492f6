"""AmplifyJobRole: access to an app for jobs of another account."""

from typing import Any

import aws_cdk as cdk
import pytest
from statements_of import actions, on_app
from templates import resolved, resources

from cdk_amplify_job import (
    AmplifyJobRole,
)

FUNCTION_ROLE = "arn:aws:iam::111111111111:role/Releases-AmplifyJobProviderRole2811F21B-*"

APP = "d1a2b3c4d5e6f7"
HERE = "${AWS::Region}:${AWS::AccountId}"
ROLE_ARN = "arn:aws:iam::210987654321:role/releases"


def test_a_role_in_the_account_of_an_app_trusts_one_function_and_allows_its_jobs(stack: cdk.Stack) -> None:
    AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=FUNCTION_ROLE)

    (role,) = resolved(list(resources(stack, "AWS::IAM::Role").values()))
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:${AWS::Partition}:iam::111111111111:root"},
        "Condition": {"ArnLike": {"aws:PrincipalArn": FUNCTION_ROLE}},
    }
    arn = f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/{APP}"
    assert actions(resources(stack))["amplify:StartJob"] == on_app(arn)


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:role/*",
        "arn:aws:iam::111111111111:role/?*",
        "arn:aws:iam::111111111111:role/**",
        "arn:aws:iam::*:role/releases",
        "arn:aws:sts::111111111111:role/releases",
    ],
)
def test_a_role_does_not_trust_a_whole_account(stack: cdk.Stack, arn: str) -> None:
    with pytest.raises(ValueError, match="trusted_role_arn must be the ARN of one role, received"):
        AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=arn)


def test_a_role_trusts_a_function_of_an_account_by_token(stack: cdk.Stack) -> None:
    arn = f"arn:aws:iam::{stack.account}:role/releases"
    AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=arn)

    (role,) = resolved(list(resources(stack, "AWS::IAM::Role").values()))
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}


@pytest.mark.parametrize("names", ["main", []])
def test_a_role_is_for_a_list_of_branches(stack: cdk.Stack, names: Any) -> None:
    with pytest.raises(ValueError, match="branch_names must be a list of names, received"):
        AmplifyJobRole(stack, "Role", app_id=APP, branch_names=names, trusted_role_arn=FUNCTION_ROLE)


def test_a_role_has_room_for_so_many_branches_and_says_so(stack: cdk.Stack) -> None:
    names = [f"feature/number-{number}" for number in range(100)]
    with pytest.raises(ValueError, match="received 100 names, which take [0-9,]+: make several roles"):
        AmplifyJobRole(stack, "Access", app_id="d1", branch_names=names, trusted_role_arn=ROLE_ARN)
