import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_amplify_alpha as alpha
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from aws_cdk.assertions import Template
from aws_cdk.interfaces import aws_amplify as interfaces
from templates import new_app, resolved, resources, statements, warnings

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    AmplifyJobProviderStack,
    AmplifyJobRole,
    AmplifyJobStack,
    AmplifyJobStage,
    Commit,
)

APP = "d1a2b3c4d5e6f7"
HERE = "${AWS::Region}:${AWS::AccountId}"
ROLE_ARN = "arn:aws:iam::210987654321:role/releases"


def hosting(scope: cdk.Stack, name: str = "", **options: Any) -> tuple[amplify.CfnApp, amplify.CfnBranch]:
    app = amplify.CfnApp(scope, f"{name}App", name="site", repository="https://git.example.com/site")
    branch = amplify.CfnBranch(
        scope, f"{name}Branch", app_id=app.attr_app_id, branch_name="feature/x", **options
    )
    return app, branch


def one_job(stack: cdk.Stack) -> dict[str, Any]:
    (job,) = resolved(list(resources(stack, "Custom::AmplifyJob").values()))
    return dict(job)


def actions(template: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the resources of each action."""
    allowed: dict[str, list[str]] = {}
    for statement in resolved(statements(template)):
        for action in _listed(statement["Action"]):
            allowed.setdefault(action, []).extend(_listed(statement["Resource"]))
    return allowed


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def on_app(arn: str, branch: str = "main") -> list[str]:
    """The resources of a build of a branch."""
    return [arn, f"{arn}/branches/{branch}", f"{arn}/branches/{branch}/jobs/*"]


# Branches by construct


def test_an_l1_branch_gives_app_name_and_dependency(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)

    properties = one_job(stack)["Properties"]
    assert (properties["AppId"], properties["BranchName"]) == ("${App.AppId}", "${Branch.BranchName}")


def test_a_branch_of_the_alpha_module_is_its_l1(stack: cdk.Stack) -> None:
    branch = alpha.App(stack, "App").add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch)

    properties = one_job(stack)["Properties"]
    assert properties["AppId"] == "${AppF1B96344.AppId}"
    assert properties["BranchName"] == f"${{{stack.get_logical_id(branch.node.default_child)}.BranchName}}"  # type: ignore[arg-type]


def test_an_imported_branch_of_the_alpha_module_does_not_know_its_app(stack: cdk.Stack) -> None:
    branch = alpha.Branch.from_branch_name(stack, "Branch", "main")

    with pytest.raises(ValueError, match="'Site/Branch' does not know its app: pass app_id and branch_name"):
        AmplifyJob(stack, "Job", branch=branch)


class NamedBranch(cdk.Resource):
    """Any other IBranchRef."""

    def __init__(self, scope: cdk.Stack, arn: str) -> None:
        super().__init__(scope, "Named", region="eu-west-1")
        self.branch_ref = interfaces.BranchReference(branch_arn=arn)


def test_a_literal_arn_is_split_at_its_first_branches(stack: cdk.Stack) -> None:
    arn = f"arn:aws:amplify:eu-west-1:123456789012:apps/{APP}/branches/fix/branches/x"
    AmplifyJob(stack, "Job", branch=NamedBranch(stack, arn))

    properties = one_job(stack)["Properties"]
    assert properties["AppId"] == APP
    assert properties["BranchName"] == "fix/branches/x"
    assert properties["Region"] == "eu-west-1"


def test_an_arn_by_token_is_split_in_the_deployment(stack: cdk.Stack) -> None:
    arn = cdk.CfnParameter(stack, "Arn").value_as_string
    AmplifyJob(stack, "Job", branch=NamedBranch(stack, arn))

    parts = {"Fn::Split": ["/branches/", "${Arn}"]}
    properties = one_job(stack)["Properties"]
    assert properties["BranchName"] == {"Fn::Select": [1, parts]}
    assert properties["AppId"] == {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Select": [0, parts]}]}]}


def test_a_branch_excludes_names(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)

    with pytest.raises(ValueError, match="received app_id='d1a2b3c4d5e6f7' and branch_name=None"):
        AmplifyJob(stack, "Job", branch=branch, app_id=APP)


def test_a_branch_that_builds_by_itself_is_warned_of(stack: cdk.Stack) -> None:
    _, branch = hosting(stack, enable_auto_build=True)
    AmplifyJob(stack, "Job", branch=branch)

    (warning,) = warnings(stack)
    assert "branch 'Site/Branch' builds at every push, and this job builds it once more" in warning


def test_a_release_of_an_app_without_a_repository_is_warned_of(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", branch=alpha.App(stack, "App").add_branch("main", auto_build=False))

    (warning,) = warnings(stack)
    assert "app 'Site/App/Resource' has no repository, and a RELEASE job builds from one" in warning


def test_a_retry_is_not_warned_of_what_releases_meet(stack: cdk.Stack) -> None:
    branch = alpha.App(stack, "App").add_branch("main", auto_build=True)
    AmplifyJob(stack, "Job", branch=branch, job_type="RETRY", job_id="1")

    assert not warnings(stack)


# Where permissions lie


def test_the_permissions_of_a_job_are_a_policy_of_its_own(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)
    AmplifyJob(stack, "Again", branch=branch, triggers={"content": "2"})

    template = resources(stack)
    first, second = resources(stack, "Custom::AmplifyJob").values()
    assert first["DependsOn"] != second["DependsOn"]
    (policy,) = first["DependsOn"]
    arn = f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/${{App.AppId}}"
    assert actions({policy: template[policy]})["amplify:StartJob"] == on_app(arn, "feature/x")
    role = {name: value for name, value in template.items() if value["Type"] == "AWS::IAM::Role"}
    assert not [action for action in actions(role) if action.startswith("amplify:")]


def test_an_app_can_use_what_another_job_answered(stack: cdk.Stack) -> None:
    _, backend = hosting(stack, "Backend")
    first = AmplifyJob(stack, "First", branch=backend)
    _, frontend = hosting(
        stack,
        "Frontend",
        environment_variables=[
            amplify.CfnBranch.EnvironmentVariableProperty(name="API_URL", value=first.branch_url)
        ],
    )
    AmplifyJob(stack, "Second", branch=frontend)

    # Reading the template raises when it has a cycle.
    assert len(resources(stack, "Custom::AmplifyJob")) == 2


def test_a_provider_of_another_stack_gets_its_permissions_from_the_job_s(app: cdk.App) -> None:
    shared = AmplifyJobProvider.get_or_create(cdk.Stack(app, "Shared"))
    site = cdk.Stack(app, "Site")
    AmplifyJob(site, "Job", app_id=APP, branch_name="main", provider=shared)

    template = resources(site)
    assert {value["Type"] for value in template.values()} == {"AWS::IAM::Policy", "Custom::AmplifyJob"}
    (policy,) = resolved(list(resources(site, "AWS::IAM::Policy").values()))
    assert policy["Properties"]["Roles"][0]["Fn::ImportValue"].startswith("Shared:ExportsOutputRef")
    assert actions(template)["cloudformation:DescribeStackEvents"] == ["${AWS::StackId}"]
    job = one_job(site)
    assert job["DependsOn"] == list(resources(site, "AWS::IAM::Policy"))
    assert job["Properties"]["ServiceToken"]["Fn::ImportValue"].startswith("Shared:ExportsOutputFnGetAtt")


def test_a_provider_stack_may_describe_the_stacks_that_use_it(app: cdk.App) -> None:
    provider = AmplifyJobProviderStack(app, "Releases").provider
    site = cdk.Stack(app, "Site")
    AmplifyJob(site, "Job", app_id=APP, branch_name="main", provider=provider)

    assert "cloudformation:DescribeStackEvents" not in actions(resources(site))


def test_stacks_that_share_a_provider_share_its_quota(app: cdk.App) -> None:
    provider = AmplifyJobProviderStack(app, "Releases").provider
    sites = [cdk.Stack(app, f"Site{number}") for number in range(2)]
    long: Any = {"app_id": APP, "branch_name": "x" * 250, "provider": provider}
    for number in range(10):
        AmplifyJob(sites[number % 2], f"Job{number}", **long)
    with pytest.raises(ValueError, match="the role of 'Releases/AmplifyJobProvider' must have at most"):
        AmplifyJob(sites[1], "OneMore", **long)


def test_a_nested_stack_has_a_provider_and_permissions_of_its_own(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    _, branch = hosting(stack)
    AmplifyJob(nested, "Job", branch=branch)

    assert AmplifyJobProvider.get_or_create(nested) is not AmplifyJobProvider.get_or_create(stack)
    assert one_job(nested)["DependsOn"] == [
        name for name in resources(nested, "AWS::IAM::Policy") if "HandOver" not in name
    ]


def test_a_nested_stack_can_use_the_provider_around_it(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    outer = AmplifyJobProvider.get_or_create(stack)
    AmplifyJob(nested, "Job", app_id=APP, branch_name="main", provider=outer)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")

    assert len(resources(nested)) == 2
    assert actions(resources(nested))["cloudformation:DescribeStackEvents"] == ["${AWS::StackId}"]
    resources(stack)


def test_a_job_can_use_a_branch_of_a_nested_stack(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    _, branch = hosting(nested)
    AmplifyJob(stack, "Job", branch=branch)

    (beside,) = one_job(stack)["DependsOn"]
    assert "Job" in beside


def test_a_service_token_with_its_role_gets_a_policy_that_no_other_stack_overwrites(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_name(stack, "Role", cdk.Fn.import_value("Releases-RoleName"))
    token = cdk.Fn.import_value("Releases-ServiceToken")
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, role=role)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert not warnings(stack)
    assert one_job(stack)["Properties"]["ServiceToken"] == {"Fn::ImportValue": "Releases-ServiceToken"}
    (policy,) = resolved(list(resources(stack, "AWS::IAM::Policy").values()))
    assert policy["Properties"]["Roles"] == [{"Fn::ImportValue": "Releases-RoleName"}]
    part_of_stack_id = {"Fn::Select": [2, {"Fn::Split": ["/", "${AWS::StackId}"]}]}
    assert policy["Properties"]["PolicyName"].endswith(str(part_of_stack_id))


def test_a_service_token_without_its_role_says_what_the_owner_must_allow(stack: cdk.Stack) -> None:
    token = "arn:aws:lambda:eu-west-1:123456789012:function:releases"
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    (warning,) = warnings(stack)
    assert "its owner must allow" in warning
    assert "amplify:StartJob" in warning
    assert "cloudformation:DescribeStackEvents" in warning
    assert list(resources(stack)) == ["JobB9D00F9F"]


# Regions and accounts


def test_the_arns_are_of_the_region_of_the_app(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", region="eu-central-1")

    arn = f"arn:${{AWS::Partition}}:amplify:eu-central-1:${{AWS::AccountId}}:apps/{APP}"
    assert actions(resources(stack))["amplify:GetApp"] == on_app(arn)


def test_a_branch_of_another_region_brings_it_along(app: cdk.App) -> None:
    def stack_in(region: str) -> cdk.Stack:
        env = cdk.Environment(account="123456789012", region=region)
        return cdk.Stack(app, region, env=env, cross_region_references=True)

    frankfurt, ireland = stack_in("eu-central-1"), stack_in("eu-west-1")
    _, branch = hosting(frankfurt)
    AmplifyJob(ireland, "Job", branch=branch)

    assert one_job(ireland)["Properties"]["Region"] == "eu-central-1"
    app_arn, *_ = actions(resources(ireland))["amplify:GetApp"]
    assert app_arn.startswith("arn:${AWS::Partition}:amplify:eu-central-1:123456789012:apps/")


def test_the_region_of_the_stack_is_not_rendered(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Site", env=cdk.Environment(region="eu-west-1"))
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)
    AmplifyJob(stack, "Named", app_id=APP, branch_name="main", region="eu-west-1")

    assert all("Region" not in job["Properties"] for job in resources(stack, "Custom::AmplifyJob").values())


def test_with_a_role_to_assume_the_function_needs_no_access_to_the_app(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", assume_role=ROLE_ARN)

    allowed = actions(resources(stack))
    assert allowed["sts:AssumeRole"] == [ROLE_ARN]
    assert not [action for action in allowed if action.startswith("amplify:")]


def test_a_role_of_the_same_stack_is_assumed_by_a_policy_beside_the_job(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Releases", assumed_by=iam.AccountRootPrincipal())
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", assume_role=role)

    (beside,) = one_job(stack)["DependsOn"]
    (arn,) = actions({beside: resources(stack)[beside]})["sts:AssumeRole"]
    assert arn == f"${{{stack.get_logical_id(role.node.default_child)}.Arn}}"  # type: ignore[arg-type]


# Stacks, stages, pipelines


def test_a_job_stack_outputs_the_attributes(app: cdk.App) -> None:
    stack = AmplifyJobStack(app, "Release", stack_name="site-release", app_id=APP, branch_name="main")

    template = Template.from_stack(stack).to_json()
    (job,) = (name for name, value in template["Resources"].items() if value["Type"] == "Custom::AmplifyJob")
    assert stack.stack_name == "site-release"
    assert len(template["Outputs"]) == 12
    for name, output in template["Outputs"].items():
        assert output == {"Value": {"Fn::GetAtt": [job, name]}}


def test_a_stack_refuses_what_the_job_refuses(app: cdk.App) -> None:
    with pytest.raises(ValueError, match="branch_name must be a string, 1 to 255 characters"):
        AmplifyJobStack(app, "Release", app_id=APP, branch_name="")


def pipeline_of(commit: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the templates of a pipeline, and of the release in it."""
    app = new_app()
    stack = cdk.Stack(app, "Delivery", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    source = pipelines.CodePipelineSource.connection(
        "team/site", "main", connection_arn="arn:aws:codeconnections:eu-west-1:123456789012:connection/x"
    )
    pipeline = pipelines.CodePipeline(
        stack,
        "Pipeline",
        synth=pipelines.ShellStep("Synth", input=source, commands=["cdk synth"]),
        code_build_defaults=pipelines.CodeBuildOptions(
            build_environment=codebuild.BuildEnvironment(build_image=codebuild.LinuxBuildImage.STANDARD_7_0)
        ),
    )
    stages = [
        AmplifyJobStage(
            app,
            region,
            env=cdk.Environment(account="123456789012", region=region),
            app_id=APP,
            branch_name="main",
            commit=Commit(commit),
        )
        for region in ("eu-west-1", "eu-central-1")
    ]
    wave = pipeline.add_wave("Release")
    for stage in stages:
        wave.add_stage(stage)
    return Template.from_stack(stack).to_json(), Template.from_stack(stages[0].stack).to_json()


def test_a_stage_in_a_pipeline_releases_the_commit_that_the_pipeline_runs_for() -> None:
    pipeline, release = pipeline_of("1111111111111111111111111111111111111111")
    next_pipeline, next_release = pipeline_of("2222222222222222222222222222222222222222")

    # A pipeline that changed from commit to commit would start itself over each time.
    assert pipeline == next_pipeline
    assert release != next_release
    stages = next(
        resource["Properties"]["Stages"]
        for resource in pipeline["Resources"].values()
        if resource["Type"] == "AWS::CodePipeline::Pipeline"
    )
    assert [stage["Name"] for stage in stages] == ["Source", "Build", "UpdatePipeline", "Assets", "Release"]
    assert {action["Name"] for action in stages[-1]["Actions"]} == {
        f"{region}.AmplifyJob.{step}"
        for region in ("eu-west-1", "eu-central-1")
        for step in ("Prepare", "Deploy")
    }


# The other account


FUNCTION_ROLE = "arn:aws:iam::111111111111:role/Releases-AmplifyJobProviderRole2811F21B-*"


def test_a_role_in_the_account_of_an_app_trusts_one_function_and_allows_its_jobs(stack: cdk.Stack) -> None:
    AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=FUNCTION_ROLE)

    (role,) = resolved(list(resources(stack, "AWS::IAM::Role").values()))
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:${AWS::Partition}:iam::111111111111:root"},
        "Condition": {"ArnLike": {"aws:PrincipalArn": FUNCTION_ROLE}},
    }
    arn = f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/{APP}"
    assert actions(resources(stack))["amplify:StartJob"] == on_app(arn)


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:role/*",
        "arn:aws:iam::111111111111:role/?*",
        "arn:aws:iam::111111111111:role/**",
        "arn:aws:iam::*:role/releases",
        "arn:aws:sts::111111111111:role/releases",
    ],
)
def test_a_role_does_not_trust_a_whole_account(stack: cdk.Stack, arn: str) -> None:
    with pytest.raises(ValueError, match="trusted_role_arn must be the ARN of one role, received"):
        AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=arn)


def test_a_role_trusts_a_function_of_an_account_by_token(stack: cdk.Stack) -> None:
    arn = f"arn:aws:iam::{stack.account}:role/releases"
    AmplifyJobRole(stack, "Role", app_id=APP, branch_names=["main"], trusted_role_arn=arn)

    (role,) = resolved(list(resources(stack, "AWS::IAM::Role").values()))
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}


@pytest.mark.parametrize("names", ["main", []])
def test_a_role_is_for_a_list_of_branches(stack: cdk.Stack, names: Any) -> None:
    with pytest.raises(ValueError, match="branch_names must be a list of names, received"):
        AmplifyJobRole(stack, "Role", app_id=APP, branch_names=names, trusted_role_arn=FUNCTION_ROLE)


def test_a_role_has_room_for_so_many_branches_and_says_so(stack: cdk.Stack) -> None:
    names = [f"feature/number-{number}" for number in range(100)]
    with pytest.raises(ValueError, match="received 100 names, which take [0-9,]+: make several roles"):
        AmplifyJobRole(stack, "Access", app_id="d1", branch_names=names, trusted_role_arn=ROLE_ARN)


@pytest.mark.parametrize("unset", [True, False])
def test_a_branch_that_does_not_turn_its_auto_build_off_is_warned_of(stack: cdk.Stack, unset: bool) -> None:
    options: dict[str, Any] = {} if unset else {"enable_auto_build": False}
    _, branch = hosting(stack, **options)
    AmplifyJob(stack, "Job", branch=branch)
    assert any("turn its auto-build off" in warning for warning in warnings(stack)) is unset


@pytest.mark.parametrize(
    ("name", "pattern"), [("機能/追加", "??/??"), ("feature/ł", "feature/?"), ("é", "é")]
)
def test_a_policy_holds_only_characters_that_iam_takes(stack: cdk.Stack, name: str, pattern: str) -> None:
    AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name=name)
    policy = resources(stack)["JobPolicy2F084D14"]
    assert f"apps/d1a2b3c4d5e6f7/branches/{pattern}/jobs/*" in json.dumps(policy, ensure_ascii=False)
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert job["Properties"]["BranchName"] == name


@pytest.mark.parametrize(
    "token",
    [
        "Releases",
        "arn:aws:lambda:eu-west-1:123456789012:layer:x",
        "arn:aws:iam::1:role/x",
        "arn:aws:lambda:us-east-1:123456789012:function:provider:live",
    ],
)
def test_a_service_token_is_the_arn_of_a_function(stack: cdk.Stack, token: str) -> None:
    with pytest.raises(
        ValueError,
        match="token must be the ARN of a provider's function, without version and alias, received ",
    ):
        AmplifyJobProvider.from_service_token(stack, "Provider", token)


def test_a_service_token_is_of_the_region_of_its_stack(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Other", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    token = "arn:aws:lambda:us-east-1:123456789012:function:provider"
    with pytest.raises(ValueError, match="token must be of the Region eu-west-1 of its stack, received "):
        AmplifyJobProvider.from_service_token(stack, "Provider", token)


def test_a_provider_can_be_in_a_vpc(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, vpc=vpc)
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    allowed = actions(resources(stack, "AWS::IAM::Role"))
    assert {action for action in allowed if action.startswith("ec2:")} == {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }
    assert allowed["ec2:CreateNetworkInterface"] == ["*"]


def test_a_prescribed_role_gets_the_permissions_for_a_vpc_before_the_function(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, vpc=ec2.Vpc(stack, "Vpc"), role=role)

    policies = resources(stack, "AWS::IAM::Policy")
    (needed,) = (
        name for name, policy in policies.items() if "ec2:CreateNetworkInterface" in json.dumps(policy)
    )
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert needed in function["DependsOn"]


@pytest.mark.parametrize("runtime", [lambda_.Runtime.NODEJS_22_X, lambda_.Runtime.PYTHON_3_9])
def test_a_provider_runs_on_a_recent_python(stack: cdk.Stack, runtime: lambda_.Runtime) -> None:
    with pytest.raises(ValueError, match="runtime must be Python 3.10 or newer, received "):
        AmplifyJobProvider(stack, "Provider", runtime=runtime)


def test_the_stacks_pass_on_what_the_cdk_s_own_take(app: cdk.App) -> None:
    given: dict[str, Any] = {
        "notification_arns": ["arn:aws:sns:us-east-1:123456789012:events"],
        "permissions_boundary": cdk.PermissionsBoundary.from_name("Boundary"),
        "tags": {"team": "web"},
    }
    site = AmplifyJobStack(app, "Site", app_id="d1", branch_name="main", **given)
    releases = AmplifyJobProviderStack(app, "Releases", **given)
    stage = AmplifyJobStage(
        app, "Stage", app_id="d1", branch_name="main", permissions_boundary=given["permissions_boundary"]
    )
    for stack in (site, releases, stage.stack):
        (role,) = resources(stack, "AWS::IAM::Role").values()
        assert "Boundary" in json.dumps(role["Properties"]["PermissionsBoundary"])
    assert site.tags.tag_values() == releases.tags.tag_values() == {"team": "web"}


def test_stacks_that_use_a_provider_of_their_app_need_no_policy(app: cdk.App) -> None:
    releases = AmplifyJobProviderStack(app, "Releases", app_ids=[APP, "d2"])
    shop = cdk.Stack(app, "Shop")
    for name in ("main", "dev"):
        AmplifyJob(shop, name, app_id=APP, branch_name=name, provider=releases.provider)
    AmplifyJob(shop, "Other", app_id="d3", branch_name="main", provider=releases.provider)

    assert len(resources(shop, "AWS::IAM::Policy")) == 1  # for the app that was not named
    allowed = actions(resources(releases, "AWS::IAM::Policy"))["amplify:StartJob"]
    assert [arn for arn in allowed if arn.endswith("/jobs/*")] == [
        f"arn:${{AWS::Partition}}:amplify:{HERE}:apps/{app_id}/branches/*/jobs/*" for app_id in (APP, "d2")
    ]


def test_a_service_token_that_is_permitted_already_gets_no_warning(stack: cdk.Stack) -> None:
    token = "arn:aws:lambda:us-east-1:123456789012:function:provider"
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", token, permitted=True)
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main", provider=provider)

    assert warnings(stack) == []
    assert resources(stack, "AWS::IAM::Policy") == {}


@pytest.mark.parametrize("app_ids", ["d1a2b3c4d5e6f7", ["my-app"]])
def test_the_apps_of_a_provider_are_a_list_of_ids(stack: cdk.Stack, app_ids: Any) -> None:
    with pytest.raises(ValueError, match="^app_ids? must "):
        AmplifyJobProvider(stack, "Provider", app_ids=app_ids)
