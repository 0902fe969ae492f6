"""What a request is, by the dates of the stack's events, at each moment of the lives of a stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amplify_job.cloudformation.stack import Kind, Look, StackEvent, look_at

FORWARD, ROLLBACK, DELETE, GIVEN_UP = Kind.FORWARD, Kind.ROLLBACK, Kind.DELETE, Kind.GIVEN_UP

# The stack's own statuses, oldest first: second and status.
LIVES: dict[str, list[tuple[float, str]]] = {
    "create": [(0, "CREATE_IN_PROGRESS"), (100, "CREATE_COMPLETE")],
    "create that fails": [
        (0, "CREATE_IN_PROGRESS"),
        (100, "ROLLBACK_IN_PROGRESS"),
        (200, "ROLLBACK_COMPLETE"),
    ],
    "update": [
        (0, "CREATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        (300, "UPDATE_COMPLETE"),
    ],
    "update that is cancelled or fails": [
        (0, "UPDATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_ROLLBACK_IN_PROGRESS"),
        (300, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        (400, "UPDATE_ROLLBACK_COMPLETE"),
    ],
    "rollback that fails and is continued": [
        (0, "UPDATE_ROLLBACK_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_ROLLBACK_IN_PROGRESS"),
        (300, "UPDATE_ROLLBACK_FAILED"),
        (400, "UPDATE_ROLLBACK_IN_PROGRESS"),
        (500, "UPDATE_ROLLBACK_COMPLETE"),
    ],
    "updates with --no-rollback, then cdk rollback": [
        (0, "CREATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_FAILED"),
        (300, "UPDATE_IN_PROGRESS"),
        (400, "UPDATE_FAILED"),
        (500, "UPDATE_ROLLBACK_IN_PROGRESS"),
        (600, "UPDATE_ROLLBACK_COMPLETE"),
    ],
    "create with --no-rollback, mended, then rolled back": [
        (0, "CREATE_IN_PROGRESS"),
        (100, "CREATE_FAILED"),
        (200, "UPDATE_IN_PROGRESS"),
        (300, "ROLLBACK_IN_PROGRESS"),
        (400, "ROLLBACK_COMPLETE"),
    ],
    "express mode, which completes at once": [
        (0, "CREATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (100.5, "UPDATE_COMPLETE"),
    ],
    "nested stack that waits for its parent's clean-up": [
        (0, "CREATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        (900, "UPDATE_COMPLETE"),
    ],
    "nested stack whose parent rolls back": [
        (0, "CREATE_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        (300, "UPDATE_ROLLBACK_IN_PROGRESS"),
        (400, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
    ],
    "delete while a Create waits": [
        (0, "CREATE_IN_PROGRESS"),
        (100, "DELETE_IN_PROGRESS"),
        (200, "DELETE_COMPLETE"),
    ],
    "import, then update": [
        (0, "REVIEW_IN_PROGRESS"),
        (10, "IMPORT_IN_PROGRESS"),
        (50, "IMPORT_COMPLETE"),
        (100, "UPDATE_IN_PROGRESS"),
        (200, "UPDATE_ROLLBACK_IN_PROGRESS"),
    ],
}

# life, request, second of its date, second of the look, what it is
MOMENTS = [
    ("create", "Create", 1, 1, FORWARD),
    ("create", "Create", 1, 99, FORWARD),
    ("create", "Create", 1, 101, GIVEN_UP),
    ("create that fails", "Create", 50, 99, FORWARD),
    ("create that fails", "Create", 50, 101, GIVEN_UP),
    ("create that fails", "Create", 100, 101, GIVEN_UP),
    ("create that fails", "Delete", 101, 150, DELETE),
    ("create that fails", "Delete", 101, 201, GIVEN_UP),
    ("update", "Update", 100, 101, FORWARD),
    ("update", "Create", 101, 150, FORWARD),
    ("update", "Update", 101, 201, GIVEN_UP),
    ("update", "Delete", 201, 250, DELETE),
    ("update", "Delete", 201, 301, GIVEN_UP),
    ("update that is cancelled or fails", "Update", 150, 199, FORWARD),
    ("update that is cancelled or fails", "Update", 150, 201, GIVEN_UP),
    # Dates of requests have whole seconds: in that second, it counts as the rollback's.
    ("update that is cancelled or fails", "Update", 199, 201, GIVEN_UP),
    ("update that is cancelled or fails", "Update", 200, 200, ROLLBACK),
    ("update that is cancelled or fails", "Update", 201, 299, ROLLBACK),
    ("update that is cancelled or fails", "Update", 201, 301, GIVEN_UP),
    ("update that is cancelled or fails", "Delete", 201, 299, DELETE),
    ("update that is cancelled or fails", "Delete", 201, 301, DELETE),
    ("update that is cancelled or fails", "Delete", 301, 350, DELETE),
    ("update that is cancelled or fails", "Delete", 301, 401, GIVEN_UP),
    ("rollback that fails and is continued", "Update", 201, 301, GIVEN_UP),
    ("rollback that fails and is continued", "Update", 401, 450, ROLLBACK),
    ("rollback that fails and is continued", "Update", 201, 450, GIVEN_UP),
    ("updates with --no-rollback, then cdk rollback", "Update", 301, 350, FORWARD),
    ("updates with --no-rollback, then cdk rollback", "Update", 101, 350, GIVEN_UP),
    ("updates with --no-rollback, then cdk rollback", "Update", 501, 550, ROLLBACK),
    ("create with --no-rollback, mended, then rolled back", "Update", 201, 250, FORWARD),
    ("create with --no-rollback, mended, then rolled back", "Update", 301, 350, ROLLBACK),
    ("create with --no-rollback, mended, then rolled back", "Delete", 301, 350, DELETE),
    ("express mode, which completes at once", "Update", 99, 101, GIVEN_UP),
    ("express mode, which completes at once", "Update", 100, 101, FORWARD),
    ("nested stack that waits for its parent's clean-up", "Update", 150, 500, GIVEN_UP),
    ("nested stack that waits for its parent's clean-up", "Delete", 901, 902, DELETE),
    ("nested stack whose parent rolls back", "Update", 301, 350, ROLLBACK),
    ("nested stack whose parent rolls back", "Delete", 401, 450, DELETE),
    ("delete while a Create waits", "Create", 50, 101, GIVEN_UP),
    ("delete while a Create waits", "Create", 100, 101, GIVEN_UP),
    ("delete while a Create waits", "Delete", 101, 150, DELETE),
    ("import, then update", "Update", 101, 150, FORWARD),
    ("import, then update", "Update", 201, 250, ROLLBACK),
]


@pytest.mark.parametrize(("life", "request_type", "sent", "now", "kind"), MOMENTS)
def test_a_request_is_what_the_dates_say(
    life: str, request_type: str, sent: int, now: int, kind: Kind
) -> None:
    assert _look(life, request_type, sent, now).kind is kind


@pytest.mark.parametrize(
    ("life", "request_type", "sent", "last_complete"),
    [
        ("update that is cancelled or fails", "Update", 201, 0),
        ("update that is cancelled or fails", "Delete", 201, 0),
        ("update that is cancelled or fails", "Delete", 301, 0),
        ("rollback that fails and is continued", "Update", 401, 0),
        ("updates with --no-rollback, then cdk rollback", "Update", 501, 0),
        # never complete: the oldest event counts
        ("create with --no-rollback, mended, then rolled back", "Update", 301, 0),
        ("import, then update", "Update", 201, 50),
        ("nested stack whose parent rolls back", "Update", 301, 0),
    ],
)
def test_what_is_undone_began_since_the_stack_was_last_complete(
    life: str, request_type: str, sent: int, last_complete: int
) -> None:
    assert _look(life, request_type, sent, sent + 10).last_complete == last_complete


@pytest.mark.parametrize(
    ("life", "request_type", "sent", "undoes"),
    [
        ("update that is cancelled or fails", "Delete", 201, True),
        ("update that is cancelled or fails", "Delete", 301, True),
        ("update", "Delete", 201, False),
        ("create that fails", "Delete", 101, False),
        ("delete while a Create waits", "Delete", 101, False),
    ],
)
def test_a_delete_undoes_an_update_only_in_its_rollback(
    life: str, request_type: str, sent: int, undoes: bool
) -> None:
    assert _look(life, request_type, sent, sent + 10).undoes_an_update is undoes


def test_the_phase_began_with_its_own_event() -> None:
    assert _look("rollback that fails and is continued", "Update", 401, 450).began == 400


@pytest.mark.parametrize(
    ("request_type", "kind"), [("Create", FORWARD), ("Update", FORWARD), ("Delete", DELETE)]
)
def test_a_stack_without_an_event_of_its_own_counts_as_going_forward(request_type: str, kind: Kind) -> None:
    look = look_at(request_type, 100, [StackEvent(99, "")])
    assert (look.kind, look.phase) == (kind, "")


def test_events_of_resources_do_not_tell_what_a_request_is() -> None:
    events = [StackEvent(150, ""), StackEvent(100, "UPDATE_IN_PROGRESS")]
    assert look_at("Update", 101, events).kind is FORWARD


def test_only_as_many_events_are_read_as_are_needed() -> None:
    read: list[float] = []

    def events(*moments: tuple[float, str]) -> Iterator[StackEvent]:
        for moment, status in moments:
            read.append(moment)
            yield StackEvent(moment, status)

    look_at("Update", 101, events((150, ""), (100, "UPDATE_IN_PROGRESS"), (50, "")))
    assert read == [150, 100]
    # what undoes reads on, to the last complete operation
    read.clear()
    history = [(200.0, "UPDATE_ROLLBACK_IN_PROGRESS"), (150.0, ""), (50.0, "UPDATE_COMPLETE"), (40.0, "")]
    look_at("Update", 201, events(*history))
    assert read == [200, 150, 50]


def _look(life: str, request_type: str, sent: int, now: int) -> Look:
    """What the events that there are at a moment show."""
    happened = [StackEvent(moment, status) for moment, status in LIVES[life] if moment <= now]
    return look_at(request_type, sent, reversed(happened))
