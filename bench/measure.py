"""Measures this project against the alternatives, and writes docs/benchmarks.md and its plots.

python bench/measure.py            measure and write
python bench/measure.py --quick    as few repetitions as possible, to try it
python bench/measure.py --print    measure and print only
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[1]
DOCS = PROJECT / "docs"
MARKS = ("<!-- figures: written by bench/measure.py -->", "<!-- end of figures -->")

# The simulated clock is the function tests' own.
sys.path[1:1] = [str(PROJECT / "tests" / "support"), str(PROJECT / "lambda")]

from figures import (  # noqa: E402
    cold_start,
    deploys,
    faults,
    files,
    footprint,
    page,
    plots,
    synthesis,
    waiting,
)
from figures.synth import OF_FILES, OURS, TITLES  # noqa: E402


class Effort(NamedTuple):
    runs: int = 5
    rounds: int = 3
    jobs: int = 20
    sizes: tuple[int, ...] = (1, 10, 100, 300)
    faults: bool = True


_CALM_SECONDS = 300
_LOAD = 1.0
"""Of the machine, at the beginning: figures that are taken beside other work are not written."""

QUICK = Effort(runs=1, rounds=1, jobs=3, sizes=(1, 10, 20), faults=False)


def measure(effort: Effort, plots_in: Path | None) -> str:
    """All figures as Markdown; the plots go beside it."""
    _install_node_packages()
    sections = [page.header(effort == QUICK)]
    starts = cold_start.cold_starts(effort.runs)
    _say("cold starts")
    points = synthesis.scale(effort.sizes, effort.runs if effort == QUICK else 3)
    _say("synthesis of many jobs")
    syntheses = synthesis.of_one_job(deploys.RUNNABLE, effort.rounds)
    _say("synthesis of one job")
    footprints = {name: footprint.footprint(name) for name in TITLES}
    _say("footprints")
    works = [
        waiting.waiting(name, minutes)
        for name in TITLES
        if name not in OF_FILES
        for minutes in waiting.MINUTES
    ]
    _say("waiting, simulated")
    lifecycles = deploys.lifecycles(effort.rounds)
    _say("deployments")
    sites = files.deployed()
    _say("files")
    answers = deploys.answers(effort.jobs)
    _say("answers")
    deployed = deploys.scale(effort.sizes)
    _say("deployments of many jobs")
    sections += [
        page.own(footprints[OURS], points, starts, answers[OURS]),
        page.footprints(footprints),
        page.lifecycles(lifecycles, effort.rounds),
        page.files(sites),
        page.answers(answers),
        page.waiting(works),
    ]
    if effort.faults:
        sections.append(page.outcomes(faults.outcomes()))
        _say("faults")
    sections += [
        page.scale(points, deployed, effort.runs if effort == QUICK else 3),
        page.syntheses(syntheses, effort.rounds),
        page.cold_starts(starts, effort.runs),
    ]
    if plots_in:
        plots.resources(
            {name: found.resources for name, found in footprints.items()},
            plots_in / "benchmark-resources.svg",
        )
        plots.answers(answers, plots_in / "benchmark-answers.svg")
        plots.scale(points, plots_in / "benchmark-scale.svg")
    return "\n\n".join(sections)


def _install_node_packages() -> None:
    """The peers in Node need the SDK that Lambda's runtime brings along."""
    folder = PROJECT / "bench"
    if not (folder / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)


_BEGAN = time.monotonic()


def _say(what: str) -> None:
    print(f"{time.monotonic() - _BEGAN:5.0f} s  {what}", file=sys.stderr, flush=True)


def _calmest_load() -> float:
    """The load once it is low enough, or after some minutes: what was installed just now is part of it."""
    until = time.monotonic() + _CALM_SECONDS
    while (load := os.getloadavg()[0]) > _LOAD and time.monotonic() < until:
        time.sleep(5)
    return load


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="leave docs as they are")
    parser.add_argument("--quick", action="store_true", help="few repetitions, and no faults")
    arguments = parser.parse_args()
    load = _calmest_load()
    writes = not arguments.print and load <= _LOAD
    if load > _LOAD:
        print(f"load is {load:.1f}, must be at most {_LOAD:g} for the pages to be written", file=sys.stderr)
    text = measure(QUICK if arguments.quick else Effort(), DOCS if writes else None)
    print(text)
    if writes:
        file = DOCS / "benchmarks.md"
        before, rest = file.read_text().split(MARKS[0])
        file.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


if __name__ == "__main__":
    main()
