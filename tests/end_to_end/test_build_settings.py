"""A site is built again when what Amplify builds it by has changed, without a word of triggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_sqs as sqs
from deployed import Deployment, calm_sibling, deploy, failing_sibling
from waiting import eventually

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJob


class Shop:
    """A stack with a site of its own, whose branch has the address of a queue as a variable."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self._aws, self._folder = aws, folder

    def deploy(
        self, queue: str, *, delay: int = 0, spec: str = "version: 1", sibling: Any = calm_sibling
    ) -> Deployment:
        app = cdk.App(outdir=str(self._folder / f"{queue}.out"), analytics_reporting=False)
        stack: Any = cdk.Stack(app, "BuildSettings")
        site = amplify.CfnApp(stack, "App", name="built", repository="https://git.example.com/shop")
        orders = sqs.CfnQueue(stack, "Orders", queue_name=queue, delay_seconds=delay)
        branch = amplify.CfnBranch(
            stack,
            "Main",
            app_id=site.attr_app_id,
            branch_name="main",
            build_spec=spec,
            enable_auto_build=False,
            environment_variables=[{"name": "ORDERS", "value": orders.ref}],
        )
        stack.job = AmplifyJob(stack, "Release", branch=branch)
        sibling(stack)
        app.synth()
        return deploy(self._aws, self._folder / f"{queue}.out", "BuildSettings")

    def built(self) -> list[str]:
        """The queue's name in each build that has succeeded, oldest first."""
        (app,) = (app for app in self._aws.amplify.apps() if app.settings["name"] == "built")
        jobs = self._aws.amplify.jobs(app.id, "main")
        succeeded = [job for job in jobs if job.status_at(self._aws.amplify.clock()) == "SUCCEED"]
        return [job.environment["ORDERS"].rpartition("/")[2] for job in succeeded]


def test_a_replaced_queue_whose_address_is_a_variable_is_built_in_and_rolled_back(
    aws: LocalAws, tmp_path: Path
) -> None:
    shop = Shop(aws, tmp_path)
    assert shop.deploy("first").succeeded
    assert shop.built() == ["first"]

    assert shop.deploy("first", delay=1).succeeded
    assert shop.built() == ["first"]  # the queue has another delay, and the same address

    replaced = shop.deploy("second")
    assert replaced.succeeded, replaced.output
    assert shop.built() == ["first", "second"]

    failed = shop.deploy("third", sibling=failing_sibling)
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    assert eventually(lambda: shop.built() == ["first", "second", "third", "second"])

    assert shop.deploy("second", spec="version: 1 # changed").succeeded
    assert shop.built() == ["first", "second", "third", "second", "second"]
