"""The list of facts, and the table that tells of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from verify.facts import FACTS, Fact, fits
from verify.table import AS_EXPECTED, DIFFERS, NOT_CHECKED, Table

ROOT = Path(__file__).parents[2]
MARKS = ("not verified on AWS", "from memory")
FOLDERS = ("constructs", "docs", "lambda", "local")
MARKED = [
    file.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for file in [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).glob("*.md")]
    if any(mark in file.read_text() for mark in MARKS)
]


def test_there_are_marks() -> None:
    assert {"lambda/amplify_job/amplify/jobs.py", "local/amplify_local/amplify/provider.py"} <= set(MARKED)


@pytest.mark.parametrize("file", MARKED)
def test_what_is_marked_as_not_verified_is_a_fact_to_verify(file: str) -> None:
    marks = sum((ROOT / file).read_text().count(mark) for mark in MARKS)
    facts = [fact for fact in FACTS.values() if fact.where == file]

    says_where = file.endswith(".md") and ("verify-aws" in (ROOT / file).read_text() or "local/" in file)
    assert len(facts) >= marks or says_where, f"verify/facts.py has {len(facts)} facts of {marks} in {file}"


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_a_fact_names_a_file_that_relies_on_it(fact: Fact) -> None:
    assert (ROOT / fact.where).is_file()


def test_the_checks_that_the_page_of_facts_names_exist() -> None:
    rows = [
        line for line in (ROOT / "docs" / "aws-facts.md").read_text().splitlines() if line.startswith("| ")
    ]
    named = {
        name for row in rows for name in re.findall(r"`([a-z-]+)`", row.rstrip(" |").rpartition(" | ")[2])
    }
    assert len(named) > 30
    assert named <= FACTS.keys()
    by_hand = {name for name, fact in FACTS.items() if fact.by_hand} & named
    assert all(f"`{name}`: *needs" in "".join(rows) for name in by_hand)


def test_dots_stand_for_any_text_and_the_rest_for_itself() -> None:
    assert fits("App … not found.", "App d1 not found.")
    assert fits("…(404)…", "x (404)\ny")
    assert not fits("App … not found.", "App d1 not found!")
    assert not fits("a.c", "abc")


def test_a_check_that_goes_wrong_leaves_its_facts_unchecked_and_the_others_go_on() -> None:
    table = Table({name: FACTS[name] for name in ("manual", "busy", "list-order", "no-diff", "job-arn")})

    with table.checking("busy", "list-order"):
        table.saw("list-order", "newest first")
        raise ValueError("no such luck")
    table.saw("manual", "accepted")

    assert {name: finding.verdict for name, finding in table.findings().items()} == {
        "manual": DIFFERS,
        "busy": NOT_CHECKED,
        "list-order": AS_EXPECTED,
        "no-diff": NOT_CHECKED,
        "job-arn": NOT_CHECKED,
    }
    assert table.findings()["busy"].seen == "ValueError: no such luck"
    assert "| accepted | DIFFERS |" in table.markdown()


def test_a_cell_of_the_table_is_one_line_without_bars() -> None:
    table = Table({"manual": FACTS["manual"]})
    table.saw("manual", "a | b\nc" + "x" * 1_000)

    row = table.markdown().splitlines()[2]
    assert "a \\| b c" in row
    assert len(row) < 600


def test_an_interruption_is_no_finding() -> None:
    with pytest.raises(KeyboardInterrupt), Table().checking("busy"):
        raise KeyboardInterrupt
