"""When the work of a request ends, which is before CloudFormation gives it up. Nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from decisions import task

from amplify_job.cloudformation.stack import Kind, Look
from amplify_job.decide.deadline import end_of, reading_ends
from amplify_job.decide.state import State, TimedOut

SENT = 1_000.0  # when CloudFormation sent the request
BEGAN = 1_010.0  # when this delivery came
FOUND = 1_050.0  # when a look has shown that it is no forward request
FILES: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["1.zip"]}


def state(kind: Kind, **more: Any) -> State:
    return State(SENT, SENT, BEGAN, look=Look(kind, "", SENT))._replace(**more)


@pytest.mark.parametrize(
    ("properties", "seconds"),
    [
        ({}, 2_700),
        ({"TimeoutSeconds": "90"}, 90),
        ({"ServiceTimeout": "300"}, 120),
        ({"TimeoutSeconds": "300", "ServiceTimeout": "240"}, 60),
        ({"TimeoutSeconds": "300", "ServiceTimeout": "300"}, 120),
        ({"TimeoutSeconds": "60", "ServiceTimeout": "3600"}, 60),
    ],
)
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_request_ends_with_its_timeout_three_minutes_before_cloudformation_gives_it_up(
    request_type: str, properties: dict[str, Any], seconds: float
) -> None:
    asked = task(request_type, **properties)
    assert end_of(asked, state(Kind.FORWARD)) == SENT + seconds
    assert asked.properties.timeout_seconds == seconds


def test_a_job_that_was_told_to_stop_has_twenty_seconds() -> None:
    timed_out = TimedOut(since=1_100.0)
    assert end_of(task(TimeoutSeconds="60"), state(Kind.FORWARD, timed_out=timed_out)) == 1_120


@pytest.mark.parametrize(
    ("properties", "since", "end"),
    [
        ({}, 0, BEGAN + 60),
        ({}, FOUND, FOUND + 6 + 60),
        (FILES, FOUND, FOUND + 6 + 600),
        ({**FILES, "TimeoutSeconds": "300"}, FOUND, FOUND + 6 + 300),
        ({**FILES, "ServiceTimeout": "240"}, FOUND, FOUND + 6 + 60),
    ],
)
def test_a_rollback_ends_after_a_minute_and_with_files_after_ten(
    properties: dict[str, Any], since: float, end: float
) -> None:
    assert end_of(task("Update", **properties), state(Kind.ROLLBACK, since=since)) == end


@pytest.mark.parametrize("kind", [Kind.DELETE, Kind.GIVEN_UP])
@pytest.mark.parametrize(("since", "end"), [(0, BEGAN + 60), (FOUND, FOUND + 60)])
def test_a_delete_ends_after_a_minute(kind: Kind, since: float, end: float) -> None:
    assert end_of(task("Delete", **FILES), state(kind, since=since)) == end


def test_a_delivery_that_comes_late_may_read_for_twenty_seconds() -> None:
    asked = task(TimeoutSeconds="60")
    assert reading_ends(asked, state(Kind.FORWARD)) == SENT + 60
    assert reading_ends(asked, state(Kind.FORWARD, began=SENT + 59)) == SENT + 79
