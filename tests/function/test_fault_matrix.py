"""Every row of the table in docs/reliability.md, as it says there."""

from __future__ import annotations

import pytest
from fault_matrix import (  # type: ignore[import-not-found, unused-ignore]
    PAGE,
    ROWS,
    Row,
    page,
)
from simulated import World


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_what_comes_of_a_fault(world: World, row: Row) -> None:
    # when
    row.happens(world)
    # then
    answers = tuple(
        f"FAILED {answer.reason.split(':')[0]}" if answer.status == "FAILED" else answer.status
        for answer in world.answers
    )
    assert (answers, len(world.started)) == (row.answers, row.jobs)
    assert row.holds(world), row.outcome


def test_no_two_rows_are_about_the_same_fault() -> None:
    assert len({(row.theme, row.fault) for row in ROWS}) == len(ROWS)


def test_the_page_is_up_to_date() -> None:
    # else: python tests/function/fault_matrix.py --write
    text = PAGE.read_text()
    assert text == page(text)
