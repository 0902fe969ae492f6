"""No figure that is the same in every run gets worse unnoticed: `bench/budget.json` holds the limits."""

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
