"""Every row of the tables in docs/reliability.md, as it says there."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from fault_matrix import THEMES  # type: ignore[import-not-found, unused-ignore]
from fault_matrix.page import PAGE, page  # type: ignore[import-not-found, unused-ignore]
from fault_matrix.row import Row, Story, said  # type: ignore[import-not-found, unused-ignore]
from simulated import World

_DATES = ("CommitTime", "StartTime", "EndTime")  # the pauses of two runs differ


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        pytest.param(row, mode, id=f"{theme}: {row.fault.replace('{mode}', mode)}")
        for theme, rows in THEMES.items()
        for row in rows
        for mode in row.modes
    ],
)
def test_what_comes_of_a_fault_also_with_a_hand_over_at_every_pause(
    world: World, row: Row, mode: str
) -> None:
    _comes_to_pass(world, row, mode)
    if not row.runs_once:
        handing_over = World(hands_over_at_every_pause=True)
        _comes_to_pass(handing_over, row, mode)
        assert _all_told(handing_over) == _all_told(world)


@pytest.mark.parametrize(
    ("row", "mode", "seed"),
    [
        pytest.param(row, row.modes[0], number, id=f"{theme}: {row.fault.replace('{mode}', row.modes[0])}")
        for theme, rows in THEMES.items()
        for number, row in enumerate(rows)
        if not row.is_exact
    ],
)
def test_what_comes_of_a_fault_where_every_call_takes_time(row: Row, mode: str, seed: int) -> None:
    _comes_to_pass(World(slow=Random(seed)), row, mode)


def test_no_two_rows_are_about_the_same_fault() -> None:
    for rows in THEMES.values():
        assert len({row.fault for row in rows}) == len(rows)


def test_the_page_is_up_to_date() -> None:
    # else: python tests/function/fault_matrix --write
    text = PAGE.read_text()
    assert text == page(text)


def _comes_to_pass(world: World, row: Row, mode: str) -> None:
    story = Story(world, mode)
    for step in row.happens:
        step(story)
    answers = [
        answer.reason.split(":")[0] if answer.status == "FAILED" else answer.status
        for answer in world.answers
    ]
    assert (answers, len(world.started)) == (list(row.answers), row.jobs)
    assert row.holds(world), row.outcome
    assert not said("defect")(world)


def _all_told(world: World) -> Any:
    """All that CloudFormation was answered and that was done at Amplify, without dates."""
    answers = [
        {**answer.body, "Data": {name: answer.data[name] for name in answer.data if name not in _DATES}}
        for answer in world.answers
    ]
    return answers, world.started, world.stopped
