from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_s3_deployment import Source
from templates import new_app, resources, warnings

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    AmplifyJobProviderStack,
    AmplifyJobStack,
    AmplifyJobStage,
    Commit,
    JobType,
    OnRollback,
    SmokeTest,
    WhenBusy,
)
from cdk_amplify_job.limits import ROWS

APP: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}
AN_APP_ID = "the ID of an app such as d1a2b3c4d5e6f7, not its name or its ARN, 1 to 20 characters"
A_TIMEOUT = "a Duration of 1 minute to 55 minutes, known at synthesis"
AN_HOUR_EAST = timezone(timedelta(hours=1))
ROLE_ARN = "arn:aws:iam::210987654321:role/site/releases"


def properties(stack: cdk.Stack, **options: Any) -> dict[str, Any]:
    AmplifyJob(stack, "Job", **{**APP, **options})
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    return dict(job["Properties"])


def test_a_job_without_options_renders_only_what_the_function_cannot_know(stack: cdk.Stack) -> None:
    assert properties(stack) == {
        "ServiceToken": {"Fn::GetAtt": ["AmplifyJobProviderFunction4B21BA2F", "Arn"]},
        "ServiceTimeout": 45 * 60 + 180,
        "AppId": "d1a2b3c4d5e6f7",
        "BranchName": "main",
    }


AS_PROPERTIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"job_type": JobType.RETRY, "job_id": "7"}, {"JobType": "RETRY", "JobId": "7"}),
    ({"job_type": "WEB_HOOK"}, {"JobType": "WEB_HOOK"}),
    ({"job_reason": "r" * 255}, {"JobReason": "r" * 255}),
    ({"commit_id": "abc1234"}, {"CommitId": "abc1234"}),
    ({"commit_message": "two\nlines"}, {"CommitMessage": "two\nlines"}),
    ({"commit_time": "2026-01-02T03:04:05Z"}, {"CommitTime": "2026-01-02T03:04:05Z"}),
    ({"commit_time": "2026-01-02T03:04:05+01:00"}, {"CommitTime": "2026-01-02T02:04:05Z"}),
    (
        {"commit_time": datetime(2026, 1, 2, 3, tzinfo=AN_HOUR_EAST)},
        {"CommitTime": "2026-01-02T02:00:00Z"},
    ),
    (
        {"commit": Commit("abc1234", "fix", "2026-01-02T03:04:05Z")},
        {"CommitId": "abc1234", "CommitMessage": "fix", "CommitTime": "2026-01-02T03:04:05Z"},
    ),
    ({"commit": Commit("abc1234")}, {"CommitId": "abc1234"}),
    ({"triggers": {"api": "v1"}}, {"Triggers": {"api": "v1"}}),
    ({"triggers": MappingProxyType({"api": "v1"})}, {"Triggers": {"api": "v1"}}),
    ({"wait": False}, {"Wait": False}),
    ({"timeout": cdk.Duration.minutes(1)}, {"TimeoutSeconds": 60, "ServiceTimeout": 240}),
    ({"timeout": cdk.Duration.minutes(55)}, {"TimeoutSeconds": 3300, "ServiceTimeout": 3480}),
    ({"timeout": cdk.Duration.seconds(90)}, {"TimeoutSeconds": 90, "ServiceTimeout": 270}),
    ({"when_busy": WhenBusy.STOP}, {"WhenBusy": "STOP"}),
    ({"when_busy": "JOIN"}, {"WhenBusy": "JOIN"}),
    ({"on_rollback": OnRollback.IGNORE}, {"OnRollback": "IGNORE"}),
    ({"verify_commit": False}, {"VerifyCommit": False}),
    ({"smoke_test": SmokeTest()}, {"SmokeTestPath": "/"}),
    ({"smoke_test": SmokeTest(None)}, {"SmokeTestPath": "/"}),  # type: ignore[arg-type]
    (
        {"smoke_test": SmokeTest("/health", 401, "sign in", cdk.Duration.seconds(90))},
        {
            "SmokeTestPath": "/health",
            "SmokeTestStatus": 401,
            "SmokeTestText": "sign in",
            "SmokeTestSeconds": 90,
        },
    ),
    ({"smoke_test": SmokeTest(within=cdk.Duration.minutes(2))}, {"SmokeTestPath": "/"}),
    (
        {"smoke_test": SmokeTest("https://www.example.com/health")},
        {"SmokeTestPath": "https://www.example.com/health"},
    ),
    ({"failure_log_lines": 0}, {"FailureLogLines": 0}),
    ({"region": "eu-central-1"}, {"Region": "eu-central-1"}),
    ({"assume_role": ROLE_ARN}, {"AssumeRoleArn": ROLE_ARN}),
    (
        {"assume_role": ROLE_ARN, "external_id": "shop-42"},
        {"AssumeRoleArn": ROLE_ARN, "ExternalId": "shop-42"},
    ),
    ({"branch_name": "feature/a b"}, {"BranchName": "feature/a b"}),
]


@pytest.mark.parametrize(("options", "expected"), AS_PROPERTIES)
def test_an_option_becomes_a_property(
    stack: cdk.Stack, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    plain = {"ServiceTimeout": 2880, "AppId": "d1a2b3c4d5e6f7", "BranchName": "main"}
    found = properties(stack, **options)
    del found["ServiceToken"]
    assert found == {**plain, **expected}


def test_every_option_that_is_checked_by_itself_becomes_a_property_in_a_test() -> None:
    rendered = {name for _, expected in AS_PROPERTIES for name in expected}
    # Rendered in every test, at every deploy, with a branch construct, and with files.
    elsewhere = {"ServiceToken", "AppId", "Nonce", "BuildSettings"} | {
        name for name in ROWS if name.startswith("Source")
    }
    assert rendered | elsewhere == ROWS.keys()


@pytest.mark.parametrize("option", sorted({row.option for row in ROWS.values()}))
def test_every_option_is_checked_at_synthesis(stack: cdk.Stack, option: str) -> None:
    with pytest.raises(ValueError, match=f"^{option} must "):
        AmplifyJob(stack, "Job", **{**APP, option: object()})


@pytest.mark.parametrize(
    "options",
    [
        {"job_type": "RELEASE"},
        {"timeout": cdk.Duration.minutes(45)},
        {"wait": True, "verify_commit": True, "every_deploy": False},
        {"when_busy": WhenBusy.WAIT, "on_rollback": "RESTORE", "failure_log_lines": 10},
        {"triggers": {}, "execute_after": []},
        {"commit_id": None, "timeout": None, "triggers": None, "job_type": None, "execute_after": None},
    ],
)
def test_a_default_is_not_rendered(stack: cdk.Stack, options: dict[str, Any]) -> None:
    assert properties(stack, **options).keys() == {"ServiceToken", "ServiceTimeout", "AppId", "BranchName"}


def test_tokens_are_not_checked(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Anything").value_as_string
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number

    rendered = properties(
        stack,
        app_id=parameter,
        branch_name=parameter,
        job_type=parameter,
        job_id=parameter,
        job_reason=parameter,
        commit_id=parameter,
        commit_message=parameter,
        commit_time=parameter,
        triggers={"api": parameter},
        when_busy=parameter,
        on_rollback=parameter,
        failure_log_lines=number,
        region=parameter,
        assume_role=parameter,
        external_id=parameter,
    )

    assert rendered.pop("Triggers") == {"api": {"Ref": "Anything"}}
    assert rendered.pop("FailureLogLines") == {"Ref": "Number"}
    del rendered["ServiceToken"], rendered["ServiceTimeout"]
    assert list(rendered.values()) == [{"Ref": "Anything"}] * 13


@pytest.mark.parametrize(
    "value", ["dummy-value-for-/site/app-id", "{{resolve:ssm:/site/app-id}}", "x{{resolve:ssm:/site/app-id}}"]
)
def test_what_becomes_known_later_is_not_checked(stack: cdk.Stack, value: str) -> None:
    rendered = properties(stack, app_id=value, branch_name=value, commit_time=value, region=value)

    assert [rendered[name] for name in ("AppId", "BranchName", "CommitTime", "Region")] == [value] * 4


def test_no_rule_looks_at_options_that_are_not_known_yet(stack: cdk.Stack, tmp_path: Path) -> None:
    unknown = cdk.CfnParameter(stack, "Anything").value_as_string
    (tmp_path / "index.html").write_text("hello")

    AmplifyJob(stack, "Files", **APP, job_type=unknown, sources=[Source.asset(str(tmp_path))])
    AmplifyJob(stack, "Build", **APP, job_type=unknown, job_id="7")
    AmplifyJob(stack, "Retry", **APP, job_type=JobType.RELEASE, job_id=unknown)


def test_an_attribute_of_a_resource_is_a_token_without_being_a_string(stack: cdk.Stack) -> None:
    thing = cdk.CfnResource(stack, "Thing", type="Custom::Thing")
    texts = {"app_id": "AppId", "branch_name": "BranchName", "commit_id": "CommitId", "region": "Region"}

    found = properties(stack, **{option: thing.get_att(name) for option, name in texts.items()})
    assert {name: found[name] for name in texts.values()} == {
        name: {"Fn::GetAtt": ["Thing", name]} for name in texts.values()
    }


def test_a_looked_up_parameter_synthesizes_before_it_is_looked_up() -> None:
    stack = cdk.Stack(new_app(), "Shop", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    app_id = ssm.StringParameter.value_from_lookup(stack, "/site/app-id")

    assert properties(stack, app_id=app_id)["AppId"] == "dummy-value-for-/site/app-id"


def test_the_stack_of_a_provider_is_no_provider(stack: cdk.Stack) -> None:
    releases = AmplifyJobProviderStack(stack.node.root, "Releases")  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="provider must be a provider, received .*: pass its .provider"):
        AmplifyJob(stack, "Job", **APP, provider=releases)  # type: ignore[arg-type]


def test_a_release_on_a_preview_branch_is_warned_of(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="pr-7")

    (warning,) = warnings(stack)
    assert "a RELEASE on the preview branch pr-7 builds the branch of its target" in warning


def test_triggers_are_copied(stack: cdk.Stack) -> None:
    triggers = {"api": "v1"}
    AmplifyJob(stack, "Job", **APP, triggers=triggers)
    triggers["api"] = "v2"

    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert job["Properties"]["Triggers"] == {"api": "v1"}


def test_every_deploy_draws_a_nonce_for_each_job(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", **APP, every_deploy=True)
    AmplifyJob(stack, "Another", **APP, every_deploy=True)

    first, second = (job["Properties"]["Nonce"] for job in resources(stack, "Custom::AmplifyJob").values())
    assert len(first) == len(second) == 16
    assert first != second


def test_a_job_starts_after_what_it_is_told_to_execute_after(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Uploads")
    AmplifyJob(stack, "Job", **APP, execute_after=[bucket])

    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert stack.get_logical_id(bucket.node.default_child) in job["DependsOn"]  # type: ignore[arg-type]


def test_attributes_are_those_that_the_function_answers_with(stack: cdk.Stack) -> None:
    job = AmplifyJob(stack, "Job", **APP)
    logical_id = stack.get_logical_id(job.node.default_child)  # type: ignore[arg-type]

    attributes = {
        "JobId": job.job_id,
        "JobArn": job.job_arn,
        "JobType": job.job_type,
        "Status": job.status,
        "CommitId": job.commit_id,
        "CommitMessage": job.commit_message,
        "CommitTime": job.commit_time,
        "BuiltCommitId": job.built_commit_id,
        "StartTime": job.start_time,
        "EndTime": job.end_time,
        "BranchUrl": job.branch_url,
        "ConsoleUrl": job.console_url,
    }
    for name, token in attributes.items():
        assert stack.resolve(token) == {"Fn::GetAtt": [logical_id, name]}


def test_overrides_reach_the_custom_resource(stack: cdk.Stack) -> None:
    job = AmplifyJob(stack, "Job", **APP)

    assert isinstance(job.node.default_child, cdk.CfnResource)
    assert job.node.default_child.node.id == "Resource"


def test_a_role_or_its_arn_can_be_assumed(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Releases", ROLE_ARN)

    assert properties(stack, assume_role=role)["AssumeRoleArn"] == ROLE_ARN


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("eu-wets-1", ["the CDK knows no Region eu-wets-1, did you mean eu-west-1?"]),
        ("us-gov-west-1", []),
        ("xx-nowhere-9", []),
    ],
)
def test_a_region_that_looks_misspelt_is_warned_of(stack: cdk.Stack, region: str, said: list[str]) -> None:
    AmplifyJob(stack, "Job", **APP, region=region)

    assert [warning.partition(" [")[0] for warning in warnings(stack)] == said


@pytest.mark.parametrize(
    "owner", [AmplifyJob, AmplifyJobStack, AmplifyJobStage, AmplifyJobProvider, AmplifyJobProviderStack]
)
def test_a_misspelt_option_names_the_class_that_was_called_and_what_may_be_meant(
    app: cdk.App, owner: Any
) -> None:
    scope = app if issubclass(owner, cdk.Stack | cdk.Stage) else cdk.Stack(app, "Site")
    for name, hint in (("app_idd", r", did you mean app_ids?\?"), ("zzz", "")):
        said = rf"^{owner.__name__}.__init__\(\) got an unexpected keyword argument '{name}'{hint}$"
        with pytest.raises(TypeError, match=said):
            owner(scope, f"Release{name}", **{name: "d1"})


def test_two_jobs_on_one_branch_of_a_stack_are_warned_of(app: cdk.App, stack: cdk.Stack) -> None:
    AmplifyJob(stack, "First", **APP)
    AmplifyJob(stack, "Second", **APP, region=stack.region)
    AmplifyJob(stack, "OtherBranch", **{**APP, "branch_name": "develop"})
    AmplifyJob(stack, "OtherApp", **{**APP, "app_id": "d2"})
    AmplifyJob(stack, "OtherRegion", **APP, region="eu-west-1")
    other = cdk.Stack(app, "Other")
    AmplifyJob(other, "OtherStack", **APP)

    (warning,) = warnings(stack)
    assert warning.startswith(
        "'Site/First' is a job for this branch, too. A change that concerns both builds it"
    )
    assert warnings(other) == []
