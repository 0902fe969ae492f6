"""A job that never ends, for as long as the shortest timeout lasts."""

from __future__ import annotations

from collections.abc import Callable

from aws_cdk import Duration
from deployed import Site


def test_a_job_that_never_ends_is_stopped_at_the_timeout(site: Callable[..., Site]) -> None:
    slow = site("Slow")
    slow.aws.amplify.next_job(branch=(slow.app_id, "main"), never_ends=True)

    failed = slow.deploy(timeout=Duration.minutes(1))

    assert not failed.succeeded
    assert f"JOB_TIMED_OUT: job 1 of branch main of app {slow.app_id} had not ended after 60" in failed.output
    assert slow.jobs == ["RELEASE CANCELLED"]
