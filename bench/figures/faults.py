"""The same faults for every alternative: which starts two jobs, hangs, or hides the reason."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from amplify_local.amplify import Plan
from figures.deploys import RUNNABLE, Site, local_aws
from figures.peers_simulated import Simulation, run

# Longer than an SDK's own retries take: a job of minutes outlasts them, too.
LONG_JOB_SECONDS = 20
SHORT_JOB_SECONDS = 2
CAUSE = "npm ci exited with 1"
NEW_COMMIT = "c0ffee" + "0" * 34
THROTTLED = 6  # an SDK tries a call 3 or 5 times

DUPLICATE, LOST, THROTTLE, FAILS, ROLLBACK, BROKEN = (
    "duplicate delivery",
    "lost answer",
    "throttled polls",
    "failing job",
    "rollback",
    "broken update",
)
SCENARIOS = {
    DUPLICATE: "Create is delivered twice at once",
    LOST: "StartJob starts the job, its answer is lost",
    THROTTLE: f"{THROTTLED} GetJob calls in a row are throttled",
    FAILS: "the job of a Create fails in BUILD",
    ROLLBACK: "an update releases a new commit, which this project's job names, then a sibling fails",
    BROKEN: "an update releases a commit that cannot be built",
}

_SIBLING = """
import json, urllib.request
def handler(event, context):
    fails = event["RequestType"] != "Delete" and event["ResourceProperties"]["Fails"] == "true"
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if fails else "SUCCESS", "Reason": "sibling", "PhysicalResourceId": "x"}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""})
    request.method = "PUT"
    urllib.request.urlopen(request)
"""


class Outcome(NamedTuple):
    status: str
    """The stack's, or the answer's where there is no stack."""
    jobs: int
    """Jobs that the deployment started, its rollback included."""
    says_why: bool
    """Whether the failed resource's event quotes the build's error."""
    serves: str = ""
    """After an update: which commit the site serves."""


def outcomes() -> dict[str, dict[str, Outcome]]:
    """By alternative and scenario, on the local AWS; crhelper's on a simulated clock."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plays: list[list[Callable[[], Outcome]]] = []
        for name in RUNNABLE:
            aws = stack.enter_context(local_aws())
            # Synthesis in this thread: aws-cdk-lib is no friend of threads.
            plays.append([
                partial(_play, scenario, *_prepared(Site(aws, name, Path(folder), title=scenario), scenario))
                for scenario in SCENARIOS
            ])  # fmt: skip
        with ThreadPoolExecutor(len(plays)) as threads:
            found = list(threads.map(lambda scenes: [play() for play in scenes], plays))
    by_name = {
        name: dict(zip(SCENARIOS, scenes, strict=True)) for name, scenes in zip(RUNNABLE, found, strict=True)
    }
    return {**by_name, "crhelper_poll": crhelper()}


def _prepared(site: Site, scenario: str) -> tuple[Site, Path, Path]:
    fails = scenario == ROLLBACK
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    if scenario == ROLLBACK and site.name == "ours":  # the others cannot name a commit
        tip = site.aws.amplify.branch(site.app_id, site.branches[0]).tip
        old, new = {"commit_id": tip}, {"commit_id": NEW_COMMIT}
    return (
        site,
        site.assembly("1", beside=partial(_sibling, fails=False), **old),
        site.assembly("2", beside=partial(_sibling, fails=fails), **new),
    )


def _sibling(stack: cdk.Stack, *, fails: bool) -> None:
    """A custom resource that comes after everything else."""
    others = stack.node.children
    function = lambda_.Function(
        stack,
        "SiblingFunction",
        code=lambda_.Code.from_inline(_SIBLING),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    sibling = cdk.CustomResource(
        stack,
        "Sibling",
        service_token=function.function_arn,
        resource_type="Custom::Sibling",
        properties={"Fails": str(fails).lower()},
    )
    sibling.node.add_dependency(*others)


def _play(scenario: str, site: Site, first: Path, second: Path) -> Outcome:
    amplify, branch = site.aws.amplify, (site.app_id, site.branches[0])
    lasting = LONG_JOB_SECONDS if scenario in (DUPLICATE, LOST) else SHORT_JOB_SECONDS
    succeeds = Plan(seconds=lasting)
    fails = Plan(seconds=lasting, outcome="FAILED", status_reason=CAUSE, log=(CAUSE,))
    amplify.plan(succeeds)
    if scenario in (ROLLBACK, BROKEN):
        site.deploy(first)
        amplify.push(*branch, message="A new commit", commit_id=NEW_COMMIT)
        if scenario == BROKEN:
            amplify.plan(fails)
        return _outcome(site, second, before=1)
    if scenario == DUPLICATE:
        site.aws.deliver_twice()
    elif scenario == LOST:
        amplify.fail("StartJob", mode="reset", applied=True)
    elif scenario == THROTTLE:
        amplify.fail("GetJob", mode="429", times=THROTTLED)
    else:
        amplify.plan(fails)
    outcome = _outcome(site, first, before=0)
    amplify.faults.clear()
    return outcome


def _outcome(site: Site, assembly: Path, before: int) -> Outcome:
    amplify = site.aws.amplify
    site.deploy(assembly, check=False)
    while any(job.in_progress(amplify.clock()) for job in amplify.jobs(site.app_id)):
        time.sleep(0.5)  # a rollback does not wait for its job
    jobs = amplify.jobs(site.app_id)
    events = site.events()
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event["ResourceType"] not in ("AWS::CloudFormation::Stack", "Custom::Sibling")
    ]
    now = amplify.clock()
    served = [job.sha for job in jobs if job.status_at(now) == "SUCCEED"]
    stack = site.aws.client("cloudformation").describe_stacks(StackName=site.stack)["Stacks"][0]
    return Outcome(
        stack["StackStatus"],
        len(jobs) - before,
        any(CAUSE in reason for reason in reasons),
        ("the earlier commit" if served[-1] == jobs[0].sha else "the new commit") if before else "",
    )


def crhelper() -> dict[str, Outcome]:
    """Its own code on a simulated clock; rollbacks are CloudFormation's, and read from its code."""
    found = {}
    for scenario in (DUPLICATE, LOST, THROTTLE, FAILS):
        simulation = Simulation(300, deliveries=2 if scenario == DUPLICATE else 1)
        if scenario == LOST:
            simulation.amplify.fail("StartJob", mode="reset", applied=True)
        elif scenario == THROTTLE:
            simulation.amplify.fail("GetJob", mode="429", times=THROTTLED)
        elif scenario == FAILS:
            simulation.amplify.plan(Plan(seconds=300, outcome="FAILED", status_reason=CAUSE, log=(CAUSE,)))
        work = run("crhelper_poll", simulation)
        found[scenario] = Outcome(work.outcome, len(simulation.jobs), CAUSE in work.reason)
    return found
