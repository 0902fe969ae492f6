"""Items 3 and 4: what synthesis takes, in fresh processes."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from jsii._kernel.providers import process

from figures.processes import cpu_seconds, fresh, median_of, peak_mb
from figures.synth import NOTHING, OURS, OURS_MANY

_SCRIPT = """
import json, tempfile, time
began = time.perf_counter()
import aws_cdk
imported = time.perf_counter()
{imports}
ours, aside = time.perf_counter(), time.process_time()
from figures import footprint, processes, synth, synthesis
ready, aside = time.perf_counter(), time.process_time() - aside
with tempfile.TemporaryDirectory() as folder, synthesis.counted_calls() as calls:
    assembly = synth.synthesize({name!r}, folder, branch_names=synth.branches({jobs}))
    done = time.perf_counter()
    found = synth.resources(assembly)
    print(json.dumps({{
        "import_cdk": imported - began,
        "import_ours": ours - imported,
        "whole": done - began - (ready - ours),
        "cpu": time.process_time() + synthesis.node_seconds() - aside,
        "calls": calls.count,
        "bytes": synth.size(found),
        "policy_bytes": sum(synth.size(statement) for statement in footprint.statements(found)),
        "python_mb": processes.peak_mb(),
        "node_mb": synthesis.node_mb(),
    }}))
"""


class counted_calls(AbstractContextManager["counted_calls"]):  # noqa: N801 - reads as a function
    """Counts the calls into jsii's other process: `count`.

    jsii has no public way to count them; this is the one method that they all take in jsii 1.142.
    """

    def __enter__(self) -> counted_calls:
        self.count = 0
        send: Any = process._NodeProcess.send

        def counted(*args: Any) -> Any:
            self.count += 1
            return send(*args)

        self._patch = patch.object(process._NodeProcess, "send", counted)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


def node_mb() -> float:
    """The most memory that one of this process's children, and theirs, has had."""
    return max((peak_mb(child) for child in _children()), default=0.0)


def node_seconds() -> float:
    """The processor's time of this process's children, and theirs."""
    return sum(cpu_seconds(child) for child in _children())


def _children() -> list[str]:
    """Linux only."""
    found, parents = list[str](), ["self"]
    while parents:
        for children in Path(f"/proc/{parents.pop()}/task").glob("*/children"):
            parents += children.read_text().split()
            found += children.read_text().split()
    return found


class Compared(NamedTuple):
    medians: dict[str, dict[str, float]]
    added: dict[str, float]
    """Of the processor's seconds, to those of an empty stack: the median of the pairs' differences."""


def of_one_job(names: Sequence[str], runs: int) -> Compared:
    """In turn, so that all have the same neighbours; an empty stack first."""
    rounds = [{name: _run(name, 1) for name in (NOTHING, *names)} for _ in range(runs)]
    return Compared(
        {name: median_of([run[name] for run in rounds]) for name in rounds[0]},
        {
            name: statistics.median(run[name]["cpu"] - run[NOTHING]["cpu"] for run in rounds)
            for name in rounds[0]
        },
    )


def scale(sizes: Iterable[int], runs: int) -> dict[int, dict[str, float]]:
    return {jobs: median_of([_run(OURS_MANY, jobs) for _ in range(runs)]) for jobs in sizes}


def slope(points: dict[int, float]) -> tuple[float, float, float]:
    """The line nearest to the points: its slope, its value at 0, and R² (1: they lie on it)."""
    line = statistics.linear_regression([*points], [*points.values()])
    correlation = statistics.correlation([*points], [*points.values()])
    return line.slope, line.intercept, correlation**2


def _run(name: str, jobs: int) -> dict[str, float]:
    imports = "import cdk_amplify_job" if name in (OURS, OURS_MANY) else ""
    found: dict[str, float] = fresh(_SCRIPT.format(imports=imports, name=name, jobs=jobs))
    return found
