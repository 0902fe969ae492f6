"""The contract of ``Custom::AmplifyJob``: each property, what it may be, and whether a change starts a job.

The function reads its properties by these rows. The construct runs this file by its path and checks its
options by the same rows, so this module imports nothing but the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from datetime import datetime, timezone
from typing import Any, NamedTuple


class Row(NamedTuple):
    option: str
    """The construct's option that gives the property."""
    kind: str
    """text, word, flag, number, time, map (of texts), or a list: texts, maps, or settings (any maps)."""
    starts: bool
    """Whether a change starts a job: then the property is in the fingerprint."""
    default: Any = ""
    least: int = 0
    most: int | None = None
    """The least and the greatest number; of a text, the number of its characters. None is no limit."""
    pattern: str = "(?s).*"
    allowed: str = ""
    """What the pattern allows, in words that follow "must be"."""
    words: tuple[str, ...] = ()


DEPLOYMENT = "MANUAL"
"""The type of a job that deploys files."""
SECONDS_TO_ANSWER = 180
"""Between TimeoutSeconds, when the function ends its wait, and ServiceTimeout, when CloudFormation does."""

# AppId to CommitTime: the limits and words of StartJob, as botocore's service model states them.
# Only CommitId is stricter: an empty text would build the newest commit without a word.
ROWS: dict[str, Row] = {
    "ServiceToken": Row("provider", "text", False),
    "AppId": Row(
        "app_id",
        "text",
        True,
        least=1,
        most=20,
        pattern="d[a-z0-9]+",
        allowed="the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN",
    ),
    "BranchName": Row("branch_name", "text", True, least=1, most=255, pattern="(?s).+"),
    "Region": Row(
        "region", "text", True, pattern="[a-z]+(-[a-z]+)+-[0-9]+", allowed="a Region such as eu-west-1"
    ),
    "JobType": Row(
        "job_type", "word", True, default="RELEASE", words=("RELEASE", "RETRY", DEPLOYMENT, "WEB_HOOK")
    ),
    "JobId": Row("job_id", "text", True, most=255, pattern="[0-9]+", allowed="the ID of a job such as 7"),
    "JobReason": Row("job_reason", "text", True, most=255),
    "CommitId": Row("commit_id", "text", True, least=1, most=255),
    "CommitMessage": Row("commit_message", "text", True, most=10_000),
    "CommitTime": Row("commit_time", "time", True, default=None),
    "Triggers": Row("triggers", "map", True, default={}),
    "Nonce": Row("every_deploy", "text", True),
    "SourceBucketNames": Row("sources", "texts", True, default=[]),
    "SourceObjectKeys": Row("sources", "texts", True, default=[]),
    "SourceMarkers": Row("sources", "maps", True, default=[]),
    "SourceMarkersConfig": Row("sources", "settings", True, default=[]),
    "Wait": Row("wait", "flag", False, default=True),
    "TimeoutSeconds": Row("timeout", "number", False, default=2700, least=60, most=3300),
    "ServiceTimeout": Row("timeout", "number", False, default=3600, least=240, most=3600),
    "WhenBusy": Row("when_busy", "word", False, default="WAIT", words=("WAIT", "STOP", "JOIN", "FAIL")),
    "OnRollback": Row("on_rollback", "word", False, default="RESTORE", words=("RESTORE", "IGNORE")),
    "VerifyCommit": Row("verify_commit", "flag", False, default=True),
    "SmokeTestPath": Row(
        "smoke_test",
        "text",
        False,
        most=1000,
        pattern=r'/(?!/)[!-~]*|https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[!"$-~]*)?',
        allowed="one slash and then ASCII characters without spaces, or an https URL without user and #",
    ),
    "SmokeTestStatus": Row("smoke_test", "number", False, default=200, least=200, most=599),
    "SmokeTestText": Row("smoke_test", "text", False, least=1, most=1000),
    "SmokeTestSeconds": Row("smoke_test", "number", False, default=120, least=10, most=900),
    "FailureLogLines": Row("failure_log_lines", "number", False, default=10, least=0, most=50),
    "AssumeRoleArn": Row(
        "assume_role",
        "text",
        False,
        pattern="arn:[a-z-]+:iam::[0-9]{12}:role/[!-)+->@-~]+",
        allowed="the ARN of an IAM role, without * and ?",
    ),
    "ExternalId": Row(
        "external_id",
        "text",
        False,
        least=2,
        most=1224,
        pattern="[A-Za-z0-9_+=,.@:/-]+",
        allowed="letters, digits or any of +=,.@:/-_",
    ),
}


def allowed(row: Row) -> str:
    """What a value may be, in words that follow "must be"."""
    if row.kind == "text":
        count = f"at most {row.most:,}" if row.most and not row.least else f"{row.least} to {row.most or 0:,}"
        return (row.allowed or "a string") + (f", {count} characters" if row.most else "")
    return {
        "word": f"one of {', '.join(row.words)}",
        "flag": "true or false",
        "number": f"a whole number from {row.least} to {row.most}",
        "time": "an ISO 8601 date and time with an offset, such as 2026-01-31T12:00:00Z",
        "map": "a map of strings, each with a name",
        "texts": "a list of strings",
        "maps": "a list of maps of strings, each with a name",
        "settings": "a list of maps",
    }[row.kind]


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
        case "texts" | "maps" | "settings" if isinstance(value, list) and all(map(_ITEM[row.kind], value)):
            return value
    raise ValueError


def shown(value: Any, kind: str = "") -> str:
    """A value that is not allowed, cut to a line; of a map only what is not allowed in it."""
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
    page = given.get("SmokeTestPath")
    rules: tuple[tuple[Set[str], bool, str], ...] = (
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
    return fits and re.fullmatch(row.pattern, text) is not None


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
