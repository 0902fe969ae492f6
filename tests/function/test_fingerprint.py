"""The fingerprint: which properties define a job, and that it stays the same for resources that exist."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from simulated_aws import FUNCTION_ARN

from amplify_job.cloudformation.properties import Properties
from amplify_job.contract import ROWS, Row

SOURCES: dict[str, Any] = {"SourceBucketNames": ["assets", "data"], "SourceObjectKeys": ["a.zip", "b.zip"]}

REQUIRED = {"ServiceToken": FUNCTION_ARN, "AppId": "d1a2b3c4", "BranchName": "main"}
ROLE = "arn:aws:iam::123456789012:role/path/releaser"


RECORDED: list[tuple[dict[str, Any], str]] = [
    ({}, "99eec08260c61cc7"),
    ({"AppId": "d2"}, "b2d030a32069242b"),
    ({"BranchName": "feature/ü"}, "0a29520ef6c6b88f"),
    ({"Region": "eu-west-1"}, "5927319342fd3f89"),
    ({"JobType": "WEB_HOOK"}, "cfe87bb490476fde"),
    ({"JobType": "RETRY", "JobId": "7"}, "ae77f4892de23fd3"),
    ({"JobReason": "r"}, "a3ed5d4877522b40"),
    ({"CommitId": "c"}, "142c02ef6be359a1"),
    ({"CommitMessage": "m"}, "a7a9efb730d592ab"),
    ({"CommitTime": "2026-01-31T12:00:00.500+01:00"}, "1507cd6ee7a444ae"),
    ({"Triggers": {"b": "2", "a": "1"}}, "397916d973a9f743"),
    ({"BuildSettings": {"Branch": {"BuildSpec": "s"}}}, "d2218b01133e99ff"),
    ({"Nonce": "n"}, "032ad05d10e823e8"),
    (SOURCES, "e25c4fafb09dc086"),
    ({**SOURCES, "SourceMarkers": [{}, {"m": "1"}]}, "3a18127439c52320"),
    ({**SOURCES, "SourceMarkersConfig": [{}, {"jsonEscape": "true"}]}, "42404bb87ba33b61"),
    ({**SOURCES, "Nonce": "n", "Triggers": {"a": "1"}}, "e103cab854e13acc"),
    (
        {
            "JobType": "RETRY",
            "JobId": "7",
            "JobReason": "reason",
            "CommitId": "c",
            "CommitMessage": "message",
            "CommitTime": "2026-01-31T12:00:00Z",
            "Triggers": {"b": "2", "a": "1"},
            "Nonce": "nonce",
            "Region": "eu-west-1",
        },
        "a7733e8d734a9bef",
    ),
]


@pytest.mark.parametrize(("properties", "fingerprint"), RECORDED)
def test_the_fingerprint_never_changes_in_a_release(properties: dict[str, Any], fingerprint: str) -> None:
    # Another one would start a job for each resource when the library is upgraded.
    assert _parse(**properties).fingerprint == fingerprint


PAGE = {"SmokeTestPath": "/"}


# Of each property two values that differ, and what goes with both.
TWO_VALUES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "ServiceToken": ({}, FUNCTION_ARN, FUNCTION_ARN + "s"),
    "AppId": ({}, "d1", "d2"),
    "BranchName": ({}, "main", "develop"),
    "Region": ({}, "", "eu-west-1"),
    "JobType": ({}, "", "WEB_HOOK"),
    "JobId": ({"JobType": "RETRY"}, "1", "2"),
    "JobReason": ({}, "", "r"),
    "CommitId": ({}, "", "c"),
    "CommitMessage": ({}, "", "m"),
    "CommitTime": ({}, "", "2026-01-31T12:00:00Z"),
    "Triggers": ({}, {}, {"a": "1"}),
    "Nonce": ({}, "", "n"),
    "BuildSettings": ({}, {}, {"App": {"EnvironmentVariables": [{"Name": "A", "Value": "1"}]}}),
    "SourceBucketNames": ({"SourceObjectKeys": ["k"]}, ["a"], ["b"]),
    "SourceObjectKeys": ({"SourceBucketNames": ["b"]}, ["a"], ["b"]),
    "SourceMarkers": (SOURCES, "", [{}, {"m": "1"}]),
    "SourceMarkersConfig": (SOURCES, "", [{}, {"jsonEscape": True}]),
    "Wait": ({}, "", "false"),
    "TimeoutSeconds": ({}, "", "60"),
    "ServiceTimeout": ({}, "", "240"),
    "WhenBusy": ({}, "", "STOP"),
    "OnRollback": ({}, "", "IGNORE"),
    "VerifyCommit": ({}, "", "false"),
    "SmokeTestPath": ({}, "", "/"),
    "SmokeTestStatus": (PAGE, "", "404"),
    "SmokeTestText": (PAGE, "", "t"),
    "SmokeTestSeconds": (PAGE, "", "60"),
    "FailureLogLines": ({}, "", "0"),
    "AssumeRoleArn": ({}, "", ROLE),
    "ExternalId": ({}, "", "ab"),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_property_is_read_and_starts_a_job_as_the_contract_says(name: str) -> None:
    others, one, other = TWO_VALUES[name]
    before, after = _parse(**others, **{name: one}), _parse(**others, **{name: other})
    assert (before.fingerprint != after.fingerprint) is ROWS[name].starts
    same = before._replace(fingerprint="") == after._replace(fingerprint="")
    assert same is (name == "ServiceToken")  # which is CloudFormation's


def test_rows_that_are_new_or_come_in_another_order_change_no_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"AppId": "d2", "CommitId": "c", "Triggers": {"a": "1"}}
    before = _parse(**given).fingerprint
    rows = {"Later": Row("later", "flag", True, default=False), **dict(reversed(ROWS.items()))}
    monkeypatch.setattr(sys.modules[Properties.__module__], "ROWS", rows)
    assert _parse(**given).fingerprint == _parse(**given, Later="false").fingerprint == before
    assert _parse(**given, Later="true").fingerprint != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"CommitTime": "2026-01-31T12:00:00Z"}, {"CommitTime": "2026-01-31T13:00:00+01:00"}),
        ({"Triggers": {"a": "1", "b": "2"}}, {"Triggers": {"b": "2", "a": "1"}}),
        ({"CommitMessage": "Fix"}, {"CommitMessage": "Fix\n[cfn 0a.1b.2c.RELEASE]"}),
        ({}, {"Region": "us-east-1"}),
        ({}, {"JobType": "RELEASE"}),
        ({}, {"Triggers": {}}),
        ({}, {"Triggers": ""}),
        (
            {},
            {
                "Wait": "false",
                "TimeoutSeconds": "60",
                "FailureLogLines": "1",
                "AssumeRoleArn": ROLE,
                "ExternalId": "ab",
            },
        ),
    ],
)
def test_what_means_the_same_has_the_same_fingerprint(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert _parse(**one).fingerprint == _parse(**other).fingerprint


def test_no_two_properties_can_be_mistaken_for_each_other() -> None:
    given: list[dict[str, Any]] = [
        {},
        {"JobReason": "1"},
        {"CommitId": "1"},
        {"CommitMessage": "1"},
        {"Nonce": "1"},
        {"Triggers": {"1": "1"}},
        {"Triggers": {"1": "2"}},
        {"Triggers": {"2": "1"}},
        {"JobType": "RETRY", "JobId": "1"},
        {"JobType": "WEB_HOOK"},
        {"BranchName": "main1"},
        {"AppId": "d1a2b3c41"},
        {"Region": "us-east-2"},
        {"CommitTime": "2026-01-31T12:00:01Z"},
        {"CommitTime": "2026-01-31T12:00:00Z"},
    ]
    assert len({_parse(**one).fingerprint for one in given}) == len(given)


def _parse(**properties: Any) -> Properties:
    return Properties.parse(json.loads(json.dumps({**REQUIRED, **properties})))
