"""How often to look at a job that runs: a simulation of rhythms on spreads of durations.

python bench/polling.py    prints a table; docs/design.md quotes it
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

_CALL_SECONDS = 0.1  # a GetJob, there and back
_PENDING_SECONDS = 0.8
_JOBS = 4_000


class Run(NamedTuple):
    """A job, in seconds after it began."""

    deployed_from: float
    """When its step DEPLOY begins; it never does for a build that fails."""
    end: float


# How long until the next look, told the seconds since the job began, those that the last job took, and the
# step that the last look saw.
Rhythm = Callable[[float, float, str], float]


def today(elapsed: float, expected: float, step: str) -> float:
    return 2.0


def by_history(elapsed: float, expected: float, step: str) -> float:
    """Seldom while the end is far from where the last one was, and often near it."""
    if elapsed < 0.85 * expected:
        return min(15.0, max(1.0, 0.85 * expected - elapsed))
    return 1.0 if elapsed < 1.15 * expected else 2.0


def by_step(elapsed: float, expected: float, step: str) -> float:
    """Seldom while it is provisioned and builds, often while it deploys or has just begun."""
    if step == "BUILD":
        return min(4.0, max(1.0, elapsed // 2))
    return {"DEPLOY": 1.0}.get(step, 2.0)


RHYTHMS: Mapping[str, Rhythm] = {"every 2 s": today, "by history": by_history, "by step": by_step}

# Durations of a build beside that of the last one, which took 300 s.
SPREADS: Mapping[str, Callable[[random.Random], float]] = {
    "constant": lambda chance: 300.0,
    "within 10 %": lambda chance: 300 * chance.uniform(0.9, 1.1),
    "within 50 %": lambda chance: 300 * chance.uniform(0.5, 1.5),
    "with and without cache": lambda chance: chance.choice([300.0, 140.0]) * chance.uniform(0.95, 1.05),
}
# DEPLOY and VERIFY together: 8 to 16 s were recorded of jobs that do nothing else.
DEPLOYS: Mapping[str, tuple[float, float]] = {"8 to 16 s": (8, 16), "2 to 4 s": (2, 4)}


def simulate(rhythm: Rhythm, run: Run) -> tuple[int, float]:
    """The looks at a job, and the seconds from its end to the look that sees it."""
    now, looks, step = 0.0, 0, ""
    while True:
        now += rhythm(now, 300.0, step)
        looks += 1
        if now >= run.end:
            return looks, now + _CALL_SECONDS - run.end
        step = "DEPLOY" if now >= run.deployed_from else "BUILD" if now >= _PENDING_SECONDS else ""
        now += _CALL_SECONDS


def table() -> str:
    lines = [
        "| durations, deploying | " + " | ".join(f"{name}: looks, mean | longest" for name in RHYTHMS) + " |",
        "|---|" + "---|---|" * len(RHYTHMS),
    ]
    cases = [(spread, deploy) for spread in SPREADS for deploy in DEPLOYS]
    for spread, deploy in [*cases, ("within 10 %, the build fails", "8 to 16 s")]:
        cells = []
        for rhythm in RHYTHMS.values():
            chance = random.Random(1)
            found = []
            for _ in range(_JOBS):
                duration = SPREADS[spread.partition(", the")[0]](chance) + chance.uniform(0, 2)
                deploying = chance.uniform(*DEPLOYS[deploy])
                fails = "fails" in spread
                run = Run(float("inf") if fails else duration - deploying, duration)
                found.append(simulate(rhythm, run))
            looks = statistics.mean(look for look, _ in found)
            late = [seconds for _, seconds in found]
            cells.append(f"{looks:.0f}, {statistics.mean(late):.2f} s | {max(late):.1f} s")
        lines.append(f"| {spread}, {deploy} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
