"""The properties of ``Custom::AmplifyJob`` that the options give, checked at synthesis.

Each function checks one option, or some that belong together. It returns what the template needs, or raises a
ValueError: what was given, and what is allowed. ``limits`` checks each option by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .commit import Commit
from .limits import ROWS, checked, checked_flag, checked_seconds, conflict, is_known, shown
from .options import AmplifyJobOptions
from .place import Place
from .smoke_test import SmokeTest

if TYPE_CHECKING:
    from aws_cdk.aws_s3_deployment import ISource


def properties_of(options: AmplifyJobOptions, place: Place) -> dict[str, Any]:
    """Read and check the properties; None stands for one that is not given.

    :raises ValueError: An option is wrong, or does not go with another.
    """
    commit_id, commit_message, commit_time = _commit_fields(options)
    given = {
        "AppId": place.app_id,
        "BranchName": place.branch_name,
        "JobType": options.get("job_type"),
        "JobId": options.get("job_id"),
        "JobReason": options.get("job_reason"),
        "CommitId": commit_id,
        "CommitMessage": commit_message,
        "CommitTime": commit_time,
        "Triggers": _checked_triggers(options.get("triggers")),
        "Nonce": _nonce(options.get("every_deploy")),
        "Wait": options.get("wait"),
        "TimeoutSeconds": checked_seconds("TimeoutSeconds", options.get("timeout"), "timeout"),
        "WhenBusy": options.get("when_busy"),
        "OnRollback": options.get("on_rollback"),
        "VerifyCommit": options.get("verify_commit"),
        **_smoke_test_properties(options.get("smoke_test")),
        "FailureLogLines": options.get("failure_log_lines"),
        "Region": place.region,
        "AssumeRoleArn": place.role_arn,
        "ExternalId": place.external_id,
    }
    properties = {name: checked(name, value) for name, value in given.items()}
    _check_together(properties, place.known_name, options.get("sources"))
    return properties


def _nonce(every_deploy: bool | None) -> str | None:
    return secrets.token_hex(8) if checked_flag("every_deploy", every_deploy) else None


def _commit_fields(options: AmplifyJobOptions) -> tuple[str | None, str | None, datetime | str | None]:
    commit = options.get("commit")
    id, message, time = options.get("commit_id"), options.get("commit_message"), options.get("commit_time")
    if commit is None:
        return id, message, time
    if not isinstance(commit, Commit):
        raise ValueError(f"commit must be a Commit, received {shown(commit)}: for a SHA use commit_id")
    given = {"commit_id": id, "commit_message": message, "commit_time": time}
    also = [name for name, value in given.items() if value is not None]
    if also:
        raise ValueError(f"commit gives these fields, so {', '.join(also)} must be left out, received both")
    return commit.id, commit.message, commit.time


def _checked_triggers(triggers: Mapping[str, str] | None) -> dict[str, str] | None:
    for key in triggers if isinstance(triggers, Mapping) else ():
        if not is_known(key):
            raise ValueError(f"triggers must have keys that are known at synthesis, received {key!r}")
    given = dict(triggers) if isinstance(triggers, Mapping) else triggers
    copied: dict[str, str] | None = checked("Triggers", given)
    return copied or None


def _smoke_test_properties(smoke_test: SmokeTest | None) -> dict[str, Any]:
    if smoke_test is not None and not isinstance(smoke_test, SmokeTest):
        raise ValueError(f"smoke_test must be a SmokeTest, received {shown(smoke_test)}")
    return smoke_test.properties() if smoke_test else {}


def _check_together(
    properties: Mapping[str, Any], known_name: str, sources: Sequence[ISource] | None
) -> None:
    """The contract's rules about several options."""
    given = {name: value for name, value in properties.items() if value is not None}
    given["BranchName"] = known_name
    if sources:
        given["SourceBucketNames"] = sources
    unknown = {name for name, value in given.items() if not is_known(value)}
    flaw = conflict(given, unknown, lambda name: ROWS[name].option)
    if flaw:
        raise ValueError(flaw)
    if sources and properties["VerifyCommit"] is not None:
        raise ValueError("sources are deployed without a build, so verify_commit must be left out")
