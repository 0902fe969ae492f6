"""The command line: ``up`` keeps a local AWS running; other commands use it, or start one of their own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from amplify_local.cli.arguments import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parse(arguments)
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return code


def _terminate(signum: int, frame: FrameType | None) -> None:
    """As Ctrl-C, so that everything is stopped on the way out."""
    raise SystemExit(128 + signum)
