from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulated import worlds


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    with worlds():
        yield
