"""What the site serves after a deploy that failed, with the real function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_cdk import aws_amplify as amplify
from deployed import Deployment, Site, calm_sibling, failing_sibling

from amplify_local.amplify.models import Job
from cdk_amplify_job import AmplifyJobStack

SiteMaker = Callable[..., Site]
OLD, NEW = "0" * 39 + "1", "0" * 39 + "2"


def test_a_rollback_to_a_named_commit_serves_that_commit(site: SiteMaker) -> None:
    store = site("Store")
    push(store, OLD, NEW)
    assert store.deploy(calm_sibling, commit_id=OLD).succeeded

    failed = store.deploy(failing_sibling, commit_id=NEW)

    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    # The rollback does not wait for the job.
    assert store.comes_to("RELEASE SUCCEED", "RELEASE SUCCEED", "RETRY SUCCEED")
    assert [job.sha for job in jobs(store)] == [OLD, NEW, OLD]

    # The same change is released again.
    fixed = store.deploy(calm_sibling, commit_id=NEW)
    assert fixed.succeeded, fixed.output
    assert fixed.outputs["BuiltCommitId"] == NEW
    assert [job.sha for job in jobs(store)] == [OLD, NEW, OLD, NEW]


def test_a_rollback_without_a_commit_builds_the_newest_one_with_the_variables_of_before(
    site: SiteMaker,
) -> None:
    shop = site("Variables", branch="other")

    def deploy(api: str, sibling: Callable[[AmplifyJobStack], Any]) -> Deployment:
        def branch_and_sibling(stack: AmplifyJobStack) -> None:
            branch = amplify.CfnBranch(
                stack,
                "Main",
                app_id=shop.app_id,
                branch_name="main",
                enable_auto_build=False,
                environment_variables=[{"name": "API", "value": api}],
            )
            stack.job.node.add_dependency(branch)
            sibling(stack)

        return shop.deploy(branch_and_sibling, branch_name="main", triggers={"api": api})

    assert deploy("https://old", calm_sibling).succeeded
    shop.aws.amplify.push(shop.app_id, "main", commit_id=NEW)
    shop.branch = "main"

    failed = deploy("https://new", failing_sibling)

    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    assert shop.comes_to("RELEASE SUCCEED", "RELEASE SUCCEED", "RELEASE SUCCEED")
    built = [job.environment["API"] for job in jobs(shop)]
    assert built == ["https://old", "https://new", "https://old"]
    assert [job.sha for job in jobs(shop)][1:] == [NEW, NEW]


def test_without_rollback_a_failed_deploy_is_mended_by_the_next_one(site: SiteMaker) -> None:
    wiki = site("Mended")
    assert wiki.deploy(no_rollback=True).succeeded
    before = physical_id(wiki)
    wiki.aws.amplify.next_job(branch=(wiki.app_id, "main"), outcome="FAILED")

    failed = wiki.deploy(no_rollback=True, commit_message="two")
    assert failed.status == "UPDATE_FAILED", failed.output
    mended = wiki.deploy(by_cli=True, no_rollback=True, commit_message="two")

    assert mended.succeeded, mended.output
    assert wiki.jobs == ["RELEASE SUCCEED", "RELEASE FAILED", "RELEASE SUCCEED"]
    assert mended.outputs["JobId"] == "3"
    assert physical_id(wiki) == before


def push(site: Site, *shas: str) -> None:
    """Commits that are in the repository, without a build of their own."""
    site.aws.amplify.branch(site.app_id, site.branch).settings["enableAutoBuild"] = False
    for sha in shas:
        site.aws.amplify.push(site.app_id, site.branch, commit_id=sha)


def jobs(site: Site) -> list[Job]:
    return site.aws.amplify.jobs(site.app_id, site.branch)


def physical_id(site: Site) -> str:
    described = site.aws.client("cloudformation").describe_stack_resource(
        StackName=site.name, LogicalResourceId="JobB9D00F9F"
    )
    return str(described["StackResourceDetail"]["PhysicalResourceId"])
