from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulated import World, worlds


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    with worlds():
        yield


@pytest.fixture
def world() -> World:
    return World()
