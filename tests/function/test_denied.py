"""Permissions that are missing, or that IAM does not know yet; and branches of other accounts and Regions."""

from __future__ import annotations

import itertools
import math

import pytest
from simulated import APP_ID, BRANCH, START, World

from amplify_local.amplify.rest import ApiError

CALLER = "arn:aws:sts::123456789012:assumed-role/function"
ROLE = "arn:aws:iam::210987654321:role/releaser"
DENIABLE = ["ListJobs", "StartJob", "GetJob"]


@pytest.mark.parametrize("operation", DENIABLE)
def test_a_permission_that_is_missing_fails_after_a_minute(world: World, operation: str) -> None:
    world.amplify.plan(never_ends=True)
    _deny(world, operation)
    answer = world.request(world.event("Create"))
    assert answer.status == "FAILED"
    assert answer.reason.startswith(
        f"ACCESS_DENIED: amplify:{operation} on branch main of app d1a2b3c4 in us-east-1 was denied: "
    )
    arn = f"arn:aws:amplify:us-east-1:123456789012:apps/{APP_ID}/branches/{BRANCH}/jobs/*"
    assert answer.reason.endswith(f"The function's role must allow amplify:{operation} on {arn}")
    assert START + 60 <= answer.time <= START + 60 + 30


@pytest.mark.parametrize(("seconds", "status"), [(55, "SUCCESS"), (65, "FAILED")])
def test_a_denial_in_the_middle_of_a_job_is_forgiven_for_a_minute(
    world: World, seconds: int, status: str
) -> None:
    # given a job of some minutes, and a permission that is taken away for a while
    world.amplify.plan(seconds=300)
    denied = range(int(START) + 100, int(START) + 100 + seconds)
    world.amplify.authorize = lambda *_: "caller" if int(world.clock.now) in denied else None
    # when
    answer = world.request(world.event("Create"))
    # then
    assert answer.status == status


@pytest.mark.parametrize("operation", ["GetBranch", "GetApp"])
def test_a_site_that_may_not_be_seen_does_not_fail_a_job_that_succeeded(world: World, operation: str) -> None:
    _deny(world, operation)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["BranchUrl"]) == ("SUCCESS", "")
    assert START + 60 <= answer.time <= START + 85
    line = next(line for line in world.decisions if line["decision"] == "unanswered")
    assert f"amplify:{operation} on branch main of app d1a2b3c4 in us-east-1 was denied" in line["error"]
    resource = f"apps/{APP_ID}" + ("/branches/main" if operation == "GetBranch" else "")
    assert line["error"].endswith(f"{operation} on arn:aws:amplify:us-east-1:123456789012:{resource}")


def test_the_permission_to_see_the_site_is_waited_for(world: World) -> None:
    _deny(world, "GetBranch", until=START + 10)
    answer = world.request(world.event("Create", Wait="false"))
    assert answer.data["BranchUrl"] == f"https://main.{APP_ID}.amplifyapp.com"


@pytest.mark.parametrize("role", ["", ROLE])
def test_the_denied_role_and_its_account_are_named(world: World, role: str) -> None:
    _deny(world, "StartJob")
    answer = world.request(world.event("Create", AssumeRoleArn=role))
    account = "210987654321" if role else "123456789012"
    named = f"The role {role}" if role else "The function's role"
    assert f"{named} must allow amplify:StartJob on arn:aws:amplify:us-east-1:{account}:" in answer.reason


@pytest.mark.parametrize(("code", "status"), [("UnauthorizedException", 401), ("AccessDeniedException", 403)])
def test_all_words_for_a_denial_are_one(world: World, code: str, status: int) -> None:
    # given an Amplify that refuses the first call in these words
    handle, calls = world.amplify.handle, itertools.count()
    world.amplify.handle = lambda request: (  # type: ignore[method-assign]
        handle(request) if next(calls) else ApiError(code, "not yet", status).response()
    )
    # when
    answer = world.request(world.event("Create"))
    # then
    assert (answer.status, next(calls)) == ("SUCCESS", 32)  # one of them for the log


def test_the_branch_may_be_in_another_region(world: World) -> None:
    world.amplify.create_app("other", "d9", region="eu-west-1")
    world.amplify.create_branch("d9", "main")
    answer = world.request(world.event("Create", AppId="d9", Region="eu-west-1"))
    assert answer.status == "SUCCESS"
    assert answer.data["ConsoleUrl"].startswith("https://eu-west-1.console.aws.amazon.com/amplify/apps/d9/")


def test_a_branch_in_another_region_than_said_is_not_found(world: World) -> None:
    answer = world.request(world.event("Create", Region="eu-west-1"))
    assert answer.reason.startswith(
        "NOT_FOUND: amplify:ListJobs on branch main of app d1a2b3c4 in eu-west-1: "
    )


def test_a_role_is_assumed_with_a_session_name_that_names_the_stack(world: World) -> None:
    answer = world.request(world.event("Create", AssumeRoleArn=ROLE))
    assert answer.status == "SUCCESS"
    assert world.assumed == [{"RoleArn": ROLE, "RoleSessionName": "amplify-job-shop"}]


def test_a_role_is_assumed_with_the_external_id_that_it_asks_for(world: World) -> None:
    world.request(world.event("Create", AssumeRoleArn=ROLE, ExternalId="shop-42"))
    assert world.assumed[0]["ExternalId"] == "shop-42"


def test_a_session_name_fits_stss_limits(world: World) -> None:
    event = world.event("Create", AssumeRoleArn=ROLE, Wait="false")
    event["StackId"] = f"arn:aws:cloudformation:us-east-1:123456789012:stack/ü b{'x' * 100}/1"
    world.request(event)
    assert world.assumed[0]["RoleSessionName"] == f"amplify-job---b{'x' * 49}"
    assert len(world.assumed[0]["RoleSessionName"]) == 64


def test_without_a_role_none_is_assumed(world: World) -> None:
    world.request(world.event("Create"))
    assert world.assumed == []


def test_a_refused_assumption_is_retried_for_a_minute_and_then_names_the_role(world: World) -> None:
    world.assume_role_error = "AccessDenied"
    answer = world.request(world.event("Create", AssumeRoleArn=ROLE))
    assert answer.status == "FAILED"
    assert answer.reason == (
        f"ACCESS_DENIED: the role {ROLE} could not be assumed: not authorized to AssumeRole"
    )
    assert START + 60 <= answer.time <= START + 90


def _deny(world: World, operation: str, until: float = math.inf) -> None:
    world.amplify.authorize = lambda _, action, __: (
        CALLER if action == f"amplify:{operation}" and world.clock.now < until else None
    )
