"""Taking time, here and in fresh processes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

BENCH = Path(__file__).resolve().parents[1]
FUNCTION = BENCH.parent / "lambda"
_T = TypeVar("_T")


def seconds(work: Callable[[], _T]) -> tuple[float, _T]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def fresh(script: str) -> Any:
    """Run a script in a new process; it prints JSON as its last line."""
    path = os.pathsep.join([str(BENCH), str(FUNCTION)])
    environment = {**os.environ, "PYTHONPATH": path, "AWS_REGION": "us-east-1"}
    environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # it would compile this project's modules each time
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def peak_mb(process: str = "self") -> float:
    """The most memory that a process has had; Linux only.

    Not getrusage: a new process inherits the figure of the one that started it.
    """
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def cpu_seconds(process: str) -> float:
    """The processor's time of another process; Linux only."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def median_of(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each figure of several runs."""
    return {name: statistics.median(run[name] for run in found) for name in found[0]}
