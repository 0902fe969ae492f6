"""What is to be done about a branch, told from its jobs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from decisions import (
    NO_VERSION,
    Adopt,
    Nothing,
    Start,
    newest_of_version,
    newest_success,
    of_this_request,
    own_in_progress,
    restore,
    to_stop_in_rollback,
    undo_create,
    unmarked_jobs,
)

from identity import Mark
from jobs import Job

MINE, OTHERS = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
V1, V2 = "1a", "1b"
COMPLETE = 1_000.0
SHA = "c" * 40
MARK = Mark(MINE, V1, "0" * 12, "RELEASE")
FIELDS = {"jobType": "RELEASE"}


def job(
    number: int,
    version: str = "",
    status: str = "SUCCEED",
    *,
    began: float | None = COMPLETE + 1,
    resource: str = MINE,
    request: str = "1" * 12,
    commit: str = "HEAD",
) -> Job:
    """A job that the resource started for a version; without one, somebody's push."""
    summary: dict[str, Any] = {"jobId": str(number), "status": status, "commitId": commit}
    if version:
        summary["commitMessage"] = Mark(resource, version, request, "RELEASE").sign("x")
    if began is not None:
        summary["startTime"] = datetime.fromtimestamp(began, timezone.utc)
    return Job.read(summary)


BEFORE = COMPLETE - 1
SERVED = "the site serves no job of this resource"


@pytest.mark.parametrize(
    ("listed", "decision"),
    [
        ([], Nothing(SERVED)),
        ([job(1, V1, began=BEFORE)], Nothing("the site serves this version")),
        ([job(3), job(2, V2), job(1, V1, began=BEFORE)], Nothing(SERVED)),
        ([job(2, V2, resource=OTHERS), job(1, V1, began=BEFORE)], Nothing(SERVED)),
        ([job(2, V2, began=BEFORE)], Nothing("the site serves what it served before")),
        ([job(2, V2, "FAILED"), job(1, V1, began=BEFORE)], Nothing("the site serves this version")),
    ],
)
def test_a_site_that_serves_what_it_should_is_left_alone(listed: list[Job], decision: Nothing) -> None:
    assert restore(listed, MARK, COMPLETE, FIELDS, "m") == decision


@pytest.mark.parametrize("status", ["PENDING", "RUNNING"])
def test_a_restoration_under_way_is_adopted(status: str) -> None:
    under_way = job(3, V1, status)
    listed = [under_way, job(2, V2), job(1, V1, began=BEFORE)]
    assert restore(listed, MARK, COMPLETE, FIELDS, "m") == Adopt(under_way)


@pytest.mark.parametrize(
    "listed",
    [
        [job(2, V2), job(1, V1, began=BEFORE)],
        [job(3, V1, "CANCELLING"), job(2, V2), job(1, V1, began=BEFORE)],
        [job(3, V1, "FAILED"), job(2, V2), job(1, V1, began=BEFORE)],
        [job(2, V2), job(1, began=BEFORE)],  # somebody's, of no recorded commit
        [job(2, V2), job(1, V1, began=BEFORE, resource=OTHERS)],
        [job(2, V2), job(1, V1, began=BEFORE, commit=SHA)],
        [job(2, V2), job(1, began=BEFORE, commit="c" * 39)],
        [job(2, V2)],
    ],
)
def test_otherwise_the_previous_version_is_released(listed: list[Job]) -> None:
    decision = restore(listed, MARK, COMPLETE, FIELDS, "m")
    assert decision == Start({**FIELDS, "commitMessage": MARK.sign("m")}, "the newest commit")


def test_a_commit_that_the_version_names_is_said() -> None:
    fields = {**FIELDS, "commitId": SHA}
    decision = restore([job(2, V2), job(1, V1, began=BEFORE)], MARK, COMPLETE, fields, "m")
    assert isinstance(decision, Start)
    assert (decision.what, decision.fields["commitId"]) == (f"commit {SHA}", SHA)


def test_a_push_is_retried_the_newest_that_was_served_when_the_stack_was_complete() -> None:
    listed = [
        job(6, V2),
        job(5, commit="d" * 40),  # in this operation
        job(4, "", "FAILED", began=BEFORE, commit=SHA),
        job(3, began=BEFORE, commit=SHA.upper()),
        job(2, V1, began=BEFORE - 1),
    ]
    decision = restore(listed, MARK, COMPLETE, FIELDS, "m")
    retry = MARK._replace(job_type="RETRY").sign("Restored by CloudFormation: job 3")
    assert decision == Start({"jobType": "RETRY", "jobId": "3", "commitMessage": retry}, "job 3 again")


def test_a_new_resource_is_undone_by_a_retry_of_what_was_served() -> None:
    mark = MARK._replace(fingerprint=NO_VERSION)
    decision = undo_create([job(2, V1), job(1, V1, began=BEFORE, resource=OTHERS)], mark, COMPLETE)
    assert isinstance(decision, Start)
    assert decision.fields["jobId"] == "1"
    assert undo_create([job(2, V1)], mark, COMPLETE) == Nothing("no earlier job is listed")
    assert undo_create([job(3), job(2, V1)], mark, COMPLETE) == Nothing(SERVED)
    under_way = job(3, NO_VERSION, "RUNNING")
    assert undo_create([under_way, job(2, V1)], mark, COMPLETE) == Adopt(under_way)


def test_a_delete_stops_the_jobs_of_the_resource_but_not_the_one_that_restores() -> None:
    running = [job(4, NO_VERSION, "RUNNING"), job(3, V2, "RUNNING"), job(2, V1, "PENDING", began=None)]
    listed = [*running, job(1, V1), job(0, "", "RUNNING"), job(0, V1, "RUNNING", resource=OTHERS)]
    assert own_in_progress(listed, MINE) == running[1:]


def test_a_rollback_stops_what_began_in_this_operation_and_is_of_another_version() -> None:
    undone = [job(6, V2, "PENDING", began=None), job(5, V2, "RUNNING")]
    listed = [*undone, job(4, V1, "RUNNING"), job(3, V2, "RUNNING", began=BEFORE), job(2, V2), job(1)]
    assert to_stop_in_rollback(listed, MINE, V1, COMPLETE) == undone
    assert to_stop_in_rollback([job(2, V1, "RUNNING")], MINE, V2, COMPLETE) == [job(2, V1, "RUNNING")]


def test_the_newest_job_of_a_version_and_the_newest_success_are_told() -> None:
    listed = [
        job(5, "", "RUNNING"),
        job(4, V1, "FAILED"),
        job(3, V2),
        job(2, V1),
        job(1, V1, resource=OTHERS),
    ]
    assert newest_of_version(listed, MINE, V1) == listed[1]
    assert newest_of_version(listed, MINE, V2) == listed[2]
    assert newest_of_version(listed, OTHERS, V2) is None
    assert newest_success([job(1, "", "UNKNOWN")]) is None
    assert newest_success(listed) == listed[2]
    assert newest_success([listed[0]]) is None


@pytest.mark.parametrize("job_type", ["RELEASE", "RETRY"])
def test_the_job_of_a_request_is_told_by_its_mark_whatever_its_type(job_type: str) -> None:
    listed = [job(3, V1, request="2" * 12), job(2, V1), job(1, V2)]
    mark = Mark(MINE, V1, "1" * 12, job_type)
    assert of_this_request(listed, mark, unmarked_since=None, known=frozenset()) == listed[1]
    other = mark._replace(request="3" * 12)
    assert of_this_request(listed, other, unmarked_since=0, known=frozenset()) is None


def test_without_marks_the_oldest_new_job_since_then_may_be_the_requests() -> None:
    listed = [job(5), job(4), job(3), job(2, began=BEFORE), job(1, "", "PENDING", began=None)]
    known = frozenset({"1"})
    assert of_this_request(listed, MARK, unmarked_since=COMPLETE, known=known) == listed[2]
    assert of_this_request(listed, MARK, unmarked_since=None, known=known) is None
    assert of_this_request(listed, MARK, unmarked_since=COMPLETE + 9, known=known) is None
    unmarked = [*listed[:3], listed[4]]
    assert unmarked_jobs(listed, "RELEASE", COMPLETE) == unmarked
    marked = [*listed, job(0, V2, resource=OTHERS)]
    assert unmarked_jobs(marked, "RELEASE", COMPLETE) == []
    # Amplify may return the message of one type of job only.
    assert unmarked_jobs(marked, "RETRY", COMPLETE) == unmarked_jobs(marked, "A", COMPLETE) == unmarked
