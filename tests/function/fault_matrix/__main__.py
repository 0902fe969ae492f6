"""`python tests/function/fault_matrix --write` writes the tables into docs/reliability.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "support")]

from fault_matrix.page import PAGE, page  # type: ignore[import-not-found, unused-ignore]  # noqa: E402

if __name__ == "__main__":
    text = page(PAGE.read_text())
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text)
    else:
        sys.stdout.write(text)
