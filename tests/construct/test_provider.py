import inspect
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template
from templates import (
    characters,
    documents,
    matches_snapshot,
    new_app,
    resolved,
    resources,
    statements,
    warnings,
)

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobProviderStack

SNAPSHOTS = Path(__file__).parent / "snapshots"
APP = "d1a2b3c4d5e6f7"
AMPLIFY = "arn:${AWS::Partition}:amplify:${AWS::Region}:${AWS::AccountId}:apps"
DESCRIBE = ["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"]

# CloudFormation refuses a changed ServiceToken: these names are forever.
LOGICAL_IDS = {
    "AmplifyJobProviderFunction4B21BA2F": "AWS::Lambda::Function",
    "AmplifyJobProviderHandOver95E3AADF": "AWS::IAM::Policy",
    "AmplifyJobProviderLogGroup89199DD7": "AWS::Logs::LogGroup",
    "AmplifyJobProviderRole2811F21B": "AWS::IAM::Role",
}


def test_the_first_job_takes_five_resources_and_a_further_one_takes_one(stack: cdk.Stack) -> None:
    for number in range(3):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"feature/{number}")

    Template.from_stack(stack).resource_count_is("Custom::AmplifyJob", 3)
    assert len(resources(stack)) == 4 + 3


def test_with_tokens_the_first_takes_six_and_a_further_one_two(stack: cdk.Stack) -> None:
    for number in range(3):
        branch = cdk.CfnParameter(stack, f"Branch{number}").value_as_string
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=branch)

    assert len(resources(stack)) == 4 + 3 * 2


def test_templates_are_small() -> None:
    one, two = cdk.Stack(new_app(), "Site"), cdk.Stack(new_app(), "Site")
    AmplifyJob(one, "Job", app_id=APP, branch_name="main")
    AmplifyJob(two, "Job", app_id=APP, branch_name="main")
    AmplifyJob(two, "Develop", app_id=APP, branch_name="develop")

    first = characters(resources(one))
    assert first <= 2_800
    assert characters(resources(two)) - first <= 530


def test_logical_ids_of_a_provider_never_change(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    found = {name: resource["Type"] for name, resource in resources(stack).items()}
    assert {name: type_ for name, type_ in found.items() if type_ != "Custom::AmplifyJob"} == LOGICAL_IDS


def test_the_template_of_one_job_is_the_known_one(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert matches_snapshot(resources(stack), SNAPSHOTS / "one_job.json")


def test_the_role_allows_what_a_branch_needs_and_nothing_else(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="feature/x")

    found = [(found["Action"], found["Resource"]) for found in resolved(statements(resources(stack)))]
    assert found == [
        (
            ["amplify:StartJob", "amplify:GetJob", "amplify:StopJob", "amplify:ListJobs"],
            [f"{AMPLIFY}/{APP}/branches/feature/x/jobs/*"],
        ),
        (["amplify:ListJobs", "amplify:GetBranch"], [f"{AMPLIFY}/{APP}/branches/feature/x"]),
        (["amplify:GetApp"], [f"{AMPLIFY}/{APP}"]),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            ["${AmplifyJobProviderLogGroup89199DD7.Arn}"],
        ),
        (DESCRIBE, ["${AWS::StackId}"]),
        (["lambda:InvokeFunction"], ["${AmplifyJobProviderFunction4B21BA2F.Arn}"]),
    ]


def test_no_job_waits_for_the_permission_to_hand_over(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert "DependsOn" not in job


def test_the_function_runs_to_the_limit_of_lambda_on_a_pinned_runtime(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["Handler"] == "index.handler"
    assert function["Properties"]["Runtime"] == "python3.13"
    assert function["Properties"]["Timeout"] == 900
    (log_group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert log_group["Properties"] == {"RetentionInDays": 30}
    assert log_group["DeletionPolicy"] == "Delete"


def test_the_stack_s_own_provider_takes_options_when_it_is_created_first(stack: cdk.Stack) -> None:
    mine = AmplifyJobProvider(
        stack,
        AmplifyJobProvider.ID,
        log_retention=logs.RetentionDays.ONE_WEEK,
        runtime=lambda_.Runtime.PYTHON_3_12,
    )
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert AmplifyJobProvider.get_or_create(stack) is mine
    assert resources(stack).keys() > LOGICAL_IDS.keys()
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["Runtime"] == "python3.12"
    (log_group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert log_group["Properties"] == {"RetentionInDays": 7}


def test_a_provider_can_log_to_a_given_group(stack: cdk.Stack) -> None:
    group = logs.LogGroup.from_log_group_name(stack, "Logs", "/site/releases")
    provider = AmplifyJobProvider(stack, "Provider", log_group=group)

    assert provider.log_group is group
    assert not resources(stack, "AWS::Logs::LogGroup")
    on_logs = [
        found for found in resolved(statements(resources(stack))) if "logs:PutLogEvents" in found["Action"]
    ]
    assert [found["Resource"] for found in on_logs] == [
        ["arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/site/releases:*"]
    ]


def test_a_log_group_and_a_retention_exclude_each_other(stack: cdk.Stack) -> None:
    group = logs.LogGroup.from_log_group_name(stack, "Logs", "/site/releases")

    with pytest.raises(ValueError, match="received both"):
        AmplifyJobProvider(stack, "Provider", log_group=group, log_retention=logs.RetentionDays.ONE_DAY)


def test_branches_of_an_app_share_its_statements(stack: cdk.Stack) -> None:
    for name in ("main", "develop", "main"):
        AmplifyJob(stack, f"Job{len(stack.node.children)}", app_id=APP, branch_name=name)

    jobs, branches, apps, *_ = resolved(statements(resources(stack)))
    assert branches["Resource"] == [f"{AMPLIFY}/{APP}/branches/main", f"{AMPLIFY}/{APP}/branches/develop"]
    assert jobs["Resource"] == [f"{branch}/jobs/*" for branch in branches["Resource"]]
    assert apps["Resource"] == [f"{AMPLIFY}/{APP}"]


@pytest.mark.parametrize("jobs", [100, 300])
def test_many_branches_of_an_app_become_a_pattern_with_a_warning(stack: cdk.Stack, jobs: int) -> None:
    for number in range(jobs):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"feature/branch-{number}")

    (warning,) = warnings(stack)
    assert "some are for all branches of an app instead" in warning
    on_jobs, on_branches, *_ = resolved(statements(resources(stack)))
    assert on_jobs["Resource"] == [f"{AMPLIFY}/{APP}/branches/*/jobs/*"]
    assert on_branches["Resource"] == [f"{AMPLIFY}/{APP}/branches/*"]
    assert inline_characters(stack) < 9_000
    assert len(resources(stack)) == 4 + jobs


def test_only_as_many_apps_as_needed_get_a_pattern_and_the_one_with_most_branches_first(
    stack: cdk.Stack,
) -> None:
    for number in range(60):
        app_id = "dmany" if number % 3 else "dfew"
        AmplifyJob(stack, f"Job{number}", app_id=app_id, branch_name=f"feature/branch-{number}")

    branches = resolved(statements(resources(stack)))[1]["Resource"]
    assert f"{AMPLIFY}/dmany/branches/*" in branches
    assert f"{AMPLIFY}/dfew/branches/feature/branch-0" in branches
    assert f"{AMPLIFY}/dfew/branches/*" not in branches
    assert inline_characters(stack) < 9_000


def test_thirty_five_branches_of_an_app_are_still_allowed_one_by_one(stack: cdk.Stack) -> None:
    for number in range(35):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"feature-{number}")

    assert not warnings(stack)
    assert 8_000 < inline_characters(stack) < 9_000


def test_many_branches_by_token_become_a_pattern_beside_one_of_the_jobs(stack: cdk.Stack) -> None:
    for number in range(150):
        AmplifyJob(
            stack,
            f"Job{number}",
            app_id=APP,
            branch_name=cdk.CfnParameter(stack, f"Branch{number}").value_as_string,
        )

    (warning,) = warnings(stack)
    assert "some are for all branches of an app instead" in warning
    policies = {name for name in resources(stack, "AWS::IAM::Policy") if name not in LOGICAL_IDS}
    assert len(policies) < 10
    jobs = resources(stack, "Custom::AmplifyJob").values()
    assert {name for job in jobs for name in job["DependsOn"]} == policies
    assert inline_characters(stack) < 9_500


def test_the_policies_of_many_apps_must_not_outgrow_the_role(stack: cdk.Stack) -> None:
    jobs = (AmplifyJob(stack, f"Job{n}", app_id=f"d1a2b3c4d5{n}", branch_name="main") for n in range(100))

    with pytest.raises(
        ValueError, match="must have at most 10,240 characters, received 10,.* give some of its"
    ):
        list(jobs)


def test_a_role_has_room_for_thirty_apps_with_one_branch_each(stack: cdk.Stack) -> None:
    for number in range(30):
        # An app ID at its longest.
        AmplifyJob(stack, f"Job{number}", app_id=f"d{number:019}", branch_name="feature/basket")

    assert not warnings(stack)


@pytest.mark.parametrize(("shared", "stacks"), [(True, 15), (False, 9)])
def test_a_role_has_room_for_the_stacks_that_operations_says(
    app: cdk.App, stack: cdk.Stack, shared: bool, stacks: int
) -> None:
    provider = AmplifyJobProvider(stack, AmplifyJobProvider.ID, shared=shared)

    def add(number: int) -> None:
        AmplifyJob(
            cdk.Stack(app, f"Site{number}"),
            "Job",
            app_id=f"d{number:019}",
            branch_name="feature/basket",
            provider=provider,
        )

    for number in range(stacks):
        add(number)
    with pytest.raises(ValueError, match="give some of its jobs a provider of their own"):
        add(stacks)


@pytest.mark.parametrize("region", [None, "ap-southeast-2"])
def test_sizes_are_those_of_the_template_with_tokens_at_their_longest(region: str | None) -> None:
    stack = cdk.Stack(new_app(), "Site", env=cdk.Environment(region=region))
    for number in range(20):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"größe-{number}")
    branch = cdk.CfnParameter(stack, "Branch").value_as_string
    AmplifyJob(stack, "Job", app_id="dother", branch_name=branch)

    assert AmplifyJobProvider.get_or_create(stack)._policies.size == inline_characters(stack)


def test_a_shared_provider_may_describe_the_stacks_of_its_account_and_region() -> None:
    stack = AmplifyJobProviderStack(new_app(), "Releases")

    template = Template.from_stack(stack).to_json()
    on_stacks = [
        found["Resource"]
        for found in resolved(statements(template["Resources"]))
        if found["Action"] == DESCRIBE
    ]
    assert on_stacks == [["arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*"]]
    assert resolved(template["Outputs"]) == {
        "ServiceToken": {
            "Value": "${AmplifyJobProviderFunction4B21BA2F.Arn}",
            "Export": {"Name": "Releases-ServiceToken"},
        },
        "RoleName": {"Value": "${AmplifyJobProviderRole2811F21B}", "Export": {"Name": "Releases-RoleName"}},
    }
    assert template["Resources"].keys() == LOGICAL_IDS.keys()


def test_the_provider_s_stack_takes_and_passes_on_the_provider_s_options() -> None:
    of_provider = inspect.signature(AmplifyJobProvider.__init__).parameters
    of_stack = inspect.signature(AmplifyJobProviderStack.__init__).parameters
    assert of_provider.keys() - of_stack.keys() == {"shared"}  # it always is

    app = new_app()
    stack = AmplifyJobProviderStack(
        app,
        "Releases",
        role=iam.Role.from_role_name(cdk.Stack(app, "Roles"), "Role", "Prescribed"),
        ephemeral_storage_size=cdk.Size.gibibytes(2),
    )
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert "role/Prescribed" in json.dumps(function["Properties"]["Role"])
    assert function["Properties"]["EphemeralStorage"] == {"Size": 2048}


def inline_characters(stack: cdk.Stack) -> int:
    """Count the characters of the role's policies in the template, its references at their longest."""
    longest = {"AWS::Partition": 10, "AWS::Region": 14, "AWS::AccountId": 12}

    def replaced(value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return "x" * longest.get(name, 255)
            case {"Fn::GetAtt": _}:
                return "x" * 255
            case {"Fn::Join": [separator, parts]}:
                return separator.join(replaced(part) for part in parts)
            case dict():
                return {key: replaced(item) for key, item in value.items()}
            case list():
                return [replaced(item) for item in value]
            case _:
                return value

    return sum(characters(replaced(document)) for document in documents(resources(stack)))


def test_a_prescribed_role_gets_policies_and_nothing_inside(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_name(stack, "Prescribed", "functions")
    provider = AmplifyJobProvider(stack, "Provider", role=role)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert resources(stack, "AWS::IAM::Role") == {}
    policies = resources(stack, "AWS::IAM::Policy")
    assert [policy["Properties"]["Roles"] for policy in policies.values()] == [["functions"]] * 3
    assert len({str(policy["Properties"]["PolicyName"]) for policy in policies.values()}) == 3
    actions = {action for statement in statements(policies) for action in statement["Action"]}
    assert actions >= {"logs:PutLogEvents", "lambda:InvokeFunction", "amplify:StartJob", *DESCRIBE}
    # The function does not start before it may log, nor the job before it may do its work.
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    own, of_job = ([name for name in policies if part in name] for part in ("ProviderOwn", "JobPolicy"))
    assert set(own) <= set(function["DependsOn"])
    assert set(of_job) <= set(job["DependsOn"])


def test_a_provider_of_one_s_own_making_can_be_used(stack: cdk.Stack) -> None:
    class Ours:
        service_token = "arn:aws:lambda:us-east-1:123456789012:function:ours"

        def permit(self, job: Any, resource: Any, target: Any) -> None:
            """Everything is allowed already."""

        def reader(self, job: Any) -> Any:
            raise AssertionError

        def permit_reading(self, job: Any, resource: Any, statements: Any) -> None:
            """As above."""

    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=Ours())

    (job,) = resources(stack).values()
    assert job["Properties"]["ServiceToken"] == Ours.service_token
