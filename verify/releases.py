"""The main job, as its users do it: the real CDK CLI deploys the construct, and jobs run."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from amplify_local.cdk_cli import run_cdk
from cdk_amplify_job import AmplifyJobStack
from verify.account import Account, status_of
from verify.amplify import Site
from verify.cloudformation import Probe
from verify.facts import RELEASES
from verify.table import Table

_PROJECT = Path(__file__).resolve().parents[1]
_STATUSES = {
    "": "nothing left",
    "CREATE_COMPLETE": "deployed",
    "UPDATE_COMPLETE": "deployed",
    "UPDATE_ROLLBACK_COMPLETE": "rolled back",
}


class Releases:
    """:param folder: Where stacks are synthesized."""

    def __init__(self, account: Account, site: Site, probe: Probe, folder: Path) -> None:
        self._account, self._site, self._probe, self._folder = account, site, probe, folder
        self._cloudformation = account.client("cloudformation")
        self.name = f"{account.name}-release"

    def check(self, table: Table) -> None:
        """Check the whole life of a stack."""
        if not status_of(self._cloudformation, "CDKToolkit"):
            table.skip(RELEASES, f"cdk bootstrap aws://{self._account.id}/{self._account.region} comes first")
            return
        with table.checking(*RELEASES):
            self._site.builds()
            table.saw("create", self._after("deploy"))
            table.saw("latency", f"{self._latency():.1f} s")
            diff = self._cdk("diff", "--fail")
            table.saw("diff", "no differences" if diff.returncode == 0 else diff.stdout[-1_000:])
            table.saw("unchanged", self._after("deploy"))
            table.saw("changed", self._after("deploy", version="2"))
            table.saw("busy-branch", self._while_busy())
            self._site.builds(VERIFY_FAIL="yes")
            table.saw("failing", self._after("deploy", version="4"))
            self._site.builds()
            table.saw("restored", self._after("deploy", version="5", sibling="FAILED"))
            self._site.ended(self._site.jobs()[0]["jobId"])
            table.saw("destroyed", self._after("destroy"))

    def _while_busy(self) -> str:
        """Deploy while somebody's job runs."""
        self._site.builds(seconds=40)
        other = self._site.start()["jobId"]
        self._site.builds()
        deployed = self._after("deploy", version="3")
        ended = self._site.job(other)["summary"]["endTime"]
        early = self._site.jobs()[0]["startTime"] < ended
        return f"{deployed}, begun {'before' if early else 'after'} the other's end"

    def _after(self, command: str, *, version: str = "1", sibling: str = "SUCCESS") -> str:
        """What a command comes to: the stack, the jobs that it started, and the reason of a failure."""
        before = {job["jobId"] for job in self._site.jobs()}
        done = self._cdk(command, version=version, sibling=sibling)
        started = [job for job in reversed(self._site.jobs()) if job["jobId"] not in before]
        status = status_of(self._cloudformation, self.name)
        jobs = ", ".join(f"{_type(job)} {job['status']}" for job in started) or "no job"
        reason = re.search(r"JOB_FAILED: .*?/deployments", " ".join(done.stdout.split()))
        return "; ".join([_STATUSES.get(status, status), jobs, *([reason[0]] if reason else [])])

    def _cdk(
        self, command: str, *options: str, version: str = "1", sibling: str = "SUCCESS"
    ) -> subprocess.CompletedProcess[str]:
        assembly = self._synthesize(version, sibling)
        environment = {
            **os.environ,
            "AWS_REGION": self._account.region,
            "AWS_DEFAULT_REGION": self._account.region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
        return run_cdk([command, "--app", str(assembly), *options], _PROJECT, environment)

    def _synthesize(self, version: str, sibling: str) -> Path:
        output = self._folder / f"{version}-{sibling}.out"
        app = cdk.App(outdir=str(output), analytics_reporting=False)
        stack = AmplifyJobStack(
            app,
            self.name,
            # The CLI refuses any other account.
            env=cdk.Environment(account=self._account.id, region=self._account.region),
            app_id=self._site.app_id,
            branch_name=self._site.branch,
            triggers={"version": version},
        )
        # Comes after the job, and may fail; from the first deploy on, so that it is changed, not made.
        token = self._probe.service_token
        other = cdk.CustomResource(stack, "Sibling", service_token=token, properties={"Status": sibling})
        other.node.add_dependency(stack.job)
        app.synth()
        return output

    def _latency(self) -> float:
        """From the end of the newest job to CloudFormation's event for its resource."""
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        complete: list[datetime] = [
            event["Timestamp"]
            for event in events
            if event["ResourceType"] == "Custom::AmplifyJob" and event["ResourceStatus"] == "CREATE_COMPLETE"
        ]
        return float((complete[0] - self._site.jobs()[0]["endTime"]).total_seconds())


def _type(job: dict[str, Any]) -> str:
    """The type of a job, which Amplify does not say, as the function's mark has it."""
    marked = re.search(r"\.([A-Z_]+)\]$", job.get("commitMessage", ""))
    return marked[1] if marked else "unmarked"
