"""Items 3 and 4: what synthesis takes, in fresh processes."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from jsii._kernel.providers import process

from figures.processes import fresh, median_of, peak_mb
from figures.synth import NOTHING, OURS

_SCRIPT = """
import json, tempfile, time
began = time.perf_counter()
import aws_cdk
imported = time.perf_counter()
{imports}
ours = time.perf_counter()
from figures import footprint, processes, synth, synthesis
ready = time.perf_counter()
with tempfile.TemporaryDirectory() as folder, synthesis.counted_calls() as calls:
    assembly = synth.synthesize({name!r}, folder, branch_names=synth.branches({jobs}))
    done = time.perf_counter()
    found = synth.resources(assembly)
    print(json.dumps({{
        "import_cdk": imported - began,
        "import_ours": ours - imported,
        "synthesis": done - ready,
        "whole": done - began - (ready - ours),
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
    """The most memory that one of this process's children, and theirs, has had; Linux only."""
    peaks, parents = [0.0], ["self"]
    while parents:
        for children in Path(f"/proc/{parents.pop()}/task").glob("*/children"):
            found = children.read_text().split()
            parents += found
            peaks += [peak_mb(child) for child in found]
    return max(peaks)


def of_jobs(name: str, jobs: int, runs: int) -> dict[str, float]:
    return median_of([_run(name, jobs) for _ in range(runs)])


def overhead(runs: int) -> float:
    """What a job of ours adds to the synthesis of an empty stack: the median of the pairs' differences."""
    pairs = [(_run(OURS, 1), _run(NOTHING, 1)) for _ in range(runs)]
    return statistics.median(with_job["whole"] - without["whole"] for with_job, without in pairs)


def scale(sizes: Iterable[int], runs: int) -> dict[int, dict[str, float]]:
    return {jobs: of_jobs(OURS, jobs, runs) for jobs in sizes}


def slope(points: dict[int, float]) -> tuple[float, float, float]:
    """The line nearest to the points: its slope, its value at 0, and R² (1: they lie on it)."""
    line = statistics.linear_regression([*points], [*points.values()])
    correlation = statistics.correlation([*points], [*points.values()])
    return line.slope, line.intercept, correlation**2


def _run(name: str, jobs: int) -> dict[str, float]:
    imports = "import cdk_amplify_job" if name == OURS else ""
    found: dict[str, float] = fresh(_SCRIPT.format(imports=imports, name=name, jobs=jobs))
    return found
