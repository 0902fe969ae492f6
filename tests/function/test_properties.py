"""The resource's properties: every limit at its edge, and nothing beyond reaches Amplify."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from simulated import World
from simulated_aws import FUNCTION_ARN

from amplify_job.cloudformation.properties import Properties
from amplify_job.contract import ROWS, allowed, read, shown
from amplify_job.outcomes import InvalidProperties

REQUIRED = {"ServiceToken": FUNCTION_ARN, "AppId": "d1a2b3c4", "BranchName": "main"}
ROLE = "arn:aws:iam::123456789012:role/path/releaser"
SOURCES: dict[str, Any] = {"SourceBucketNames": ["assets", "data"], "SourceObjectKeys": ["a.zip", "b.zip"]}


def test_only_app_and_branch_are_required() -> None:
    properties = _parse()
    assert properties.location.app_id == "d1a2b3c4"
    assert properties.location.branch_name == "main"
    assert properties.location.region == "us-east-1"  # the function's own
    assert properties.location.assume_role_arn == ""
    assert (properties.job_type, properties.job_id, properties.job_reason) == ("RELEASE", "", "")
    assert (properties.commit_id, properties.commit_message, properties.commit_time) == ("", "", None)
    assert (properties.triggers, properties.nonce) == ({}, "")
    assert (properties.wait, properties.verify_commit) == (True, True)
    assert (properties.timeout_seconds, properties.failure_log_lines) == (2700, 10)
    assert (properties.when_busy, properties.on_rollback) == ("WAIT", "RESTORE")


@pytest.mark.parametrize("name", ["AppId", "BranchName"])
@pytest.mark.parametrize("value", ["", None])
def test_a_required_property_that_is_missing_is_named(name: str, value: str | None) -> None:
    raw = {**REQUIRED, name: value}
    if value is None:
        del raw[name]
    assert _refusal(raw) == f"VALIDATION_ERROR: {name} is missing"


@pytest.mark.parametrize("raw", [None, [], "text", 1])
def test_no_properties_at_all_are_refused(raw: Any) -> None:
    assert _refusal(raw) == "VALIDATION_ERROR: the resource has no properties"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Timeout", "TimeoutSeconds"), ("commitID", "CommitId"), ("Branch", "BranchName"), ("appid", "AppId")],
)
def test_a_misspelt_property_is_told_with_the_one_that_was_meant(name: str, meant: str) -> None:
    said = _refusal({**REQUIRED, name: "60"})
    assert said == f"VALIDATION_ERROR: unknown property {name!r}; did you mean {meant}?"


def test_any_other_unknown_property_is_told_with_the_allowed_ones() -> None:
    assert _refusal({**REQUIRED, "X": "60"}) == (
        f"VALIDATION_ERROR: unknown property 'X'; allowed are {', '.join(sorted(ROWS))}"
    )


# What a value of each kind may be, whatever its row, and what it may not.
TAKEN: dict[str, list[Any]] = {
    "flag": ["TRUE", "False", True, False],
    "time": [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00z",
        "2026-01-31T12:00:00.123456-08:00",
        "0001-01-02T00:00:00+00:00",
    ],
    "map": [{}, {"key": "", "other": "v" * 100_000}],
    "tree": [{}, {"Branch": {"A": [{"B": "1"}, 2, True, None]}, "Else": "text"}],
    "texts": [[], ["a"]],
    "maps": [[], [{}, {"m": "v"}]],
    "settings": [[], [{"jsonEscape": True}]],
}
REFUSED: dict[str, list[Any]] = {
    "text": [1, True, {"a": "b"}, ["d1"]],
    "word": ["release", "wait", "UNDO", ["RELEASE"], 1],
    "flag": ["yes", "no", "0", 0, []],
    "number": ["60.0", "-60", "٢٠٠", " 200", "9" * 5000, True, []],
    "time": [
        "2026-01-31T12:00:00",
        "2026-01-31",
        "yesterday",
        "2026-01-31T12:00:00Z\n",
        "0001-01-01T00:00:00+14:00",
        1769860800,
    ],
    "map": ["text", ["a"], {"key": 1}, {"": "x"}],
    "tree": ["password", [{}]],
    "texts": ["assets", [""], [{}]],
    "maps": [{}, [1], [{"m": ["v"]}]],
    "settings": [{}, [1]],
}
# The same of the rows with a pattern.
TAKEN_BY_PATTERN: dict[str, list[str]] = {
    "AppId": ["d1"],
    "JobId": ["7"],
    "Region": ["eu-west-1", "us-gov-west-1"],
    "SmokeTestPath": [
        "/a/b?c=d",
        "https://www.example.com",
        "https://www.example.com:8443/health?of=site",
    ],
    "AssumeRoleArn": [ROLE, "arn:aws-us-gov:iam::123456789012:role/r"],
    "ExternalId": ["shop/42=", "Aa0_+=,.@:/-"],
}
REFUSED_BY_PATTERN: dict[str, list[str]] = {
    "AppId": ["d", "a1b2c3", "d1\n", "my-app"],
    "JobId": ["1a", "-1"],
    "Region": ["Ireland", "eu-west-1.evil.example"],
    "SmokeTestPath": [
        "health",
        "/a b",
        "//evil.example",
        "http://www.example.com/",
        "https://user:secret@www.example.com/",
        "https://www.example.com@evil.example/",
        "https://www.example.com:80@evil.example/",
        "https://www.example.com/#top",
        "https://www.example.com/a b",
        "https://www.exämple.com/",
        "https:///health",
    ],
    "AssumeRoleArn": ["releaser", "arn:aws:iam::123456789012:user/u", ROLE + " x", ROLE[:-1] + "*"],
    "ExternalId": ["ää", "a b"],
}


def within(name: str) -> Iterator[Any]:
    """What a property may be, up to its limits."""
    row = ROWS[name]
    yield from TAKEN.get(row.kind, [])
    yield from TAKEN_BY_PATTERN.get(name, [])
    yield from row.words
    if row.kind == "number":
        yield from (row.least, row.most, str(row.least), str(row.most))
    elif row.most:
        yield text_of(row, row.most)
        yield text_of(row, max(row.least, 2))
    elif row.kind == "text" and not row.pattern:
        yield "any\n" * 10_000


def beyond(name: str) -> Iterator[Any]:
    """What it may not be."""
    row = ROWS[name]
    yield from REFUSED[row.kind]
    yield from REFUSED_BY_PATTERN.get(name, [])
    if row.kind == "number" and row.most:
        yield from (row.least - 1, str(row.least - 1), row.most + 1, str(row.most + 1))
    elif row.most:
        yield text_of(row, row.most + 1)
        if row.least > 1:  # an empty text is none
            yield text_of(row, row.least - 1)


def text_of(row: Any, length: int) -> str:
    """A text of this length that has the row's pattern."""
    texts = ("é\n" * length, "x" * length, "9" * length, "d" * length, "/" + "p" * length)
    return next(text[:length] for text in texts if re.fullmatch(row.pattern or "(?s:.*)", text[:length]))


@pytest.mark.parametrize("name", ROWS)
def test_a_value_within_its_limits_is_taken(name: str) -> None:
    for value in within(name):
        read(ROWS[name], value)


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_property_has_its_default(empty: str | None) -> None:
    assert _parse(**dict.fromkeys(ROWS.keys() - REQUIRED.keys(), empty)) == _parse()


@pytest.mark.parametrize("name", ROWS)
def test_a_value_beyond_them_is_named_with_what_is_allowed(name: str) -> None:
    for value in beyond(name):
        said = f"{name} is {shown(value, ROWS[name].kind)}, must be {allowed(ROWS[name])}"
        assert _refusal({**REQUIRED, name: value}) == f"VALIDATION_ERROR: {said}"


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            {"AppId": "my-app"},
            "AppId is 'my-app', must be the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN, "
            "1 to 20 characters",
        ),
        (
            {"ExternalId": "a"},
            "ExternalId is 'a', must be letters, digits or any of +=,.@:/-_, 2 to 1,224 characters",
        ),
        (
            {"SmokeTestPath": "health"},
            "SmokeTestPath is 'health', must be one slash and then ASCII characters without spaces, or an "
            "https URL without user and #, at most 1,000 characters",
        ),
        ({"JobReason": True}, "JobReason is True, must be a string, at most 255 characters"),
        (
            {"CommitMessage": "m" * 10_001},
            f"CommitMessage is '{'m' * 98}… (10,001 characters), must be a string, at most 10,000 characters",
        ),
        ({"WhenBusy": "wait"}, "WhenBusy is 'wait', must be one of WAIT, STOP, JOIN, FAIL"),
        ({"Wait": "0"}, "Wait is '0', must be true or false"),
        ({"TimeoutSeconds": "59"}, "TimeoutSeconds is '59', must be a whole number from 60 to 3300"),
        (
            {"CommitTime": "2026-01-31"},
            "CommitTime is '2026-01-31', must be an ISO 8601 date and time with an offset, "
            "such as 2026-01-31T12:00:00Z",
        ),
        (
            {"Triggers": {"a": "b", "key": {"a": "b"}}},
            "Triggers is {'key': {'a': 'b'}}, must be a map of strings, each with a name",
        ),
        ({"BuildSettings": "password"}, "BuildSettings is no map, must be a map"),
        ({"SourceBucketNames": [""]}, "SourceBucketNames is [''], must be a list of strings"),
        ({"SourceMarkers": {}}, "SourceMarkers is {}, must be a list of maps of strings, each with a name"),
        ({"SourceMarkersConfig": [1]}, "SourceMarkersConfig is [1], must be a list of maps"),
        (
            {"SourceObjectKeys": ["a"]},
            "SourceObjectKeys has 1 items, must have as many as SourceBucketNames: 0",
        ),
        ({"SourceMarkers": [{}]}, "SourceMarkers has 1 items, must have as many as SourceBucketNames: 0"),
        ({"SmokeTestStatus": "200"}, "SmokeTestStatus is given, so SmokeTestPath must be given, too"),
        (
            {"CommitId": "HEAD"},
            "CommitId must be one commit, received 'HEAD': that stays the same after a push",
        ),
        (
            {"CommitId": "main"},
            "CommitId must be one commit, received 'main': that stays the same after a push",
        ),
    ],
)
def test_what_is_refused_fails_the_deploy_with_one_line_and_never_reaches_amplify(
    world: World, properties: dict[str, Any], said: str
) -> None:
    answer = world.request(world.event("Create", **properties))

    assert answer.status == "FAILED"
    assert answer.reason == f"VALIDATION_ERROR: {said}"
    assert world.amplify.calls == []


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (98, f"'{'x' * 98}'"),
        (99, f"'{'x' * 98}… (99 characters)"),
        (1000, f"'{'x' * 98}… (1,000 characters)"),
    ],
)
def test_a_long_value_is_cut_in_the_reason(length: int, shown: str) -> None:
    assert f"WhenBusy is {shown}, must be one of" in _refusal({**REQUIRED, "WhenBusy": "x" * length})


@pytest.mark.parametrize(
    ("job_type", "job_id", "allowed"),
    [
        ("RETRY", "1", True),
        ("RETRY", "", False),
        ("RELEASE", "1", False),
        ("", "1", False),
    ],
)
def test_a_job_id_is_required_for_and_only_for_a_retry(job_type: str, job_id: str, allowed: bool) -> None:
    raw = {**REQUIRED, "JobType": job_type, "JobId": job_id}
    if allowed:
        assert Properties.parse(raw).job_id == job_id
    else:
        assert "JobId" in _refusal(raw)


def test_the_refusal_of_a_job_id_says_both() -> None:
    assert _refusal({**REQUIRED, "JobId": "7"}) == (
        "VALIDATION_ERROR: JobId must be given for RETRY and for no other JobType, "
        "received JobType='RELEASE' and JobId='7'"
    )


@pytest.mark.parametrize(("text", "value"), [("true", True), ("FALSE", False), (True, True), (False, False)])
def test_cloudformation_hands_booleans_over_as_strings(text: str | bool, value: bool) -> None:
    properties = _parse(Wait=text, VerifyCommit=text)
    assert (properties.wait, properties.verify_commit) == (value, value)


@pytest.mark.parametrize("text", ["120", 120])
def test_cloudformation_hands_numbers_over_as_strings(text: str | int) -> None:
    assert _parse(TimeoutSeconds=text).timeout_seconds == 120


@pytest.mark.parametrize(
    ("timeout", "service_timeout", "seconds"),
    [("300", "", 300), ("300", "3600", 300), ("300", "400", 220), ("", "240", 60), ("", "3600", 2700)],
)
def test_the_smaller_timeout_counts(timeout: str, service_timeout: str, seconds: int) -> None:
    assert _parse(TimeoutSeconds=timeout, ServiceTimeout=service_timeout).timeout_seconds == seconds


def test_times_are_read_as_utc() -> None:
    assert _parse(CommitTime="2026-01-31T13:30:00+01:30").commit_time == datetime(
        2026, 1, 31, 12, tzinfo=timezone.utc
    )


def test_token_lines_in_a_message_are_removed() -> None:
    message = "Fix\n[cfn 0a.1b.2c.RELEASE]\nmore\n  [cfn 0a.1b.2c.RETRY] \n[cfn something else]"
    assert _parse(CommitMessage=message).commit_message == "Fix\nmore\n[cfn something else]"


def test_start_jobs_fields_leave_out_what_is_empty() -> None:
    assert _parse().start_job == {"jobType": "RELEASE"}


def test_sources_are_read_as_bucket_deployment_writes_them() -> None:
    markers = [{}, {"<<marker:0xbaba:0>>": "https://api"}]
    config = [{}, {"jsonEscape": "true"}]
    properties = _parse(**SOURCES, SourceMarkers=markers, SourceMarkersConfig=config)
    assert properties.job_type == "MANUAL"
    assert [str(source) for source in properties.sources] == ["s3://assets/a.zip", "s3://data/b.zip"]
    assert [source.markers for source in properties.sources] == markers
    assert [source.json_escape for source in properties.sources] == [False, True]
    assert _parse(**SOURCES).sources[0] == ("assets", "a.zip", {}, False)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            {"JobType": "MANUAL"},
            "JobType MANUAL and SourceBucketNames must be given together, received 'MANUAL' and no sources",
        ),
        (
            {**SOURCES, "JobType": "RELEASE"},
            "JobType MANUAL and SourceBucketNames must be given together, received 'RELEASE' and 2 sources",
        ),
        (
            {**SOURCES, "CommitId": "abc", "CommitMessage": "m", "JobReason": "r"},
            "sources are deployed without a build, so JobReason, CommitId, CommitMessage must be left out",
        ),
    ],
)
def test_sources_that_do_not_go_with_the_rest_are_refused(properties: dict[str, Any], said: str) -> None:
    assert _refusal({**REQUIRED, **properties}) == f"VALIDATION_ERROR: {said}"


def test_other_files_and_other_values_are_another_version() -> None:
    given: list[dict[str, Any]] = [
        SOURCES,
        {**SOURCES, "SourceObjectKeys": ["a.zip", "c.zip"]},
        {**SOURCES, "SourceMarkers": [{}, {"m": "1"}]},
        {**SOURCES, "SourceMarkers": [{}, {"m": "2"}]},
        {**SOURCES, "SourceBucketNames": ["data", "assets"]},
        {**SOURCES, "Nonce": "1"},
        {},
    ]
    assert len({_parse(**one).fingerprint for one in given}) == len(given)


def test_a_smoke_test_needs_the_end_of_the_job() -> None:
    assert _refusal({**REQUIRED, "SmokeTestPath": "/", "Wait": "false"}) == (
        "VALIDATION_ERROR: SmokeTestPath looks at the site after the job, so Wait must be true"
    )


def test_a_smoke_test_has_defaults_and_starts_no_job() -> None:
    assert _parse().smoke_test is None
    assert _parse(SmokeTestPath="/").smoke_test == ("/", 200, "", 120)
    assert _parse(SmokeTestPath="/").fingerprint == _parse().fingerprint


def _parse(**properties: Any) -> Properties:
    return Properties.parse(json.loads(json.dumps({**REQUIRED, **properties})))


def _refusal(raw: Any) -> str:
    with pytest.raises(InvalidProperties) as refused:
        Properties.parse(raw)
    return refused.value.reason


@pytest.mark.parametrize(
    "name", ["refs/heads/main", "feature/*", "a?", " main", "main ", "a\nb", "zero\u200bwidth"]
)
def test_a_name_that_no_branch_has_is_refused(name: str) -> None:
    with pytest.raises(
        InvalidProperties, match="BranchName is .* must be a branch's name without refs/heads/"
    ):
        Properties.parse({"AppId": "d1", "BranchName": name})


@pytest.mark.parametrize("name", ["main", "feature/refs/heads/x", "größe", "a b", "#1"])
def test_any_other_name_is_one(name: str) -> None:
    assert Properties.parse({"AppId": "d1", "BranchName": name}).location.branch_name == name
