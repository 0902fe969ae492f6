"""Deploying files: one deployment of a request takes effect, and nobody else's is stopped."""

from __future__ import annotations

from typing import Any

import pytest
from faults import FAULTS
from simulated import APP_ID, BRANCH, START, Killed, World

from amplify_job.files import archives as files_to_deploy
from amplify_local.amplify.provider import OPERATIONS, start_deployment
from amplify_local.amplify.rest import ApiError

# https://github.com/aws-amplify/amplify-backend/issues/1528
UNFINISHED = "The last job(deployment) 1 was not finished, please wait until it finish"
MARKER = "<<marker:0xbaba:0>>"
JOB = "branch main of app d1a2b3c4"
BEFORE_START = ("POST /apps/d1a2b3c4/branches/main/deployments", "PUT /_uploads/")


@pytest.fixture(autouse=True)
def files(world: World) -> None:
    """An app without a repository, and a site in S3."""
    world.app.settings["repository"] = ""
    world.job_seconds = 10
    world.amplify.job_seconds = 10
    world.archive("1.zip", {"index.html": "one"})
    world.archive("2.zip", {"index.html": "two"})
    world.archive("config.zip", {"config.json": f'{{"api": "{MARKER}"}}'})


def sources(*keys: str, **more: Any) -> dict[str, Any]:
    return {"SourceBucketNames": ["assets"] * len(keys), "SourceObjectKeys": list(keys), **more}


def site(world: World) -> dict[str, bytes]:
    return world.amplify.site(APP_ID, BRANCH)


def deliver(world: World, event: Any) -> Any:
    world.deliver(event, retries=2)
    world.settle()
    [answer] = world.answers
    return answer


def killed_after_creating(world: World) -> None:
    """The next invocation is killed between CreateDeployment and the upload."""

    def kill(call: str) -> None:
        if call == BEFORE_START[0]:
            world.after_call = lambda _: None
            raise Killed

    world.after_call = kill


def test_files_are_deployed_and_waited_for(world: World) -> None:
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert answer.status == "SUCCESS"
    assert answer.data["JobId"] == "1"
    assert answer.data["JobType"] == "MANUAL"
    assert answer.data["Status"] == "SUCCEED"
    assert (answer.data["CommitId"], answer.data["BuiltCommitId"]) == ("", "")
    assert answer.data["BranchUrl"] == "https://main.d1a2b3c4.amplifyapp.com"
    assert answer.data["StartTime"] == "2026-01-31T12:00:00Z"
    assert site(world) == {"index.html": b"one"}
    calls = [call.operation for call in world.amplify.calls]
    assert calls[:4] == ["ListJobs", "GetBranch", "GetApp", "CreateDeployment"]
    assert calls[4:7] == ["Upload", "ListJobs", "StartDeployment"]
    assert "StartJob" not in calls


def test_values_of_the_deployment_stand_in_the_files(world: World) -> None:
    markers = [{}, {MARKER: "https://api.example"}]
    world.request(world.event("Create", **sources("1.zip", "config.zip", SourceMarkers=markers)))
    assert site(world) == {"index.html": b"one", "config.json": b'{"api": "https://api.example"}'}


def test_what_a_role_lacks_for_deployments_is_told(world: World) -> None:
    world.amplify.authorize = lambda key, action, arn: "the role" if "Deployment" in action else None
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert answer.reason.endswith(
        "The function's role must allow amplify:CreateDeployment on "
        "arn:aws:amplify:us-east-1:123456789012:apps/d1a2b3c4/branches/main and on its deployments/*"
    )
    assert answer.time - START >= 60  # IAM had its time


# Once, whatever goes wrong


@pytest.mark.parametrize("operation", ["ListJobs", "CreateDeployment", "StartDeployment"])
@pytest.mark.parametrize("mode", FAULTS)
def test_a_fault_now_and_then_changes_nothing(world: World, operation: str, mode: Any) -> None:
    world.amplify.fail(operation, 3, mode)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.status == "SUCCESS", answer.reason
    assert (served(world), world.stopped) == (["1"], set())
    assert site(world) == {"index.html": b"one"}


def test_a_url_that_has_expired_is_followed_by_another_one(world: World) -> None:
    # given chunks that take an hour and a half together
    world.chunk_seconds = 5_000
    world.limit = 50_000

    def hurry(call: str) -> None:
        world.chunk_seconds = 0

    world.after_call = lambda call: hurry(call) if call.startswith("PUT") else None
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith("AMPLIFY_ERROR: no job could be started")
    assert "X-Amz" not in answer.reason + "".join(world.log)


def test_a_deployment_that_cannot_be_sent_is_stopped_at_the_second_try(world: World) -> None:
    # given an upload that is refused for good, and a last StopJob that fails once
    world.amplify.fail("Upload", 3, "denied")
    world.amplify.fail("StopJob", 1, "429", after=2)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith("AMPLIFY_ERROR: the files could not be sent to Amplify")
    assert world.stopped == {"1", "2", "3"}


@pytest.mark.parametrize("mode", ["500", "timeout"])
def test_the_url_of_an_upload_that_fails_is_not_told(world: World, mode: Any) -> None:
    world.amplify.fail("Upload", 1000, mode)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith("AMPLIFY_ERROR: the files could not be sent to Amplify: ")
    assert "/_uploads/" not in answer.reason + "".join(world.log)


def test_an_upload_that_outlives_the_timeout_is_given_up(world: World) -> None:
    world.chunk_seconds = 200
    answer = deliver(world, world.event("Create", **sources("1.zip", TimeoutSeconds="60")))
    assert answer.status == "FAILED"
    assert answer.time <= START + 60 + 180 + 60
    assert {job.id for job in world.jobs()} == world.stopped


def test_an_upload_takes_four_minutes_at_most(world: World) -> None:
    # else another delivery of the request would take its deployment for an abandoned one
    world.chunk_seconds = 241
    world.fail("Upload", "500", times=1000)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.reason == "AMPLIFY_ERROR: the files could not be sent to Amplify in 240 seconds"
    assert {job.id for job in world.jobs()} == world.stopped


def test_what_was_sent_before_a_hand_over_is_started_after_it(world: World) -> None:
    # given an invocation that ends while it cannot reach StartDeployment
    world.limit = 120
    world.fail("StartDeployment", "reset", times=35)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.status == "SUCCESS"
    assert world.handed_over[0]["HandedOver"]["deployment"]["id"] == "1"
    assert (served(world), world.stopped) == (["1"], set())


def test_what_started_before_a_hand_over_is_taken_over(world: World) -> None:
    world.limit = 80
    world.amplify.plan(seconds=100)
    world.fail("StartDeployment", "timeout", applied=True)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.status == "SUCCESS"
    assert served(world) == ["1"]
    assert world.stopped == set()


def test_the_timeout_stops_a_deployment_that_runs(world: World) -> None:
    world.amplify.plan(never_ends=True)
    answer = deliver(world, world.event("Create", **sources("1.zip", TimeoutSeconds="60")))
    assert answer.reason.startswith("JOB_TIMED_OUT: ")
    assert world.stopped == {"1"}


# Updates, rollbacks, Deletes


def deployed(world: World) -> str:
    physical_id = world.deployed(**sources("1.zip")).physical_id
    world.answers.clear()
    return physical_id


def test_other_files_are_deployed_and_the_same_ones_are_not(world: World) -> None:
    first = deployed(world)
    answer = world.request(world.update(first, old=sources("1.zip"), **sources("2.zip")))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    assert site(world) == {"index.html": b"two"}
    again = world.request(world.update(first, old=sources("2.zip"), **sources("2.zip", Wait="false")))
    assert (again.status, again.data["JobId"]) == ("SUCCESS", "2")
    assert len(world.jobs()) == 2


@pytest.mark.parametrize(
    "operation", ["ListJobs", "CreateDeployment", "Upload", "StartDeployment", "GetObject"]
)
def test_a_call_that_is_never_answered_fails_no_rollback(world: World, operation: str) -> None:
    first = deployed(world)
    world.request(world.update(first, old=sources("1.zip"), **sources("2.zip")))
    world.answers.clear()
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.fail(operation, "timeout", times=1000)
    answer = deliver(world, world.update(first, old=sources("2.zip"), **sources("1.zip")))
    assert answer.status == "SUCCESS"
    created = {job.id for job in world.jobs()} - {"1", "2"}
    assert created <= world.stopped | set(served(world))


def test_a_rollback_whose_files_are_gone_says_so_in_the_log(world: World) -> None:
    first = deployed(world)
    world.request(world.update(first, old=sources("1.zip"), **sources("2.zip")))
    del world.objects["assets", "1.zip"]
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    answer = world.request(world.update(first, old=sources("2.zip"), **sources("1.zip")))
    assert answer.status == "SUCCESS"
    [said] = [line["reason"] for line in world.decisions if line["decision"] == "failed"]
    assert said.startswith("NOT_FOUND: s3://assets/1.zip is not there any more")


def test_a_rollback_waits_for_a_deployment_in_the_way(world: World) -> None:
    first = deployed(world)
    world.amplify.next_job(seconds=40)
    world.deliver(world.update(first, old=sources("1.zip"), **sources("2.zip")), retries=2)
    world.clock.sleep(10)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.deliver(world.update(first, old=sources("2.zip"), **sources("1.zip")), retries=2)
    world.settle()
    assert [answer.status for answer in world.answers] == ["SUCCESS", "SUCCESS"]
    world.clock.sleep(60)
    assert site(world) == {"index.html": b"one"}


def served(world: World) -> list[str]:
    """The deployments that took effect."""
    return [job.id for job in world.jobs() if world.status(job) == "SUCCEED"]


def test_a_stop_between_two_tries_that_took_effect_without_an_answer_changes_nothing(world: World) -> None:
    world.amplify.fail("Upload", 1, "denied")
    world.amplify.fail("StopJob", 1, "timeout", applied=True)
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert (answer.status, site(world)) == ("SUCCESS", {"index.html": b"one"})


@pytest.mark.parametrize("when_busy", ["STOP", "FAIL"])
@pytest.mark.parametrize("seconds", [0.5, 5])
def test_a_second_delivery_does_no_harm_to_the_deployment_of_the_first(
    world: World, when_busy: str, seconds: float
) -> None:
    world.stack_event("CREATE_IN_PROGRESS")
    event = world.event("Create", **sources("1.zip", WhenBusy=when_busy))
    world.deliver(event, retries=2)
    world.deliver(event, retries=2, after=seconds)
    world.settle()
    assert [answer.status for answer in world.answers] == ["SUCCESS", "SUCCESS"]
    assert world.stopped == set()


@pytest.mark.parametrize("operation", ["ListJobs", "StartDeployment"])
def test_a_refusal_to_start_is_final_whatever_went_wrong_before(world: World, operation: str) -> None:
    world.fail(operation, "429")
    world.amplify.fail("StartDeployment", 10_000, "refused")
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith("AMPLIFY_ERROR: amplify:StartDeployment")
    starts = 1 + (operation == "StartDeployment")
    assert (answer.time < START + 60, world.amplify.count("StartDeployment")) == (True, starts)


def test_the_log_says_stopped_only_of_a_deployment_that_was_stopped(world: World) -> None:
    world.amplify.fail("StartDeployment", 10_000, "refused")
    world.fail("StopJob", "denied", times=10_000)
    deliver(world, world.event("Create", **sources("1.zip")))
    assert "stopped" not in [line["decision"] for line in world.decisions]


def test_fail_waits_for_a_deployment_that_an_earlier_delivery_may_have_left(world: World) -> None:
    killed_after_creating(world)
    answer = deliver(world, world.event("Create", WhenBusy="FAIL", **sources("1.zip")))
    assert (answer.status, answer.data["JobId"], world.stopped) == ("SUCCESS", "2", {"1"})


def test_a_rollback_stops_what_an_update_has_left_unfinished(world: World) -> None:
    first = world.deployed(**sources("1.zip"))
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)
    killed_after_creating(world)
    world.deliver(world.update(first.physical_id, old=sources("1.zip"), **sources("2.zip")))
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(3)
    answer = world.request(world.update(first.physical_id, old=sources("2.zip"), **sources("1.zip")))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "3")
    assert world.stopped == {"2"}


def test_merging_that_takes_too_long_ends_at_the_timeout(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.archive("big.zip", {f"{number}.txt": "x" for number in range(60)})
    copy = files_to_deploy._copy

    def slow(*arguments: Any) -> None:
        world.clock.sleep(5)
        copy(*arguments)

    monkeypatch.setattr(files_to_deploy, "_copy", slow)
    event = world.event("Create", ServiceTimeout="240", **sources("1.zip", "big.zip"))
    answer = deliver(world, event)
    assert answer.status == "FAILED"
    assert answer.time <= START + 240
    assert world.jobs() == []


@pytest.mark.parametrize("keys", [["1.zip"], ["1.zip", "2.zip"]])
def test_archives_that_are_slow_to_open_are_deployed(
    world: World, monkeypatch: pytest.MonkeyPatch, keys: list[str]
) -> None:
    opened = files_to_deploy._opened

    def slow(*arguments: Any) -> Any:
        world.clock.sleep(20)
        return opened(*arguments)

    monkeypatch.setattr(files_to_deploy, "_opened", slow)
    world.fail("Upload", "500", times=4)
    answer = deliver(world, world.event("Create", **sources(*keys)))
    assert (answer.status, len(world.jobs())) == ("SUCCESS", 2)


def test_a_request_that_is_given_up_while_an_archive_is_opened_deploys_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = files_to_deploy._opened

    def slow(*arguments: Any) -> Any:
        world.clock.sleep(20)
        return opened(*arguments)

    monkeypatch.setattr(files_to_deploy, "_opened", slow)
    world.stack_event("CREATE_IN_PROGRESS")
    world.clock.at(START + 10, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert (answer.reason.split(":")[0], world.jobs()) == ("EXPIRED", [])


def test_an_archive_that_is_replaced_before_it_is_sent_is_read_again(world: World) -> None:
    def replace(call: str) -> None:
        if call == BEFORE_START[0]:
            world.after_call = lambda _: None
            world.archive("1.zip", {"index.html": "another"})

    world.after_call = replace
    answer = deliver(world, world.event("Create", **sources("1.zip")))
    assert (answer.status, site(world)) == ("SUCCESS", {"index.html": b"another"})


def test_a_deployment_that_is_not_listed_yet_is_not_taken_for_an_older_one(world: World) -> None:
    first = deployed(world)
    world.amplify.behaviour.list_lag_seconds = 10
    answer = deliver(world, world.update(first, old=sources("1.zip"), **sources("2.zip")))
    assert (answer.status, answer.data["JobId"]) == ("SUCCESS", "2")
    assert site(world) == {"index.html": b"two"}


def stop_after_start_deployment(world: World) -> None:
    """Somebody stops job 1 right after the first StartDeployment."""

    def stop(call: str) -> None:
        if call.endswith("/deployments/start"):
            world.after_call = lambda _: None
            world.amplify.stop(APP_ID, BRANCH, "1")

    world.after_call = stop


@pytest.mark.parametrize("words", ["The job 1 was started already.", UNFINISHED])
def test_a_start_deployment_that_took_effect_unanswered_is_found_though_the_list_lags(
    world: World, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What Amplify says to a second StartDeployment is not known: both are refusals."""

    def start(amplify: Any, params: Any) -> Any:
        try:
            return start_deployment(amplify, params)
        except ApiError:
            raise ApiError("BadRequestException", words) from None

    monkeypatch.setitem(OPERATIONS, "StartDeployment", start)
    world.amplify.behaviour.list_lag_seconds = 8
    world.amplify.next_job(created_seconds=4)
    world.fail("StartDeployment", "reset", applied=True)
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert (answer.status, answer.data["JobId"], len(world.jobs())) == ("SUCCESS", "1", 1)
    starts = [call.operation for call in world.amplify.calls].count("StartDeployment")
    assert 2 <= starts <= 6


def test_a_start_deployment_that_is_refused_fails_the_deploy_and_frees_the_branch(
    world: World,
) -> None:
    world.fail("StartDeployment", "refused", times=2)
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith(f"AMPLIFY_ERROR: amplify:StartDeployment on {JOB} in ")
    assert (answer.time, world.stopped) == (START, {"1"})


def test_a_deployment_that_somebody_stops_before_it_starts_is_followed_by_another_one(world: World) -> None:
    # given a StartDeployment without an answer, and somebody who stops the deployment before the next try
    world.fail("StartDeployment", "500")
    stop_after_start_deployment(world)
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert (answer.status, answer.data["JobId"], site(world)) == ("SUCCESS", "2", {"index.html": b"one"})


def test_a_deployment_that_somebody_stops_after_a_start_without_an_answer_is_not_repeated(
    world: World,
) -> None:
    world.amplify.next_job(seconds=60)
    world.fail("StartDeployment", "timeout", applied=True)
    stop_after_start_deployment(world)
    answer = world.request(world.event("Create", **sources("1.zip")))
    assert answer.reason.startswith("JOB_CANCELLED: job 1 ")
    assert len(world.jobs()) == 1
