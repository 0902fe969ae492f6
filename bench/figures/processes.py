"""Fresh processes, and their memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parents[1]
FUNCTION = BENCH.parent / "lambda"


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


def peak_mb() -> float:
    """The most memory that this process has had; Linux only.

    Not getrusage: a new process inherits the figure of the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)
