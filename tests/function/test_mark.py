"""Physical IDs, and the mark in a job's commit message."""

from __future__ import annotations

from typing import Any

import pytest

from amplify_job.amplify.job import Job, without_marks_of_copies
from amplify_job.cloudformation.mark import Mark, digest, physical_id, unsigned

MARK = Mark("0123456789ab", "1abcdef", "fedcba987654", "RELEASE")


def test_a_physical_id_is_that_of_its_resource() -> None:
    assert physical_id("0123456789ab") == "amplify-job-0123456789ab"


def test_a_signed_message_ends_with_the_token_in_a_line_of_its_own() -> None:
    assert MARK.sign("Fix") == "Fix\n[cfn 0123456789ab.1abcdef.fedcba987654.RELEASE]"
    assert Mark.parse(MARK.sign("Fix")) == MARK


@pytest.mark.parametrize("length", [0, 9_000, 10_000])
def test_a_signed_message_fits_amplifys_limit(length: int) -> None:
    signed = MARK.sign("x" * length)
    assert len(signed) == min(length + len(f"\n{MARK}"), 10_000)
    assert Mark.parse(signed) == MARK


@pytest.mark.parametrize("trailing", ["", "\n", "  \n", "\r\n"])
def test_space_after_the_token_does_not_hide_it(trailing: str) -> None:
    assert Mark.parse(MARK.sign("Fix") + trailing) == MARK


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Fix",
        f"{MARK}\nFix",
        f"Fix {MARK}",
        f"Fix\n {MARK}",
        f"Fix\n{MARK}.",
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
        (MARK.sign("Fix"), "Fix"),
        (MARK.sign(MARK.sign("Fix")), "Fix"),
        (f"a\n{MARK}\nb", "a\nb"),
        (f"a\n  {MARK}  \nb\n", "a\nb\n"),
        (f"a {MARK}", f"a {MARK}"),
        ("a\n\n\nb", "a\n\n\nb"),
        (str(MARK), ""),
    ],
)
def test_token_lines_are_removed_and_nothing_else(message: str, without: str) -> None:
    assert unsigned(message) == without


def test_of_several_jobs_with_one_mark_the_oldest_has_it() -> None:
    def job(number: str, message: str) -> Job:
        return Job.read({"jobId": number, "commitMessage": message})

    other = MARK._replace(request="0" * 12)
    listed = [
        job("4", MARK.sign("copy")),
        job("3", other.sign("x")),
        job("2", "push"),
        job("1", MARK.sign("x")),
    ]
    assert [job.mark for job in without_marks_of_copies(listed)] == [None, other, None, MARK]


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
