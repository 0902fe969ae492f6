"""The rows of the fault matrix, with a hand-over at every pause, and where every call of AWS takes time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from fault_matrix import THEMES  # type: ignore[import-not-found, unused-ignore]
from fault_matrix.row import Row, comes_to_pass  # type: ignore[import-not-found, unused-ignore]
from simulated import World, worlds

_DATES = ("CommitTime", "StartTime", "EndTime")  # the pauses of two runs differ
ROWS = [
    pytest.param(row, number, id=f"{theme}: {row.fault.replace('{mode}', row.modes[0])}")
    for theme, rows in THEMES.items()
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("row", "number"), ROWS)
def test_a_hand_over_at_every_pause_changes_nothing(row: Row, number: int) -> None:
    if row.runs_once:
        return
    with worlds():
        told = []
        for hands_over in (False, True):
            world = World(hands_over_at_every_pause=hands_over)
            comes_to_pass(world, row, row.modes[0])
            told.append(_all_told(world))
    assert told[0] == told[1]


@pytest.mark.parametrize(("row", "number"), ROWS)
def test_where_every_call_takes_time_the_same_comes_of_a_fault(row: Row, number: int) -> None:
    if row.is_exact:
        return
    with worlds():
        comes_to_pass(World(slow=Random(number)), row, row.modes[0])


def _all_told(world: World) -> Any:
    """All that CloudFormation was answered and that was done at Amplify, without dates."""
    answers = [
        {**answer.body, "Data": {name: answer.data[name] for name in answer.data if name not in _DATES}}
        for answer in world.answers
    ]
    return answers, world.started, world.stopped
