"""Options that are refused at synthesis: what was given, and what is allowed.

The limits themselves are those of the contract, which tests/function/test_properties.py tries row by row.
"""

from datetime import date, datetime
from typing import Any

import aws_cdk as cdk
import pytest

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    Commit,
    SmokeTest,
)

APP: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}
AN_APP_ID = "the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN, 1 to 20 characters"
A_TIMEOUT = "a Duration of 1 minute to 55 minutes, known at synthesis"
ROLE_ARN = "arn:aws:iam::210987654321:role/site/releases"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"app_id": None},
            "either branch or both app_id and branch_name must be given, received app_id=None",
        ),
        ({"branch_name": None}, "received app_id='d1a2b3c4d5e6f7' and branch_name=None"),
        (
            {"app_id": "my-app"},
            f"app_id must be {AN_APP_ID}, received 'my-app'",
        ),
        (
            {"branch": "main", "app_id": None, "branch_name": None},
            "branch must be a branch construct, received 'main'",
        ),
        (
            {"branch_name": "refs/heads/main"},
            "branch_name must be the name without refs/heads/, received 'refs",
        ),
        ({"commit": "abc1234"}, "commit must be a Commit, received 'abc1234': for a SHA use commit_id"),
        (
            {"commit_time": 1767322800},
            "commit_time must be an ISO 8601 date and time with an offset, such as 2026-01-31T12",
        ),
        ({"commit_time": date(2026, 1, 2)}, "12:00:00Z, received datetime.date(2026, 1, 2)"),
        ({"triggers": ["v1"]}, "triggers must be a map of strings, each with a name, received ['v1']"),
        ({"execute_after": "Api"}, "execute_after must be a list of constructs, received 'Api'"),
        ({"execute_after": ["Api"]}, "execute_after must be a list of constructs, received ['Api']"),
        ({"provider": "arn:aws:lambda:x"}, "provider must be a provider, received 'arn:aws:lambda:x': see"),
        (
            {"every_deploy": cdk.Fn.import_value("Always")},
            "every_deploy must be true or false, known at synthesis",
        ),
        (
            {"assume_role": ROLE_ARN[:-8] + "*"},
            "assume_role must be the ARN of an IAM role, without * and ?, received",
        ),
        ({"external_id": "shop-42"}, "external_id goes with assume_role, received 'shop-42' without one"),
        ({"app_id": ""}, f"app_id must be {AN_APP_ID}, received ''"),
        ({"branch_name": ""}, "branch_name must be a string, 1 to 255 characters, received ''"),
        ({"job_type": "BUILD"}, "job_type must be one of RELEASE, RETRY, MANUAL, WEB_HOOK, received 'BUILD'"),
        ({"job_type": "RETRY"}, "job_id must be given for RETRY and for no other job_type"),
        ({"job_id": "7"}, "received job_type='RELEASE' and job_id='7'"),
        (
            {"job_type": "RETRY", "job_id": "x"},
            "job_id must be the ID of a job such as 7, at most 255 characters, received 'x'",
        ),
        ({"commit_time": datetime(2026, 1, 2)}, "12:00:00Z, received datetime.datetime(2026, 1, 2, 0, 0)"),
        ({"commit": Commit("a"), "commit_id": "b"}, "commit says it all, received also commit_id"),
        ({"triggers": {1: "x"}}, "triggers must be a map of strings, each with a name, received {1: 'x'}"),
        (
            {"triggers": {cdk.Aws.REGION: "x"}},
            "triggers must have keys that are known at synthesis, received",
        ),
        ({"timeout": cdk.Duration.seconds(59)}, f"timeout must be {A_TIMEOUT}, received 59 seconds"),
        ({"timeout": cdk.Duration.minutes(56)}, f"timeout must be {A_TIMEOUT}, received 56 minutes"),
        ({"branch_name": "release/*"}, "branch_name must hold no * and no ?, received 'release/*'"),
        ({"timeout": 20}, f"timeout must be {A_TIMEOUT}, received 20"),
        ({"wait": "false"}, "wait must be true or false, received 'false'"),
        ({"every_deploy": "no"}, "every_deploy must be true or false, known at synthesis, received 'no'"),
        ({"smoke_test": True}, "smoke_test must be a SmokeTest, received True"),
        (
            {"smoke_test": SmokeTest(), "wait": False},
            "smoke_test looks at the site after the job, so wait must be true",
        ),
        ({"failure_log_lines": True}, "failure_log_lines must be a whole number from 0 to 50, received True"),
        ({"region": "Frankfurt"}, "region must be a Region such as eu-west-1, received 'Frankfurt'"),
        ({"app_id": cdk.Token.as_list({"Ref": "Ids"})}, f"app_id must be {AN_APP_ID}, received ["),
        ({"region": ["eu-west-1"]}, "region must be a Region such as eu-west-1, received ['eu-west-1']"),
        ({"region": ""}, "region must be a Region such as eu-west-1, received ''"),
        (
            {"assume_role": [ROLE_ARN]},
            "assume_role must be the ARN of an IAM role, without * and ?, received [",
        ),
        ({"job_reason": b"x"}, "job_reason must be a string, at most 255 characters, received b'x'"),
        ({"commit_id": ""}, "commit_id must be a string, 1 to 255 characters, received ''"),
        ({"commit": ""}, "commit must be a Commit, received ''"),
        ({"branch_name": " main "}, "no line break, and no space at its ends, received ' main '"),
        ({"branch_name": "main\nline"}, "no line break, and no space at its ends, received 'main\\nline'"),
        ({"triggers": {"": "x"}}, "triggers must be a map of strings, each with a name, received {'': 'x'}"),
        ({"branch": ""}, "branch must be a branch construct, received '': for names use app_id and"),
        ({"branch": "main", "branch_name": None}, "received 'main': for names use app_id and branch_name"),
        ({"when_busy": ["WAIT"]}, "when_busy must be one of WAIT, STOP, JOIN, FAIL, received ['WAIT']"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_given_and_what_is_allowed(
    stack: cdk.Stack, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="^[a-z]") as refusal:
        AmplifyJob(stack, "Job", **{**APP, **options})

    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"path": "health"},
            "path must be one slash and then ASCII characters without spaces, or an https URL without user",
        ),
        ({"status": "200"}, "status must be a whole number from 200 to 599, received '200'"),
        ({"text": ""}, "text must be a string, 1 to 1,000 characters, received ''"),
        (
            {"within": 120},
            "within must be a Duration of 10 seconds to 15 minutes, known at synthesis, received 120",
        ),
        ({"within": cdk.Duration.seconds(9)}, "known at synthesis, received 9 seconds"),
        ({"within": cdk.Duration.minutes(16)}, "known at synthesis, received 16 minutes"),
    ],
)
def test_a_wrong_smoke_test_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^[a-z]") as refusal:
        SmokeTest(**options)

    assert message in str(refusal.value)


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
