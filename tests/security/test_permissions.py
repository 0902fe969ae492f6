"""Every call that the function makes is allowed by the role in the template, and nothing else is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_s3_deployment import Source
from roles import LOG_GROUP_ARN, Act, Permissions, acts
from simulated import APP_ID, BRANCH, World
from simulated_aws import ACCOUNT, FUNCTION_ARN, REGION, STACK_ID
from templates import new_app

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobProviderStack, AmplifyJobRole

LAMBDA = Path(__file__).parents[2] / "lambda" / "amplify_job"
ROLE = "arn:aws:iam::210987654321:role/releaser"

STACKS = STACK_ID.partition("shop/")[0]

# What Lambda itself does with the role.
LOGGING = {
    Act("logs:CreateLogStream", f"{LOG_GROUP_ARN[:-2]}:log-stream:2026/01/31/[$LATEST]1"),
    Act("logs:PutLogEvents", f"{LOG_GROUP_ARN[:-2]}:log-stream:2026/01/31/[$LATEST]1"),
}

Given = Mapping[str, str]


# The paths


def created(world: World, given: Given) -> None:
    world.deployed(**given)


def created_again(world: World, given: Given) -> None:
    event = world.event("Create", **given)
    world.deliver(event)
    world.deliver(event)
    world.settle()


def failed(world: World, given: Given) -> None:
    world.amplify.next_job(outcome="FAILED", log=["npm ERR!"])
    world.request(world.event("Create", **given))


def updated(world: World, given: Given) -> None:
    before = world.deployed(**given)
    world.request(world.update(before.physical_id, old=given, **{**given, "CommitMessage": "two"}))


def unchanged(world: World, given: Given) -> None:
    before = world.deployed(**given)
    world.request(world.update(before.physical_id, old=given, **given, FailureLogLines="3"))


def retried(world: World, given: Given) -> None:
    before = world.deployed(**given)
    world.request(world.update(before.physical_id, old=given, **given, JobType="RETRY", JobId="1"))


def rolled_back(world: World, given: Given) -> None:
    old, new = dict(given), {**given, "CommitMessage": "two"}
    before = world.deployed(**old)
    second = world.request(world.update(before.physical_id, old=old, **new))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    undone = world.request(world.update(second.physical_id, old=new, **old))
    world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    world.request(world.delete(second.physical_id, **new))
    assert (undone.data["JobType"], undone.data["Status"]) == ("RELEASE", "PENDING")


def handed_over(world: World, given: Given) -> None:
    world.limit = 90
    world.request(world.event("Create", **given))
    assert world.handed_over


def timed_out(world: World, given: Given) -> None:
    world.amplify.next_job(never_ends=True)
    answer = world.request(world.event("Create", **given, TimeoutSeconds="60"))
    assert "JOB_TIMED_OUT" in answer.reason


def waited_for_others(world: World, given: Given) -> None:
    world.amplify.start(APP_ID, given.get("BranchName", BRANCH))
    world.request(world.event("Create", **given))


def stopped_others(world: World, given: Given) -> None:
    world.amplify.start(APP_ID, given.get("BranchName", BRANCH))
    world.request(world.event("Create", **given, WhenBusy="STOP"))


def deleted_while_it_ran(world: World, given: Given) -> None:
    world.amplify.next_job(never_ends=True)
    world.deliver(world.event("Create", **given))
    world.clock.sleep(10)
    world.stack_event("ROLLBACK_IN_PROGRESS")
    world.deliver(world.delete("shop-Site-1A2B3C4D5E6F", **given))
    world.settle()


def verified_the_commit(world: World, given: Given) -> None:
    world.request(world.event("Create", **given, CommitId="abcdef1"))


def deployed_files(world: World, given: Given) -> None:
    world.app.settings["repository"] = ""
    world.archive("1.zip", {"index.html": "one"})
    sources = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["1.zip"]}
    answer = world.request(world.event("Create", **given, **sources))
    assert answer.status == "SUCCESS"


PATHS: list[Callable[[World, Given], None]] = [
    created,
    created_again,
    failed,
    updated,
    unchanged,
    retried,
    rolled_back,
    handed_over,
    timed_out,
    waited_for_others,
    stopped_others,
    deleted_while_it_ran,
    verified_the_commit,
]


# The templates


def in_the_role(app: cdk.App, branch: str) -> Permissions:
    stack = cdk.Stack(app, "Site")
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=branch)
    return Permissions(stack)


def by_token(app: cdk.App, branch: str) -> Permissions:
    stack = cdk.Stack(app, "Site")
    site = amplify.CfnApp(stack, "App", name="site", repository="https://git.example.com/site")
    main = amplify.CfnBranch(stack, "Branch", app_id=site.attr_app_id, branch_name=branch)
    AmplifyJob(stack, "Job", branch=main)
    return Permissions(stack, **{"App.AppId": APP_ID, "Branch.BranchName": branch})


def by_parameter(app: cdk.App, branch: str) -> Permissions:
    stack = cdk.Stack(app, "Site")
    AmplifyJob(
        stack,
        "Job",
        app_id=cdk.CfnParameter(stack, "AppId").value_as_string,
        branch_name=cdk.CfnParameter(stack, "BranchName").value_as_string,
    )
    return Permissions(stack, AppId=APP_ID, BranchName=branch)


def with_the_provider_of_another_stack(app: cdk.App, branch: str) -> Permissions:
    provider = AmplifyJobProvider.get_or_create(cdk.Stack(app, "Releases"))
    stack = cdk.Stack(app, "Site")
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=branch, provider=provider)
    return Permissions(cdk.Stack.of(provider), stack)


def with_a_shared_provider(app: cdk.App, branch: str) -> Permissions:
    releases = AmplifyJobProviderStack(app, "Releases")
    stack = cdk.Stack(app, "Site")
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=branch, provider=releases.provider)
    return Permissions(releases, stack)


def with_an_imported_provider(app: cdk.App, branch: str) -> Permissions:
    releases, stack = AmplifyJobProviderStack(app, "Releases"), cdk.Stack(app, "Site")
    token, role_name = (cdk.Fn.import_value(f"Releases-{name}") for name in ("ServiceToken", "RoleName"))
    role = aws_iam.Role.from_role_name(stack, "Role", role_name)
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, role=role)
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=branch, provider=provider)
    return Permissions(releases, stack)


Synthesize = Callable[[cdk.App, str], Permissions]
TEMPLATES: list[Synthesize] = [
    in_the_role,
    by_token,
    by_parameter,
    with_the_provider_of_another_stack,
    with_a_shared_provider,
    with_an_imported_provider,
]
FOR_OTHER_STACKS = [with_a_shared_provider, with_an_imported_provider]


@cache
def done(branch: str, role: str = "", files: bool = False) -> frozenset[Act]:
    """All that the function does with a branch, on all paths; with a role to assume, if one is given."""
    given = {"BranchName": branch} | ({"AssumeRoleArn": role} if role else {})
    made: set[Act] = set()
    for path in [deployed_files] if files else PATHS:
        world = World()
        if branch != BRANCH:
            world.amplify.create_branch(APP_ID, branch)
        path(world, given)
        made |= acts(world)
    return frozenset(made)


def test_the_paths_take_the_function_through_every_call_that_its_source_makes() -> None:
    acts_made = done(BRANCH) | done(BRANCH, ROLE) | done(BRANCH, files=True)
    made = {act.action.partition(":")[2] for act in acts_made} - {"GetObject"}

    assert {action.removesuffix("Function") for action in made} == calls_in_the_source()


def test_what_deploys_files_is_allowed_and_on_anything_else_denied() -> None:
    stack = cdk.Stack(new_app(), "Site")
    bucket = s3.Bucket.from_bucket_name(stack, "Assets", "assets")
    sources = [Source.bucket(bucket, "1.zip")]
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=BRANCH, sources=sources)
    allowed = Permissions(stack)

    made = done(BRANCH, files=True)
    assert Act("s3:GetObject", "arn:aws:s3:::assets/1.zip") in made
    assert [act for act in made if not allowed.allow(act)] == []
    elsewhere = {act._replace(resource=other) for act in made for other in others(act.resource, BRANCH)}
    assert [act for act in elsewhere if allowed.allow(act) and not act.resource.startswith(STACKS)] == []
    for key in ("2.zip", "1.zip/x"):
        assert not allowed.allow(Act("s3:GetObject", f"arn:aws:s3:::assets/{key}"))
    assert not allowed.allow(Act("s3:PutObject", "arn:aws:s3:::assets/1.zip"))


@pytest.mark.parametrize("branch", [BRANCH, "feature/a/b"])
@pytest.mark.parametrize("synthesize", TEMPLATES)
def test_what_the_function_does_is_allowed_and_what_it_never_does_is_not(
    synthesize: Synthesize, branch: str
) -> None:
    allowed = synthesize(new_app(), branch)

    made = done(branch) | LOGGING
    assert [act for act in made if not allowed.allow(act)] == []
    assert allowed.actions == {act.action for act in made}


@pytest.mark.parametrize("branch", [BRANCH, "feature/a/b"])
@pytest.mark.parametrize("synthesize", TEMPLATES)
def test_the_same_on_anything_else_is_denied(synthesize: Synthesize, branch: str) -> None:
    allowed = synthesize(new_app(), branch)

    elsewhere = {
        act._replace(resource=resource)
        for act in done(branch) | LOGGING
        for resource in others(act.resource, branch)
    }
    if synthesize in FOR_OTHER_STACKS:
        # Any stack of the account and Region may use it: their status is what it may ask for.
        elsewhere = {act for act in elsewhere if not act.resource.startswith(STACKS)}
    assert len(elsewhere) > 40
    assert [act for act in elsewhere if allowed.allow(act)] == []


def test_with_a_role_to_assume_the_function_may_do_that_and_nothing_of_amplify() -> None:
    stack = cdk.Stack(new_app(), "Site")
    AmplifyJob(stack, "Job", app_id=APP_ID, branch_name=BRANCH, assume_role=ROLE)
    allowed = Permissions(stack)

    made = done(BRANCH, ROLE)
    with_the_role = {act for act in made if act.action.startswith("amplify:")}
    assert Act("sts:AssumeRole", ROLE) in made
    assert [act for act in made - with_the_role if not allowed.allow(act)] == []
    assert [act for act in with_the_role if allowed.allow(act)] == []
    assert not allowed.allow(Act("sts:AssumeRole", f"{ROLE}-of-others"))


def test_the_role_beside_an_app_allows_its_jobs_to_functions_of_other_accounts() -> None:
    stack = cdk.Stack(new_app(), "Site")
    trusted = f"arn:aws:iam::{ACCOUNT}:role/Releases-*"
    AmplifyJobRole(stack, "Role", app_id=APP_ID, branch_names=[BRANCH], trusted_role_arn=trusted)
    allowed = Permissions(stack)

    made = {act for act in done(BRANCH, ROLE) if act.action.startswith("amplify:")}
    elsewhere = {act._replace(resource=other) for act in made for other in others(act.resource, BRANCH)}
    assert allowed.actions == {act.action for act in made}
    assert [act for act in made if not allowed.allow(act)] == []
    assert [act for act in elsewhere if allowed.allow(act)] == []


def others(resource: str, branch: str) -> list[str]:
    """The same resource of other branches, apps, stacks, functions, log groups, Regions and accounts."""
    swapped = {
        f"/branches/{branch}": [
            f"/branches/{name}"
            for name in ("other", f"{branch}2", f"{branch}/x", f"my-{branch}", f"x/{branch}")
        ],
        APP_ID: [f"{APP_ID}0", f"d0{APP_ID}", "dother"],
        STACK_ID.partition(":stack/")[2]: ["bank/5a0e2b70-0000-11f0-a1b2-0a1b2c3d4e5f", "shop2/1"],
        ":function:provider": [":function:provider2", ":function:other"],
        ":log-group:provider:": [":log-group:other:"],
        ACCOUNT: ["210987654321"],
        f":{REGION}:": [":eu-west-1:"],
    }
    return [
        resource.replace(mine, other)
        for mine, foreign in swapped.items()
        if mine in resource
        for other in foreign
    ]


def calls_in_the_source() -> set[str]:
    """The operations of AWS that the function's source names."""
    names = {"assume_role": "AssumeRole", "invoke": "Invoke"}
    found = set()
    for file in LAMBDA.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            method, first = node.func.attr, node.args[0] if node.args else None
            if method in names:
                found.add(names[method])
            elif method in ("_call", "get_paginator") and isinstance(first, ast.Constant):
                found.add("".join(word.capitalize() for word in str(first.value).split("_")))
    return found


def test_what_the_function_never_does_is_denied_on_its_own_resources() -> None:
    allowed = in_the_role(new_app(), BRANCH)

    app = f"arn:aws:amplify:{REGION}:{ACCOUNT}:apps/{APP_ID}"
    for act in (
        Act("lambda:UpdateFunctionCode", FUNCTION_ARN),
        Act("amplify:DeleteApp", app),
        Act("amplify:UpdateBranch", f"{app}/branches/{BRANCH}"),
        Act("amplify:DeleteJob", f"{app}/branches/{BRANCH}/jobs/1"),
        Act("cloudformation:DeleteStack", STACK_ID),
        Act("logs:CreateLogGroup", LOG_GROUP_ARN),
    ):
        assert not allowed.allow(act)


def test_a_branch_below_the_jobs_of_another_is_allowed_too() -> None:
    """A limit of IAM's: its pattern for the jobs of a branch cannot tell jobs from such a branch."""
    allowed = in_the_role(new_app(), BRANCH)

    app = f"arn:aws:amplify:{REGION}:{ACCOUNT}:apps/{APP_ID}"
    assert allowed.allow(Act("amplify:StartJob", f"{app}/branches/{BRANCH}/jobs/x/jobs/*"))
    assert not allowed.allow(Act("amplify:GetBranch", f"{app}/branches/{BRANCH}/x"))
