"""Physical IDs, and the token in a job's commit message."""

from __future__ import annotations

from typing import Any

import pytest

from identity import Mark, digest, physical_id, unsigned
from jobs import Job

TOKEN = Mark("0123456789ab", "1abcdef", "fedcba987654", "RELEASE")


@pytest.mark.parametrize(
    "physical",
    [
        PhysicalId("d1", "main", "1", "1abc"),
        PhysicalId("d1", "feature/a/2/b", "12", "1abc"),
        PhysicalId("d1", "a/0/failed", "0", "failed"),
        PhysicalId("d1", "with space\nand line", "3", "1abc"),
    ],
)
def test_a_physical_id_reads_back(physical: PhysicalId) -> None:
    assert PhysicalId.parse(str(physical)) == physical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop-Site-1ABCDEFGHIJKL",
        "d1/main/1",
        "d1/main/x/1abc",
        "d1/main/1/ABC",
        "d1/main/1/1abc\n",
        "d1//1/1abc",
        "/main/1/1abc",
        "d1/main/1/",
    ],
)
def test_what_does_not_parse_was_invented_by_cloudformation(text: str) -> None:
    assert PhysicalId.parse(text) is None


def test_physical_ids_and_jobs_sort_by_the_number_of_the_job() -> None:
    ids = ["9", "10", "2", "100"]
    by_physical_id = sorted(
        (PhysicalId("d1", "main", number, "1a") for number in ids), key=lambda p: p.number
    )
    by_job = sorted((Job.read({"jobId": number}) for number in ids), key=lambda job: job.number)
    assert [p.job_id for p in by_physical_id] == [job.id for job in by_job] == ["2", "9", "10", "100"]


def test_a_signed_message_ends_with_the_token_in_a_line_of_its_own() -> None:
    assert TOKEN.sign("Fix") == "Fix\n[cfn 0123456789ab.1abcdef.fedcba987654.RELEASE]"
    assert Mark.parse(TOKEN.sign("Fix")) == TOKEN


@pytest.mark.parametrize("length", [0, 9_000, 10_000])
def test_a_signed_message_fits_amplifys_limit(length: int) -> None:
    signed = TOKEN.sign("x" * length)
    assert len(signed) == min(length + len(f"\n{TOKEN}"), 10_000)
    assert Mark.parse(signed) == TOKEN


@pytest.mark.parametrize("trailing", ["", "\n", "  \n", "\r\n"])
def test_space_after_the_token_does_not_hide_it(trailing: str) -> None:
    assert Mark.parse(TOKEN.sign("Fix") + trailing) == TOKEN


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Fix",
        f"{TOKEN}\nFix",
        f"Fix {TOKEN}",
        f"Fix\n {TOKEN}",
        f"Fix\n{TOKEN}.",
        "Fix\n[cfn 0a.1b.2c]",
        "Fix\n[cfn 0A.1b.2c.RELEASE]",
        "Fix\n[cfn 0a.1b.2c.release]",
        "Fix\n[cfn ..2c.RELEASE]",
    ],
)
def test_anything_else_is_no_token(message: str) -> None:
    assert Mark.parse(message) is None


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("Fix", "Fix"),
        (TOKEN.sign("Fix"), "Fix"),
        (TOKEN.sign(TOKEN.sign("Fix")), "Fix"),
        (f"a\n{TOKEN}\nb", "a\nb"),
        (f"a\n  {TOKEN}  \nb\n", "a\nb\n"),
        (f"a {TOKEN}", f"a {TOKEN}"),
        ("a\n\n\nb", "a\n\n\nb"),
        (str(TOKEN), ""),
    ],
)
def test_token_lines_are_removed_and_nothing_else(message: str, without: str) -> None:
    assert unsigned(message) == without


@pytest.mark.parametrize(
    ("job_type", "counts"), [("RELEASE", True), ("", True), ("RETRY", False), ("WEB_HOOK", False)]
)
def test_a_token_counts_on_a_job_of_its_own_type_only(job_type: str, counts: bool) -> None:
    summary: dict[str, Any] = {"jobId": "1", "jobType": job_type, "commitMessage": TOKEN.sign("Fix")}
    assert (Job.read(summary).mark == TOKEN) is counts


def test_a_digest_tells_its_parts_apart() -> None:
    digests = [digest("ab", "c", length=12), digest("a", "bc", length=12), digest("abc", length=12)]
    assert len(set(digests)) == 3
    assert all(len(one) == 12 for one in digests)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}, length=20) == digest({"b": 2, "a": 1}, length=20)


@pytest.mark.parametrize("job_id", ["", None, 7, "x", "1 ", "-1"])
def test_a_summary_that_names_no_job_is_none(job_id: Any) -> None:
    with pytest.raises(ValueError, match="a job without an ID"):
        Job.read({"jobId": job_id})
