"""Options that are refused at synthesis: what was given, and what is allowed.

The limits themselves are those of the contract, which tests/function/test_properties.py tries row by row.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_s3_deployment import Source

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    Commit,
    SmokeTest,
)

APP: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}
AN_APP_ID = "the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN, 1 to 20 characters"
ROLE_ARN = "arn:aws:iam::210987654321:role/site/releases"

# In TypeScript, the same options are refused in the same words: tests/typescript/package.test.js reads them.
IN_BOTH_LANGUAGES = json.loads((Path(__file__).parent / "refused_options.json").read_text())


def value_of(given: Any, stack: cdk.Stack) -> Any:
    """What stands in the table for a value that JSON does not have."""
    match given:
        case {"repeat": [text, count]}:
            return text * count
        case {"Duration": seconds}:
            return cdk.Duration.seconds(seconds)
        case {"Commit": id}:
            return Commit(id)
        case {"Role": arn}:
            return iam.Role.from_role_arn(stack, "Role", arn)
        case {"Source": name}:
            return [Source.data(name, "")]
        case {"SmokeTest": options}:
            return SmokeTest(**{name: value_of(value, stack) for name, value in options.items()})
    return given


@pytest.mark.parametrize("row", IN_BOTH_LANGUAGES, ids=lambda row: row["message"])
def test_a_wrong_option_is_refused_with_what_was_given_and_what_is_allowed(
    stack: cdk.Stack, row: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)) as refusal:
        AmplifyJob(
            stack,
            "Job",
            **{**APP, **{name: value_of(value, stack) for name, value in row["options"].items()}},
        )

    assert row["message"] in str(refusal.value)


@pytest.mark.parametrize("option", ["execute_after", "sources", "commit", "provider", "when_busy"])
def test_a_construct_in_the_wrong_place_is_named_by_its_path(stack: cdk.Stack, option: str) -> None:
    output: Any = cdk.CfnOutput(stack, "Api", value="x")

    with pytest.raises(ValueError, match=f"^{option} must be .* received CfnOutput '{stack.node.path}/Api'"):
        AmplifyJob(stack, "Job", **APP, **{option: output})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"commit_time": 1767322800},
            "commit_time must be an ISO 8601 date and time with an offset, such as 2026-01-31T12",
        ),
        ({"sources": Source.data("a.txt", "")}, "received one source"),
        ({"commit_time": date(2026, 1, 2)}, "12:00:00Z, received datetime.date(2026, 1, 2)"),
        ({"commit_time": datetime(2026, 1, 2)}, "12:00:00Z, received datetime.datetime(2026, 1, 2, 0, 0)"),
        (
            {"every_deploy": cdk.Fn.import_value("Always")},
            "every_deploy must be true or false, known at synthesis",
        ),
        ({"triggers": {1: "x"}}, "triggers must be a map of strings, each with a name, received {1: 'x'}"),
        (
            {"triggers": {cdk.Aws.REGION: "x"}},
            "triggers must have keys that are known at synthesis, received",
        ),
        ({"failure_log_lines": True}, "failure_log_lines must be a whole number from 0 to 50, received True"),
        ({"app_id": cdk.Token.as_list({"Ref": "Ids"})}, f"app_id must be {AN_APP_ID}, received ["),
        (
            {"assume_role": ROLE_ARN[:-8] + "*"},
            "assume_role must be the ARN of an IAM role, without * and ?, received",
        ),
        (
            {"assume_role": [ROLE_ARN]},
            "assume_role must be the ARN of an IAM role, without * and ?, received [",
        ),
        ({"job_reason": b"x"}, "job_reason must be a string, at most 255 characters, received b'x'"),
        ({"branch": "main"}, "branch must be a branch construct, received 'main': for names use app_id and"),
        (
            {"sources": [Source.data("a", "")], "values": {cdk.Aws.REGION: "x"}},
            "characters, known at synthesis, such as",
        ),
    ],
)
def test_a_value_of_python_is_refused_where_it_is_none_of_the_option(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="^[a-z]") as refusal:
        AmplifyJob(stack, "Job", **{**APP, **options})

    assert message in str(refusal.value)


@pytest.mark.parametrize("option", ["commit_message", "triggers", "values"])
@pytest.mark.parametrize("kind", ["secret", "unwrapped", "of a secret", "in a text", "parameter"])
def test_a_token_that_is_a_reference_to_a_secure_value_is_refused(
    stack: cdk.Stack, option: str, kind: str
) -> None:
    by_name = cdk.SecretValue.secrets_manager("token")
    value = {
        "secret": by_name.to_string(),
        "unwrapped": by_name.unsafe_unwrap(),
        "of a secret": secretsmanager.Secret(stack, "Secret").secret_value.unsafe_unwrap(),
        "in a text": f"Bearer {by_name.unsafe_unwrap()}",
        "parameter": cdk.SecretValue.ssm_secure("/token", "1").unsafe_unwrap(),
    }[kind]
    given: Any = value if option == "commit_message" else {"placeholder": value}
    sources = [Source.data("a", "placeholder")] if option == "values" else None

    with pytest.raises(ValueError, match=f"^{option} must hold no reference to a secure value, which"):
        AmplifyJob(stack, "Job", **{**APP, option: given}, sources=sources)


def test_a_reference_to_a_plain_parameter_is_taken(stack: cdk.Stack) -> None:
    value = ssm.StringParameter.value_for_string_parameter(stack, "/api")
    AmplifyJob(stack, "Job", **APP, triggers={"a": "{{resolve:ssm:/a}}", "b": value})


def test_a_timeout_must_be_known_at_synthesis(stack: cdk.Stack) -> None:
    unknown = cdk.Duration.seconds(cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number)

    with pytest.raises(ValueError, match="known at synthesis, received a token"):
        AmplifyJob(stack, "Job", **APP, timeout=unknown)


def test_a_misspelt_option_is_refused_as_python_does(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'tiemout'"):
        AmplifyJob(stack, "Job", **APP, tiemout=cdk.Duration.minutes(5))  # type: ignore[call-arg]


def test_a_refused_job_leaves_no_provider_behind(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="app_id"):
        AmplifyJob(stack, "Job", app_id="x", branch_name="main")

    assert stack.node.try_find_child(AmplifyJobProvider.ID) is None
