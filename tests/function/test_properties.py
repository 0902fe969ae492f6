"""The resource's properties: every limit at its edge, and nothing beyond reaches Amplify."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from simulated import World
from simulated_aws import FUNCTION_ARN

from amplify_job.cloudformation.properties import Properties
from amplify_job.contract import ROWS
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
        "VALIDATION_ERROR: unknown property 'X'; allowed are AppId, AssumeRoleArn, BranchName, "
        "BuildSettings, CommitId, CommitMessage, CommitTime, ExternalId, FailureLogLines, JobId, "
        "JobReason, JobType, Nonce, OnRollback, Region, ServiceTimeout, ServiceToken, SmokeTestPath, "
        "SmokeTestSeconds, SmokeTestStatus, SmokeTestText, SourceBucketNames, SourceMarkers, "
        "SourceMarkersConfig, SourceObjectKeys, TimeoutSeconds, Triggers, VerifyCommit, Wait, WhenBusy"
    )


AN_APP_ID = "the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN, 1 to 20 characters"
AN_EXTERNAL_ID = "letters, digits or any of +=,.@:/-_, 2 to 1,224 characters"
A_PAGE = (
    "must be one slash and then ASCII characters without spaces, or an https URL without user and #, "
    "at most 1,000 characters"
)
ALLOWED: list[tuple[str, Any]] = [
    ("AppId", "d" + "a" * 19),
    ("AppId", "d1"),
    ("BranchName", "b" * 255),
    ("BranchName", "feature/ü b\n"),
    ("JobType", "WEB_HOOK"),
    ("JobReason", "r" * 255),
    ("JobReason", "several\nlines"),
    ("CommitId", "c" * 255),
    ("CommitMessage", "m" * 10_000),
    ("CommitTime", "2026-01-31T12:00:00Z"),
    ("CommitTime", "2026-01-31T12:00:00z"),
    ("CommitTime", "2026-01-31T12:00:00.123456-08:00"),
    ("CommitTime", "0001-01-02T00:00:00+00:00"),
    ("Triggers", {}),
    ("Triggers", {"key": "", "other": "v" * 100_000}),
    ("Nonce", "anything"),
    ("BuildSettings", {}),
    ("BuildSettings", {"Branch": {"A": [{"B": "1"}, 2, True, None]}, "Else": "text"}),
    ("Wait", "TRUE"),
    ("Wait", "False"),
    ("Wait", True),
    ("Wait", False),
    ("Wait", ""),
    ("Wait", None),
    ("VerifyCommit", "false"),
    ("TimeoutSeconds", "60"),
    ("TimeoutSeconds", "3300"),
    ("TimeoutSeconds", 60),
    ("TimeoutSeconds", ""),
    ("ServiceTimeout", "240"),
    ("ServiceTimeout", "3600"),
    ("FailureLogLines", "0"),
    ("FailureLogLines", "50"),
    ("WhenBusy", "JOIN"),
    ("WhenBusy", ""),
    ("OnRollback", "IGNORE"),
    ("Region", "eu-west-1"),
    ("Region", "us-gov-west-1"),
    ("Region", ""),
    ("AssumeRoleArn", ROLE),
    ("SmokeTestPath", "/a/b?c=d"),
    ("SmokeTestPath", "https://www.example.com"),
    ("SmokeTestPath", "https://www.example.com:8443/health?of=site"),
    ("SmokeTestPath", ""),
    ("SmokeTestStatus", ""),
    ("SmokeTestText", ""),
    ("SmokeTestSeconds", ""),
    ("SourceBucketNames", []),
    ("SourceBucketNames", ""),
    ("SourceObjectKeys", []),
    ("SourceMarkers", []),
    ("SourceMarkersConfig", []),
    ("ExternalId", "ab"),
    ("ExternalId", "shop/42=" + "x" * 1216),
    ("AssumeRoleArn", "arn:aws-us-gov:iam::123456789012:role/r"),
    ("ServiceToken", ""),
]
REFUSED: list[tuple[str, Any, str]] = [
    ("AppId", "d" + "a" * 20, f"AppId is 'd{'a' * 20}', must be {AN_APP_ID}"),
    ("AppId", "d", f"AppId is 'd', must be {AN_APP_ID}"),
    ("AppId", "a1b2c3", f"AppId is 'a1b2c3', must be {AN_APP_ID}"),
    ("AppId", "d1\n", f"AppId is 'd1\\n', must be {AN_APP_ID}"),
    ("AppId", ["d1"], f"AppId is ['d1'], must be {AN_APP_ID}"),
    ("BranchName", "b" * 256, "bbb… (256 characters), must be a string, 1 to 255 characters"),
    ("BranchName", 1, "BranchName is 1, must be a string, 1 to 255 characters"),
    ("JobType", "release", "JobType is 'release', must be one of RELEASE, RETRY, MANUAL, WEB_HOOK"),
    ("JobReason", "r" * 256, "rrr… (256 characters), must be a string, at most 255 characters"),
    ("JobReason", True, "JobReason is True, must be a string"),
    ("JobReason", {"a": "b"}, "JobReason is {'a': 'b'}, must be a string"),
    ("CommitId", "c" * 256, "ccc… (256 characters), must be a string, 1 to 255 characters"),
    ("CommitMessage", "m" * 10_001, "mmm… (10,001 characters), must be a string, at most 10,000"),
    ("CommitTime", "2026-01-31T12:00:00", "CommitTime is '2026-01-31T12:00:00', must be an ISO 8601"),
    ("CommitTime", "2026-01-31", "CommitTime is '2026-01-31', must be an ISO 8601"),
    ("CommitTime", "yesterday", "CommitTime is 'yesterday', must be an ISO 8601"),
    ("CommitTime", "2026-01-31T12:00:00Z\n", "must be an ISO 8601"),
    ("CommitTime", "0001-01-01T00:00:00+14:00", "must be an ISO 8601"),
    ("CommitTime", 1769860800, "CommitTime is 1769860800, must be an ISO 8601"),
    ("Triggers", "text", "Triggers is 'text', must be a map of strings, each with a name"),
    ("Triggers", ["a"], "Triggers is ['a'], must be a map of strings, each with a name"),
    ("Triggers", {"key": 1}, "Triggers is {'key': 1}, must be a map of strings"),
    ("Triggers", {"a": "b", "key": {"a": "b"}}, "Triggers is {'key': {'a': 'b'}}, must be a map of strings"),
    ("Nonce", 1, "Nonce is 1, must be a string"),
    ("BuildSettings", "password", "BuildSettings is no map, must be a map"),
    ("BuildSettings", [{}], "BuildSettings is no map, must be a map"),
    ("Wait", "yes", "Wait is 'yes', must be true or false"),
    ("Wait", "0", "Wait is '0', must be true or false"),
    ("Wait", 0, "Wait is 0, must be true or false"),
    ("Wait", [], "Wait is [], must be true or false"),
    ("VerifyCommit", "no", "VerifyCommit is 'no', must be true or false"),
    ("TimeoutSeconds", "59", "TimeoutSeconds is '59', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", "3301", "TimeoutSeconds is '3301', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", "60.0", "TimeoutSeconds is '60.0', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", "-60", "TimeoutSeconds is '-60', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", "٦٠", "TimeoutSeconds is '٦٠', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", " 60", "TimeoutSeconds is ' 60', must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", "9" * 5000, "must be a whole number from 60 to 3300"),
    ("TimeoutSeconds", True, "TimeoutSeconds is True, must be a whole number from 60 to 3300"),
    ("ServiceTimeout", "239", "ServiceTimeout is '239', must be a whole number from 240 to 3600"),
    ("ServiceTimeout", "3601", "ServiceTimeout is '3601', must be a whole number from 240 to 3600"),
    ("FailureLogLines", "-1", "FailureLogLines is '-1', must be a whole number from 0 to 50"),
    ("FailureLogLines", "51", "FailureLogLines is '51', must be a whole number from 0 to 50"),
    ("WhenBusy", "wait", "WhenBusy is 'wait', must be one of WAIT, STOP, JOIN, FAIL"),
    ("OnRollback", "UNDO", "OnRollback is 'UNDO', must be one of RESTORE, IGNORE"),
    ("Region", "Ireland", "Region is 'Ireland', must be a Region such as eu-west-1"),
    ("Region", "eu-west-1.evil.example", "must be a Region such as eu-west-1"),
    ("SmokeTestPath", "health", f"SmokeTestPath is 'health', {A_PAGE}"),
    ("SmokeTestPath", "/a b", f"SmokeTestPath is '/a b', {A_PAGE}"),
    ("SmokeTestPath", "//evil.example", f"SmokeTestPath is '//evil.example', {A_PAGE}"),
    ("SmokeTestPath", "/" + "p" * 1000, "(1,001 characters), must be one slash"),
    ("SmokeTestPath", "http://www.example.com/", A_PAGE),
    ("SmokeTestPath", "https://user:secret@www.example.com/", A_PAGE),
    ("SmokeTestPath", "https://www.example.com@evil.example/", A_PAGE),
    ("SmokeTestPath", "https://www.example.com:80@evil.example/", A_PAGE),
    ("SmokeTestPath", "https://www.example.com/#top", A_PAGE),
    ("SmokeTestPath", "https://www.example.com/a b", A_PAGE),
    ("SmokeTestPath", "https://www.exämple.com/", A_PAGE),
    ("SmokeTestPath", "https:///health", A_PAGE),
    ("SmokeTestStatus", "200", "SmokeTestStatus is given, so SmokeTestPath must be given, too"),
    ("SmokeTestStatus", "99", "SmokeTestStatus is '99', must be a whole number from 200 to 599"),
    ("SmokeTestText", "t" * 1001, "ttt… (1,001 characters), must be a string, 1 to 1,000 characters"),
    ("SmokeTestText", "t", "SmokeTestText is given, so SmokeTestPath must be given, too"),
    ("SmokeTestSeconds", "60", "SmokeTestSeconds is given, so SmokeTestPath must be given, too"),
    ("SourceBucketNames", "assets", "SourceBucketNames is 'assets', must be a list of strings"),
    ("SourceBucketNames", [""], "SourceBucketNames is [''], must be a list of strings"),
    ("SourceObjectKeys", [{}], "SourceObjectKeys is [{}], must be a list of strings"),
    ("SourceObjectKeys", ["a"], "SourceObjectKeys has 1 items, must have as many as SourceBucketNames: 0"),
    ("SourceMarkers", {}, "SourceMarkers is {}, must be a list of maps of strings"),
    ("SourceMarkers", [{}], "SourceMarkers has 1 items, must have as many as SourceBucketNames: 0"),
    ("SourceMarkersConfig", [1], "SourceMarkersConfig is [1], must be a list of maps"),
    ("ExternalId", "ää", f"ExternalId is 'ää', must be {AN_EXTERNAL_ID}"),
    ("Triggers", {"": "x"}, "Triggers is {'': 'x'}, must be a map of strings, each with a name"),
    ("ExternalId", "a", f"ExternalId is 'a', must be {AN_EXTERNAL_ID}"),
    ("ExternalId", "a b", AN_EXTERNAL_ID),
    ("ExternalId", "x" * 1225, AN_EXTERNAL_ID),
    ("AssumeRoleArn", "releaser", "AssumeRoleArn is 'releaser', must be the ARN of an IAM role"),
    ("AssumeRoleArn", "arn:aws:iam::123456789012:user/u", "must be the ARN of an IAM role"),
    ("AssumeRoleArn", ROLE + " x", "must be the ARN of an IAM role"),
    ("AssumeRoleArn", ROLE[:-1] + "*", "must be the ARN of an IAM role, without * and ?"),
]


@pytest.mark.parametrize(("name", "value"), ALLOWED)
def test_a_value_within_its_limits_is_taken(name: str, value: Any) -> None:
    assert _parse(**{name: value}).location.app_id.startswith("d")


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_a_value_outside_its_limits_is_named_with_what_is_allowed(name: str, value: Any, said: str) -> None:
    refusal = _refusal({**REQUIRED, name: value})
    assert refusal.startswith("VALIDATION_ERROR: ")
    assert said in refusal


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_a_value_outside_its_limits_never_reaches_amplify(
    world: World, name: str, value: Any, said: str
) -> None:
    answer = world.request(world.event("Create", **{name: value}))
    assert answer.status == "FAILED"
    assert said in answer.reason
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
        ("RETRY", "9" * 255, True),
        ("RETRY", "", False),
        ("RELEASE", "1", False),
        ("", "1", False),
        ("RETRY", "9" * 256, False),
        ("RETRY", "1a", False),
        ("RETRY", "-1", False),
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
        (
            {**SOURCES, "SourceMarkers": [{}, {"m": ["v"]}]},
            "SourceMarkers is [{}, {'m': ['v']}], must be a list of maps of strings, each with a name",
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


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"SmokeTestStatus": "199"}, "SmokeTestStatus is '199', must be a whole number from 200 to 599"),
        ({"SmokeTestSeconds": "901"}, "SmokeTestSeconds is '901', must be a whole number from 10 to 900"),
        ({"Wait": "false"}, "SmokeTestPath looks at the site after the job, so Wait must be true"),
    ],
)
def test_a_smoke_test_that_cannot_be_is_refused(properties: dict[str, Any], said: str) -> None:
    assert _refusal({**REQUIRED, "SmokeTestPath": "/", **properties}) == f"VALIDATION_ERROR: {said}"


def test_a_smoke_test_has_defaults_and_starts_no_job() -> None:
    assert _parse().smoke_test is None
    assert _parse(SmokeTestPath="/").smoke_test == ("/", 200, "", 120)
    assert _parse(SmokeTestPath="/").fingerprint == _parse().fingerprint


def test_every_property_has_a_test_of_its_limits() -> None:
    tested = {name for name, *_ in ALLOWED} & ({name for name, *_ in REFUSED} | {"ServiceToken"})
    assert tested | {"JobId"} == ROWS.keys()


def _parse(**properties: Any) -> Properties:
    return Properties.parse(json.loads(json.dumps({**REQUIRED, **properties})))


def _refusal(raw: Any) -> str:
    with pytest.raises(InvalidProperties) as refused:
        Properties.parse(raw)
    return refused.value.reason
