"""The permission of a job outlives the job: IAM is enforced, and no call of Amplify is denied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deployed import Site, calm_sibling, failing_sibling

from cdk_amplify_job import AmplifyJob, AmplifyJobStack

SiteMaker = Callable[..., Site]
Sibling = Callable[[AmplifyJobStack], Any]


def with_second_job(
    shop: Site, sibling: Callable[[AmplifyJobStack], Any]
) -> Callable[[AmplifyJobStack], Any]:
    """The stack has a job for the branch dev, too; then comes the sibling."""

    def add(stack: AmplifyJobStack) -> None:
        second = AmplifyJob(stack, "Second", app_id=shop.app_id, branch_name="dev")
        sibling(stack)
        stack.node.find_child("Sibling").node.add_dependency(second)

    return add


def denied(shop: Site) -> list[str]:
    """The calls for the app that were denied."""
    calls = [call for call in shop.aws.amplify.calls if call.params.get("appId") == shop.app_id]
    return [call.operation for call in calls if call.status == 403]


def deleted_of_second(shop: Site) -> list[str]:
    """The types of the second job's resources, in the order in which they were last deleted."""
    events = shop.aws.client("cloudformation").describe_stack_events(StackName=shop.name)["StackEvents"]
    return [
        event["ResourceType"]
        for event in reversed(events)
        if event["LogicalResourceId"].startswith("Second") and event["ResourceStatus"] == "DELETE_COMPLETE"
    ][-2:]


def test_a_job_may_do_its_work_until_it_is_deleted(site: SiteMaker) -> None:
    shop = site("Outlived")
    shop.aws.amplify.create_branch(shop.app_id, "dev")
    shop.aws.amplify.push(shop.app_id, "dev", commit_id="a" * 40)

    # A first deploy fails: the Delete of its job is allowed.
    first = shop.deploy(failing_sibling)
    assert first.status == "ROLLBACK_COMPLETE", first.output
    assert shop.destroy().succeeded
    assert denied(shop) == []

    # A second job is new in an update that fails: its branch serves again what it served before.
    assert shop.deploy(calm_sibling).succeeded
    failed = shop.deploy(with_second_job(shop, failing_sibling))
    assert failed.status == "UPDATE_ROLLBACK_COMPLETE", failed.output
    shop.branch = "dev"
    assert shop.comes_to("RELEASE SUCCEED", "RELEASE SUCCEED", "RETRY SUCCEED")
    shop.branch = "main"
    assert deleted_of_second(shop) == ["Custom::AmplifyJob", "AWS::IAM::Policy"]
    assert denied(shop) == []

    # A job is taken out of the template, and the stack is destroyed.
    assert shop.deploy(with_second_job(shop, calm_sibling)).succeeded
    assert shop.deploy(calm_sibling).succeeded
    assert deleted_of_second(shop) == ["Custom::AmplifyJob", "AWS::IAM::Policy"]
    assert shop.destroy().succeeded
    assert denied(shop) == []
