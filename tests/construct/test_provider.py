import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_deployment as s3_deployment
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
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"
AMPLIFY = "arn:${AWS::Partition}:amplify:${AWS::Region}:${AWS::AccountId}:apps"
DESCRIBE = "cloudformation:DescribeStackEvents"

# CloudFormation refuses a changed ServiceToken: these names are forever.
LOGICAL_IDS = {
    "AmplifyJobProviderFunction4B21BA2F": "AWS::Lambda::Function",
    "AmplifyJobProviderHandOver95E3AADF": "AWS::IAM::Policy",
    "AmplifyJobProviderLogGroup89199DD7": "AWS::Logs::LogGroup",
    "AmplifyJobProviderRole2811F21B": "AWS::IAM::Role",
}


@pytest.mark.parametrize("by_token", [False, True])
def test_the_first_job_takes_six_resources_and_a_further_one_takes_two(
    stack: cdk.Stack, by_token: bool
) -> None:
    for number in range(3):
        branch = cdk.CfnParameter(stack, f"Branch{number}").value_as_string if by_token else f"b/{number}"
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=branch)

    Template.from_stack(stack).resource_count_is("Custom::AmplifyJob", 3)
    assert len(resources(stack)) == 4 + 3 * 2


def test_templates_are_small() -> None:
    def size(*branches: str, **options: Any) -> int:
        stack = cdk.Stack(new_app(), "Site")
        if options:
            AmplifyJobProvider.get_or_create(stack, **options)
        for branch in branches:
            AmplifyJob(stack, f"Job{branch}", app_id=APP, branch_name=branch)
        return characters(resources(stack))

    first = size("main")
    assert first <= 2_930
    assert size("main", "develop") - first <= 1_200
    assert size("main", "develop", app_ids=[APP]) - size("main", app_ids=[APP]) <= 275


def test_logical_ids_of_a_provider_never_change(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    found = {name: resource["Type"] for name, resource in resources(stack).items()}
    of_the_job = {"JobB9D00F9F": "Custom::AmplifyJob", "JobPolicy2F084D14": "AWS::IAM::Policy"}
    assert found == LOGICAL_IDS | of_the_job


def test_the_template_of_one_job_is_the_known_one(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert matches_snapshot(resources(stack), SNAPSHOTS / "one_job.json")


def test_the_role_allows_what_a_branch_needs_and_nothing_else(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="feature/x")

    template = resources(stack)
    assert allowed(template, "AmplifyJobProviderRole2811F21B") == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], "${AmplifyJobProviderLogGroup89199DD7.Arn}"),
        (DESCRIBE, "${AWS::StackId}"),
    ]
    assert allowed(template, "AmplifyJobProviderHandOver95E3AADF") == [
        (["lambda:InvokeFunction"], ["${AmplifyJobProviderFunction4B21BA2F.Arn}"])
    ]
    assert allowed(template, "JobPolicy2F084D14") == [
        (
            [
                "amplify:StartJob",
                "amplify:GetJob",
                "amplify:StopJob",
                "amplify:ListJobs",
                "amplify:GetBranch",
                "amplify:GetApp",
            ],
            [
                f"{AMPLIFY}/{APP}",
                f"{AMPLIFY}/{APP}/branches/feature/x",
                f"{AMPLIFY}/{APP}/branches/feature/x/jobs/*",
            ],
        )
    ]


def allowed(template: dict[str, Any], name: str) -> list[tuple[Any, Any]]:
    """The actions and resources that one resource of the template allows."""
    return [(found["Action"], found["Resource"]) for found in resolved(statements({name: template[name]}))]


def test_a_job_waits_for_its_own_policy_and_not_for_the_one_to_hand_over(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert job["DependsOn"] == ["JobPolicy2F084D14"]


def test_the_function_runs_to_the_limit_of_lambda_on_a_pinned_runtime(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["Handler"] == "amplify_job.index.handler"
    assert function["Properties"]["Runtime"] == "python3.13"
    assert function["Properties"]["Timeout"] == 900
    (log_group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert log_group["Properties"] == {"RetentionInDays": 30}
    assert log_group["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize(
    ("jobs", "files"),
    [(20, False), (11, True)],
)
def test_a_role_has_room_for_as_many_jobs_as_the_docs_say(
    stack: cdk.Stack, tmp_path: Path, jobs: int, files: bool
) -> None:
    (tmp_path / "index.html").write_text("hello")
    sources = [s3_deployment.Source.asset(str(tmp_path))] if files else None

    def add(number: int) -> None:
        # an app ID at its longest
        AmplifyJob(
            stack, f"J{number}", app_id=f"d{number:019}", branch_name="feature/basket", sources=sources
        )

    for number in range(jobs):
        add(number)
    with pytest.raises(ValueError, match="must have at most 10,240 characters, received 10,.* app_ids"):
        add(jobs)


def test_a_role_has_room_for_as_many_apps_as_the_docs_say(stack: cdk.Stack) -> None:
    longest = [f"d{number:019}" for number in range(16)]

    AmplifyJobProvider(stack, "Provider", app_ids=longest[:15])
    with pytest.raises(ValueError, match="must have at most 10,240 characters"):
        AmplifyJobProvider(stack, "Full", app_ids=longest)


@pytest.mark.parametrize("jobs", [100, 300])
def test_with_app_ids_a_stack_has_any_number_of_builds(stack: cdk.Stack, jobs: int) -> None:
    AmplifyJobProvider.get_or_create(stack, app_ids=[APP])
    for number in range(jobs):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"feature/branch-{number}")

    assert not warnings(stack)
    assert len(resources(stack)) == 5 + jobs
    (of_app,) = resources(stack, "AWS::IAM::Policy").keys() - LOGICAL_IDS.keys()
    assert all(job["DependsOn"] == [of_app] for job in resources(stack, "Custom::AmplifyJob").values())


def test_the_apps_of_a_provider_have_a_policy_each(stack: cdk.Stack) -> None:
    # An app that uses another app's job would make a cycle with one policy for both.
    first = amplify.CfnApp(stack, "First", name="first")
    AmplifyJobProvider.get_or_create(stack, app_ids=[first.attr_app_id, APP])
    AmplifyJob(stack, "A", app_id=first.attr_app_id, branch_name="main")
    AmplifyJob(stack, "B", app_id=APP, branch_name="main")

    a, b = resources(stack, "Custom::AmplifyJob").values()
    assert a["DependsOn"] != b["DependsOn"]
    policies = resources(stack, "AWS::IAM::Policy").values()
    assert len({str(policy["Properties"]["PolicyName"]) for policy in policies}) == len(policies) == 3
    template = resources(stack)
    ((_, on_app),) = allowed(template, b["DependsOn"][0])
    assert on_app == [
        f"{AMPLIFY}/{APP}",
        f"{AMPLIFY}/{APP}/branches/*",
        f"{AMPLIFY}/{APP}/branches/*/jobs/*",
        f"{AMPLIFY}/{APP}/branches/*/deployments/*",
    ]


def test_iam_counts_no_more_characters_than_are_counted_here() -> None:
    stack = cdk.Stack(new_app(), "Site", env=cdk.Environment(region="ap-southeast-2"))
    for number in range(5):
        AmplifyJob(stack, f"Job{number}", app_id=APP, branch_name=f"größe-{number}")
    app = amplify.CfnApp(stack, "App", name="shop")
    for name in ("main", "x" * 255):
        branch = amplify.CfnBranch(stack, name, app_id=app.attr_app_id, branch_name=name)
        AmplifyJob(branch, "Job", branch=branch)

    counted = AmplifyJobProvider.get_or_create(stack)._policies._characters
    assert counted - 100 < inline_characters(stack) <= counted


def test_a_shared_provider_may_describe_the_stacks_of_its_account_and_region() -> None:
    stack = AmplifyJobProviderStack(new_app(), "Releases")

    template = Template.from_stack(stack).to_json()
    on_stacks = [
        found["Resource"]
        for found in resolved(statements(template["Resources"]))
        if found["Action"] == DESCRIBE
    ]
    assert on_stacks == ["arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*"]
    assert resolved(template["Outputs"]) == {
        "ServiceToken": {
            "Value": "${AmplifyJobProviderFunction4B21BA2F.Arn}",
            "Export": {"Name": "Releases-ServiceToken"},
        },
        "RoleName": {"Value": "${AmplifyJobProviderRole2811F21B}", "Export": {"Name": "Releases-RoleName"}},
    }
    assert template["Resources"].keys() == LOGICAL_IDS.keys()


def test_the_provider_s_stack_takes_and_passes_on_the_provider_s_options() -> None:
    app = new_app()
    with pytest.raises(TypeError, match="'shared'"):  # it always is
        AmplifyJobProviderStack(app, "Private", shared=False)  # type: ignore[call-arg]

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
    """Count the characters of the role's policies in the template, with references as long as they are."""
    longest = {"AWS::Partition": 10, "AWS::Region": 14, "AWS::AccountId": 12, "AWS::StackId": 40}

    def replaced(value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return "x" * longest[name]
            case {"Fn::GetAtt": [_, "AppId"]}:
                return "x" * 20
            case {"Fn::GetAtt": _}:
                return "x" * 40
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
    assert actions >= {"logs:PutLogEvents", "lambda:InvokeFunction", "amplify:StartJob", DESCRIBE}
    # The function does not start before it may log, nor the job before it may do its work.
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    own, of_job = ([name for name in policies if part in name] for part in ("ProviderOwn", "JobPolicy"))
    assert set(own) <= set(function["DependsOn"])
    assert set(of_job) <= set(job["DependsOn"])


def test_two_providers_with_one_role_overwrite_no_policy_of_each_other() -> None:
    names = []
    for name in ("Shop", "Blog"):
        stack = cdk.Stack(new_app(), name)
        role = iam.Role.from_role_name(stack, "Prescribed", "functions")
        AmplifyJobProvider.get_or_create(stack, role=role)
        AmplifyJob(stack, "Job", app_id=APP, branch_name="main")
        policies = resources(stack, "AWS::IAM::Policy").values()
        names += [str(policy["Properties"]["PolicyName"]) for policy in policies]

    assert len(names) == len(set(names)) == 6
    assert all("AWS::StackId" in name for name in names)  # so neither do stacks of two CDK apps


def test_an_app_of_another_region_is_none_of_the_apps_of_a_provider(stack: cdk.Stack) -> None:
    AmplifyJobProvider.get_or_create(stack, app_ids=[APP])
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", region="eu-west-1")

    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert job["DependsOn"] == ["JobPolicy2F084D14"]
    there = AMPLIFY.replace("${AWS::Region}", "eu-west-1")
    ((_, on_app),) = allowed(resources(stack), "JobPolicy2F084D14")
    assert on_app[0] == f"{there}/{APP}"


def test_a_provider_of_one_s_own_making_can_be_used(stack: cdk.Stack) -> None:
    class Ours:
        service_token = "arn:aws:lambda:us-east-1:123456789012:function:ours"

        def permit(self, job: Any, resource: Any, statements: Any) -> None:
            """Everything is allowed already."""

        def reader(self, job: Any) -> Any: ...

    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=Ours())

    (job,) = resources(stack).values()
    assert job["Properties"]["ServiceToken"] == Ours.service_token


def test_a_provider_that_is_permitted_still_has_to_assume_a_role(stack: cdk.Stack) -> None:
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", TOKEN, permitted=True)
    role = "arn:aws:iam::210987654321:role/releases"
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider, assume_role=role)

    (warning,) = warnings(stack)
    assert "its owner must allow" in warning
    assert role in warning
    assert "amplify:" not in warning
