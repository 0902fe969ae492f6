"""The contract of ``Custom::AmplifyJob``: each property, what it may be, and whether a change starts a job.

Its rows are data, in ``contract.json``. The function reads its properties by them; the constructs check their
options by the same rows, in Python and in TypeScript. The construct in Python runs this file by its path, so
this module imports nothing but the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Set
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    option: str
    """The construct's option that gives the property."""
    kind: str
    """text, word, flag, number, time, map (of texts), tree (any map), or a list: texts, maps (of texts), or
    settings (any maps)."""
    starts: bool
    """Whether a change starts a job: then the property is in the fingerprint."""
    default: Any = None
    least: int = 0
    most: int | None = None
    """The least and the greatest number; of a text, the number of its characters. None is no limit."""
    pattern: str = ""
    """What the whole text must match, in words that Python and JavaScript read alike. Empty is no pattern."""
    allowed: str = ""
    """What a value may be apart from its limits, in words that follow "must be"."""
    words: tuple[str, ...] = ()


_DATA: dict[str, Any] = json.loads((Path(__file__).parent / "contract.json").read_text())

ROWS = {
    name: Row(**{**_DATA["kinds"][row["kind"]], **row, "words": tuple(row.get("words", ()))})
    for name, row in _DATA["rows"].items()
}
DEPLOYMENT = "MANUAL"
"""The type of a job that deploys files."""
SECONDS_TO_ANSWER: int = _DATA["seconds_to_answer"]
"""Between TimeoutSeconds, when the function ends its wait, and ServiceTimeout, when CloudFormation does."""


def allowed(row: Row) -> str:
    """What a value may be, in words that follow "must be"."""
    if row.kind == "word":
        return f"one of {', '.join(row.words)}"
    if row.kind == "number":
        return f"a whole number from {row.least} to {row.most}"
    if row.most is None:
        return row.allowed
    count = f"{row.least} to {row.most:,}" if row.least else f"at most {row.most:,}"
    return f"{row.allowed}, {count} characters"


def read(row: Row, value: Any) -> Any:
    """Return a value in its row's type. CloudFormation gives every scalar as a string.

    :raises ValueError: It is not what is allowed.
    """
    text = str(value)
    match row.kind:
        case "text" if isinstance(value, str) and _fits(row, value):
            return value
        case "word" if value in row.words:
            return row.words[row.words.index(value)]
        case "flag" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "number" if re.fullmatch("[0-9]{1,9}", text) and row.least <= int(text) <= (row.most or 0):
            return int(text)
        case "time" if isinstance(value, str):
            return _moment(value)
        case "map" if _is_map(value):
            return value
        case "tree" if isinstance(value, dict):
            return value
        case "texts" | "maps" | "settings" if isinstance(value, list) and all(map(_ITEM[row.kind], value)):
            return value
    raise ValueError


def shown(value: Any, kind: str = "") -> str:
    """A value that is not allowed, cut to a line; of a map only what is not allowed in it.

    A tree holds environment variables, and so secrets: nothing of it is shown.
    """
    if kind == "tree":
        return "no map"
    if kind == "map" and isinstance(value, dict):
        value = {name: item for name, item in value.items() if not _is_map({name: item})}
    text = repr(value)
    if len(text) <= 100:
        return text
    return f"{text[:99]}…" + (f" ({len(value):,} characters)" if isinstance(value, str) else "")


def job_type_of(given: Mapping[str, Any]) -> str:
    """The type of the job, which files say if JobType is not given."""
    default = DEPLOYMENT if given.get("SourceBucketNames") else ROWS["JobType"].default
    return str(given.get("JobType") or default)


def conflict(
    given: Mapping[str, Any], unknown: Set[str] = frozenset(), called: Callable[[str], str] = str
) -> str:
    """Which properties do not go together, and what is allowed; empty if all do.

    :param given: What is given, by the property's name.
    :param unknown: The properties of which only the deployment knows the value. No rule looks at them.
    :param called: Gives the user's name of a property.
    """
    job_type, job_id, sources = job_type_of(given), given.get("JobId"), given.get("SourceBucketNames")
    of_a_build = [
        name for name in ("JobReason", "CommitId", "CommitMessage", "CommitTime") if given.get(name)
    ]
    of_a_page = [name for name in ("SmokeTestStatus", "SmokeTestText", "SmokeTestSeconds") if name in given]
    page, commit_id = given.get("SmokeTestPath"), given.get("CommitId")
    rules: tuple[tuple[Set[str], bool, str], ...] = (
        (
            {"CommitId"},
            bool(commit_id) and commit_id in ("HEAD", given.get("BranchName")),
            f"{called('CommitId')} must be one commit, received {commit_id!r}: "
            "that stays the same after a push",
        ),
        (
            {"JobType", "JobId"},
            (job_type == "RETRY") != bool(job_id),
            f"{called('JobId')} must be given for RETRY and for no other {called('JobType')}, received "
            f"{called('JobType')}={job_type!r} and {called('JobId')}={job_id!r}",
        ),
        (
            {"JobType"},
            (job_type == DEPLOYMENT) != bool(sources),
            f"{called('JobType')} {DEPLOYMENT} and {called('SourceBucketNames')} must be given together, "
            f"received {job_type!r} and {len(sources or ()) or 'no'} sources",
        ),
        (
            set(),
            bool(sources and of_a_build),
            f"sources are deployed without a build, so {', '.join(map(called, of_a_build))} must be left out",
        ),
        (
            set(),
            bool(of_a_page and not page),
            f"{', '.join(of_a_page)} is given, so SmokeTestPath must be given, too",
        ),
        (
            set(),
            bool(page and not given.get("Wait", True)),
            f"{called('SmokeTestPath')} looks at the site after the job, so {called('Wait')} must be true",
        ),
    )
    return next((text for names, broken, text in rules if broken and not names & unknown), "")


def _fits(row: Row, text: str) -> bool:
    fits = row.least <= len(text) <= (row.most or len(text))
    return fits and (not row.pattern or re.fullmatch(row.pattern, text) is not None)


def _moment(text: str) -> datetime:
    """:raises ValueError: It is no time of this calendar, or has no offset."""
    moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))  # Python 3.10 does not read the Z
    try:
        if moment.tzinfo:
            return moment.astimezone(timezone.utc)
    except OverflowError:
        pass
    raise ValueError


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name and isinstance(name, str) and isinstance(item, str) for name, item in value.items()
    )


_ITEM: dict[str, Callable[[Any], bool]] = {
    "texts": lambda item: isinstance(item, str) and item != "",
    "maps": _is_map,
    "settings": lambda item: isinstance(item, dict),
}
