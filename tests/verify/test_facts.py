"""The list of facts, and the table that tells of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from verify.facts import FACTS, RELEASES, fits
from verify.table import AS_EXPECTED, DIFFERS, NOT_CHECKED, Table

ROOT = Path(__file__).parents[2]


def test_every_check_is_named_on_the_page_of_facts_and_the_other_way_round() -> None:
    page = (ROOT / "docs" / "aws-facts.md").read_text()

    checks = [line.rstrip(" |").rpartition(" | ")[2] for line in page.splitlines() if line.startswith("| ")]
    named = {name for cell in checks for name in re.findall(r"`([a-z-]+)`", cell)}

    assert FACTS.keys() - RELEASES.keys() <= named <= FACTS.keys()


def test_dots_stand_for_any_text_and_the_rest_for_itself() -> None:
    assert fits("App … not found.", "App d1 not found.")
    assert fits("…(404)…", "x (404)\ny")
    assert not fits("App … not found.", "App d1 not found!")
    assert not fits("a.c", "abc")


def test_a_check_that_goes_wrong_leaves_its_facts_unchecked_and_the_others_go_on() -> None:
    table = Table({name: FACTS[name] for name in ("job-type", "busy", "list-order", "statuses")})

    with table.checking("busy", "list-order"):
        table.saw("list-order", "newest first")
        raise ValueError("no such luck")
    table.saw("job-type", "GetJob")

    assert {name: finding.verdict for name, finding in table.findings().items()} == {
        "job-type": DIFFERS,
        "busy": NOT_CHECKED,
        "list-order": AS_EXPECTED,
        "statuses": NOT_CHECKED,
    }
    assert table.findings()["busy"].seen == "ValueError: no such luck"
    assert "| GetJob | DIFFERS |" in table.markdown()


def test_a_cell_of_the_table_is_one_line_without_bars() -> None:
    table = Table({"job-type": FACTS["job-type"]})
    table.saw("job-type", "a | b\nc" + "x" * 1_000)

    row = table.markdown().splitlines()[2]
    assert "a \\| b c" in row
    assert len(row) < 600


def test_an_interruption_is_no_finding() -> None:
    with pytest.raises(KeyboardInterrupt), Table().checking("busy"):
        raise KeyboardInterrupt
