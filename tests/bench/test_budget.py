"""No figure that is the same in every run gets worse unnoticed: `bench/budget.json` holds the limits."""

from pathlib import Path

import pytest
from figures import budget


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    return budget.measured()


def test_no_figure_is_above_its_limit(measured: dict[str, float]) -> None:
    limits = budget.limits()

    above = {name: (value, limits[name]) for name, value in measured.items() if value > limits[name]}

    assert not above, f"worse than bench/budget.json allows (measured, limit): {above}"


def test_every_figure_has_a_limit(measured: dict[str, float]) -> None:
    assert list(budget.limits()) == list(measured)


def test_words_about_the_code_cost_nothing_and_code_does(tmp_path: Path) -> None:
    plain, told, longer = (tmp_path / name for name in ("plain.py", "told.py", "longer.py"))
    plain.write_text("def one():\n    '''One.'''\n    return 1\n")
    told.write_text('"""A module."""\n\n# Why.\ndef one():\n    """One, and why."""\n    return 1  # one\n')
    longer.write_text(plain.read_text() + "two = 2\n")

    assert budget.loaded(told) == budget.loaded(plain) < budget.loaded(longer)
