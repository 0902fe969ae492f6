"""What a Create, or the Update of a deploy, does next: its job, and the job's end. Nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from decisions import job, task

from amplify_job.amplify.job import SKIPPED_BUILD, Job
from amplify_job.cloudformation.request import Task
from amplify_job.cloudformation.stack import Kind, Look
from amplify_job.decide.create_or_update import seconds_until_next_look
from amplify_job.decide.next_step import next_step
from amplify_job.decide.state import Blocked, Followed, State, TimedOut
from amplify_job.decide.steps import (
    Answer,
    Do,
    Fail,
    LookAtSite,
    Next,
    ReadJob,
    ReadJobs,
    Seen,
    StartJob,
    Step,
    StopJob,
    Wait,
)
from amplify_job.outcomes import JobFailed

SENT = 1_000.0
NOW = SENT + 30
END = SENT + 600
FILES: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["1.zip"]}
CONSOLE = "https://eu-west-1.console.aws.amazon.com/amplify/apps/d1a2b3c4/branches/main/deployments"
JOB = "job 3 of branch main of app d1a2b3c4"
FAILED = JobFailed("why")
SKIPPED = (
    "Amplify has skipped the build, as nothing in the repository has changed: "
    "set the branch's environment variable AMPLIFY_DIFF_DEPLOY to false"
)


def create(**properties: Any) -> Task:
    return task("Create", TimeoutSeconds="600", **properties)


def update(old: dict[str, Any] | None = None, **properties: Any) -> Task:
    same = {"TimeoutSeconds": "600"}
    return task("Update", old=None if old is None else {**same, **old}, **same, **properties)


def step_of(asked: Task, *, at: float = NOW, seen: dict[str, Any] | None = None, **state: Any) -> Step:
    look = Look(Kind.FORWARD, "UPDATE_IN_PROGRESS", SENT - 10, at=at)
    before = State(SENT, SENT, SENT, look=look)._replace(**state)
    return next_step(asked, before, Seen(at)._replace(**(seen or {})))


def following(asked: Task, followed: Job | None, *, mine: bool = True, **more: Any) -> Step:
    """The step once the request follows job 3."""
    seen = {"job": followed, **more.pop("seen", {})}
    return step_of(asked, seen=seen, job=Followed("3", mine, SENT), **more)


def reason(step: Step) -> str:
    assert isinstance(step, Fail)
    return step.failure.reason


# One job


@pytest.mark.parametrize("asked", [create(), update(old={"Nonce": "1"})])
def test_the_job_of_the_request_is_looked_for_and_else_one_is_started(asked: Task) -> None:
    assert step_of(asked) == ReadJobs(SENT)
    mine = job(3, "RUNNING", mark=asked.mark)
    found = step_of(asked, seen={"jobs": [job(4), mine]}, last_error="slow down")
    assert isinstance(found, Next)
    assert (found.said, found.job, found.state.job) == ("adopted", mine, Followed("3", True, NOW))
    assert found.state.last_error == ""
    others = asked.mark._replace(request="2")
    started = step_of(asked, seen={"jobs": [job(4), job(3, mark=others)]})
    assert isinstance(started, StartJob)
    assert started.fields == {
        "jobType": "RELEASE",
        "commitMessage": asked.mark.sign("Started by CloudFormation stack shop (Site)"),
    }


def test_files_are_not_looked_for_by_a_mark() -> None:
    asked = create(**FILES)
    assert step_of(asked, seen={"jobs": [job(3, "RUNNING", mark=asked.mark)]}) is Do.OPEN_FILES


def test_an_update_looks_at_the_stack_before_anything_else() -> None:
    assert step_of(update(), look=None) is Do.READ_STACK


def test_a_look_at_the_stack_is_good_for_five_seconds() -> None:
    look = Look(Kind.FORWARD, "", SENT, at=NOW - 5)
    assert isinstance(step_of(create(), seen={"jobs": []}, look=look), StartJob)
    assert step_of(create(), seen={"jobs": []}, look=look._replace(at=NOW - 5.1)) is Do.READ_STACK


def test_after_the_end_the_job_of_the_request_is_found_all_the_same() -> None:
    mine = job(3, mark=create().mark)
    assert isinstance(step_of(create(), at=END + 99, seen={"jobs": [mine]}), Next)


WORDS = "The requested branch main already have pending or running jobs"
NAMED = "branch main of app d1a2b3c4"


@pytest.mark.parametrize(
    ("blocked", "last_error", "running", "told"),
    [
        (
            Blocked(),
            "",
            False,
            f"AMPLIFY_ERROR: no job could be started on {NAMED} in time: the timeout has passed",
        ),
        (
            Blocked(),
            "slow down",
            True,
            f"AMPLIFY_ERROR: no job could be started on {NAMED} in time: slow down",
        ),
        (
            Blocked(words=WORDS),
            "slow down",
            True,
            f"BRANCH_BUSY: {WORDS} until the timeout (WhenBusy is WAIT)",
        ),
        (
            Blocked(True, WORDS),
            "",
            True,
            f"BRANCH_BUSY: {WORDS}: job 2 was still RUNNING at the timeout (WhenBusy is WAIT)",
        ),
        (Blocked(True, WORDS), "", False, f"BRANCH_BUSY: {WORDS} until the timeout (WhenBusy is WAIT)"),
        (
            Blocked(True),
            "slow down",
            True,
            f"BRANCH_BUSY: {NAMED} is busy: job 2 was still RUNNING at the timeout (WhenBusy is WAIT)",
        ),
        (
            Blocked(True),
            "slow down",
            False,
            f"AMPLIFY_ERROR: no job could be started on {NAMED} in time: slow down",
        ),
    ],
)
@pytest.mark.parametrize("asked", [create(), create(**FILES)], ids=["build", "files"])
def test_nothing_is_started_after_the_end(
    asked: Task, blocked: Blocked, last_error: str, running: bool, told: str
) -> None:
    seen = {"jobs": [job(2, "RUNNING" if running else "SUCCEED")]}
    assert reason(step_of(asked, at=END, seen=seen, blocked=blocked, last_error=last_error)) == told
    assert not isinstance(step_of(asked, at=END - 1, seen=seen, blocked=blocked), Fail)


# Its end


RUNNING = job(3, "RUNNING", began=SENT)


def test_the_job_is_read_until_it_ends() -> None:
    assert following(create(), None) == ReadJob("3")
    assert following(create(), RUNNING) == Wait(2)
    assert following(create(), RUNNING, at=END - 1) == Wait(2)
    assert following(create(), job(3)) == Answer(job(3))
    assert following(create(), job(3, "FAILED"), seen={"verdict": FAILED}) == Fail(FAILED)
    late = following(create(), job(3, "FAILED"), at=END + 99, seen={"verdict": FAILED})
    assert late == Fail(FAILED), "a late delivery judges the job, too"


@pytest.mark.parametrize("status", ["CREATED", "PENDING", "CANCELLING", "success", "A_NEW_WORD"])
def test_any_other_status_is_no_end(status: str) -> None:
    assert isinstance(following(create(), job(3, status)), Wait)


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "SUCCEED"])
def test_without_wait_the_job_s_end_is_of_no_interest(status: str) -> None:
    seen = {"verdict": FAILED}
    assert following(create(Wait="false"), job(3, status), seen=seen, at=END + 9) == Answer(job(3, status))


def steps(running: str) -> list[dict[str, str]]:
    return [{"stepName": running, "status": "RUNNING"}]


@pytest.mark.parametrize(
    ("step", "seconds", "wanted"),
    [
        ("", 0, 2),
        ("PROVISIONING", 0, 1),
        ("PROVISIONING", 4, 2),
        ("BUILD", 5, 2),
        ("BUILD", 6, 3),
        ("BUILD", 8, 4),
        ("BUILD", 600, 4),
        ("DEPLOY", 600, 1),
        ("VERIFY", 600, 1),
        ("A_NEW_WORD", 600, 2),
    ],
)
def test_the_job_is_looked_at_seldom_while_it_builds_and_often_while_it_deploys(
    step: str, seconds: float, wanted: float
) -> None:
    running = Job.read({"jobId": "3", "status": "RUNNING"}, steps(step) if step else [])
    shown = running._replace(started=job(3, began=NOW - seconds).started)
    assert seconds_until_next_look(shown, NOW) == wanted
    if step == "BUILD":  # Amplify may not say when it has begun
        assert seconds_until_next_look(running, NOW) == 4


# The end of its time


def test_at_the_end_the_step_is_noted_in_which_the_job_was() -> None:
    deploys = Job.read({"jobId": "3", "status": "RUNNING"}, steps("DEPLOY"))
    step = following(create(), deploys, at=END)
    assert isinstance(step, Next)
    assert (step.state.timed_out, step.said) == (TimedOut(END, "DEPLOY"), "timed out")


OVER = TimedOut(END, "BUILD")


@pytest.mark.parametrize(
    ("status", "stopped", "wanted"),
    [
        ("RUNNING", (), StopJob("3")),
        ("RUNNING", ("3",), Wait()),
        ("CANCELLING", (), Wait()),
        ("SUCCEED", ("3",), Answer(job(3))),
    ],
)
def test_a_job_whose_time_is_over_is_stopped_and_may_still_succeed(
    status: str, stopped: tuple[str, ...], wanted: Step
) -> None:
    assert following(create(), job(3, status), at=END + 19, timed_out=OVER, stopped=stopped) == wanted


def test_a_job_that_succeeds_too_late_is_judged_as_any_other() -> None:
    step = following(create(), job(3), at=END + 5, timed_out=OVER, seen={"verdict": FAILED})
    assert step == Fail(FAILED)


@pytest.mark.parametrize(
    ("mine", "status", "stopped", "at", "what"),
    [
        (True, "CANCELLED", True, 1, "it was stopped"),
        (True, "FAILED", True, 1, "it was told to stop and FAILED"),
        (True, "RUNNING", True, 20, "it was told to stop and was still RUNNING 20 seconds later"),
        (True, "CANCELLING", True, 20, "it was told to stop and was still CANCELLING 20 seconds later"),
        (True, "RUNNING", False, 20, "it could not be stopped"),
        (False, "RUNNING", False, 0, "it is somebody else's and goes on"),
        (False, "FAILED", False, 0, "it is somebody else's and goes on"),
    ],
)
@pytest.mark.parametrize("error", ["", "slow down"])
@pytest.mark.parametrize("skipped", ["", SKIPPED_BUILD])
def test_a_job_that_timed_out_is_told(
    mine: bool, status: str, stopped: bool, at: float, what: str, error: str, skipped: str
) -> None:
    step = following(
        create(),
        job(3, status),
        mine=mine,
        at=END + at,
        timed_out=OVER,
        stopped=("3",) if stopped else (),
        last_error=error,
        seen={"skipped": skipped, "verdict": FAILED},
    )
    because = " (Amplify's last error: slow down)" if error else ""
    note = f"{SKIPPED}. " if skipped else ""
    assert reason(step) == (
        f"JOB_TIMED_OUT: {JOB} had not ended after 600 seconds; {what}{because}. "
        f"When the time was over, it was in BUILD. {note}See {CONSOLE}"
    )


# A job that has built nothing


def settings(value: str) -> dict[str, Any]:
    variables = [{"Name": "API", "Value": value}]
    return {"BuildSettings": {"Branch": {"EnvironmentVariables": variables}}}


NO_DIFF = "no diff detected from previous commit"
OTHERS: dict[str, Any] = {"old": {"Nonce": "1"}}
TRIGGERS: dict[str, Any] = {"Triggers": {"api": "2"}}


@pytest.mark.parametrize(
    ("asked", "skipped", "older", "lacking"),
    [
        (update(**OTHERS), SKIPPED_BUILD, [job(2)], ""),
        (update(**OTHERS), SKIPPED_BUILD, [job(4), job(2, "FAILED"), job(1)], ""),
        (update(**OTHERS), SKIPPED_BUILD, [job(2, "FAILED")], "any build"),
        (update(**OTHERS), SKIPPED_BUILD, [job(4), job(3)], "any build"),
        (update(**OTHERS), NO_DIFF, [], ""),  # such words say that there is something
        (update(**OTHERS, **TRIGGERS), SKIPPED_BUILD, [job(2)], "what Triggers name"),
        (update(**OTHERS, **TRIGGERS), NO_DIFF, [job(2)], "what Triggers name"),
        (
            update(old=settings("1"), **settings("2")),
            SKIPPED_BUILD,
            [job(2)],
            "the changed settings of the branch",
        ),
        (update(old={**settings("1"), "Nonce": "1"}, **settings("1")), SKIPPED_BUILD, [job(2)], ""),
        (update(**settings("1")), NO_DIFF, [job(2)], "the changed settings of the branch"),  # repeated
        (update(old=settings("1")), SKIPPED_BUILD, [job(2)], ""),  # none any more
        (create(**settings("1")), SKIPPED_BUILD, [job(2)], ""),
    ],
)
@pytest.mark.parametrize("status", ["SUCCEED", "CANCELLED"])
def test_a_skipped_build_is_a_success_where_the_site_is_as_wanted(
    asked: Task, skipped: str, older: list[Job], lacking: str, status: str
) -> None:
    seen = {"skipped": skipped, "jobs": older, "all_jobs": True}
    step = following(asked, job(3, status), seen=seen, renew=True)
    if not lacking:
        assert step == Answer(job(3, status))
        return
    assert reason(step) == (
        f"JOB_CANCELLED: {JOB} leaves the site without {lacking}. {SKIPPED}. See {CONSOLE}"
    )


def test_whether_there_was_a_build_is_told_by_all_jobs() -> None:
    seen = {"skipped": SKIPPED_BUILD, "jobs": [job(3)]}
    assert following(create(), job(3), seen=seen) == ReadJobs()


def test_a_job_that_fails_for_want_of_a_build_has_failed() -> None:
    seen = {"skipped": SKIPPED_BUILD, "verdict": FAILED}
    assert following(create(), job(3, "FAILED"), seen=seen) == Fail(FAILED)


# An Update that changes nothing


OURS = update(WhenBusy="FAIL").mark._replace(request="2")  # of an earlier request
SAME = update(old={"WhenBusy": "STOP"}, WhenBusy="FAIL")  # nothing that starts a job has changed
REPEATED = update(WhenBusy="FAIL")


def test_an_update_that_changes_nothing_looks_for_the_newest_job_of_its_version() -> None:
    assert step_of(SAME) == ReadJobs()
    others = [job(6), job(5, mark=OURS._replace(resource="0a")), job(4, mark=OURS._replace(fingerprint="1a"))]
    listed = [*others, job(3, mark=OURS), job(2, mark=OURS)]
    assert step_of(SAME, seen={"jobs": listed}) == ReadJob("3")
    assert step_of(SAME, seen={"jobs": listed, "job": listed[3]}) == Answer(listed[3])


def test_it_waits_for_one_that_still_runs() -> None:
    running = job(3, "RUNNING", mark=OURS)
    step = step_of(SAME, seen={"jobs": [running]})
    assert isinstance(step, Next)
    assert (step.state.job, step.said) == (Followed("3", True, NOW), "waited for")


@pytest.mark.parametrize("asked", [SAME, REPEATED])
def test_one_that_was_no_success_is_followed_by_another_one(asked: Task) -> None:
    failed = job(3, "FAILED", mark=OURS)
    step = step_of(asked, seen={"jobs": [failed], "job": failed, "verdict": FAILED})
    assert isinstance(step, Next)
    assert (step.state.renew, step.said) == (True, "no success")
    assert step_of(asked, renew=True) == ReadJobs(SENT)
    assert isinstance(step_of(asked, seen={"jobs": [failed]}, renew=True), StartJob)


def test_one_that_has_built_nothing_is_judged_by_all_jobs() -> None:
    skipped = job(3, mark=OURS)
    seen = {"jobs": [skipped], "job": skipped, "skipped": SKIPPED_BUILD}
    assert step_of(SAME, seen=seen) == ReadJobs()
    step = step_of(SAME, seen={**seen, "all_jobs": True})
    assert isinstance(step, Next)
    assert step.state.renew


def _same_files(repeated: bool) -> Task:
    return update(old=None if repeated else {**FILES, "WhenBusy": "STOP"}, **FILES)


@pytest.mark.parametrize(
    ("asked", "newest", "renews"),
    [
        (SAME, "SUCCEED", False),
        (SAME, "FAILED", False),  # somebody else's
        (SAME, "", False),
        (REPEATED, "SUCCEED", True),
        (REPEATED, "", True),
        (_same_files(False), "SUCCEED", False),
        (_same_files(False), "FAILED", True),
        (_same_files(False), "CANCELLED", True),
        (_same_files(False), "RUNNING", False),
        (_same_files(False), "", False),
        (_same_files(True), "SUCCEED", True),
    ],
)
def test_where_no_job_of_its_version_is_listed_one_is_started_only_if_need_be(
    asked: Task, newest: str, renews: bool
) -> None:
    listed = [job(3, newest)] if newest else []
    step = step_of(asked, seen={"jobs": [*listed, job(2)] if newest else []})
    if renews:
        assert isinstance(step, Next)
        assert step.state.renew
    else:  # what the site serves is described
        assert step == Answer((job(3) if newest == "SUCCEED" else job(2)) if newest else None)


# The smoke test


TESTED: dict[str, Any] = {"SmokeTestPath": "/", "SmokeTestSeconds": "60"}


def checked(flaw: str | None, *, at: float = NOW, **state: Any) -> Step:
    return following(create(**TESTED), job(3), at=at, seen={"flaw": flaw}, **state)


def test_the_site_is_looked_at_until_it_is_as_wanted() -> None:
    step = checked(None)
    assert isinstance(step, LookAtSite)
    assert (step.wanted.path, step.wanted.seconds) == ("/", 60)
    assert checked("it is not", checking_since=NOW) == Wait(5)
    assert checked("it is not", at=NOW + 59, checking_since=NOW) == Wait(5)
    assert checked("", at=NOW + 60, checking_since=NOW) == Answer(job(3))


@pytest.mark.parametrize(
    ("since", "at"),
    [
        (NOW, NOW + 60),
        (END - 10, END),  # the time of the request goes before that of the test
    ],
)
@pytest.mark.parametrize("warning", ["", "all files are in a folder"])
def test_a_site_that_is_never_as_wanted_fails_the_request(since: float, at: float, warning: str) -> None:
    step = checked("it is not", at=at, checking_since=since, files_warning=warning)
    note = f". Note that {warning}" if warning else ""
    assert reason(step) == f"SITE_CHECK_FAILED: it is not{note}. See {CONSOLE}"


@pytest.mark.parametrize(
    ("old", "looks"),
    [
        (TESTED, False),  # nothing is new
        ({}, True),
        ({**TESTED, "SmokeTestPath": "/health"}, True),
    ],
)
def test_an_update_that_starts_no_job_looks_at_the_site_if_the_test_is_new(
    old: dict[str, Any], looks: bool
) -> None:
    served = job(3, mark=OURS)
    asked = update(old={**old, "WhenBusy": "STOP"}, **TESTED)
    step = step_of(asked, seen={"jobs": [served], "job": served})
    assert isinstance(step, LookAtSite) is looks
    without_a_job = step_of(update(old=old | FILES, **TESTED, **FILES), seen={"jobs": [served]})
    assert isinstance(without_a_job, LookAtSite) is looks or old == TESTED


def test_an_update_that_is_sent_again_looks_at_the_site_again() -> None:
    served = job(3, mark=OURS)
    assert isinstance(step_of(update(**TESTED), seen={"jobs": [served], "job": served}), LookAtSite)
