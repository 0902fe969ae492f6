"""Measures this project against the alternatives, and writes docs/benchmarks.md.

python bench/measure.py            measure and write
python bench/measure.py --quick    measure few jobs and no faults, and print: to try it
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MARKS = ("<!-- figures: written by bench/measure.py -->", "<!-- end of figures -->")

# The simulated clock is the function tests' own.
sys.path[1:1] = [str(PROJECT / "tests" / "support"), str(PROJECT / "lambda")]

from figures import deploys, faults, files, footprint, page, waiting  # noqa: E402
from figures.synth import OF_FILES, TITLES  # noqa: E402

_CALM_SECONDS = 300
_LOAD = 1.0
"""Of the machine, at the beginning: figures are not taken beside other work."""


def sections(*, quick: bool) -> Iterator[str]:
    """All figures as Markdown, as they are found."""
    yield page.header(quick)
    yield page.footprints({name: footprint.footprint(name) for name in TITLES})
    yield page.files(files.deployed())
    yield page.answers(deploys.answers(3 if quick else 20))
    building = [name for name in TITLES if name not in OF_FILES]
    jobs = [(name, minutes) for name in building for minutes in waiting.MINUTES]
    yield page.waiting({job: waiting.waiting(*job) for job in jobs})
    if not quick:
        yield page.outcomes(faults.outcomes())


def _install_node_packages() -> None:
    """The peers in Node need the SDK that Lambda's runtime brings along."""
    folder = PROJECT / "bench"
    if not (folder / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)


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
    parser.add_argument("--quick", action="store_true", help="few jobs and no faults; docs stay as they are")
    quick = parser.parse_args().quick
    _install_node_packages()
    if not quick and (load := _calmest_load()) > _LOAD:
        sys.exit(f"error: load is {load:.1f}, must be at most {_LOAD:g} to measure")
    text = ""
    for section in sections(quick=quick):
        print(section, flush=True, end="\n\n")
        text += f"{section}\n\n"
    if not quick:
        file = PROJECT / "docs" / "benchmarks.md"
        before, rest = file.read_text().split(MARKS[0])
        file.write_text(f"{before}{MARKS[0]}\n\n{text}{MARKS[1]}{rest.split(MARKS[1])[1]}")


if __name__ == "__main__":
    main()
