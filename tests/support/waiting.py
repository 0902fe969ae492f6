"""Waiting for what is only a matter of time."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 120
"""By when it has come, however slow the machine is."""


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
