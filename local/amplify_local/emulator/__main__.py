"""The emulator's process: ministack, with stricter CloudFormation and Lambda, and with Amplify's types.

Run as ``python -m amplify_local.emulator`` by :class:`amplify_local.LocalAws`, which says through the
environment where to listen (``GATEWAY_PORT``, ``BIND_HOST``) and holds the other end of standard input.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from importlib import metadata

# The strict protocol reaches into private names of exactly this release.
MINISTACK = "1.5.33"


def main() -> None:
    _check_version()
    _end_with_standard_input()
    # Functions inherit this environment; our own source is no part of their runtime.
    os.environ.pop("PYTHONPATH", None)
    # Only now, as ministack reads the environment when it is imported.
    from amplify_local.emulator import (
        amplify_resources,
        custom_resources,
        endpoints,
        operations,
        placeholders,
        worker_log,
    )

    parts = amplify_resources, custom_resources, endpoints, operations, placeholders, worker_log
    for part in parts:
        part.install()
    from ministack import app

    app.main()


def _check_version() -> None:
    try:
        found = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        sys.exit("amplify_local needs ministack: pip install amplify-local")
    if found != MINISTACK:
        sys.exit(f"amplify_local needs ministack {MINISTACK}, got {found}")


def _end_with_standard_input() -> None:
    """Once nobody holds the other end of standard input, end this process and every function it runs.

    It is the one way to stop, whether the owner closes the pipe or is killed: this process leads a process
    group of its own, and functions are children in it.
    """
    folder = os.environ.pop("AMPLIFY_LOCAL_FOLDER", None)
    if folder is None or os.getpgrp() != os.getpid():
        return

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


if __name__ == "__main__":
    main()
