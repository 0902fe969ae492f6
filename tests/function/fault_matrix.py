"""What can go wrong, and what comes of it: the rows of docs/reliability.md, each of which a test runs.

`python tests/function/fault_matrix.py --write` writes the table into that page.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- fault matrix: begin -->", "<!-- fault matrix: end -->"

SUCCESS = "SUCCESS"
APP, BRANCH = "d1a2b3c4", "main"  # those of the simulated world
MODES = {
    "timeout": "no answer for 20 s",
    "reset": "connection reset",
    "500": "HTTP 500",
    "429": "throttled",
    "denied": "AccessDenied",
    "malformed": "HTML instead of JSON",
}
UNKNOWN_EFFECT = ("timeout", "reset", "500", "malformed")
ROLE = "arn:aws:iam::210987654321:role/releaser"


@dataclass(frozen=True)
class Row:
    """One fault.

    :param happens: Makes it happen to a simulated world.
    :param outcome: What then holds, in words.
    :param jobs: How many jobs the function started.
    :param answers: What CloudFormation was sent, in this order: SUCCESS, or FAILED with the reason's code.
    :param holds: The words of `outcome` as a condition.
    """

    theme: str
    fault: str
    happens: Callable[[Any], None]
    outcome: str
    jobs: int
    answers: tuple[str, ...]
    holds: Callable[[Any], bool] = lambda world: True


def failed(code: str) -> str:
    return f"FAILED {code}"


# What happens


def create(world: Any, **properties: Any) -> None:
    """A Create, with Lambda's two retries."""
    world.deliver(world.event("Create", **properties), retries=2)
    world.settle()


def update(world: Any, physical_id: str, *, old: dict[str, Any] | None = None, **properties: Any) -> None:
    world.deliver(world.update(physical_id, old=old, **properties), retries=2)
    world.settle()


def delete(world: Any, physical_id: str, **properties: Any) -> None:
    world.deliver(world.delete(physical_id, **properties), retries=2)
    world.settle()


def deployed(world: Any, **properties: Any) -> str:
    """A stack with the resource in it, about to be updated: the physical ID."""
    physical_id = world.deployed(**properties).physical_id
    forget(world)
    return str(physical_id)


def updated(world: Any) -> str:
    """As above, after an Update that succeeded; a sibling has failed, and the stack rolls back."""
    first = deployed(world)
    second = world.request(world.update(first, Nonce="2")).physical_id
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    forget(world)
    return str(second)


def roll_back(world: Any, **properties: Any) -> None:
    update(world, updated(world), old={"Nonce": "2"}, **properties)


def forget(world: Any) -> None:
    """Leave what was before out of the count."""
    world.answers.clear()
    world.started.clear()
    world.asked.clear()
    world.amplify.calls.clear()


def no_echo(world: Any) -> None:
    world.amplify.behaviour.echoes_commit_message = frozenset()
    world.amplify.behaviour.retry_copies_message = False


def busy(world: Any, **plan: Any) -> None:
    """Somebody else's job runs."""
    world.amplify.next_job(**plan)
    world.amplify.start(APP, BRANCH)


def statuses(world: Any) -> list[str]:
    return [world.status(job) for job in world.jobs()]


def said(world: Any, decision: str) -> bool:
    return any(line["decision"] == decision for line in world.decisions)


# The rows


def api_calls() -> Iterator[Row]:
    for operation in (
        "ListJobs",
        "GetJob",
        "StartJob",
        "GetBranch",
        "GetApp",
        "DescribeStacks",
        "AssumeRole",
    ):
        for mode, fault in MODES.items():
            yield Row(
                "API calls",
                f"{operation}: {fault}, twice",
                _create_with(operation, mode, times=1 if mode == "timeout" else 2),
                "called again until it answers",
                1,
                (SUCCESS,),
            )
            code, jobs = _for_good(operation, mode)
            site = operation in ("GetBranch", "GetApp")
            yield Row(
                "API calls",
                f"{operation}: {fault}, for good",
                _create_with(operation, mode, times=10_000),
                {
                    SUCCESS: "`BranchUrl` is empty" if site else "goes on as if CloudFormation waits; logged",
                    failed("JOB_TIMED_OUT"): "stopped at the deadline",
                    failed("AMPLIFY_ERROR"): "tried until the deadline",
                    failed("ACCESS_DENIED"): "tried for a minute",
                }[code],
                jobs,
                (code,),
                _unknown_site if site else (lambda world: True),
            )
    for mode in UNKNOWN_EFFECT:
        for echo in (True, False):
            yield Row(
                "API calls",
                f"StartJob: {MODES[mode]}, but it took effect; commit messages read back: {_yes(echo)}",
                _lost_start(mode, echo),
                "the job is adopted",
                1,
                (SUCCESS,),
                lambda world: said(world, "adopted") and world.amplify.count("StartJob") == 1,
            )
    for mode, fault in MODES.items():
        yield Row(
            "API calls",
            f"StopJob at the deadline: {fault}, once",
            _deadline_with_stop(mode, times=1),
            {
                "timeout": "the reason says so; there is no time for a second try",
                "denied": "the reason says so",
            }.get(mode, "stopped at the second try"),
            1,
            (failed("JOB_TIMED_OUT"),),
            (lambda world: "could not be stopped" in world.answers[0].reason)
            if mode in ("timeout", "denied")
            else (lambda world: statuses(world) == ["CANCELLED"]),
        )
        yield Row(
            "API calls",
            f"StopJob at the deadline: {fault}, for good",
            _deadline_with_stop(mode, times=1000),
            "the reason says that it could not be stopped",
            1,
            (failed("JOB_TIMED_OUT"),),
            lambda world: "could not be stopped" in world.answers[0].reason,
        )
        yield Row(
            "API calls",
            f"StopJob for a Delete: {fault}, for good",
            _delete_with_stop(mode),
            "given up after a minute, at once if denied",
            0,
            (SUCCESS,),
            lambda world: said(world, "not stopped"),
        )
        yield Row(
            "API calls",
            f"DescribeStackEvents in a rollback: {fault}, twice",
            _rollback_with("DescribeStackEvents", mode, times=2),
            "the previous version is released",
            1,
            (SUCCESS,),
            _restored,
        )
        yield Row(
            "API calls",
            f"DescribeStackEvents in a rollback: {fault}, for good",
            _rollback_with("DescribeStackEvents", mode, times=1000),
            "nothing is restored; logged",
            0,
            (SUCCESS,),
            lambda world: said(world, "nothing undone"),
        )
        yield Row(
            "API calls",
            f"DescribeStacks in a rollback: {fault}, twice",
            _rollback_with("DescribeStacks", mode, times=2),
            "the previous version is released",
            1,
            (SUCCESS,),
            _restored,
        )
        yield Row(
            "API calls",
            f"DescribeStacks in a rollback: {fault}, for good",
            _rollback_with("DescribeStacks", mode, times=1000),
            "taken for a forward Update after a minute: the previous version is released, and waited for",
            1,
            (SUCCESS,),
            lambda world: world.answers[0].data["Status"] == "SUCCEED",
        )
        yield Row(
            "API calls",
            f"every call of Amplify in a rollback: {fault}, for good",
            _rollback_with(None, mode, times=10_000),
            "nothing is restored",
            0,
            (SUCCESS,),
            lambda world: said(world, "nothing restored"),
        )
        yield Row(
            "API calls",
            f"Invoke, at the hand-over: {fault}",
            _hand_over_with(mode),
            "raised; Lambda's retry adopts the job",
            1,
            (SUCCESS,),
            lambda world: type(world.deliveries[0].raised).__name__ == "NotHandedOver",
        )
    for mode in UNKNOWN_EFFECT:
        yield Row(
            "API calls",
            f"Invoke, at the hand-over: {MODES[mode]}, but it took effect",
            _hand_over_with(mode, applied=True),
            "two workers on one job; the second answer is the first's, and ignored",
            1,
            (SUCCESS, SUCCESS),
            lambda world: world.answers[0].body == world.answers[1].body,
        )
    yield Row(
        "API calls",
        "Invoke, at every hand-over: AccessDenied",
        _no_hand_over,
        "Lambda's two retries carry on",
        1,
        (SUCCESS,),
        lambda world: not world.handed_over,
    )


def answers() -> Iterator[Row]:
    url = "https://responses.example"
    faults: dict[str, Callable[[], Exception]] = {
        "HTTP 500": lambda: HTTPError(url, 500, "", None, None),  # type: ignore[arg-type]
        "connection reset": lambda: URLError(ConnectionResetError()),
        "no answer for 10 s": TimeoutError,
    }
    for fault, error in faults.items():
        yield Row(
            "The answer's PUT",
            f"{fault}, five times",
            _unanswered(error, 5),
            "sent again, with pauses of 1, 2, 4, 8 and 15 s",
            1,
            (SUCCESS,),
            lambda world: len(world.deliveries) == 1,
        )
        yield Row(
            "The answer's PUT",
            f"{fault}, six times",
            _unanswered(error, 6),
            "raised; Lambda's retry adopts the job and answers",
            1,
            (SUCCESS,),
            lambda world: len(world.deliveries) == 2,
        )
    for code, body in ((400, b"<Error><Code>RequestTimeout</Code></Error>"), (408, b""), (429, b"")):
        yield Row(
            "The answer's PUT",
            f"HTTP {code}{': RequestTimeout' if body else ''}, once",
            _unanswered(partial(HTTPError, url, code, "", None, BytesIO(body)), 1),  # type: ignore[arg-type]
            "sent again: S3 calls it retriable",
            1,
            (SUCCESS,),
            lambda world: said(world, "answer refused"),
        )
    yield Row(
        "The answer's PUT",
        "HTTP 403: the URL has expired",
        _unanswered(lambda: HTTPError(url, 403, "", None, None), 1),  # type: ignore[arg-type]
        "not sent again: CloudFormation reads it no more",
        1,
        (),
        lambda world: said(world, "answer refused") and len(world.deliveries) == 1,
    )


def deliveries() -> Iterator[Row]:
    for echo in (True, False):
        reads = f"commit messages read back: {_yes(echo)}"
        for when, hook, path in (
            ("before StartJob takes effect", "before_call", "POST"),
            ("after StartJob took effect", "after_call", "POST"),
            ("at its first poll", "before_call", "GET /apps/d1a2b3c4/branches/main/jobs/1"),
        ):
            yield Row(
                "Killed and repeated",
                f"killed {when}; {reads}",
                _killed(hook, path, echo),
                "Lambda's retry adopts the job, or starts it",
                1,
                (SUCCESS,),
                lambda world: len(world.deliveries) == 2,
            )
        yield Row(
            "Killed and repeated",
            f"killed in the middle of polling; {reads}",
            _killed_at(30, echo),
            "Lambda's retry adopts the job",
            1,
            (SUCCESS,),
            lambda world: len(world.deliveries) == 2,
        )
        yield Row(
            "Killed and repeated",
            f"killed between the job's end and the answer; {reads}",
            _killed_before_answer(echo),
            "Lambda's retry answers",
            1,
            (SUCCESS,),
            lambda world: len(world.deliveries) == 2,
        )
        yield Row(
            "Killed and repeated",
            f"the same event again, two minutes later; {reads}",
            _delivered_again(120, echo),
            "the same answer again",
            1,
            (SUCCESS, SUCCESS),
            lambda world: world.answers[0].body == world.answers[1].body,
        )
        yield Row(
            "Killed and repeated",
            f"killed after the StartJob of an invocation that took over, whose event comes again; {reads}",
            _killed_after_hand_over(echo),
            "the job is adopted",
            1,
            (SUCCESS,),
        )
    yield Row(
        "Killed and repeated",
        "the same event twice at the same time; commit messages read back: yes",
        _delivered_again(0, True),
        "the same answer twice",
        1,
        (SUCCESS, SUCCESS),
        lambda world: world.answers[0].body == world.answers[1].body,
    )
    yield Row(
        "Killed and repeated",
        "the same event twice at the same time; commit messages read back: no",
        _delivered_again(0, False),
        "**not told apart: a second job, after the first**",
        2,
        (SUCCESS, SUCCESS),
    )
    yield Row(
        "Killed and repeated",
        "the same event twice at the same time, WhenBusy STOP; commit messages read back: no",
        _delivered_again(0, False, WhenBusy="STOP"),
        "**not told apart: the second waits for the first's job, and starts another**",
        2,
        (SUCCESS, SUCCESS),
        lambda world: not world.stopped,
    )
    yield Row(
        "Killed and repeated",
        "a rollback's Update once more, while a newer Update's job runs",
        _repeated_rollback,
        "given up: that job goes on",
        1,
        (SUCCESS, SUCCESS, SUCCESS),
        lambda world: said(world, "given up") and not world.stopped,
    )
    yield Row(
        "Killed and repeated",
        "a forward Update once more, while the job that restores the site runs",
        _repeated_forward_update,
        "given up: that job goes on",
        2,
        (SUCCESS, SUCCESS, SUCCESS),
        lambda world: said(world, "given up") and not world.stopped,
    )
    yield Row(
        "Killed and repeated",
        "a failed operation tried again with the same RequestId",
        _same_request_id,
        "another request, another job",
        2,
        (failed("JOB_FAILED"), SUCCESS),
    )
    yield Row(
        "Killed and repeated",
        "a hand-over of another version of the function",
        lambda world: _late(world, 0, handed_over={"version": 0}),
        "read as a redelivery: the job that began since is adopted",
        0,
        (SUCCESS,),
        lambda world: said(world, "adopted"),
    )


def files() -> Iterator[Row]:
    theme = "Deploying files"
    where = "POST /apps/d1a2b3c4/branches/main/deployments"
    for hook, when in (("before_call", "before"), ("after_call", "after")):
        for call, name in (
            (where, "CreateDeployment"),
            ("PUT /_uploads/", "the upload"),
            (f"{where}/start", "StartDeployment"),
        ):
            left = (when, name) != ("before", "CreateDeployment") and (when, name) != (
                "after",
                "StartDeployment",
            )
            yield Row(
                theme,
                f"killed {when} {name}",
                partial(_files_killed, hook=hook, call=call),
                "what was left unfinished is stopped, 2 min later; another one is deployed"
                if left
                else "deployed once",
                2 if left else 1,
                (SUCCESS,),
                lambda world, left=left: (
                    world.stopped == ({"1"} if left else set()) and _serves(world, "new")
                ),  # type: ignore[misc]
            )
    for operation in ("CreateDeployment", "StartDeployment"):
        for mode in UNKNOWN_EFFECT:
            two = operation == "CreateDeployment"
            yield Row(
                theme,
                f"{operation} takes effect and its answer is lost: {MODES[mode]}",
                partial(_files_with, operation=operation, mode=mode, applied=True),
                "what was created is stopped, 2 min later; another one is deployed" if two else "taken over",
                2 if two else 1,
                (SUCCESS,),
                lambda world: _serves(world, "new"),
            )
    for mode, times, outcome in (
        ("reset", 1, "sent again"),
        ("500", 1, "sent again"),
        ("timeout", 1, "sent again"),
        ("denied", 1, "the URL has expired: stopped, and deployed with another one"),
        ("500", 1000, "given up after three deployments, which are stopped"),
    ):
        again = mode == "denied"
        yield Row(
            theme,
            f"upload, {'always' if times > 1 else 'once'}: {'HTTP 403' if again else MODES[mode]}",
            partial(_files_with, operation="Upload", mode=mode, times=times),
            outcome,
            3 if times > 1 else 1 + again,
            (failed("AMPLIFY_ERROR") if times > 1 else SUCCESS,),
            lambda world, times=times: _serves(world, "new" if times == 1 else None),  # type: ignore[misc]
        )
    yield Row(
        theme,
        "an app that is connected to a repository",
        _files_with_repository,
        "Amplify's own words",
        0,
        (failed("AMPLIFY_ERROR"),),
    )
    yield Row(
        theme,
        "an archive that is gone, as cleaned by `cdk gc`",
        partial(_create_files, key="gone.zip"),
        "told with its name",
        0,
        (failed("NOT_FOUND"),),
    )
    yield Row(
        theme,
        "somebody else's deployment under way",
        _files_while_busy,
        "waited for, and not stopped",
        1,
        (SUCCESS,),
        lambda world: not world.stopped and _serves(world, "new"),
    )
    yield Row(
        theme,
        "a Delete while the upload goes on",
        _files_deleted_meanwhile,
        "stopped before it starts",
        1,
        (SUCCESS, failed("EXPIRED")),
        lambda world: world.stopped == {"1"} and _serves(world, None),
    )
    yield Row(
        theme,
        "a rollback",
        _files_rolled_back,
        "the files of before are deployed again",
        1,
        (SUCCESS,),
        lambda world: _serves(world, "old"),
    )
    for operation in ("HeadObject", "CreateDeployment", "Upload", "StartDeployment"):
        for mode in ("500", "denied"):
            yield Row(
                theme,
                f"a rollback, {operation} always: {MODES[mode]}",
                partial(_files_rolled_back, operation=operation, mode=mode),
                "the rollback goes on without it, and what was created is stopped",
                {"Upload": 3, "StartDeployment": 1}.get(operation, 0),
                (SUCCESS,),
                lambda world: set(world.started) == world.stopped and _serves(world, "new"),
            )


def clocks() -> Iterator[Row]:
    yield Row(
        "Clock",
        "first delivery 55 s late, somebody's job since, nothing reads back",
        lambda world: _late(world, 55),
        "a first delivery: its own job",
        1,
        (SUCCESS,),
    )
    yield Row(
        "Clock",
        "first delivery 56 s late, somebody's job since, nothing reads back",
        lambda world: _late(world, 56),
        "may be a redelivery: that job is adopted",
        0,
        (SUCCESS,),
        lambda world: said(world, "adopted"),
    )
    yield Row(
        "Clock",
        "the job ends 60 s before the function's limit",
        lambda world: _long(world, 140),
        "no hand-over",
        1,
        (SUCCESS,),
        lambda world: not world.handed_over,
    )
    yield Row(
        "Clock",
        "the job ends 59 s before the function's limit",
        lambda world: _long(world, 141),
        "one hand-over",
        1,
        (SUCCESS,),
        lambda world: len(world.handed_over) == 1,
    )
    for seconds, answer in ((59, SUCCESS), (60, SUCCESS), (61, failed("JOB_TIMED_OUT"))):
        yield Row(
            "Clock",
            f"timeout 60 s, the job needs {seconds} s",
            partial(_timed, seconds=seconds),
            "stopped" if seconds > 60 else "in time",
            1,
            (answer,),
            partial(_stops, times=int(seconds > 60)),
        )
    yield Row(
        "Clock",
        "at the deadline, the job succeeds in spite of StopJob, within 20 s",
        lambda world: _timed(world, seconds=79, ignores_stop=True),
        "the deploy succeeds",
        1,
        (SUCCESS,),
        lambda world: world.amplify.count("StopJob") == 1,
    )
    yield Row(
        "Clock",
        "at the deadline, the job succeeds in spite of StopJob, after 21 s",
        lambda world: _timed(world, seconds=81, ignores_stop=True),
        "too late",
        1,
        (failed("JOB_TIMED_OUT"),),
    )
    yield Row(
        "Clock",
        "ServiceTimeout smaller than the timeout",
        lambda world: _timed(world, never_ends=True, TimeoutSeconds="600", ServiceTimeout="240"),
        "answered three minutes before it",
        1,
        (failed("JOB_TIMED_OUT"),),
        lambda world: world.answers[0].time <= world.deliveries[0].ends - world.limit + 62,
    )
    for late, jobs, answer in ((59, 1, failed("JOB_TIMED_OUT")), (60, 0, failed("EXPIRED"))):
        yield Row(
            "Clock",
            f"timeout 60 s, delivered after {late} s",
            partial(_late, seconds=late, others=False, TimeoutSeconds="60"),
            "started, and stopped at the deadline" if jobs else "nothing is started",
            jobs,
            (answer,),
        )
    yield Row(
        "Clock",
        "a Delete two hours late",
        _late_delete,
        "our job in progress is stopped all the same",
        0,
        (SUCCESS,),
        lambda world: world.stopped == {"1"},
    )
    for second, answer in ((56, SUCCESS), (60, failed("ACCESS_DENIED"))):
        yield Row(
            "Clock",
            f"AccessDenied {second} s after the invocation began",
            partial(_denied_at, second=second),
            "IAM may not know yet: tried again"
            if second < 60
            else "a new permission would have taken effect: not tried again",
            1,
            (answer,),
        )


def behaviour() -> Iterator[Row]:
    theme = "What the function is for"
    yield Row(theme, "no fault", create, "the job is waited for", 1, (SUCCESS,))
    for outcome, answer in (
        ("FAILED", failed("JOB_FAILED")),
        ("CANCELLED", failed("JOB_CANCELLED")),
        ("NO_DIFF", SUCCESS),
        ("A_NEW_WORD", failed("JOB_TIMED_OUT")),
    ):
        yield Row(
            theme,
            {
                "FAILED": "the job fails",
                "CANCELLED": "somebody cancels the job",
                "NO_DIFF": "Amplify cancels the job: no diff detected",
                "A_NEW_WORD": "the job ends in a status that nobody knows",
            }[outcome],
            partial(_timed, outcome=outcome, seconds=30),
            {
                "FAILED": "the reason quotes its log",
                "CANCELLED": "the reason says so",
                "NO_DIFF": "with the attribute `Status` CANCELLED",
                "A_NEW_WORD": "still in progress, until the deadline",
            }[outcome],
            1,
            (answer,),
        )
    yield Row(
        theme,
        "Amplify cancels the job: no diff detected, and `Triggers` are given",
        partial(_timed, outcome="NO_DIFF", seconds=30, Triggers={"api": "https://example.com"}),
        "the site was not rebuilt with what they name: the reason says so, and what to do",
        1,
        (failed("JOB_CANCELLED"),),
        lambda world: "AMPLIFY_DIFF_DEPLOY" in world.answers[0].reason,
    )
    yield Row(
        theme,
        "Amplify builds another commit than `CommitId`",
        lambda world: _other_commit(world),
        "the log of the build tells",
        1,
        (failed("COMMIT_MISMATCH"),),
    )
    yield Row(
        theme,
        "unusable properties",
        lambda world: create(world, JobType="release"),
        "nothing reaches Amplify",
        0,
        (failed("VALIDATION_ERROR"),),
        lambda world: not world.amplify.calls,
    )
    yield Row(
        theme,
        "the branch does not exist",
        lambda world: create(world, BranchName="dev"),
        "at once",
        0,
        (failed("NOT_FOUND"),),
    )
    for when_busy, jobs, answer, outcome in (
        ("WAIT", 1, SUCCESS, "waits for it, then starts"),
        ("STOP", 1, SUCCESS, "stops it, then starts"),
        ("JOIN", 0, SUCCESS, "takes it for its own; never stops it"),
        ("FAIL", 0, failed("BRANCH_BUSY"), "at once"),
    ):
        yield Row(
            theme,
            f"the branch is busy, WhenBusy {when_busy}",
            partial(_busy, when_busy=when_busy),
            outcome,
            jobs,
            (answer,),
            partial(_stops, times=int(when_busy == "STOP")),
        )
    yield Row(
        theme,
        "the branch stays busy until the deadline",
        _busy_for_good,
        "the reason names the job in the way",
        0,
        (failed("BRANCH_BUSY"),),
        lambda world: "job 1 was still RUNNING" in world.answers[0].reason,
    )
    yield Row(
        theme,
        "two resources release one branch in one deploy, WhenBusy STOP",
        _siblings,
        "the second waits for the first one's job",
        2,
        (SUCCESS, SUCCESS),
        lambda world: not world.stopped,
    )
    yield Row(
        theme,
        "StartJob is throttled on an idle branch, WhenBusy FAIL",
        _throttled,
        "tried again: throttled is not busy",
        1,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "a sibling fails while the branch is busy (Create, stack rolls back)",
        _abandoned_create,
        "given up: nothing is started",
        0,
        (failed("EXPIRED"),),
        lambda world: said(world, "given up"),
    )
    yield Row(
        theme,
        "the same, and the stack is being updated again when the branch is free",
        _outlived_update,
        "given up: the stack's events tell that its operation has ended",
        0,
        (SUCCESS,),
        lambda world: said(world, "given up"),
    )
    yield Row(
        theme,
        "the same, and the stack's events cannot be read",
        partial(_outlived_update, denied=True),
        "**not told apart from a live request: starts its job**",
        1,
        (SUCCESS,),
        lambda world: said(world, "stack unreadable"),
    )
    yield Row(
        theme,
        "an Update that changes nothing",
        lambda world: update(world, deployed(world)),
        "no job",
        0,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "the same, after a redeploy by hand that copied the mark and still runs",
        _redeployed,
        "no job; that one is not waited for, and not stopped",
        0,
        (SUCCESS,),
        lambda world: not world.stopped and world.answers[0].data["JobId"] == "1",
    )
    yield Row(
        theme,
        "an Update whose job fails",
        _failing_update,
        "the reason quotes its log",
        1,
        (failed("JOB_FAILED"),),
    )
    for name, old in (("last good ones", {}), ("of the failed try", {"Nonce": "2"})):
        yield Row(
            theme,
            f"the same Update again, because rollback is disabled; its old properties are those {name}",
            partial(_failed_and_sent_again, old=old),
            "another job",
            1,
            (SUCCESS,),
            lambda world: world.answers[0].data["Status"] == "SUCCEED",
        )
    yield Row(
        theme,
        "the rollback after that failure",
        _rollback_of_failing_update,
        "no job: the site still serves the old one",
        0,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "a sibling fails after the Update succeeded: RESTORE",
        roll_back,
        "the previous version is released, not waited for",
        1,
        (SUCCESS,),
        _restored,
    )
    yield Row(
        theme,
        "the same, and the site had served a push",
        lambda world: _rolled_back_to_a_push(world),
        "the push's job is retried",
        1,
        (SUCCESS,),
        lambda world: world.started["4"]["jobId"] == "2",
    )
    yield Row(
        theme,
        "the same change again after that rollback",
        _deployed_again,
        "another job",
        1,
        (SUCCESS,),
        lambda world: world.answers[0].data["Status"] == "SUCCEED",
    )
    yield Row(
        theme,
        "a sibling fails after the Update succeeded: IGNORE",
        lambda world: roll_back(world, OnRollback="IGNORE"),
        "no job",
        0,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "a sibling fails while the Update's job runs",
        _abandoned_update,
        "our job is stopped; CloudFormation ignores the first answer",
        1,
        (SUCCESS, SUCCESS),
        lambda world: world.stopped == {"2"},
    )
    yield Row(
        theme,
        "in a rollback, the branch is busy for good",
        _busy_rollback,
        "no job after a minute",
        0,
        (SUCCESS,),
        lambda world: not world.stopped,
    )
    yield Row(
        theme,
        "in a rollback, somebody's job is newer than the Update's",
        _moved_on,
        "the site has moved on: no job",
        0,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "in a rollback, unusable properties",
        lambda world: roll_back(world, Unknown="1"),
        "logged",
        0,
        (SUCCESS,),
        lambda world: said(world, "failed"),
    )
    yield Row(
        theme,
        "a forward Update delivered just as the stack rolls back",
        _overtaken_update,
        "an earlier deploy's job is not undone",
        0,
        (SUCCESS,),
    )
    yield Row(
        theme,
        "Delete while the Create waits, with an invented physical ID",
        _delete_during_create,
        "our job is stopped; the Create sees it cancelled",
        1,
        (SUCCESS, failed("JOB_CANCELLED")),
        lambda world: world.stopped == {"1"},
    )
    yield Row(
        theme,
        "Delete while somebody else's job runs",
        _delete_while_busy,
        "not stopped",
        0,
        (SUCCESS,),
        lambda world: not world.stopped,
    )
    yield Row(
        theme,
        "Delete of a resource that is new in an update, which is undone",
        _added_and_undone,
        "the job before is retried",
        1,
        (SUCCESS,),
        lambda world: world.started["3"]["jobId"] == "1",
    )
    for name, gone in (
        ("the app", lambda world: world.amplify.delete_app(APP)),
        ("the branch", lambda world: world.app.branches.clear()),
        ("the job", lambda world: world.branch.jobs.clear()),
        ("the permission", lambda world: setattr(world.amplify, "authorize", lambda *_: "caller")),
    ):
        yield Row(
            theme,
            f"Delete when {name} is gone",
            partial(_delete_without, gone=gone),
            "nothing to do",
            0,
            (SUCCESS,),
        )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _for_good(operation: str, mode: str) -> tuple[str, int]:
    """The answer, and the jobs started, when one operation never works."""
    if operation in ("GetBranch", "GetApp", "DescribeStacks"):
        return SUCCESS, 1
    jobs = 1 if operation == "GetJob" else 0
    if mode == "denied":
        return failed("ACCESS_DENIED"), jobs
    return failed("JOB_TIMED_OUT" if jobs else "AMPLIFY_ERROR"), jobs


def _stops(world: Any, times: int) -> bool:
    return bool(world.amplify.count("StopJob") == times)


def _unknown_site(world: Any) -> bool:
    return bool(world.answers[0].data["BranchUrl"] == "")


def _restored(world: Any) -> bool:
    """The newest job is one of the version that the first one had."""
    first, *_, last = (job.commit_message.split(".")[1] for job in world.jobs())
    return bool(first == last and world.answers[0].data["Status"] == "PENDING")


def _create_with(operation: str, mode: str, times: int) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        world.fail(operation, mode, times=times)
        create(world, TimeoutSeconds="120", **({"AssumeRoleArn": ROLE} if operation == "AssumeRole" else {}))

    return happens


def _lost_start(mode: str, echo: bool) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)
        world.fail("StartJob", mode, applied=True)
        create(world)

    return happens


def _deadline_with_stop(mode: str, times: int) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        world.fail("StopJob", mode, times=times)
        _timed(world, never_ends=True)

    return happens


def _delete_with_stop(mode: str) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        world.amplify.plan(never_ends=True)
        physical_id = deployed(world, Wait="false")
        world.fail("StopJob", mode, times=1000)
        delete(world, physical_id)

    return happens


def _rollback_with(operation: str | None, mode: str, times: int) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        second = updated(world)
        if operation:
            world.fail(operation, mode, times=times)
        else:
            world.amplify.fail(None, times, mode)
        update(world, second, old={"Nonce": "2"})

    return happens


def _hand_over_with(mode: str, applied: bool = False) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        world.fail("Invoke", mode, applied=applied)
        _long(world, 250)

    return happens


def _no_hand_over(world: Any) -> None:
    world.invoke_denied = True
    _long(world, 300)


def _long(world: Any, seconds: int) -> None:
    """A job that takes so long, and a function whose limit is 200 s."""
    world.limit = 200
    world.amplify.plan(seconds=seconds)
    create(world)


def _timed(
    world: Any, *, TimeoutSeconds: str = "60", ServiceTimeout: str = "", Triggers: Any = "", **plan: Any
) -> None:
    world.amplify.plan(**plan)
    create(world, TimeoutSeconds=TimeoutSeconds, ServiceTimeout=ServiceTimeout, Triggers=Triggers)


def _unanswered(error: Callable[[], Exception], times: int) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        world.answer_faults = [error() for _ in range(times)]
        create(world)

    return happens


def _killed(hook: str, path: str, echo: bool) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)

        def kill(call: str) -> None:
            if call.startswith(path):
                setattr(world, hook, lambda _: None)
                raise world.killed

        setattr(world, hook, kill)
        create(world)

    return happens


def _killed_at(second: int, echo: bool) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)
        delivery = world.deliver(world.event("Create"), retries=2)
        world.clock.at(world.clock.now + second, delivery.kill)
        world.settle()

    return happens


def _killed_before_answer(echo: bool) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)
        world.answer_faults = [world.killed]
        create(world)

    return happens


def _killed_after_hand_over(echo: bool) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)
        world.limit = 200
        world.amplify.plan(seconds=300)
        event = world.event("Create")
        world.clock.sleep(1)
        world.amplify.next_job(never_ends=True)
        other = world.amplify.push(APP, BRANCH)
        world.deliver(event)
        world.clock.run(done=lambda: bool(world.handed_over))
        world.amplify.stop(APP, BRANCH, other.id)
        world.clock.at(world.clock.now + 20, world.deliveries[-1].kill)
        world.clock.sleep(60)
        world.deliver(world.handed_over[0])
        world.settle()

    return happens


def _delivered_again(after: float, echo: bool, **properties: Any) -> Callable[[Any], None]:
    def happens(world: Any) -> None:
        if not echo:
            no_echo(world)
        world.latency = 0.1
        event = world.event("Create", **properties)
        world.deliver(event)
        world.deliver(event, after=after)
        world.settle()

    return happens


def _same_request_id(world: Any) -> None:
    world.amplify.next_job(outcome="FAILED")
    event = world.event("Create")
    world.request(event)
    world.request({**world.event("Create"), "RequestId": event["RequestId"]})


def _late(
    world: Any, seconds: float, *, others: bool = True, handed_over: Any = None, **properties: Any
) -> None:
    """A delivery so many seconds after its request; somebody's job began in between."""
    no_echo(world)
    event = world.event("Create", **properties)
    if handed_over:
        event["HandedOver"] = handed_over
    if others:
        world.amplify.start(APP, BRANCH)
    world.clock.sleep(seconds)
    world.deliver(event, retries=2)
    world.settle()


def _files(world: Any, key: str = "new.zip") -> dict[str, Any]:
    """The properties for files, on an app that takes them."""
    world.app.settings["repository"] = ""
    for version in ("old", "new"):
        world.archive(f"{version}.zip", {"index.html": version})
    return {"SourceBucketNames": ["assets"], "SourceObjectKeys": [key]}


def _serves(world: Any, version: str | None) -> bool:
    world.clock.sleep(100)
    return bool(world.amplify.site(APP, BRANCH) == ({"index.html": version.encode()} if version else {}))


def _create_files(world: Any, key: str = "new.zip") -> None:
    create(world, **_files(world, key))


def _files_killed(world: Any, hook: str, call: str) -> None:
    def kill(said: str) -> None:
        if said == call or (call.endswith("/") and said.startswith(call)):
            setattr(world, hook, lambda _: None)
            raise world.killed

    setattr(world, hook, kill)
    _create_files(world)


def _files_with(world: Any, operation: str, mode: str, times: int = 1, applied: bool = False) -> None:
    world.fail(operation, mode, times=times, applied=applied)
    _create_files(world)


def _files_with_repository(world: Any) -> None:
    properties = _files(world)
    world.app.settings["repository"] = "https://github.com/example/site"
    create(world, **properties)


def _files_while_busy(world: Any) -> None:
    properties = _files(world, "old.zip")
    other = world.amplify.add_job(world.branch, "MANUAL", files=world.objects["assets", "old.zip"])
    other.asked = world.clock.now
    create(world, **{**properties, "SourceObjectKeys": ["new.zip"]})


def _files_deleted_meanwhile(world: Any) -> None:
    world.chunk_seconds = 60
    world.stack_event("CREATE_IN_PROGRESS")
    properties = _files(world)
    world.deliver(world.event("Create", **properties), retries=2)
    world.clock.sleep(20)
    world.stack_event("ROLLBACK_IN_PROGRESS")
    delete(world, "shop-Site-1ABCDEFGHIJKL", **properties)


def _files_rolled_back(world: Any, operation: str = "", mode: str = "") -> None:
    old, new = _files(world, "old.zip"), _files(world)
    first = deployed(world, **old)
    world.request(world.update(first, old=old, **new))
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    forget(world)
    if operation:
        world.fail(operation, mode, times=1000)
    update(world, first, old=new, **old)


def _late_delete(world: Any) -> None:
    world.amplify.plan(never_ends=True)
    event = world.delete(deployed(world, Wait="false"))
    world.clock.sleep(7_200)
    world.deliver(event, retries=2)
    world.settle()


def _denied_at(world: Any, second: int) -> None:
    world.amplify.plan(seconds=100)
    world.clock.at(world.clock.now + second - 1, lambda: world.fail("GetJob", "denied"))
    create(world)


def _other_commit(world: Any) -> None:
    world.amplify.plan(builds="a" * 40)
    create(world, CommitId="f" * 40)


def _busy(world: Any, when_busy: str) -> None:
    busy(world, seconds=100)
    world.clock.sleep(1)
    create(world, WhenBusy=when_busy)


def _busy_for_good(world: Any) -> None:
    busy(world, never_ends=True)
    create(world, TimeoutSeconds="60")


def _abandoned_create(world: Any) -> None:
    busy(world, seconds=100)
    world.clock.at(world.clock.now + 50, lambda: world.stack_event("ROLLBACK_IN_PROGRESS"))
    create(world)


def _outlived_update(world: Any, denied: bool = False) -> None:
    first = deployed(world)
    busy(world, seconds=100)
    if denied:
        world.fail("DescribeStackEvents", "denied", times=1000)
    for after, status in ((20, "UPDATE_ROLLBACK_COMPLETE"), (30, "UPDATE_IN_PROGRESS")):
        world.clock.at(world.clock.now + after, partial(world.stack_event, status))
    update(world, first, Nonce="2")


def _repeated_rollback(world: Any) -> None:
    first = deployed(world)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    back = world.update(first, old={"Nonce": "2"})
    world.request(back)
    world.clock.sleep(10)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(60)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.deliver(world.update(first, Nonce="3"))
    world.clock.sleep(20)
    world.deliver(back)
    world.settle()


def _repeated_forward_update(world: Any) -> None:
    first = deployed(world)
    forward = world.update(first, Nonce="2")
    world.request(forward)
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.next_job(seconds=300)
    world.request(world.update(first, old={"Nonce": "2"}))
    world.clock.sleep(90)
    world.request(forward)


def _siblings(world: Any) -> None:
    world.stack_event("CREATE_IN_PROGRESS")
    for resource in ("A", "B"):
        event = world.event("Create", WhenBusy="STOP")
        world.deliver({**event, "LogicalResourceId": resource}, retries=2)
        world.clock.sleep(5)
    world.settle()


def _throttled(world: Any) -> None:
    world.fail("StartJob", "429", times=2)
    create(world, WhenBusy="FAIL")


def _redeployed(world: Any) -> None:
    first = deployed(world)
    world.amplify.next_job(never_ends=True)
    world.amplify.start(APP, BRANCH, "RETRY", jobId="1")
    update(world, first, WhenBusy="FAIL")


def _failed_and_sent_again(world: Any, old: dict[str, Any]) -> None:
    _failing_update(world)
    first = world.answers[0].physical_id
    world.clock.sleep(5)
    world.stack_event("UPDATE_FAILED")
    world.clock.sleep(30)
    world.stack_event("UPDATE_IN_PROGRESS")
    forget(world)
    update(world, first, old=old, Nonce="2")


def _rolled_back_to_a_push(world: Any) -> None:
    first = deployed(world)
    world.amplify.push(APP, BRANCH)
    world.clock.sleep(100)
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.request(world.update(first, Nonce="2"))
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    forget(world)
    update(world, first, old={"Nonce": "2"})


def _deployed_again(world: Any) -> None:
    roll_back(world)
    first = world.answers[0].physical_id
    world.clock.sleep(100)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    forget(world)
    update(world, first, Nonce="2")


def _added_and_undone(world: Any) -> None:
    world.amplify.push(APP, BRANCH)
    world.clock.sleep(600)
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(10)
    world.stack_event("UPDATE_IN_PROGRESS")
    added = world.request(world.event("Create")).physical_id
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    forget(world)
    delete(world, added)


def _failing_update(world: Any) -> None:
    first = deployed(world)
    world.amplify.next_job(outcome="FAILED")
    update(world, first, Nonce="2")


def _rollback_of_failing_update(world: Any) -> None:
    _failing_update(world)
    first = world.answers[0].physical_id
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    forget(world)
    update(world, first, old={"Nonce": "2"})


def _abandoned_update(world: Any) -> None:
    first = deployed(world)
    world.amplify.plan(never_ends=True)
    world.deliver(world.update(first, Nonce="2"), retries=2)
    world.clock.sleep(20)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    update(world, first, old={"Nonce": "2"})


def _busy_rollback(world: Any) -> None:
    second = updated(world)
    busy(world, never_ends=True)
    update(world, second, old={"Nonce": "2"})


def _moved_on(world: Any) -> None:
    second = updated(world)
    busy(world, seconds=10)
    world.clock.sleep(20)
    update(world, second, old={"Nonce": "2"})


def _overtaken_update(world: Any) -> None:
    second = updated(world)
    world.stack_event("UPDATE_COMPLETE")
    world.clock.sleep(600)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    update(world, second, old={"Nonce": "2"}, Nonce="3")


def _delete_during_create(world: Any) -> None:
    world.amplify.plan(never_ends=True)
    world.deliver(world.event("Create"), retries=2)
    world.clock.sleep(20)
    world.stack_event("ROLLBACK_IN_PROGRESS")
    delete(world, "shop-Site-1ABCDEFGHIJKL")


def _delete_while_busy(world: Any) -> None:
    first = deployed(world)
    busy(world, never_ends=True)
    delete(world, first)


def _delete_without(world: Any, gone: Callable[[Any], Any]) -> None:
    first = deployed(world)
    gone(world)
    delete(world, first)


ROWS = [*behaviour(), *deliveries(), *files(), *clocks(), *answers(), *api_calls()]


def table() -> str:
    """The rows as Markdown, one table a theme."""
    lines: list[str] = []
    theme = ""
    for row in ROWS:
        if row.theme != theme:
            theme = row.theme
            lines += ["", f"### {theme}", "", "| fault | outcome | jobs started | answers sent |"]
            lines += ["|---|---|---|---|"]
        sent = ", ".join(f"`{answer}`" for answer in row.answers) or "none"
        lines.append(f"| {row.fault} | {row.outcome} | {row.jobs} | {sent} |")
    return "\n".join(lines).strip()


def page(text: str) -> str:
    """The page with its table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    if parser.parse_args().write:
        PAGE.write_text(page(PAGE.read_text()))
    else:
        print(table())
