"""Lines on standard output: coloured on a terminal, plain elsewhere."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence

_COLOURS = {"red": "\x1b[31m", "green": "\x1b[32m", "yellow": "\x1b[33m"}


def show(line: str, status: str = "", cut: bool = False) -> None:
    """Print a line, in the colour of a status of CloudFormation or Amplify.

    :param cut: On a terminal, only as much as one line of it holds. Default: False
    """
    if not sys.stdout.isatty():
        print(plain(line), flush=True)
        return
    shown = line[: shutil.get_terminal_size().columns] if cut else line
    print(f"{_COLOURS[_colour(status)]}{shown}\x1b[0m" if status else shown, flush=True)


def show_table(rows: Sequence[Sequence[str]], status_column: int | None = None) -> None:
    """Print rows in columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        show(line, row[status_column] if number and status_column is not None else "", cut=True)


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def _colour(status: str) -> str:
    if "FAILED" in status or "ROLLBACK" in status:
        return "red"
    return "green" if status.endswith(("COMPLETE", "SUCCEED")) else "yellow"
