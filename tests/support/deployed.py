"""Stacks with one job, deployed to the local AWS, which executes the real function."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from botocore.exceptions import ClientError
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

    def deploy(
        self,
        sibling: Callable[[AmplifyJobStack], Any] | None = None,
        *,
        by_cli: bool = False,
        no_rollback: bool = False,
        **options: Any,
    ) -> Deployment:
        """:param by_cli: By the real CDK CLI, which looks at the stack every five seconds only."""
        assembly = self.synthesize(sibling, **options)
        if by_cli:
            done = self._cdk("deploy", assembly, *(["--no-rollback"] if no_rollback else []))
        else:
            done = deploy(self.aws, assembly, self.name, no_rollback=no_rollback)
        if not done.succeeded:  # pytest shows it if that was not expected
            print(done.output, *self.aws.function_logs(self.name), sep="\n")
        return done

    def destroy(self, *, by_cli: bool = False) -> Deployment:
        if by_cli:
            return self._cdk("destroy", self.synthesize())
        return destroy(self.aws, self.name)

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

    def _cdk(self, command: str, assembly: Path, *arguments: str) -> Deployment:
        done = self.aws.cdk(command, "--app", str(assembly), *arguments, cwd=self.folder)
        # Without line breaks and indents in the reasons.
        output = re.sub(r"\s+", " ", done.stdout)
        return Deployment(
            done.returncode == 0, output, described(self.aws.client("cloudformation"), self.name)
        )


@dataclass
class Deployment:
    succeeded: bool
    output: str
    """What the CDK CLI printed, or the reasons in the stack's events."""
    stack: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.stack.get("StackStatus", ""))

    @property
    def outputs(self) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack.get("Outputs", [])}


def deploy(aws: LocalAws, assembly: Path, name: str, *, no_rollback: bool = False) -> Deployment:
    """Deploy a stack as the CDK CLI does, without its pauses of five seconds."""
    publish(aws, json.loads((assembly / f"{name}.assets.json").read_text())["files"], assembly)
    return deploy_template(aws, name, assembly / f"{name}.template.json", no_rollback=no_rollback)


def deploy_template(
    aws: LocalAws,
    name: str,
    template: Path,
    parameters: Mapping[str, str] | None = None,
    *,
    no_rollback: bool = False,
) -> Deployment:
    cloudformation = aws.client("cloudformation")
    exists = described(cloudformation, name)
    (cloudformation.update_stack if exists else cloudformation.create_stack)(
        StackName=name,
        TemplateBody=template.read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        DisableRollback=no_rollback,
    )
    return ended(cloudformation, name)


def destroy(aws: LocalAws, name: str) -> Deployment:
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    return ended(cloudformation, name)


def publish(aws: LocalAws, files: dict[str, Any], assembly: Path) -> None:
    """Upload what a template names."""
    s3 = aws.client("s3")
    for file in files.values():
        path = assembly / file["source"]["path"]
        if file["source"]["packaging"] == "zip":
            path = Path(shutil.make_archive(f"{path}-packed", "zip", path))
        for to in file["destinations"].values():
            bucket = to["bucketName"].replace("${AWS::AccountId}", aws.amplify.account)
            s3.upload_file(str(path), bucket.replace("${AWS::Region}", aws.region), to["objectKey"])


def ended(cloudformation: Any, name: str) -> Deployment:
    """The end of the operation that has begun, and the reasons that CloudFormation shows."""

    def is_over() -> bool:
        return not described(cloudformation, name).get("StackStatus", "").endswith("_IN_PROGRESS")

    assert eventually(is_over)
    stack = described(cloudformation, name)
    if not stack:
        return Deployment(True, "", stack)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = " ".join(event.get("ResourceStatusReason", "") for event in reversed(events))
    return Deployment(stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), reasons, stack)


def described(cloudformation: Any, name: str) -> dict[str, Any]:
    """A stack as CloudFormation describes it; empty if it does not exist."""
    try:
        return dict(cloudformation.describe_stacks(StackName=name)["Stacks"][0])
    except ClientError:
        return {}


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
