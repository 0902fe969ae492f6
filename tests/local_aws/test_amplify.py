"""The in-memory Amplify, through a real boto3 client and a clock that the test moves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from ticking import Clock

from amplify_local.amplify import Amplify
from amplify_local.amplify.constraints import violations
from amplify_local.amplify.plan import STEPS
from amplify_local.amplify.provider import OPERATIONS
from amplify_local.amplify.rest import Request, service_model

BRANCH = {"appId": "d123", "branchName": "feature/x"}


@pytest.fixture
def amplify(clock: Clock) -> Amplify:
    amplify = Amplify(clock=clock, job_seconds=10)
    amplify.create_app("site", app_id="d123")
    amplify.create_branch("d123", "feature/x")
    return amplify


def start(client: Any, job_type: str = "RELEASE", **params: Any) -> dict[str, Any]:
    summary: dict[str, Any] = client.start_job(**BRANCH, jobType=job_type, **params)["jobSummary"]
    return summary


def get(client: Any, job_id: str = "1") -> dict[str, Any]:
    job: dict[str, Any] = client.get_job(**BRANCH, jobId=job_id)["job"]
    return job


def status(client: Any, job_id: str = "1") -> str:
    word: str = get(client, job_id)["summary"]["status"]
    return word


def refused(call: Callable[..., Any], **params: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    response = error.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


def log(amplify: Amplify, step: dict[str, Any]) -> str:
    return amplify.handle(Request("GET", urlsplit(step["logUrl"]).path)).body.decode()


def test_a_job_goes_through_its_statuses_as_the_clock_advances(client: Any, clock: Clock) -> None:
    summary = start(client)
    assert "startTime" not in summary  # a pending job shows none
    seen = [summary["status"]]
    for _ in range(21):
        clock.now += 0.5
        if status(client) != seen[-1]:
            seen.append(status(client))
    assert seen == ["PENDING", "PROVISIONING", "RUNNING", "SUCCEED"]
    summary = get(client)["summary"]
    assert (summary["startTime"] - summary["commitTime"]).total_seconds() == 0.5
    assert (summary["endTime"] - summary["commitTime"]).total_seconds() == 10
    assert "jobType" not in summary  # as in every recorded answer


def test_a_successful_job_has_three_steps_with_times_and_logs(
    client: Any, amplify: Amplify, clock: Clock
) -> None:
    start(client)
    clock.now += 60
    steps = get(client)["steps"]
    assert [step["stepName"] for step in steps] == list(STEPS)
    assert {step["status"] for step in steps} == {"SUCCEED"}
    assert all(step["startTime"] < step["endTime"] for step in steps)
    assert all(log(amplify, step) for step in steps)


def test_a_job_can_stay_in_created_before_it_is_pending(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(created_seconds=2)
    assert start(client)["status"] == "CREATED"
    clock.now += 2.1
    assert status(client) == "PENDING"


def test_the_arn_pads_the_job_id_and_the_id_does_not(client: Any) -> None:
    summary = start(client)
    assert summary["jobId"] == "1"
    assert summary["jobArn"].endswith(":apps/d123/branches/feature/x/jobs/0000000001")


def test_a_busy_branch_is_refused_in_amplifys_own_words(client: Any, amplify: Amplify, clock: Clock) -> None:
    start(client)
    assert refused(client.start_job, **BRANCH, jobType="RELEASE") == (
        "LimitExceededException",
        429,
        "The requested branch feature/x already have pending or running jobs",
    )
    clock.now += 10
    assert start(client)["jobId"] == "2"


def test_manual_is_refused(client: Any) -> None:
    code, http, message = refused(client.start_job, **BRANCH, jobType="MANUAL")
    assert (code, http) == ("BadRequestException", 400)
    assert message == "The requested jobType MANUAL does not support."


def test_retry_needs_a_job_and_rebuilds_its_commit(client: Any, amplify: Amplify, clock: Clock) -> None:
    assert refused(client.start_job, **BRANCH, jobType="RETRY")[0] == "BadRequestException"
    assert refused(client.start_job, **BRANCH, jobType="RETRY", jobId="7")[0] == "NotFoundException"
    assert start(client, commitMessage="first")["commitId"] == "HEAD"
    clock.now += 10
    again = start(client, "RETRY", jobId="1")
    assert again["commitMessage"] == "first"


@pytest.mark.parametrize(("recorded", "builds"), [("", "the tip"), ("first", "the commit")])
def test_retry_builds_the_recorded_commit_else_the_tip(
    client: Any, amplify: Amplify, clock: Clock, recorded: str, builds: str
) -> None:
    first = amplify.branch("d123", "feature/x").tip
    start(client, **({"commitId": first} if recorded else {}))
    clock.now += 10
    amplify.push("d123", "feature/x", message="second")
    clock.now += 10
    again = start(client, "RETRY", jobId="1")
    clock.now += 10
    built = amplify.jobs()[-1].sha
    assert again["commitId"] == (first if recorded else "HEAD")
    assert built == (first if builds == "the commit" else amplify.branch("d123", "feature/x").tip)


def test_release_builds_the_tip_shows_head_and_its_log_names_no_commit(
    client: Any, amplify: Amplify, clock: Clock
) -> None:
    assert start(client)["commitId"] == "HEAD"
    clock.now += 10
    assert amplify.jobs()[0].sha == amplify.branch("d123", "feature/x").tip
    assert "Switching to commit" not in log(amplify, get(client)["steps"][0])


@pytest.mark.parametrize("commit_ids", ["honoured", "ignored"])
def test_what_a_release_makes_of_a_commit_id_can_be_chosen(
    client: Any, amplify: Amplify, clock: Clock, commit_ids: Any
) -> None:
    amplify.behaviour.commit_ids = commit_ids
    first = amplify.branch("d123", "feature/x").tip
    amplify.push("d123", "feature/x")
    clock.now += 10
    summary = start(client, commitId=first[:8])
    clock.now += 10
    honoured = commit_ids == "honoured"
    assert summary["commitId"] == (first[:8] if honoured else "HEAD")
    assert (amplify.jobs()[-1].sha == first) is honoured
    assert (f"# Switching to commit: {first}" in log(amplify, get(client, "2")["steps"][0])) is honoured


def test_any_commit_counts_as_pushed_unless_only_those_of_the_branch_do(
    client: Any, amplify: Amplify, clock: Clock
) -> None:
    start(client, commitId="a" * 40)
    clock.now += 10
    assert status(client) == "SUCCEED"
    amplify.behaviour.any_commit = False
    start(client, commitId="a" * 40)
    clock.now += 10
    assert status(client, "2") == "FAILED"
    assert f"reference is not a tree: {'a' * 40}" in log(amplify, get(client, "2")["steps"][0])


def test_a_job_keeps_the_environment_that_it_was_built_with(client: Any, amplify: Amplify) -> None:
    client.update_app(appId="d123", environmentVariables={"A": "app", "B": "app"})
    client.update_branch(**BRANCH, environmentVariables={"B": "branch"})
    start(client)
    client.update_branch(**BRANCH, environmentVariables={})
    assert amplify.jobs()[0].environment == {"A": "app", "B": "branch"}


def test_a_failing_step_names_its_reason_and_cancels_the_later_ones(
    client: Any, amplify: Amplify, clock: Clock
) -> None:
    amplify.next_job(outcome="FAILED", step="BUILD", status_reason="Build failed", log=["npm error 1"])
    start(client)
    clock.now += 10
    job = get(client)
    assert job["summary"]["status"] == "FAILED"
    assert [step["status"] for step in job["steps"]] == ["FAILED", "CANCELLED", "CANCELLED"]
    assert job["steps"][0]["statusReason"] == "Build failed"
    text = log(amplify, job["steps"][0])
    assert "npm error 1" in text
    assert "\x1b[31m!!! Build failed" in text


def test_amplify_cancels_a_build_without_a_diff(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(outcome="NO_DIFF")
    start(client)
    clock.now += 10
    job = get(client)
    assert job["summary"]["status"] == "CANCELLED"
    assert job["steps"][0]["statusReason"] == "cancelled - no diff detected from previous commit"


def test_a_build_serves_a_page_that_says_what_was_built(client: Any, amplify: Amplify, clock: Clock) -> None:
    client.update_app(appId="d123", name="shop")
    start(client, commitId="a" * 40)
    clock.now += 10

    page = f"<!doctype html><title>shop</title><p>App d123, job 1, commit {'a' * 40}</p>"
    assert amplify.site("d123", "feature/x") == {"index.html": page.encode()}


@pytest.mark.parametrize("outcome", ["SUCCEED", "FAILED", "CANCELLED"])
def test_a_build_that_is_skipped_says_so_and_the_site_stays(
    client: Any, amplify: Amplify, clock: Clock, outcome: str
) -> None:
    start(client)
    clock.now += 10
    before = amplify.site("d123", "feature/x")
    amplify.next_job(skips_build=True, outcome=outcome, step="DEPLOY")
    start(client)
    clock.now += 10
    job = get(client, "2")
    assert job["summary"]["status"] == outcome
    assert "Skipping Frontend Build & Deploy, No changes detected" in log(amplify, job["steps"][0])
    assert amplify.site("d123", "feature/x") == before
    assert client.get_branch(**BRANCH)["branch"]["activeJobId"] == "1"


def test_only_the_log_may_say_that_there_was_no_diff(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(outcome="NO_DIFF", status_reason="", log=["no changes found for appRoot apps/web"])
    start(client)
    clock.now += 10
    job = get(client)
    assert job["summary"]["status"] == "CANCELLED"
    assert all("statusReason" not in step for step in job["steps"])
    assert "no changes found for appRoot apps/web" in log(amplify, job["steps"][0])


def test_a_job_may_end_as_a_word_that_the_model_does_not_know(
    client: Any, amplify: Amplify, clock: Clock
) -> None:
    amplify.next_job(outcome="ARCHIVED")
    start(client)
    clock.now += 10
    assert status(client) == "ARCHIVED"


def test_a_job_that_never_ends_can_be_stopped(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(never_ends=True)
    start(client)
    clock.now += 3600
    assert status(client) == "RUNNING"
    assert client.stop_job(**BRANCH, jobId="1")["jobSummary"]["status"] == "CANCELLING"
    clock.now += 1
    assert status(client) == "CANCELLED"
    assert [step["status"] for step in get(client)["steps"]] == ["CANCELLED"] * 3
    assert refused(client.stop_job, **BRANCH, jobId="1")[0] == "BadRequestException"


def test_a_stop_may_come_too_late(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(ignores_stop=True)
    start(client)
    clock.now += 9
    client.stop_job(**BRANCH, jobId="1")
    clock.now += 1
    assert status(client) == "SUCCEED"


def test_a_job_can_wait_in_the_queue_of_its_account(amplify: Amplify, clock: Clock) -> None:
    amplify.next_job(queue_seconds=100)
    job = amplify.start("d123", "feature/x")
    clock.now += 100
    assert job.status_at(clock.now) == "PENDING"
    clock.now += 10
    assert job.status_at(clock.now) == "SUCCEED"


def test_a_push_queues_behind_a_running_job_of_its_branch(amplify: Amplify, clock: Clock) -> None:
    amplify.start("d123", "feature/x")
    clock.now += 1
    pushed = amplify.push("d123", "feature/x", message="Second")
    assert pushed is not None
    clock.now += 8
    assert pushed.status_at(clock.now) == "PENDING"
    clock.now += 1 + 9.5
    assert [job.status_at(clock.now) for job in amplify.jobs()] == ["SUCCEED", "SUCCEED"]


def test_a_push_takes_a_pending_job_over(client: Any, amplify: Amplify) -> None:
    start(client, commitMessage="Fix\n[cfn x]")
    amplify.push("d123", "feature/x", message="Second")
    [job] = client.list_jobs(**BRANCH)["jobSummaries"]
    assert (job["jobId"], job["commitMessage"]) == ("1", "Second")
    assert job["commitId"] == amplify.branch("d123", "feature/x").tip


def test_a_push_starts_nothing_when_auto_build_is_off(client: Any, amplify: Amplify) -> None:
    client.update_branch(**BRANCH, enableAutoBuild=False)
    assert amplify.push("d123", "feature/x") is None


def test_jobs_are_listed_newest_first_in_pages(client: Any, clock: Clock) -> None:
    for _ in range(3):
        start(client)
        clock.now += 10
    pages = list(client.get_paginator("list_jobs").paginate(**BRANCH, PaginationConfig={"PageSize": 2}))
    assert [[job["jobId"] for job in page["jobSummaries"]] for page in pages] == [["3", "2"], ["1"]]


def test_apps_and_branches_are_listed_in_pages(client: Any, amplify: Amplify) -> None:
    amplify.create_app("elsewhere", app_id="deurope", region="eu-west-1")
    amplify.create_app("other", app_id="d124")
    amplify.create_branch("d123", "main")

    def pages(operation: str, key: str, name: str, **params: str) -> list[list[str]]:
        listed = client.get_paginator(operation).paginate(**params, PaginationConfig={"PageSize": 1})
        return [[each[name] for each in page[key]] for page in listed]

    assert pages("list_apps", "apps", "appId") == [["d123"], ["d124"]]
    assert pages("list_branches", "branches", "branchName", appId="d123") == [["feature/x"], ["main"]]


def test_a_deleted_job_is_gone_and_its_number_is_not_used_again(client: Any, clock: Clock) -> None:
    start(client)
    assert refused(client.delete_job, **BRANCH, jobId="1")[0] == "BadRequestException"
    clock.now += 10
    client.delete_job(**BRANCH, jobId="1")
    assert refused(client.get_job, **BRANCH, jobId="1")[0] == "NotFoundException"
    assert start(client)["jobId"] == "2"


def test_members_that_amplify_leaves_out_can_be_left_out(client: Any, amplify: Amplify, clock: Clock) -> None:
    amplify.behaviour.omits = frozenset({"commitMessage", "commitTime", "endTime"})
    start(client, commitMessage="x")
    clock.now += 10
    job = get(client)
    assert not set(job["summary"]) & amplify.behaviour.omits
    assert all("endTime" not in step for step in job["steps"])


# The model requires these: `jobType` is in no recorded answer, `startTime` in none of a pending job,
# `endTime` in none of a running one, and a deployment of files has no commit.
MAY_BE_MISSING = tuple(
    f'"{name}"' for name in ("jobType", "startTime", "endTime", "commitId", "commitMessage", "commitTime")
)


def test_every_answer_is_one_that_the_model_allows(client: Any, amplify: Amplify, clock: Clock) -> None:
    app = {"appId": client.create_app(name="shop", environmentVariables={"A": "b"})["app"]["appId"]}
    branch = {**app, "branchName": "main"}
    domain = {**app, "domainName": "shop.example"}
    setting = {"prefix": "www", "branchName": "main"}
    deployed = {**branch, "jobId": "1"}
    built = {**BRANCH, "jobId": "1"}
    for operation, params in (
        ("GetApp", app),
        ("UpdateApp", {**app, "platform": "WEB_COMPUTE"}),
        ("CreateBranch", branch),
        ("UpdateBranch", {**branch, "stage": "BETA"}),
        ("CreateDomainAssociation", {**domain, "subDomainSettings": [setting]}),
        ("UpdateDomainAssociation", {**domain, "enableAutoSubDomain": True}),
        ("GetDomainAssociation", domain),
        ("GetBranch", branch),
        ("ListApps", {}),
        ("ListBranches", app),
        ("CreateDeployment", branch),
        ("StartDeployment", deployed),
        ("StartJob", {**BRANCH, "jobType": "RELEASE"}),
        ("StopJob", deployed),
        ("GetJob", built),
        ("ListJobs", BRANCH),
        ("DeleteJob", deployed),
        ("DeleteDomainAssociation", domain),
        ("DeleteBranch", branch),
        ("DeleteApp", app),
    ):
        answer = getattr(client, xform_name(operation))(**params)
        answer.pop("ResponseMetadata")
        shape = service_model().operation_model(operation).output_shape
        assert shape
        wrong = [line for line in violations(answer, shape) if not line.endswith(MAY_BE_MISSING)]
        assert wrong == [], operation
        clock.now += 4
    assert {call.operation for call in amplify.calls} == {*OPERATIONS}


@pytest.mark.parametrize(
    ("params", "constraint"),
    [
        ({"jobType": "NOPE"}, "enum value set"),
        ({"jobType": "RELEASE", "jobReason": "x" * 256}, "length less than or equal to 255"),
        ({"jobType": "RELEASE", "jobId": "seven"}, r"regular expression pattern: \[0-9\]\+"),
        ({"jobType": "RELEASE", "appId": "x123"}, r"regular expression pattern: d\[a-z0-9\]\+"),
        ({"jobType": "RELEASE", "commitMessage": "x" * 10_001}, "length less than or equal to 10000"),
    ],
)
def test_what_the_model_forbids_is_refused(client: Any, params: dict[str, str], constraint: str) -> None:
    code, http, message = refused(client.start_job, **{**BRANCH, **params})
    assert (code, http) == ("BadRequestException", 400)
    assert re.search(constraint, message)


def test_a_body_without_the_job_type_or_without_json_is_refused(amplify: Amplify) -> None:
    path = "/apps/d123/branches/feature%2Fx/jobs"
    for body in (b"{}", b"<html>", b"[]"):
        response = amplify.handle(Request("POST", path, body=body))
        assert (response.status, response.headers["x-amzn-ErrorType"]) == (400, "BadRequestException")


def test_unknown_apps_branches_jobs_and_regions_are_not_found(client: Any, amplify: Amplify) -> None:
    not_found = "NotFoundException", 404
    assert refused(client.get_app, appId="dnope") == (*not_found, "App dnope not found.")
    assert refused(client.list_jobs, appId="d123", branchName="dev") == (*not_found, "Branch dev not found.")
    assert refused(client.get_job, **BRANCH, jobId="9")[:2] == not_found
    amplify.create_app("elsewhere", app_id="deurope", region="eu-west-1")
    assert refused(client.get_app, appId="deurope")[:2] == not_found


@pytest.mark.parametrize(
    ("mode", "code", "http"),
    [
        ("500", "InternalFailureException", 500),
        ("429", "TooManyRequestsException", 429),
        ("rate", "LimitExceededException", 429),
        ("denied", "AccessDeniedException", 403),
    ],
)
def test_a_request_can_be_made_to_fail(
    client: Any, amplify: Amplify, mode: Any, code: str, http: int
) -> None:
    amplify.fail("StartJob", mode=mode)
    assert refused(client.start_job, **BRANCH, jobType="RELEASE")[:2] == (code, http)
    assert amplify.jobs() == []
    assert start(client)["jobId"] == "1"


@pytest.mark.parametrize(("mode", "error"), [("timeout", ReadTimeoutError), ("reset", ConnectionClosedError)])
def test_a_request_can_take_effect_and_lose_its_answer(
    client: Any, amplify: Amplify, mode: Any, error: type[Exception]
) -> None:
    amplify.fail("StartJob", mode=mode, applied=True)
    with pytest.raises(error):
        start(client)
    assert len(amplify.jobs()) == 1
    assert [(call.operation, call.error) for call in amplify.calls] == [("StartJob", mode)]


def test_a_fault_can_wait_for_its_turn_and_strike_more_than_once(client: Any, amplify: Amplify) -> None:
    amplify.fail("ListJobs", mode="500", times=2, after=1)
    answers = []
    for _ in range(4):
        try:
            client.list_jobs(**BRANCH)
            answers.append("ok")
        except ClientError:
            answers.append("500")
    assert answers == ["ok", "500", "500", "ok"]


def test_a_malformed_answer_is_no_json(client: Any, amplify: Amplify) -> None:
    amplify.fail("GetApp", mode="malformed")
    assert "app" not in client.get_app(appId="d123")


def test_every_call_is_recorded(client: Any, amplify: Amplify, clock: Clock) -> None:
    start(client, commitMessage="x")
    call = amplify.calls[0]
    assert call.operation == "StartJob"
    assert call.params == {**BRANCH, "jobType": "RELEASE", "commitMessage": "x"}
    assert (call.time, call.status, call.access_key) == (clock.now, 200, "AKIDEXAMPLE")
    assert amplify.count("GetJob") == 0


def test_every_pattern_of_the_model_is_understood() -> None:
    for name in service_model().shape_names:
        shape = service_model().shape_for(name)
        if shape.type_name == "string":
            violations("x", shape)
