"""From a job's end to the answer, in real time: the real CDK CLI deploys to the local AWS."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amplify_local import LocalAws
from figures.synth import branches, synthesize

PROJECT = Path(__file__).resolve().parents[2]
RUNNABLE = ("ours", "aws_custom_resource", "provider", "trigger")
WAITING = ("ours", "provider", "trigger")


@contextmanager
def local_aws(**options: Any) -> Iterator[LocalAws]:
    # Lambda's Node runtime brings the SDK along; functions of the emulator inherit the environment.
    os.environ["NODE_PATH"] = str(PROJECT / "bench/node_modules")
    with LocalAws(project=PROJECT, **options) as aws:
        yield aws


class Site:
    """A stack of one alternative with some jobs, and the app that it releases."""

    def __init__(self, aws: LocalAws, name: str, folder: Path, jobs: int = 1, title: str = "") -> None:
        self.aws = aws
        self.name = name
        self.stack = f"{name}-{title or jobs}".replace("_", "-").replace(" ", "-")
        self.app_id = aws.amplify.create_app(self.stack).id
        self.branches = branches(jobs)
        self._folder = folder / self.stack
        for branch in self.branches:
            aws.amplify.create_branch(self.app_id, branch, enableAutoBuild=False)

    def assembly(self, version: str = "", **options: Any) -> Path:
        return synthesize(
            self.name,
            self._folder / f"v{version}",
            app_id=self.app_id,
            branch_names=self.branches,
            version=version,
            stack_name=self.stack,
            **options,
        )

    def deploy(self, assembly: Path, *, check: bool = True) -> None:
        done = self.aws.cdk("deploy", "--app", str(assembly), cwd=self._folder)
        if check and done.returncode:
            raise RuntimeError(done.stdout)

    def events(self) -> list[dict[str, Any]]:
        """Oldest first, of the stack's latest life."""
        client = self.aws.client("cloudformation")
        stacks = client.get_paginator("list_stacks").paginate()
        ids = [
            stack["StackId"]
            for page in stacks
            for stack in page["StackSummaries"]
            if stack["StackName"] == self.stack
        ]
        pages = client.get_paginator("describe_stack_events").paginate(StackName=ids[0])
        return [event for page in pages for event in page["StackEvents"]][::-1]


def answers(jobs: int) -> dict[str, list[float]]:
    """Seconds from each job's end to the event by which CloudFormation took the answer.

    All alternatives deploy at the same time, their jobs of the same lengths.
    """
    with tempfile.TemporaryDirectory() as folder, local_aws() as aws:
        # One after the other: aws-cdk-lib is no friend of threads.
        sites = [Site(aws, name, Path(folder), jobs) for name in WAITING]
        assemblies = [site.assembly("1") for site in sites]
        for site in sites:
            lengths = random.Random(1)
            for branch in site.branches:
                # Their ends must not keep step with the polls.
                aws.amplify.next_job(branch=(site.app_id, branch), seconds=lengths.uniform(1, 6))
        with ThreadPoolExecutor(len(sites)) as threads:
            list(threads.map(Site.deploy, sites, assemblies))
        return {site.name: _answer_seconds(site) for site in sites}


def _answer_seconds(site: Site) -> list[float]:
    completed = sorted(
        event["Timestamp"].timestamp()
        for event in site.events()
        if event["ResourceStatus"] == "CREATE_COMPLETE" and _is_job(event["ResourceType"])
    )
    ended = sorted(job.ended for job in site.aws.amplify.jobs(site.app_id))
    # The local AWS provisions one resource after the other, so the order is the same.
    return [answer - end for answer, end in zip(completed, ended, strict=True)]


def _is_job(resource_type: str) -> bool:
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"
