"""Stacks with one job, deployed by the real CDK CLI to the local AWS."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from waiting import eventually

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJobStack


@dataclass
class Site:
    """A branch of an Amplify app of its own, and the stack that releases it.

    :param folder: Where the stack is synthesized.
    :param sibling: What else the stack defines: a callable that is told the stack.
    """

    aws: LocalAws
    folder: Path
    name: str
    branch: str = "main"
    app_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.app_id = self.aws.amplify.create_app(self.name).id
        self.aws.amplify.create_branch(self.app_id, self.branch)

    def synthesize(self, sibling: Callable[[AmplifyJobStack], Any] | None = None, **options: Any) -> Path:
        output = self.folder / f"{self.name}.out"
        app = cdk.App(outdir=str(output), analytics_reporting=False)
        where = {"app_id": self.app_id, "branch_name": self.branch}
        stack = AmplifyJobStack(app, self.name, **{**where, **options})
        if sibling:
            sibling(stack)
        app.synth()
        return output

    def cdk(self, command: str, assembly: Path, *arguments: str) -> Deployment:
        done = self.aws.cdk(command, "--app", str(assembly), *arguments, cwd=self.folder)
        return Deployment(done, self._described())

    def deploy(
        self,
        sibling: Callable[[AmplifyJobStack], Any] | None = None,
        *,
        no_rollback: bool = False,
        **options: Any,
    ) -> Deployment:
        assembly = self.synthesize(sibling, **options)
        return self.cdk("deploy", assembly, *(["--no-rollback"] if no_rollback else []))

    def destroy(self) -> Deployment:
        return self.cdk("destroy", self.synthesize())

    @property
    def jobs(self) -> list[str]:
        """The type and the status of each job of the branch, oldest first."""
        now = self.aws.amplify.clock()
        jobs = self.aws.amplify.jobs(self.app_id, self.branch)
        return [f"{job.type} {job.status_at(now)}" for job in jobs]

    def comes_to(self, *jobs: str) -> bool:
        """Whether the branch's jobs are these in the end."""
        return eventually(lambda: self.jobs == [*jobs])

    def refused(self) -> bool:
        """Whether a StartJob is refused in the end, as the branch is busy."""
        return eventually(
            lambda: any(
                call.operation == "StartJob" and call.params["appId"] == self.app_id and call.error
                for call in list(self.aws.amplify.calls)
            )
        )

    def _described(self) -> dict[str, Any]:
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except Exception:  # it does not exist
            return {}
        return dict(stacks[0])


@dataclass
class Deployment:
    process: subprocess.CompletedProcess[str]
    stack: dict[str, Any]

    @property
    def succeeded(self) -> bool:
        return self.process.returncode == 0

    @property
    def output(self) -> str:
        """What the CDK CLI printed, its line breaks and indents taken out of the reasons."""
        return re.sub(r"\s+", " ", self.process.stdout)

    @property
    def status(self) -> str:
        return str(self.stack.get("StackStatus", ""))

    @property
    def outputs(self) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack.get("Outputs", [])}


def failing_sibling(stack: AmplifyJobStack, *, status: str = "FAILED") -> None:
    """A custom resource that fails once the job has succeeded."""
    source = (
        "import json, urllib.request\n"
        "def handler(event, context):\n"
        "    wished = event['ResourceProperties']['Status']\n"
        "    status = 'SUCCESS' if event['RequestType'] == 'Delete' else wished\n"
        "    answer = {k: event[k] for k in ('StackId', 'RequestId', 'LogicalResourceId')}\n"
        "    answer |= {'Status': status, 'Reason': 'sibling', 'PhysicalResourceId': 'x'}\n"
        "    urllib.request.urlopen(urllib.request.Request(event['ResponseURL'], method='PUT',\n"
        "        data=json.dumps(answer).encode(), headers={'Content-Type': ''}))\n"
    )
    function = lambda_.Function(
        stack,
        "SiblingFunction",
        code=lambda_.Code.from_inline(source),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
        timeout=cdk.Duration.minutes(1),
    )
    resource = cdk.CustomResource(
        stack,
        "Sibling",
        service_token=function.function_arn,
        properties={"Status": status},
    )
    resource.node.add_dependency(stack.job)


def calm_sibling(stack: AmplifyJobStack) -> None:
    """The same, but it does not fail."""
    failing_sibling(stack, status="SUCCESS")


def events(aws: LocalAws, stack_name: str) -> list[str]:
    """The statuses of the custom resource, oldest first."""
    described = aws.client("cloudformation").describe_stack_events(StackName=stack_name)["StackEvents"]
    return [
        event["ResourceStatus"]
        for event in reversed(described)
        if event["ResourceType"] == "Custom::AmplifyJob"
    ]
