"""Amplify builds nothing, as nothing in the repository has changed: the site is as before."""

from __future__ import annotations

from typing import Any

import pytest
from simulated import START, World

SET = "set the branch's environment variable AMPLIFY_DIFF_DEPLOY to false"


def updated(world: World, plan: dict[str, Any], **changed: Any) -> Any:
    """The answer to an Update whose job ends so."""
    first = world.deployed(Nonce="1", **dict.fromkeys(changed, ""))
    world.amplify.next_job(**plan)
    return world.request(world.update(first.physical_id, old={"Nonce": "1"}, Nonce="2", **changed))


@pytest.mark.parametrize("outcome", ["SUCCEED", "CANCELLED"])
def test_a_skipped_build_is_a_success_where_nothing_else_has_changed(world: World, outcome: str) -> None:
    answer = updated(world, {"outcome": outcome, "skips_build": True})
    assert (answer.status, answer.data["Status"]) == ("SUCCESS", outcome)
    [ended] = [line for line in world.decisions if line.get("built") is False]
    assert (ended["decision"], ended["job"]) == ("ended", "2")


def test_with_triggers_a_skipped_build_is_a_failure(world: World) -> None:
    answer = updated(world, {"outcome": "SUCCEED", "skips_build": True}, Triggers={"api": "2"})
    assert answer.reason.startswith(
        "JOB_CANCELLED: job 2 of branch main of app d1a2b3c4 leaves the site without what Triggers name. "
        f"Amplify has skipped the build, as nothing in the repository has changed: {SET}. See https://"
    )


def test_a_skipped_build_of_a_branch_that_was_never_built_is_a_failure(world: World) -> None:
    # given a list of all jobs that is throttled at first
    world.amplify.next_job(outcome="SUCCEED", skips_build=True)
    world.amplify.fail("ListJobs", 1, "429", after=1)
    answer = world.request(world.event("Create"))
    assert answer.reason.startswith("JOB_CANCELLED: ")
    assert "leaves the site without any build" in answer.reason


def test_a_success_that_is_listed_on_a_later_page_counts(world: World) -> None:
    # given more than a page of failed jobs since the last success
    world.amplify.next_job(seconds=1)
    world.amplify.push("d1a2b3c4", "main")
    for _ in range(60):
        world.clock.sleep(2)
        world.amplify.next_job(outcome="FAILED", seconds=1)
        world.amplify.push("d1a2b3c4", "main")
    world.clock.sleep(2)
    # when the function is killed after StartJob, and delivered again after the job's end
    world.amplify.next_job(outcome="SUCCEED", skips_build=True)
    delivery = world.deliver(world.event("Create"), retries=1)
    world.clock.sleep(5)
    delivery.kill()
    world.settle()
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS"]


def test_a_job_that_fails_for_want_of_a_build_says_so(world: World) -> None:
    reason = "CustomerError: Build output not found in .next/server, check your artifacts path"
    plan = {"outcome": "FAILED", "step": "DEPLOY", "skips_build": True, "status_reason": reason}
    answer = updated(world, plan)
    assert answer.reason.startswith("JOB_FAILED: ")
    assert SET in answer.reason
    assert "Build output not found" in answer.reason


def test_a_job_that_never_ends_for_want_of_a_build_says_so(world: World) -> None:
    world.amplify.next_job(never_ends=True, step="DEPLOY", skips_build=True)
    answer = world.request(world.event("Create", TimeoutSeconds="600"))
    assert "it was stopped. When the time was over, it was in DEPLOY. " in answer.reason
    assert SET in answer.reason
    assert len(world.log_reads) == 1
    assert answer.time < START + 640


@pytest.mark.parametrize("outcome", ["SUCCEED", "CANCELLED", "FAILED"])
def test_no_differences_of_the_backend_are_no_skipped_build(world: World, outcome: str) -> None:
    log = ["# No differences detected.", "## Starting Frontend Build", "## Build completed successfully"]
    answer = updated(world, {"outcome": outcome, "log": log}, Triggers={"api": "2"})
    assert SET not in answer.reason
    assert answer.status == ("SUCCESS" if outcome == "SUCCEED" else "FAILED")


def test_the_log_of_a_build_is_read_once(world: World) -> None:
    commit = "c" * 40
    world.amplify.push("d1a2b3c4", "main", commit_id=commit)
    world.clock.sleep(100)
    answer = world.request(world.event("Create", CommitId=commit))
    assert (answer.status, answer.data["BuiltCommitId"], len(world.log_reads)) == ("SUCCESS", commit, 1)
