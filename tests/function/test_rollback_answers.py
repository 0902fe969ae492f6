"""A rollback always succeeds, once, with all attributes."""

from __future__ import annotations

import pytest
from faults import FAULTS
from rollbacks import complete, rolled_back, said, updated
from simulated import APP_ID, BRANCH, World


def test_a_rollback_does_not_wait_for_the_job_and_calls_each_api_as_often_as_needed(world: World) -> None:
    second = updated(world, world.deployed())
    world.amplify.calls.clear()
    world.asked.clear()
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert (answer.time, answer.data["Status"]) == (begun + 6, "PENDING")
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "StartJob", "GetBranch", "GetApp"]
    assert world.asked == ["DescribeStackEvents"] * 2


def test_all_attributes_are_answered(world: World) -> None:
    answer = rolled_back(world, updated(world, world.deployed()))
    assert len(answer.data) == 12
    assert all(isinstance(value, str) for value in answer.data.values())


def test_the_attributes_are_read_in_spite_of_a_fault(world: World) -> None:
    world.amplify.next_job(builds="b" * 40)
    first = world.deployed()
    assert first.data["BuiltCommitId"] == "b" * 40
    second = updated(world, first)
    world.fail("GetJob", "500")
    assert rolled_back(world, second, OnRollback="IGNORE").data == first.data


def test_properties_that_are_no_use_are_a_success(world: World) -> None:
    second = updated(world, world.deployed())
    answer = rolled_back(world, second, Unknown="1")
    assert (answer.status, answer.physical_id, len(world.jobs())) == ("SUCCESS", second.physical_id, 2)
    assert list(answer.data.values()) == [""] * 12
    assert said(world, "failed")[0]["reason"].startswith("VALIDATION_ERROR: unknown property 'Unknown'")


def test_a_late_update_in_a_rollback_does_not_expire(world: World) -> None:
    second = updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"}, TimeoutSeconds="60")
    world.clock.sleep(3000)
    assert world.request(event).data["JobId"] == "3"


def test_a_retry_that_amplify_refuses_is_given_up(world: World) -> None:
    # given that the job to go back to is deleted just before it is retried
    first = world.deployed()
    world.amplify.push(APP_ID, BRANCH)
    world.clock.sleep(100)
    complete(world)
    second = updated(world, first)

    def before_call(path: str) -> None:
        if path.startswith("POST"):
            del world.branch.jobs[1]

    world.before_call = before_call
    answer = rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 2)


@pytest.mark.parametrize("mode", FAULTS)
@pytest.mark.parametrize("operation", ["ListJobs", "GetJob", "StartJob", "StopJob", "GetBranch", "GetApp"])
def test_no_fault_of_amplifys_fails_a_rollback(world: World, operation: str, mode: str) -> None:
    second = updated(world, world.deployed())
    world.fail(operation, mode, times=1000)
    begun = world.clock.now
    answer = rolled_back(world, second)
    assert (answer.status, len(answer.data)) == ("SUCCESS", 12)
    assert answer.data["ConsoleUrl"]
    assert answer.time <= begun + 240


@pytest.mark.parametrize("mode", FAULTS)
def test_an_amplify_that_is_gone_fails_no_rollback(world: World, mode: str) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.fail(None, times=10_000, mode=mode)  # type: ignore[arg-type]
    begun = world.clock.now
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    assert (answer.status, answer.physical_id, len(answer.data)) == ("SUCCESS", first.physical_id, 12)
    assert answer.time <= begun + 240


def test_a_redelivered_rollback_restores_once(world: World) -> None:
    second = updated(world, world.deployed())
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    event = world.update(second.physical_id, old={"Nonce": "2"})
    first_answer = world.request(event)
    world.clock.sleep(61)
    again = world.request(event)
    assert again.physical_id == first_answer.physical_id
    assert len(world.jobs()) == 3


def test_a_restoration_that_took_effect_unanswered_is_adopted(world: World) -> None:
    second = updated(world, world.deployed())
    world.fail("StartJob", "timeout", applied=True)
    answer = rolled_back(world, second)
    assert (answer.data["JobId"], len(world.jobs())) == ("3", 3)


@pytest.mark.parametrize(
    ("seconds", "outcome", "jobs"), [(100, "SUCCEED", 3), (1, "SUCCEED", 3), (1, "FAILED", 4)]
)
def test_a_continued_rollback_restores_again_only_what_was_not_restored(
    world: World, seconds: float, outcome: str, jobs: int
) -> None:
    second = updated(world, world.deployed())
    world.amplify.next_job(outcome=outcome, seconds=seconds)
    rolled_back(world, second)
    world.clock.sleep(30)
    world.stack_event("UPDATE_ROLLBACK_FAILED")
    world.clock.sleep(10)
    answer = rolled_back(world, second)
    assert (answer.status, len(world.jobs())) == ("SUCCESS", jobs)


def test_the_same_change_is_released_when_it_is_deployed_again(world: World) -> None:
    # given a deploy that was rolled back
    first = world.deployed()
    rolled_back(world, updated(world, first))
    world.clock.sleep(100)
    complete(world, "UPDATE_ROLLBACK_COMPLETE")
    # when
    answer = world.request(world.update(first.physical_id, Nonce="2"))
    # then
    assert (answer.status, answer.data["JobId"], answer.data["Status"]) == ("SUCCESS", "4", "SUCCEED")
