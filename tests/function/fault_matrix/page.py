"""The tables of docs/reliability.md."""

from __future__ import annotations

from pathlib import Path

from faults import FAULTS

from . import THEMES
from .row import ANY, SUCCESS, Row

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
BEGIN, END = "<!-- fault matrix: begin -->", "<!-- fault matrix: end -->"


def page(text: str) -> str:
    """The page with its tables as they are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n\n".join(_table(theme, rows) for theme, rows in THEMES.items())
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _table(theme: str, rows: list[Row]) -> str:
    lines = [f"### {theme}", "", "| fault | outcome | jobs started | answers sent |", "|---|---|---|---|"]
    for row in rows:
        modes = ", ".join(FAULTS.get(mode, f"HTTP {mode}") for mode in row.modes if mode)
        modes = "any fault" if len(row.modes) >= len(ANY) else modes
        sent = ", ".join(f"`{answer if answer == SUCCESS else f'FAILED {answer}'}`" for answer in row.answers)
        fault = row.fault.replace("{mode}", modes)
        lines.append(f"| {fault} | {row.outcome} | {row.jobs} | {sent or 'none'} |")
    return "\n".join(lines)
