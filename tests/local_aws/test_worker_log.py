"""What functions log, however slowly the emulator collects it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOCAL = Path(__file__).resolve().parents[2] / "local"

# In a process of its own: the emulator's workers leave streams open.
SLOW_EMULATOR = """
import io, time, zipfile
from amplify_local.emulator import worker_log
from ministack.core.lambda_runtime import Worker

worker_log.install()

def collect_slowly(worker):
    for line in worker._proc.stderr:
        time.sleep(0.3)
        worker._stderr_queue.put(line.rstrip("\\n"))

Worker._read_stderr = collect_slowly
source = '''
import time
def handler(event, context):
    print("first")
    print("last", end="")
    if event == "fail":
        raise RuntimeError("told to")
    while event == "hang":
        time.sleep(1)
'''
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("index.py", source)
arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
worker = Worker("f", {"Runtime": "python3.13", "FunctionArn": arn, "Timeout": 2}, code.getvalue())
for event in ("succeed", "fail", "hang", "succeed"):
    print(event, worker.invoke(event, "request")["log"].split())
worker.kill()
"""


def test_the_log_of_an_invocation_is_whole_and_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW_EMULATOR],
        env={**os.environ, "PYTHONPATH": str(LOCAL)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "succeed ['first', 'last']",
        "fail ['first', 'last']",
        "hang ['first', 'last']",
        "succeed ['first', 'last']",
    ]
