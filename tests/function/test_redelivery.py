"""The same event twice, a killed sandbox, a StartJob without an answer: one job, one outcome."""

from __future__ import annotations

import pytest
from simulated import APP_ID, BRANCH, START, Killed, World


def test_a_redelivered_create_adopts_the_job_of_the_first(world: World) -> None:
    # given a sandbox that dies while it polls, and Lambda's retry
    delivery = world.deliver(world.event("Create"), retries=2)
    world.clock.at(START + 30, delivery.kill)
    # when
    world.settle()
    # then
    [answer] = world.answers
    assert (answer.status, answer.data["JobId"], answer.time) == ("SUCCESS", "1", START + 90)
    assert len(world.jobs()) == world.amplify.count("StartJob") == 1


def test_a_sandbox_that_dies_before_start_job_is_answered_leaves_one_job(world: World) -> None:
    _kill_once(world, "StartJob", after=True)
    world.deliver(world.event("Create"), retries=2)
    world.settle()
    assert [answer.status for answer in world.answers] == ["SUCCESS"]
    assert len(world.jobs()) == 1


def test_a_sandbox_that_dies_before_start_job_is_sent_starts_it_at_the_retry(world: World) -> None:
    _kill_once(world, "StartJob", after=False)
    world.deliver(world.event("Create"), retries=2)
    world.settle()
    assert [(answer.status, answer.time) for answer in world.answers] == [("SUCCESS", START + 120)]
    assert len(world.jobs()) == 1


def test_a_redelivery_answers_as_the_first_delivery_did(world: World) -> None:
    # given a Create that was answered
    event = world.event("Create")
    first = world.request(event)
    world.clock.sleep(60)
    # when
    second = world.request(event)
    # then
    assert second.body == first.body
    assert len(world.jobs()) == 1


def test_a_redelivery_of_a_failed_create_answers_as_the_first_delivery_did(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    event = world.event("Create")
    first = world.request(event)
    world.clock.sleep(60)
    second = world.request(event)
    assert second.body == first.body
    assert len(world.jobs()) == 1


def test_a_redelivery_after_the_job_was_cancelled_for_want_of_a_change_is_a_success(world: World) -> None:
    world.amplify.next_job(outcome="NO_DIFF")
    event = world.event("Create")
    first = world.request(event)
    world.clock.sleep(60)
    assert world.request(event).body == first.body
    assert first.status == "SUCCESS"


def test_a_redelivery_after_another_commit_was_built_is_a_mismatch(world: World) -> None:
    world.amplify.plan(builds="b" * 40)
    event = world.event("Create", CommitId="a" * 40)
    first = world.request(event)
    world.clock.sleep(60)
    assert world.request(event).body == first.body
    assert first.reason.startswith("COMMIT_MISMATCH")


def test_two_deliveries_at_the_same_time_make_one_job_and_one_answer_twice(world: World) -> None:
    world.latency = 0.1
    event = world.event("Create")
    world.deliver(event)
    world.deliver(event)
    world.settle()
    first, second = world.answers
    assert first.body == second.body
    assert first.status == "SUCCESS"
    assert len(world.jobs()) == 1


@pytest.mark.parametrize("when_busy", ["FAIL", "STOP", "JOIN", "WAIT"])
def test_two_deliveries_at_the_same_time_are_no_busy_branch_to_each_other(
    world: World, when_busy: str
) -> None:
    # given that both list the jobs before either starts one
    world.latency = 0.1
    event = world.event("Create", WhenBusy=when_busy)
    # when
    world.deliver(event)
    world.deliver(event)
    world.settle()
    # then
    assert [answer.status for answer in world.answers] == ["SUCCESS", "SUCCESS"]
    assert len(world.jobs()) == 1
    assert world.amplify.count("StopJob") == 0


def test_a_start_job_that_took_effect_unanswered_is_adopted(world: World) -> None:
    world.fail("StartJob", "timeout", applied=True)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "1")
    assert len(world.jobs()) == world.amplify.count("StartJob") == 1


def test_a_start_job_without_effect_is_sent_again(world: World) -> None:
    world.fail("StartJob", "timeout")
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "1")
    assert (len(world.jobs()), world.amplify.count("StartJob"), world.amplify.count("ListJobs")) == (1, 2, 2)


@pytest.mark.parametrize("times", [1, 3])
def test_a_throttled_start_job_is_sent_again(world: World, times: int) -> None:
    world.fail("StartJob", "429", times=times)
    assert world.request(world.event("Create")).status == "SUCCESS"
    assert (len(world.jobs()), world.amplify.count("StartJob")) == (1, 1 + times)


def test_the_function_asks_whether_its_request_is_still_wanted_before_each_start_job(world: World) -> None:
    world.fail("StartJob", "timeout")
    world.clock.at(START + 1, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    answer = world.request(world.event("Create"))
    assert (answer.reason.split(":")[0], world.jobs()) == ("EXPIRED", [])
    assert world.amplify.count("StartJob") == 1


def test_a_second_start_job_is_sent_when_the_stack_stays_unreadable_for_three_tries(world: World) -> None:
    world.fail("StartJob", "500")
    world.fail("DescribeStackEvents", "429", times=99)
    assert world.request(world.event("Create")).status == "SUCCESS"
    assert world.asked.count("DescribeStackEvents") >= 3


def test_a_retry_made_by_hand_that_copies_the_token_is_not_taken_for_the_job_of_the_request(
    world: World,
) -> None:
    # given a release whose message, and with it the mark, somebody's redeploy copies
    event = world.event("Create")
    world.request(event)
    world.amplify.start(APP_ID, BRANCH, "RETRY", jobId="1")
    # when
    world.clock.sleep(60)
    answer = world.request(event)
    # then
    assert answer.data["JobId"] == "1"


def test_of_two_jobs_with_the_token_the_older_one_is_the_requests(world: World) -> None:
    # given a message that somebody copied by hand into a release of their own
    event = world.event("Create")
    world.request(event)
    message = world.jobs()[0].commit_message
    world.amplify.start(APP_ID, BRANCH, commitMessage=message)
    world.clock.sleep(60)
    # when
    answer = world.request(event)
    # then
    assert answer.data["JobId"] == "1"


def test_a_retried_operation_with_the_same_request_id_is_another_request(world: World) -> None:
    # given a Create that failed, and an operation that CloudFormation retries with its RequestId
    world.amplify.next_job(outcome="FAILED")
    event = world.event("Create")
    world.request(event)
    again = {**world.event("Create"), "RequestId": event["RequestId"]}
    # when
    answer = world.request(again)
    # then
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")


def test_a_late_delivery_takes_over_nobody_elses_job(world: World) -> None:
    world.request(world.event("Create"))
    # when somebody starts a job after a request that is delivered late
    event = world.event("Create")
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(70)
    # then
    assert world.request(event).data["JobId"] == "3"


def test_a_job_adopted_by_its_token_is_stopped_at_the_deadline(world: World) -> None:
    world.amplify.plan(never_ends=True)
    delivery = world.deliver(world.event("Create", TimeoutSeconds="120"), retries=2)
    world.clock.at(START + 10, delivery.kill)
    world.settle()
    [answer] = world.answers
    assert answer.reason.startswith("JOB_TIMED_OUT")
    assert world.stopped == {"1"}


def test_jobs_are_listed_as_far_back_as_the_request_on_several_pages(world: World) -> None:
    # given that the request's own job is the oldest of 120 since
    event = world.event("Create")
    first = world.request(event)
    for _ in range(120):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    # when
    second = world.request(event)
    # then
    assert second.body == first.body
    assert world.amplify.count("ListJobs") == 1 + 3


def test_no_page_is_listed_beyond_the_request(world: World) -> None:
    for _ in range(60):
        world.amplify.next_job(seconds=1)
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    answer = world.request(world.event("Create"))
    assert (answer.data["JobId"], world.amplify.count("ListJobs")) == ("61", 1)
    assert [c.params["maxResults"] for c in world.amplify.calls if c.operation == "ListJobs"] == [50]


def test_a_list_without_end_is_read_for_twenty_pages(world: World) -> None:
    # given jobs whose start Amplify does not tell
    world.amplify.behaviour.omits = frozenset({"startTime"})
    for _ in range(1_001):
        world.amplify.next_job(seconds=0)
        world.amplify.start(APP_ID, BRANCH)
    # when
    world.request(world.event("Create"))
    # then
    assert world.amplify.count("ListJobs") == 20


def _kill_once(world: World, operation: str, *, after: bool) -> None:
    """The sandbox dies when StartJob is sent, or when it has had its effect."""
    assert operation == "StartJob"

    def call(path: str) -> None:
        if path.startswith("POST"):
            setattr(world, "after_call" if after else "before_call", lambda _: None)
            raise Killed

    setattr(world, "after_call" if after else "before_call", call)


@pytest.mark.parametrize("resource", ["0", "table"])
def test_what_becomes_of_a_resource_is_not_what_becomes_of_the_stack(world: World, resource: str) -> None:
    event = world.event("Create")
    world.clock.sleep(10)
    world.stack_event("CREATE_COMPLETE")
    world.stack_events[0]["PhysicalResourceId"] = resource
    world.stack_status = "CREATE_IN_PROGRESS"
    assert world.request(event).status == "SUCCESS"
