"""The main job: the real CDK CLI deploys to the local AWS, which executes the real function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deployed import Site, events

from amplify_local import LocalAws

SiteMaker = Callable[..., Site]
PROJECT = Path(__file__).resolve().parents[2]


def test_create_no_change_changed_commit_retry_and_destroy(site: SiteMaker) -> None:
    shop = site("Shop", branch="feature/a b")

    created = shop.deploy(by_cli=True, commit_message="First")
    assert created.succeeded, created.output
    assert shop.jobs == ["RELEASE SUCCEED"]
    assert created.outputs["JobId"] == "1"
    assert created.outputs["Status"] == "SUCCEED"
    assert created.outputs["CommitMessage"] == "First"
    assert created.outputs["BranchUrl"] == f"https://feature-a b.{shop.app_id}.amplifyapp.com"
    assert len(created.outputs) == 12

    unchanged = shop.deploy(by_cli=True, commit_message="First")
    assert unchanged.succeeded
    assert shop.jobs == ["RELEASE SUCCEED"]

    # Another timeout is an Update of the resource, but no reason for a job.
    waits_longer = shop.deploy(commit_message="First", failure_log_lines=3)
    assert waits_longer.succeeded, waits_longer.output
    assert shop.jobs == ["RELEASE SUCCEED"]
    assert waits_longer.outputs == created.outputs

    commit = shop.aws.amplify.branch(shop.app_id, shop.branch).tip
    changed = shop.deploy(commit_id=commit, commit_message="é" * 10_000)
    assert changed.succeeded, changed.output
    assert shop.jobs == ["RELEASE SUCCEED"] * 2
    assert changed.outputs["CommitMessage"].startswith("ééé")  # as much as an answer holds
    assert changed.outputs["JobId"] == "2"
    assert changed.outputs["BuiltCommitId"] == commit

    retried = shop.deploy(job_type="RETRY", job_id="1")
    assert retried.succeeded, retried.output
    assert shop.jobs == ["RELEASE SUCCEED", "RELEASE SUCCEED", "RETRY SUCCEED"]
    assert retried.outputs["JobType"] == "RETRY"

    destroyed = shop.destroy(by_cli=True)
    assert destroyed.succeeded, destroyed.output
    assert destroyed.stack == {}
    assert len(shop.jobs) == 3


def test_a_failing_job_rolls_the_stack_back_and_the_cli_shows_the_reason(site: SiteMaker) -> None:
    blog = site("Blog")
    assert blog.deploy().succeeded
    blog.aws.amplify.next_job(
        branch=(blog.app_id, "main"),
        outcome="FAILED",
        status_reason="Build command failed",
        log=["npm ERR! Missing script: build"],
    )

    failed = blog.deploy(by_cli=True, triggers={"api": "https://api.example.com"})

    assert not failed.succeeded
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        f"JOB_FAILED: job 2 of branch main of app {blog.app_id} failed in step BUILD: Build command failed"
        in failed.output
    )
    assert "npm ERR! Missing script: build" in failed.output
    assert "https://us-east-1.console.aws.amazon.com/amplify/apps/" in failed.output
    # The Update that undoes it starts nothing, and what the function said of it is not lost.
    assert blog.jobs == ["RELEASE SUCCEED", "RELEASE FAILED"]

    # The next deploy of the same change is a new request, which starts a job.
    assert blog.deploy(triggers={"api": "https://api.example.com"}).succeeded
    assert blog.jobs == ["RELEASE SUCCEED", "RELEASE FAILED", "RELEASE SUCCEED"]


def test_a_failing_first_job_deletes_the_stack_without_a_trace(site: SiteMaker) -> None:
    wiki = site("Wiki")
    wiki.aws.amplify.next_job(branch=(wiki.app_id, "main"), outcome="FAILED", step="DEPLOY")

    failed = wiki.deploy()

    assert not failed.succeeded
    assert failed.status == "ROLLBACK_COMPLETE"
    assert f"JOB_FAILED: job 1 of branch main of app {wiki.app_id} failed in step DEPLOY" in failed.output
    assert wiki.jobs == ["RELEASE FAILED"]
    assert events(wiki.aws, "Wiki")[-1] == "DELETE_COMPLETE"


def test_the_reference_app_deploys_from_the_command_line(aws: LocalAws) -> None:
    # As `make deploy-local` makes them.
    aws.control("apps", name="portal", app_id="d1portal")
    aws.control("branches", app_id="d1portal", branch_name="main")
    options = ["-c", "app_id=d1portal", "-c", "branch_name=main", "-c", "stack_name=Portal"]

    done = aws.cdk("deploy", *options, "-c", "commit_message=By hand", "-c", "timeout_minutes=5", cwd=PROJECT)

    assert done.returncode == 0, done.stdout
    assert "JobId = 1" in done.stdout
    assert "CommitMessage = By hand" in done.stdout
    assert "BranchUrl = https://main.d1portal.amplifyapp.com" in done.stdout
    assert [job.status_at(aws.amplify.clock()) for job in aws.amplify.jobs("d1portal")] == ["SUCCEED"]
