"""What is done about the job that keeps a request from starting its own. Nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from decisions import job, task

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.mark import Mark, resource_digest
from amplify_job.cloudformation.stack import Kind, Look
from amplify_job.decide.next_step import next_step
from amplify_job.decide.state import Blocked, Deployment, State
from amplify_job.decide.steps import Do, Fail, Next, Seen, StartJob, Step, StopJob, Wait
from amplify_job.outcomes import BranchBusy

OPERATION = 9_000.0  # when the stack's operation began
NOW = 10_000.0
POLICIES = ("WAIT", "STOP", "JOIN", "FAIL")
WORDS = "The requested branch main already have pending or running jobs"
FILES: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["1.zip"]}
MARK = task().mark
ANOTHERS = MARK._replace(resource=resource_digest("another stack", "Site"), fingerprint="1a", request="2")


def step_of(*jobs: Job, asked: dict[str, Any] | None = None, **state: Any) -> Step:
    """The step that is decided from these jobs, after Amplify has refused to start one."""
    look = Look(Kind.FORWARD, "UPDATE_IN_PROGRESS", OPERATION, at=NOW)
    before = State(NOW - 50, NOW - 50, NOW - 50, look=look, blocked=Blocked(True, WORDS, "1", NOW - 50))
    return next_step(task(**(asked or {})), before._replace(**state), Seen(NOW, jobs, files_open=True))


def done(step: Step) -> str:
    """What a step does about job 1, in a word."""
    match step:
        case Wait(state=None):
            return "wait"
        case StopJob("1"):
            return "stop"
        case Fail(BranchBusy()):
            return "fail"
        case Next(said="joined", job=Job(id="1"), state=State() as state):
            assert (state.job.id, state.job.mine) == ("1", False)
            return "join"
    raise AssertionError(step)


def of_before(status: str = "RUNNING", mark: Mark | None = None, **more: Any) -> Job:
    """A job from before the stack's operation."""
    return job(1, status, began=OPERATION - 1, mark=mark, **more)


def of_now(status: str = "RUNNING", mark: Mark | None = None, **more: Any) -> Job:
    """A job that has begun in the stack's operation."""
    return job(1, status, began=OPERATION, mark=mark, **more)


OURS = MARK._replace(fingerprint="1a", request="2")  # a mark of this resource, but of another request
A_BUILD = {
    # for each policy: WAIT, STOP, JOIN, FAIL
    "somebody's build": (of_before(), "wait stop join fail"),
    "somebody's build, in a status that nobody knows": (of_before("A_NEW_WORD"), "wait stop join fail"),
    "a push's build in this operation": (of_now(jobType="RELEASE"), "wait stop join fail"),
    "a build that has not begun": (job(1, "PENDING", began=None), "wait wait join fail"),
    "a build that is being cancelled": (of_before("CANCELLING"), "wait wait wait fail"),
    "this resource's build of before": (of_before(mark=OURS), "wait stop wait fail"),
    "this resource's build in this operation": (of_now(mark=OURS), "wait wait wait fail"),
    "another resource's build of before": (of_before(mark=ANOTHERS), "wait stop join fail"),
    "another resource's build in this operation": (of_now(mark=ANOTHERS), "wait wait join fail"),
    "somebody's deployment in this operation": (of_now(jobType="MANUAL"), "wait stop join fail"),
    "a deployment that nobody starts": (
        job(1, "CREATED", began=None, jobType="MANUAL"),
        "wait wait join fail",
    ),
}
A_DEPLOYMENT = {
    "somebody's deployment": (of_before(jobType="MANUAL"), "wait stop join fail"),
    "a deployment in this operation, perhaps its own": (of_now(jobType="MANUAL"), "wait wait join wait"),
    "the same, and Amplify does not say its type": (of_now(), "wait wait join wait"),
    "a deployment that is not started": (
        job(1, "CREATED", began=None, jobType="MANUAL"),
        "wait wait wait wait",
    ),
    "a push's build in this operation": (of_now(jobType="RELEASE"), "wait stop join fail"),
    "another resource's build in this operation": (of_now(mark=ANOTHERS), "wait wait join fail"),
}


@pytest.mark.parametrize(
    ("asked", "in_the_way", "policy", "wanted"),
    [
        pytest.param(asked, in_the_way, policy, wanted, id=f"{what}, in the way: {case}, {policy}")
        for what, asked, rows in (("a build", {}, A_BUILD), ("files", FILES, A_DEPLOYMENT))
        for case, (in_the_way, words) in rows.items()
        for policy, wanted in zip(POLICIES, words.split(), strict=True)
    ],
)
def test_what_is_done_about_a_job_in_the_way(
    asked: dict[str, Any], in_the_way: Job, policy: str, wanted: str
) -> None:
    assert done(step_of(in_the_way, asked={**asked, "WhenBusy": policy})) == wanted


@pytest.mark.parametrize("policy", ["WAIT", "STOP", "JOIN"])
def test_a_job_that_was_told_to_stop_is_waited_for(policy: str) -> None:
    assert step_of(of_before(), asked={"WhenBusy": policy}, stopped=("1",)) == Wait()


def test_where_the_beginning_of_the_operation_is_not_known_no_job_with_a_mark_is_stopped() -> None:
    unknown = Look(Kind.FORWARD, "", 0, at=NOW)
    stop = {"WhenBusy": "STOP"}
    assert step_of(of_before(mark=ANOTHERS), asked=stop, look=unknown) == Wait()
    assert step_of(of_before(), asked=stop, look=unknown) == StopJob("1")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("seconds", "wanted"), [(299, Wait()), (300, StopJob("1"))])
def test_files_stop_a_deployment_that_stays_unstarted_for_five_minutes(
    policy: str, seconds: float, wanted: Step
) -> None:
    left = job(1, "CREATED", began=None, jobType="MANUAL")
    seen_first = Blocked(True, WORDS, "1", NOW - seconds)
    assert step_of(left, asked={**FILES, "WhenBusy": policy}, blocked=seen_first) == wanted


def test_a_build_never_stops_an_unstarted_one() -> None:
    left = job(1, "CREATED", began=None, jobType="MANUAL")
    assert step_of(left, blocked=Blocked(True, WORDS, "1", 0)) == Wait()


def test_the_time_of_a_job_in_the_way_counts_from_when_it_was_first_seen() -> None:
    step = step_of(of_before(), blocked=Blocked(True, WORDS, "7", NOW - 400))
    assert isinstance(step, Next)
    assert step.state.blocked == Blocked(True, WORDS, "1", NOW)
    assert (step.said, step.job) == ("waiting for another job", of_before())


def test_the_request_s_own_deployment_is_not_in_its_way() -> None:
    mine, ends = job(1, "CREATED", began=None, jobType="MANUAL"), {"TimeoutSeconds": "60"}
    step = step_of(mine, asked=FILES | ends, deployment=Deployment("1"), requested=NOW - 60)
    assert isinstance(step, Fail)
    assert "job 1" not in step.failure.reason


def test_before_a_refusal_the_list_is_not_searched_for_a_job_in_the_way() -> None:
    for policy in POLICIES:
        asked = {"WhenBusy": policy}
        assert isinstance(step_of(of_now(), asked=asked, blocked=Blocked()), StartJob)
        assert step_of(of_now(), asked={**FILES, **asked}, blocked=Blocked()) is Do.CREATE_DEPLOYMENT


@pytest.mark.parametrize("policy", POLICIES)
def test_once_no_job_is_in_the_way_any_more_the_start_is_tried_again_after_a_pause(policy: str) -> None:
    ended = job(1, "FAILED")
    step = step_of(ended, asked={"WhenBusy": policy})
    assert isinstance(step, Wait)
    assert step.state
    assert step.state.blocked == Blocked(False, WORDS, "1", NOW - 50)


@pytest.mark.parametrize(
    ("words", "by", "reason"),
    [
        (WORDS, "", f"BRANCH_BUSY: {WORDS} (WhenBusy is FAIL)"),
        (WORDS, "1", ""),  # that job was waited for, and has ended
        ("", "", ""),  # throttled
    ],
)
def test_fail_takes_amplify_s_words_for_a_job_that_is_not_listed(words: str, by: str, reason: str) -> None:
    step = step_of(asked={"WhenBusy": "FAIL"}, blocked=Blocked(True, words, by))
    assert (step.failure.reason if isinstance(step, Fail) else "") == reason


@pytest.mark.parametrize("words", [WORDS, ""])
def test_fail_names_the_job_in_the_way(words: str) -> None:
    step = step_of(of_before(), asked={"WhenBusy": "FAIL"}, blocked=Blocked(True, words))
    assert isinstance(step, Fail)
    said = words or "branch main of app d1a2b3c4 is busy"
    assert step.failure.reason == f"BRANCH_BUSY: {said}: job 1 is RUNNING (WhenBusy is FAIL)"


def test_nothing_is_started_or_stopped_without_a_fresh_look_at_the_stack() -> None:
    old = Look(Kind.FORWARD, "", OPERATION, at=NOW - 6)
    sent = Deployment("1", uploaded=True)
    assert step_of(look=old, blocked=Blocked()) is Do.READ_STACK
    assert step_of(of_before(), asked={"WhenBusy": "STOP"}, look=old) is Do.READ_STACK
    assert step_of(asked=FILES, look=old, blocked=Blocked()) is Do.READ_STACK
    assert step_of(asked=FILES, look=old, deployment=sent) is Do.READ_STACK


# A deployment that this request has created


UNSENT, SENT = Deployment("1"), Deployment("1", uploaded=True)


@pytest.mark.parametrize(
    ("deployment", "listed", "url", "wanted"),
    [
        (UNSENT, job(1, "CREATED", began=None), "https://upload", Do.SEND_FILES),
        (UNSENT, None, "https://upload", Do.SEND_FILES),
        (UNSENT, job(1, "CREATED", began=None), "", StopJob("1")),  # its URL is lost
        (SENT, job(1, "CREATED", began=None), "", Do.START_DEPLOYMENT),
        (SENT, None, "", Do.START_DEPLOYMENT),  # the list may lag behind
        (SENT, job(1, "RUNNING"), "", "started"),
        (SENT, job(1, "SUCCEED"), "", "started"),
        (SENT, job(1, "FAILED", began=None), "", "started"),
        (SENT, job(1, "CANCELLED", began=None), "", "stopped by somebody"),
        (SENT, job(1, "CANCELLING", began=None), "", "stopped by somebody"),
    ],
)
def test_a_deployment_is_sent_its_files_and_started(
    deployment: Deployment, listed: Job | None, url: str, wanted: Any
) -> None:
    look = Look(Kind.FORWARD, "UPDATE_IN_PROGRESS", OPERATION, at=NOW)
    state = State(NOW - 50, NOW - 50, NOW - 50, look=look, deployment=deployment)
    others = job(9, "RUNNING")
    seen = Seen(NOW, [others, listed] if listed else [others], files_open=True, upload_url=url)
    step = next_step(task(**FILES), state, seen)
    if not isinstance(step, Next):
        assert step == wanted
        return
    assert (step.said, step.state.deployment) == (wanted, Deployment())
    assert step.state.job.id == ("1" if wanted == "started" else "")
    assert step.state.job.mine is (wanted == "started")


def test_files_are_opened_before_a_deployment_is_created() -> None:
    state = State(NOW, NOW, NOW, look=Look(Kind.FORWARD, "", OPERATION, at=NOW))
    assert next_step(task(**FILES), state, Seen(NOW, [])) is Do.OPEN_FILES
    assert next_step(task(**FILES), state, Seen(NOW, [], files_open=True)) is Do.CREATE_DEPLOYMENT
