"""Which operation of the stack a request belongs to, by the dates of the stack's events."""

from __future__ import annotations

import pytest

from stack import Kind, StackEvent, is_rolling_back, kind_of, last_complete

SENT = 1_000.0
LIVE, BACK = "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"
CLEANUP = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"


@pytest.mark.parametrize(
    ("request_type", "status", "events", "kind"),
    [
        ("Update", LIVE, [], Kind.FORWARD),
        ("Update", "CREATE_IN_PROGRESS", [], Kind.FORWARD),
        ("Create", LIVE, [], Kind.FORWARD),
        # what cannot be read
        ("Update", "", [], Kind.FORWARD),
        ("Create", "", [], Kind.FORWARD),
        ("Delete", "", [], Kind.DELETE),
        # a rollback that began before the request, in its second, or later
        ("Update", BACK, [(SENT - 5, BACK)], Kind.ROLLBACK),
        ("Update", BACK, [(SENT + 0.99, BACK)], Kind.ROLLBACK),
        ("Update", BACK, [(SENT + 1, BACK)], Kind.GIVEN_UP),
        ("Update", "ROLLBACK_IN_PROGRESS", [], Kind.ROLLBACK),
        ("Create", BACK, [(SENT + 0.5, BACK)], Kind.GIVEN_UP),
        ("Create", "ROLLBACK_IN_PROGRESS", [], Kind.GIVEN_UP),
        # an operation that has ended
        ("Update", LIVE, [(SENT + 20, LIVE), (SENT + 10, "UPDATE_COMPLETE")], Kind.GIVEN_UP),
        ("Update", LIVE, [(SENT + 20, LIVE), (SENT + 10, "UPDATE_FAILED")], Kind.GIVEN_UP),
        ("Update", "", [(SENT + 10, "UPDATE_COMPLETE")], Kind.GIVEN_UP),
        ("Delete", "", [(SENT + 10, "UPDATE_ROLLBACK_COMPLETE")], Kind.GIVEN_UP),
        ("Update", LIVE, [(SENT + 0.9, "UPDATE_COMPLETE")], Kind.FORWARD),
        # a Delete of the clean-up goes on in it
        ("Delete", "", [(SENT + 10, CLEANUP)], Kind.DELETE),
        ("Update", CLEANUP, [], Kind.GIVEN_UP),
        ("Update", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", [], Kind.GIVEN_UP),
        ("Update", "UPDATE_FAILED", [], Kind.GIVEN_UP),
        ("Create", "DELETE_IN_PROGRESS", [], Kind.GIVEN_UP),
        # events of resources have no status
        ("Update", LIVE, [(SENT + 10, "")], Kind.FORWARD),
    ],
)
def test_a_request_is_what_the_dates_say(
    request_type: str, status: str, events: list[tuple[float, str]], kind: Kind
) -> None:
    assert kind_of(request_type, SENT, status, [StackEvent(*event) for event in events]) is kind


@pytest.mark.parametrize(
    ("events", "when"),
    [
        ([(9, BACK), (8, LIVE), (7, "UPDATE_COMPLETE"), (1, "CREATE_COMPLETE")], 7),
        ([(9, BACK), (8, LIVE), (7, "UPDATE_ROLLBACK_COMPLETE")], 7),
        ([(9, BACK), (8, LIVE), (7, "UPDATE_FAILED"), (6, LIVE), (5, "IMPORT_COMPLETE")], 5),
        ([(9, BACK), (8, LIVE), (7, "")], 8),  # CloudFormation keeps events for 90 days
        ([(9, CLEANUP), (8, "CREATE_COMPLETE")], 8),
        ([(9, "")], None),
        ([], None),
    ],
)
def test_the_stack_was_last_complete_then(events: list[tuple[float, str]], when: float | None) -> None:
    assert last_complete(StackEvent(*event) for event in events) == when


@pytest.mark.parametrize(
    ("status", "rolls_back"),
    [
        ("ROLLBACK_IN_PROGRESS", True),
        (BACK, True),
        (CLEANUP, False),
        (LIVE, False),
        ("ROLLBACK_COMPLETE", False),
    ],
)
def test_a_status_says_whether_the_stack_rolls_back(status: str, rolls_back: bool) -> None:
    assert is_rolling_back(status) is rolls_back
