"""Every row of the tables in docs/reliability.md, as it says there; `tests/modes` has other worlds."""

from __future__ import annotations

import pytest
from fault_matrix import THEMES  # type: ignore[import-not-found, unused-ignore]
from fault_matrix.page import PAGE, page  # type: ignore[import-not-found, unused-ignore]
from fault_matrix.row import Row, comes_to_pass  # type: ignore[import-not-found, unused-ignore]
from simulated import World


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        pytest.param(row, mode, id=f"{theme}: {row.fault.replace('{mode}', mode)}")
        for theme, rows in THEMES.items()
        for row in rows
        for mode in row.modes
    ],
)
def test_what_comes_of_a_fault(world: World, row: Row, mode: str) -> None:
    comes_to_pass(world, row, mode)


def test_no_two_rows_are_about_the_same_fault() -> None:
    for rows in THEMES.values():
        assert len({row.fault for row in rows}) == len(rows)


def test_the_page_is_up_to_date() -> None:
    # else: python tests/function/fault_matrix --write
    text = PAGE.read_text()
    assert text == page(text)
