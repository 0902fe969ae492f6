from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from simulated import World, worlds

sys.path.append(str(Path(__file__).parent))  # for fault_matrix, which is a script of its own, too

_COMMON: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# The same examples in every run, and no database: what is red here is red everywhere.
settings.register_profile("ci", derandomize=True, database=None, **_COMMON)
# Many more, other ones every time; what it finds belongs into a test of its own.
settings.register_profile("fuzz", max_examples=5_000, stateful_step_count=80, phases=list(Phase), **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    with worlds():
        yield


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.may_have_defects or not any(line["decision"] == "defect" for line in world.decisions)
