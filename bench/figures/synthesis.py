"""Items 3 and 4: what synthesis takes, in fresh processes."""

from __future__ import annotations

from collections.abc import Iterable

from figures.processes import fresh, median_of

# jsii has no public way to count the calls into its other process: it is this method, in jsii 1.142.
_SCRIPT = """
import json, resource, sys, tempfile, time
began = time.perf_counter()
import aws_cdk
from jsii._kernel.providers.process import _NodeProcess
send, calls = _NodeProcess.send, 0
def counted(*args):
    global calls
    calls += 1
    return send(*args)
_NodeProcess.send = counted
imported = time.perf_counter()
{imports}
from figures import synth
from figures.footprint import statements
ours = time.perf_counter()
calls = 0
with tempfile.TemporaryDirectory() as folder:
    assembly = {work}
    done = time.perf_counter()
    found = synth.resources(assembly)
    print(json.dumps({{
        "import_cdk": imported - began,
        "import_ours": ours - imported,
        "synthesis": done - ours,
        "whole": done - began,
        "calls": calls,
        "bytes": synth.size(found),
        "policy_bytes": sum(synth.size(statement) for statement in statements(found)),
        "python_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }}))
"""
_EMPTY = """
def empty(folder):
    app = aws_cdk.App(analytics_reporting=False, outdir=folder,
                      context={"@aws-cdk/core:validateAgainstDefaultRules": False})
    aws_cdk.Stack(app, "Stack")
    app.synth()
    from pathlib import Path
    with open(Path(folder) / "Stack.template.json") as file:
        template = json.load(file)
    template.setdefault("Resources", {})
    with open(Path(folder) / "Stack.template.json", "w") as file:
        json.dump(template, file)
    return Path(folder)
"""


def of_jobs(name: str, jobs: int, runs: int) -> dict[str, float]:
    imports = "import cdk_amplify_job" if name == "ours" else ""
    work = f"synth.synthesize({name!r}, folder, branch_names=synth.branches({jobs}))"
    return median_of([fresh(_SCRIPT.format(imports=imports, work=work)) for _ in range(runs)])


def of_nothing(runs: int) -> dict[str, float]:
    """An app with an empty stack."""
    script = _SCRIPT.replace("{imports}", _EMPTY.replace("{", "{{").replace("}", "}}"))
    return median_of([fresh(script.format(work="empty(folder)")) for _ in range(runs)])


def scale(sizes: Iterable[int], runs: int) -> dict[int, dict[str, float]]:
    return {jobs: of_jobs("ours", jobs, runs) for jobs in sizes}


def slope(points: dict[int, float]) -> tuple[float, float, float]:
    """The line nearest to the points: its slope, its value at 0, and R² (1: they lie on it)."""
    count = len(points)
    mean_x, mean_y = sum(points) / count, sum(points.values()) / count
    spread = sum((x - mean_x) ** 2 for x in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points.items()) / spread
    start = mean_y - rise * mean_x
    missed = sum((y - start - rise * x) ** 2 for x, y in points.items())
    total = sum((y - mean_y) ** 2 for y in points.values())
    return rise, start, 1 - missed / total if total else 1.0
