"""The reason of a failure: one paragraph that a person can act on."""

from __future__ import annotations

import pytest
from simulated import APP_ID, BRANCH, PHYSICAL_ID, World

CONSOLE = f"https://us-east-1.console.aws.amazon.com/amplify/apps/{APP_ID}/branches/main/deployments"
SEE = f". See {CONSOLE}"
JOB = "job 1 of branch main of app d1a2b3c4"


def test_a_failed_job_is_told_with_step_reason_log_and_link(world: World) -> None:
    world.amplify.next_job(outcome="FAILED", status_reason="exit status 1", log=("npm ERR! missing script",))
    answer = world.request(world.event("Create", FailureLogLines="6"))
    assert answer.reason == (
        f"JOB_FAILED: {JOB} failed in step BUILD: exit status 1. Its log ends: "
        "Cloning into 'site'... | # Starting phase: preBuild | # Executing command: npm ci | "
        f"# Starting phase: build | npm ERR! missing script | !!! Error: Command failed with exit code 1{SEE}"
    )


@pytest.mark.parametrize("said", ["exit code 1.", "\x1b[31mexit code 1\x1b[0m", " exit code 1 . "])
def test_amplifys_own_reason_is_told_without_its_full_stop_and_colours(world: World, said: str) -> None:
    world.amplify.next_job(outcome="FAILED", status_reason=said)
    answer = world.request(world.event("Create", FailureLogLines="0"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed in step BUILD: exit code 1{SEE}"


@pytest.mark.parametrize("step", ["BUILD", "DEPLOY", "VERIFY"])
def test_the_failed_step_is_the_one_whose_log_is_read(world: World, step: str) -> None:
    world.amplify.next_job(outcome="FAILED", step=step)
    answer = world.request(world.event("Create"))
    assert f"failed in step {step}. Its log ends: " in answer.reason
    assert f"/{step}/log.txt" in world.log_reads[-1].full_url


@pytest.mark.parametrize(("lines", "quoted"), [("1", 1), ("3", 3), ("50", 7)])
def test_so_many_lines_of_the_log_are_quoted(world: World, lines: str, quoted: int) -> None:
    world.amplify.next_job(outcome="FAILED")
    answer = world.request(world.event("Create", FailureLogLines=lines))
    assert answer.reason.count(" | ") == quoted - 1


def test_without_lines_wanted_none_is_told(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    answer = world.request(world.event("Create", FailureLogLines="0"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed in step BUILD{SEE}"


def test_a_log_that_is_not_there_changes_nothing_else(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    world.amplify.logs_at = "https://evil.example"
    answer = world.request(world.event("Create"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed in step BUILD{SEE}"
    assert world.log_reads == []
    assert {"decision": "log unreadable", "step": "BUILD", "error": "Untrusted"} in world.decisions


def test_the_step_that_has_a_reason_is_preferred(world: World) -> None:
    # given two steps that failed
    world.amplify.next_job(outcome="FAILED", step="DEPLOY", status_reason="the cause")
    job_steps = world.amplify.job
    world.amplify.job = lambda *where: _all_failed(job_steps(*where))  # type: ignore[method-assign, assignment]
    answer = world.request(world.event("Create", FailureLogLines="0"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed in step DEPLOY: the cause{SEE}"


def test_a_failed_job_without_steps_is_told_without_them(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    job = world.amplify.job
    world.amplify.job = lambda *where: _without_steps(job(*where))  # type: ignore[method-assign, assignment]
    answer = world.request(world.event("Create"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed{SEE}"


def test_the_reason_of_a_step_that_succeeded_is_not_told(world: World) -> None:
    world.amplify.next_job(outcome="FAILED", step="DEPLOY")
    job = world.amplify.job
    world.amplify.job = lambda *where: _first_step_has_a_reason(job(*where))  # type: ignore[method-assign, assignment]
    answer = world.request(world.event("Create", FailureLogLines="0"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed in step DEPLOY{SEE}"


def test_a_failed_step_without_a_name_is_told_without_it(world: World) -> None:
    world.amplify.next_job(outcome="FAILED", status_reason="exit status 1")
    world.amplify.behaviour.omits = frozenset({"stepName"})
    answer = world.request(world.event("Create", FailureLogLines="0"))
    assert answer.reason == f"JOB_FAILED: {JOB} failed: exit status 1{SEE}"


def test_a_cancelled_job_is_told_with_amplifys_reason(world: World) -> None:
    world.amplify.next_job(outcome="CANCELLED", status_reason=" stopped by the budget \n")
    answer = world.request(world.event("Create"))
    assert answer.reason == f"JOB_CANCELLED: {JOB} was cancelled in step BUILD: stopped by the budget{SEE}"
    assert len(world.log_reads) == 1  # for why it was cancelled


@pytest.mark.parametrize(
    "said", ["cancelled - no diff detected from previous commit", "No Diff detected", "NO DIFF"]
)
def test_no_diff_is_recognised_however_it_is_written(world: World, said: str) -> None:
    world.amplify.next_job(outcome="CANCELLED", status_reason=said)
    assert world.request(world.event("Create")).status == "SUCCESS"


@pytest.mark.parametrize("line", ["> terraform plan: no diff", "No changes found in packages/a, skipping"])
def test_a_cancelled_job_whose_own_commands_write_such_words_is_a_failure(world: World, line: str) -> None:
    world.amplify.next_job(outcome="CANCELLED", log=[line])
    assert world.request(world.event("Create")).reason.startswith("JOB_CANCELLED")


def test_a_long_log_is_cut_but_no_id_is(world: World) -> None:
    world.amplify.next_job(outcome="FAILED", log=tuple("é" * 400 for _ in range(60)))
    answer = world.request(world.event("Create", FailureLogLines="50"))
    assert answer.reason.endswith("…")
    assert answer.physical_id == PHYSICAL_ID


def test_a_defect_is_told_without_its_text_and_logged_with_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amplify_job.amplify.jobs.Jobs.start", lambda *_: dict[str, str]()["a secret"])
    answer = world.request(world.event("Create"))
    assert answer.reason == "AMPLIFY_ERROR: unexpected KeyError; the function's log has more"
    [line] = [line for line in world.decisions if line["decision"] == "defect"]
    assert line["error"] == "KeyError"
    assert any(frame.startswith("_take:") for frame in line["frames"])
    assert "a secret" not in "".join(world.log)
    world.may_have_defects = True


# verify_commit

BUILT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("wanted", [BUILT, BUILT[:7], BUILT.upper(), BUILT + "00"])
def test_a_commit_that_was_built_is_verified_by_prefix(world: World, wanted: str) -> None:
    world.amplify.next_job(builds=BUILT)
    answer = world.request(world.event("Create", CommitId=wanted))
    assert (answer.status, answer.data["BuiltCommitId"]) == ("SUCCESS", BUILT)


@pytest.mark.parametrize("wanted", ["f" * 40, "f" * 7, BUILT[:20] + "f"])
def test_another_commit_than_wanted_fails(world: World, wanted: str) -> None:
    world.amplify.next_job(builds=BUILT)
    answer = world.request(world.event("Create", CommitId=wanted))
    assert answer.reason == f"COMMIT_MISMATCH: {JOB} built commit {BUILT}, not {wanted}{SEE}"
    assert answer.physical_id == PHYSICAL_ID


@pytest.mark.parametrize("given", [{"VerifyCommit": "false", "CommitId": "f" * 40}, {}])
def test_a_commit_is_verified_only_when_that_is_wanted(world: World, given: dict[str, str]) -> None:
    world.amplify.next_job(builds=BUILT)
    assert world.request(world.event("Create", **given)).status == "SUCCESS"


@pytest.mark.parametrize("wanted", ["v1.2.3", "abc123", "g" * 40, "f" * 65])
def test_what_is_no_sha_is_not_verified(world: World, wanted: str) -> None:
    world.amplify.next_job(builds=BUILT)
    assert world.request(world.event("Create", CommitId=wanted)).status == "SUCCESS"


@pytest.mark.parametrize(
    ("wanted", "reported", "status"),
    [
        ("f" * 40, BUILT, "FAILED"),
        ("f" * 7, BUILT, "FAILED"),
        (BUILT, BUILT, "SUCCESS"),  # it may be an echo: the log says that the commit is unverified
        (BUILT[:7], BUILT.upper(), "SUCCESS"),
        ("f" * 40, BUILT[:39], "SUCCESS"),
        ("f" * 40, "HEAD", "SUCCESS"),
        ("v1.2.3", BUILT, "SUCCESS"),
    ],
)
def test_where_the_log_shows_no_commit_another_one_that_amplify_reports_is_a_mismatch(
    world: World, wanted: str, reported: str, status: str
) -> None:
    job = world.amplify.start(APP_ID, BRANCH)
    job.commit_id = reported
    answer = world.request(world.event("Create", CommitId=wanted, WhenBusy="JOIN"))
    assert answer.status == status
    if status == "FAILED":
        assert answer.reason == f"COMMIT_MISMATCH: {JOB} built commit {BUILT}, not {wanted}{SEE}"
    else:
        assert any(line["decision"] == "commit unverified" for line in world.decisions)


@pytest.mark.parametrize("reason", ["commit_ids ignored", "no log"])
def test_without_a_commit_in_the_log_it_is_unverified_which_is_logged(world: World, reason: str) -> None:
    if reason == "no log":
        world.amplify.logs_at = "https://evil.example"
    else:
        world.amplify.behaviour.commit_ids = "ignored"
    wanted = world.branch.tip
    answer = world.request(world.event("Create", CommitId=wanted))
    assert (answer.status, answer.data["BuiltCommitId"]) == ("SUCCESS", "")
    reported = wanted if reason == "no log" else "HEAD"
    assert {
        "decision": "commit unverified",
        "job": "1",
        "wanted": wanted,
        "reported": reported,
    } in world.decisions


def _all_failed(job: object) -> object:
    """The job, each of whose steps shows the status of the job."""
    steps = job.steps  # type: ignore[attr-defined]
    return _Shown(job, lambda now: [{**step, "status": "FAILED"} for step in steps(now)])


def _first_step_has_a_reason(job: object) -> object:
    steps = job.steps  # type: ignore[attr-defined]
    return _Shown(
        job, lambda now: [{**step, "statusReason": "fine"} for step in steps(now)[:1]] + steps(now)[1:]
    )


def _without_steps(job: object) -> object:
    return _Shown(job, lambda now: [])


class _Shown:
    """A job of the in-memory Amplify that shows other steps."""

    def __init__(self, job: object, steps: object) -> None:
        self._job = job
        self.steps = steps

    def __getattr__(self, name: str) -> object:
        return getattr(self._job, name)


def test_a_branch_name_that_is_no_text_is_answered(world: World) -> None:
    first = world.deployed()
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.clock.sleep(3)
    assert world.request(world.update(first.physical_id, BranchName="\ud800")).status == "SUCCESS"
