"""Makes the log of an invocation whole, in ministack's workers for Python functions.

A worker's process prints, and a thread of the emulator collects. ministack stops collecting when no line has
come for some milliseconds: on a busy machine the last lines are then shown with the next invocation, or never
if the function failed. Here the worker says itself where an invocation ends. As on AWS it keeps no text back:
the log of a function that is killed at its time limit is whole, too.

It replaces private names, so it fits exactly one release (see ``emulator``).
"""

from __future__ import annotations

import os
import queue
import time
from typing import Any

from ministack.core import lambda_runtime

_END = "\x04"
# For what neither ends nor says so, such as a killed function's child that holds the stream open.
_MOST_SECONDS = 10.0

# The last lines of the worker's script: it answers, and waits for the next event.
_ANSWERED = "        _real_stdout.flush()\n\nrun()\n"


def install() -> None:
    """Let Python workers mark the end of an invocation, and collect their lines up to there."""
    # Workers inherit it. Lambda's runtime has a class of its own for this: Unbuffered, in bootstrap.py of
    # https://github.com/aws/aws-lambda-python-runtime-interface-client
    os.environ["PYTHONUNBUFFERED"] = "1"
    mark = f"        print({_END!r}, file=sys.__stderr__, flush=True)\n"
    script: str = lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_ANSWERED, mark + _ANSWERED)
    for name in ("_drain_stderr", "_drain_stderr_bounded"):
        _replace(name)


def _replace(name: str) -> None:
    original = getattr(lambda_runtime.Worker, name)

    def drain(worker: Any, *args: Any, **options: Any) -> str:
        if not worker.config.get("Runtime", "").startswith("python"):
            return str(original(worker, *args, **options))
        return "\n".join(_lines(worker))

    setattr(lambda_runtime.Worker, name, drain)


def _lines(worker: Any) -> list[str]:
    """What the worker has printed until it marked the end, or until its process is gone."""
    lines: list[str] = []
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        is_gone = not worker._stderr_thread.is_alive()
        try:
            line = worker._stderr_queue.get(timeout=0 if is_gone else 0.02)
        except queue.Empty:
            if is_gone:
                break
            continue
        text, end, _ = line.partition(_END)
        if text or not end:
            lines.append(text)
        if end:
            break
    return lines
