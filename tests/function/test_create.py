"""Create: one job, waited for, and judged."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from simulated import APP_ID, BRANCH, PHYSICAL_ID, START, World

CONSOLE = f"https://us-east-1.console.aws.amazon.com/amplify/apps/{APP_ID}/branches/main/deployments"
ATTRIBUTES = {
    "JobId",
    "JobArn",
    "JobType",
    "Status",
    "CommitId",
    "CommitMessage",
    "CommitTime",
    "BuiltCommitId",
    "StartTime",
    "EndTime",
    "BranchUrl",
    "ConsoleUrl",
}


def test_a_create_starts_one_job_and_answers_when_it_has_succeeded(world: World) -> None:
    # given a job that takes a minute
    # when
    answer = world.request(world.event("Create"))
    # then
    assert answer.status == "SUCCESS"
    assert re.fullmatch("amplify-job-[0-9a-f]{16}", answer.physical_id)
    assert answer.time == START + 60
    assert [world.status(job) for job in world.jobs()] == ["SUCCEED"]


def test_a_create_calls_each_api_as_often_as_needed(world: World) -> None:
    world.request(world.event("Create"))
    operations = [call.operation for call in world.amplify.calls]
    assert operations == ["ListJobs", "StartJob", *["GetJob"] * 6, "GetBranch", "GetApp", *["GetJob"] * 20]
    assert world.asked == ["DescribeStackEvents"]


def test_the_log_has_a_line_when_a_step_of_the_job_begins(world: World) -> None:
    world.request(world.event("Create"))
    told = [(line["decision"], line.get("step") or line.get("status")) for line in world.decisions]
    assert told == [
        ("received", None),
        ("started", "PENDING"),
        ("step", "PROVISIONING"),
        ("step", "BUILD"),
        ("step", "DEPLOY"),
        ("step", "VERIFY"),
        ("ended", "SUCCEED"),
        ("answered", "SUCCESS"),
    ]


def test_a_create_answers_all_attributes(world: World) -> None:
    answer = world.request(world.event("Create"))
    assert answer.data == {
        "JobId": "1",
        "JobArn": f"arn:aws:amplify:us-east-1:123456789012:apps/{APP_ID}/branches/main/jobs/0000000001",
        "JobType": "RELEASE",
        "Status": "SUCCEED",
        "CommitId": "HEAD",
        "CommitMessage": "Started by CloudFormation stack shop (Site)",
        "CommitTime": "2026-01-31T12:00:00Z",
        "BuiltCommitId": "",
        "StartTime": "2026-01-31T12:00:00Z",
        "EndTime": "2026-01-31T12:01:00Z",
        "BranchUrl": f"https://main.{APP_ID}.amplifyapp.com",
        "ConsoleUrl": CONSOLE,
    }


def test_a_create_tells_cloudformation_which_request_it_answers(world: World) -> None:
    event = world.event("Create")
    answer = world.request(event)
    assert answer.url == event["ResponseURL"]
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        assert answer.body[name] == event[name]


@pytest.mark.parametrize(
    "omitted",
    [
        {"commitMessage", "commitTime", "endTime"},
        {"commitMessage"},
        {"commitId", "jobArn", "startTime"},
    ],
)
def test_attributes_that_amplify_leaves_out_are_empty_strings(world: World, omitted: set[str]) -> None:
    world.amplify.behaviour.omits = frozenset(omitted)
    answer = world.request(world.event("Create"))
    assert answer.status == "SUCCESS"
    assert set(answer.data) == ATTRIBUTES
    assert all(isinstance(value, str) for value in answer.data.values())
    for name in omitted:
        assert answer.data[name[0].upper() + name[1:]] == ""


@pytest.mark.parametrize("job_type", ["RELEASE", "WEB_HOOK"])
def test_the_type_of_the_job_is_what_was_asked_for(world: World, job_type: str) -> None:
    # given that Amplify does not say
    assert world.request(world.event("Create", JobType=job_type)).data["JobType"] == job_type


@pytest.mark.parametrize(("commit_ids", "built"), [("honoured", True), ("ignored", False)])
def test_the_commit_that_was_built_is_the_one_that_the_log_shows(
    world: World, commit_ids: Any, built: bool
) -> None:
    world.amplify.behaviour.commit_ids = commit_ids
    answer = world.request(world.event("Create", CommitId=world.branch.tip[:8]))
    assert answer.status == "SUCCESS"
    assert answer.data["BuiltCommitId"] == (world.branch.tip if built else "")
    unverified = [line for line in world.decisions if line["decision"] == "commit unverified"]
    assert bool(unverified) is not built


def test_times_are_answered_in_utc(world: World) -> None:
    answer = world.request(world.event("Create", CommitTime="2026-01-31T13:30:00+02:00"))
    assert answer.data["CommitTime"] == "2026-01-31T11:30:00Z"


def test_without_wait_the_answer_comes_as_soon_as_the_job_has_started(world: World) -> None:
    answer = world.request(world.event("Create", Wait="false"))
    assert (answer.status, answer.time, answer.data["Status"]) == ("SUCCESS", START, "PENDING")
    assert [call.operation for call in world.amplify.calls] == ["ListJobs", "StartJob", "GetBranch", "GetApp"]
    assert answer.data["EndTime"] == ""


def test_start_job_gets_the_properties(world: World) -> None:
    given = {
        "JobType": "WEB_HOOK",
        "JobReason": "a reason",
        "CommitId": world.branch.tip,
        "CommitMessage": "Fix the header",
        "CommitTime": "2026-01-31T11:00:00Z",
    }
    world.request(world.event("Create", **given, VerifyCommit="false"))
    params = _start_job(world)
    message = params.pop("commitMessage")
    assert params == {
        "appId": APP_ID,
        "branchName": BRANCH,
        "jobType": "WEB_HOOK",
        "jobReason": "a reason",
        "commitId": world.branch.tip,
        "commitTime": datetime(2026, 1, 31, 11, tzinfo=timezone.utc),
    }
    assert message.startswith("Fix the header\n[cfn ")


def test_start_job_gets_nothing_that_was_not_given(world: World) -> None:
    world.request(world.event("Create"))
    assert set(_start_job(world)) == {"appId", "branchName", "jobType", "commitMessage"}


def test_a_retry_repeats_the_job_that_it_names(world: World) -> None:
    # given a job
    world.amplify.start(APP_ID, BRANCH)
    world.clock.sleep(60)
    # when
    answer = world.request(world.event("Create", JobType="RETRY", JobId="1"))
    # then the ID of the new job is answered, not that of the repeated one
    assert (answer.status, answer.data["JobId"], answer.data["JobType"]) == ("SUCCESS", "2", "RETRY")
    assert _start_job(world)["jobId"] == "1"


@pytest.mark.parametrize("where", ["reason", "log"])
@pytest.mark.parametrize(
    "words",
    [
        "cancelled - no diff detected from previous commit",
        "Cancelling build because no changes found for appRoot apps/web",
    ],
)
def test_a_job_that_was_cancelled_because_nothing_has_changed_is_a_success(
    world: World, where: str, words: str
) -> None:
    plan: dict[str, Any] = {"status_reason": words} if where == "reason" else {"log": [words]}
    world.amplify.next_job(outcome="CANCELLED", **plan)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["Status"]) == ("SUCCESS", "CANCELLED")


def test_what_amplify_refuses_fails_the_create_in_its_words(world: World) -> None:
    world.amplify.fail("StartJob", mode="refused")
    answer = world.request(world.event("Create"))
    assert answer.status == "FAILED"
    assert answer.reason == (
        "AMPLIFY_ERROR: amplify:StartJob on branch main of app d1a2b3c4 in us-east-1 was refused: "
        "The request is not valid."
    )
    assert answer.physical_id == PHYSICAL_ID
    assert world.amplify.count("StartJob") == 1


@pytest.mark.parametrize(
    ("properties", "said"),
    [({"BranchName": "dev"}, "Branch dev not found."), ({"AppId": "d0"}, "App d0 not found.")],
)
def test_a_branch_that_does_not_exist_fails_the_create_at_once(
    world: World, properties: dict[str, str], said: str
) -> None:
    answer = world.request(world.event("Create", **properties))
    assert (answer.status, answer.time) == ("FAILED", START)
    assert answer.reason.startswith("NOT_FOUND: amplify:ListJobs on branch ")
    assert answer.reason.endswith(f" in us-east-1: {said}")
    assert world.amplify.count("StartJob") == 0


def test_a_branch_name_may_hold_slashes(world: World) -> None:
    world.amplify.create_branch(APP_ID, "feature/a/1")
    answer = world.request(world.event("Create", BranchName="feature/a/1"))
    assert answer.status == "SUCCESS"
    assert "/branches/feature%2Fa%2F1/deployments" in answer.data["ConsoleUrl"]
    assert answer.data["BranchUrl"] == f"https://feature-a-1.{APP_ID}.amplifyapp.com"


def test_the_url_of_the_site_is_amplifys_not_a_computed_one(world: World) -> None:
    world.branch.settings["displayName"] = "renamed"
    assert (
        world.request(world.event("Create")).data["BranchUrl"] == f"https://renamed.{APP_ID}.amplifyapp.com"
    )


def test_a_site_whose_url_stays_unknown_is_a_success(world: World) -> None:
    world.fail("GetBranch", "500", times=1000)
    answer = world.request(world.event("Create"))
    assert (answer.status, answer.data["BranchUrl"], answer.data["JobId"]) == ("SUCCESS", "", "1")
    assert START + 60 <= answer.time <= START + 85
    assert {"decision": "unanswered", "error": "Internal failure"} in world.decisions
    tries = [call.time for call in world.amplify.calls if call.operation == "GetBranch"]
    assert len([time for time in tries if time < START + 60]) == 3  # with each step that begins


def test_a_late_create_that_may_not_see_the_stack_logs_it_and_goes_on(world: World) -> None:
    event = world.event("Create")
    world.clock.sleep(10)
    world.describe_denied = True
    begun = world.clock.now
    assert world.request(event).status == "SUCCESS"
    line = next(line for line in world.decisions if line["decision"] == "stack unreadable")
    assert (line["error"], line["code"]) == ("ClientError", "AccessDenied")
    [job] = world.jobs()
    assert job.asked == begun + 4  # no Create waits longer to learn what its stack does


def test_the_job_starts_though_the_stack_has_so_many_events_that_they_take_long_to_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given ten minutes of a large stack's creation, in pages of 100 events that take half a second each
    world.stack_event("CREATE_IN_PROGRESS")
    for number in range(1500):
        world.clock.sleep(0.4)
        world._event_of(f"Other{number}", "AWS::SNS::Topic", "CREATE_COMPLETE")
    stubbed = world.stubbed

    def slow(operation: str, effect: Any) -> Any:
        world.clock.sleep(0.5)
        return stubbed(operation, effect)

    monkeypatch.setattr(world, "stubbed", slow)
    begun = world.clock.now
    answer = world.request(world.event("Create"))
    # then
    assert answer.status == "SUCCESS"
    assert world.jobs()[0].asked < begun + 12
    assert world.asked.count("DescribeStackEvents") <= 16 + 3


def _start_job(world: World) -> dict[str, Any]:
    [params] = [call.params for call in world.amplify.calls if call.operation == "StartJob"]
    return params
