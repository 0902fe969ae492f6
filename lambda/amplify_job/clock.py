"""The part of the module `time` that is used; tests pass a simulated one."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...
