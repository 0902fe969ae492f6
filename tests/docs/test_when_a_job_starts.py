"""The README's table "When does it start a job?", row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from simulated import APP_ID, World, worlds
from templates import new_app, resources

from amplify_job.cloudformation.properties import Properties
from cdk_amplify_job import AmplifyJob

README = (Path(__file__).parents[2] / "README.md").read_text()
FILES = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["1.zip"]}
HEADERS = {"App": {"CustomHeaders": "x"}}


@pytest.fixture
def world() -> Iterator[World]:
    with worlds():
        world = World()
        world.archive("1.zip", {"index.html": "one"})
        world.archive("2.zip", {"index.html": "two"})
        yield world


def rows() -> dict[str, str]:
    """What a deploy changes, and how many jobs the README says that it starts."""
    section = README.partition("## When does it start a job?")[2].partition("\n## ")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return dict(table[2:])


def update(world: World, old: dict[str, Any], new: dict[str, Any]) -> int:
    """How many jobs an Update of a job that is in the stack already starts."""
    physical_id = world.deployed(**old).physical_id
    return jobs_of(world, physical_id, old, new)


def jobs_of(world: World, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> int:
    before = starts(world)
    answer = world.request(world.update(physical_id, old=old, **new))
    assert answer.status == "SUCCESS", answer.reason
    return starts(world) - before


def starts(world: World) -> int:
    return world.amplify.count("StartJob") + world.amplify.count("StartDeployment")


def what_to_build(world: World) -> list[int]:
    world.amplify.create_branch(APP_ID, "dev")
    world.amplify.create_app("other", "d2")
    world.amplify.create_branch("d2", "main")
    changes: list[dict[str, Any]] = [
        {"AppId": "d2"},
        {"BranchName": "dev"},
        {"JobReason": "why"},
        {"CommitMessage": "a message"},
        {"CommitTime": "2026-01-31T12:00:00Z"},
        {"Triggers": {"api": "2"}},
    ]
    # The Amplify in memory is in one Region.
    here, elsewhere = (
        Properties.parse({"AppId": APP_ID, "BranchName": "main", "Region": region}).fingerprint
        for region in ("us-east-1", "eu-west-1")
    )
    return [int(here != elsewhere), *(update(world, {}, change) for change in changes)]


def settings(world: World) -> list[int]:
    variables = [{"Name": "API", "Value": "1"}]
    changes: list[dict[str, Any]] = [
        {"Branch": {"EnvironmentVariables": variables}},
        {"App": {"EnvironmentVariables": variables}},
        {"Branch": {"BuildSpec": "version: 1"}},
        {"App": {"ComputeRoleArn": "arn"}},
        HEADERS,
    ]
    return [update(world, {}, {"BuildSettings": change}) for change in changes]


def files(world: World) -> list[int]:
    world.app.settings["repository"] = ""
    changes: list[dict[str, Any]] = [
        {**FILES, "SourceObjectKeys": ["2.zip"]},
        {**FILES, "SourceMarkers": [{"one": "three"}]},
        {**FILES, "BuildSettings": HEADERS},
    ]
    return [update(world, FILES, change) for change in changes]


def another_option(world: World) -> list[int]:
    return [update(world, {}, {"TimeoutSeconds": "600"})]


def another_option_after_a_failure(world: World) -> list[int]:
    physical_id = world.deployed().physical_id
    world.amplify.next_job(outcome="FAILED")
    world.request(world.update(physical_id, Nonce="2"))
    return [jobs_of(world, physical_id, {"Nonce": "2"}, {"Nonce": "2", "TimeoutSeconds": "600"})]


def nothing(world: World) -> list[int]:
    """CloudFormation sends no Update for a resource that is the same in both templates."""

    def template() -> Any:
        stack = cdk.Stack(new_app(), "Shop")
        AmplifyJob(stack, "Release", app_id=APP_ID, branch_name="main")
        return resources(stack)

    assert template() == template()
    return [0]


def nothing_after_a_failure(world: World) -> list[int]:
    physical_id = world.deployed().physical_id
    world.amplify.next_job(outcome="FAILED")
    world.request(world.update(physical_id, Nonce="2"))
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(60)
    world.stack_event("UPDATE_IN_PROGRESS")
    return [jobs_of(world, physical_id, {"Nonce": "2"}, {"Nonce": "2"})]


def nothing_but_every_deploy(world: World) -> list[int]:
    def nonce() -> dict[str, Any]:
        stack = cdk.Stack(new_app(), "Shop")
        AmplifyJob(stack, "Release", app_id=APP_ID, branch_name="main", every_deploy=True)
        (job,) = resources(stack, "Custom::AmplifyJob").values()
        return {"Nonce": job["Properties"]["Nonce"]}

    return [update(world, nonce(), nonce())]


DEPLOYS: list[Callable[[World], list[int]]] = [
    what_to_build,
    settings,
    files,
    another_option,
    another_option_after_a_failure,
    nothing,
    nothing_after_a_failure,
    nothing_but_every_deploy,
]


def test_each_row_has_its_deploy() -> None:
    assert len(rows()) == len(DEPLOYS)


@pytest.mark.parametrize("number", range(len(DEPLOYS)), ids=[deploy.__name__ for deploy in DEPLOYS])
def test_the_row_is_true(world: World, number: int) -> None:
    said = {"one": 1, "none": 0}[list(rows().values())[number]]
    assert set(DEPLOYS[number](world)) == {said}
