"""What was deployed is what the next synthesis asks for: nothing to do, nothing to release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from deployed import Site

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJob, AmplifyJobStack


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        yield aws


def another_branch(stack: AmplifyJobStack) -> None:
    """An app of the stack's own, whose branch is known in the deployment only; and tags."""
    cdk.Tags.of(stack).add("team", "web")
    app = amplify.CfnApp(stack, "App", name="site", repository="https://git.example.com/site")
    branch = amplify.CfnBranch(stack, "Branch", app_id=app.attr_app_id, branch_name="feature/x")
    AmplifyJob(stack, "Other", branch=branch, triggers={"site": stack.job.branch_url})


def test_a_diff_after_a_deploy_is_empty_and_a_deploy_does_nothing(aws: LocalAws, tmp_path: Path) -> None:
    options: dict[str, Any] = {"triggers": {"b": "2", "a": "1"}, "timeout": cdk.Duration.minutes(5)}
    site = Site(aws, tmp_path, "Site")
    deployed = site.deploy(another_branch, by_cli=True, **options)
    assert deployed.succeeded, deployed.output
    jobs = len(aws.amplify.jobs())

    # Synthesized anew, as another person would.
    anew = str(site.synthesize(another_branch, **options))
    diff = aws.cdk("diff", "--fail", "--app", anew, cwd=tmp_path)
    assert diff.returncode == 0, diff.stdout
    assert "There were no differences" in diff.stdout

    again = aws.cdk("deploy", "--app", anew, cwd=tmp_path)
    assert again.returncode == 0
    assert "(no changes)" in again.stdout
    assert len(aws.amplify.jobs()) == jobs


def test_a_diff_shows_that_every_deploy_starts_a_job(aws: LocalAws, tmp_path: Path) -> None:
    site = Site(aws, tmp_path, "Nightly")
    assert site.deploy(every_deploy=True).succeeded

    diff = aws.cdk("diff", "--fail", "--app", str(site.synthesize(every_deploy=True)), cwd=tmp_path)
    assert diff.returncode == 1
    assert "Nonce" in diff.stdout
