import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from aws_cdk.assertions import Template
from statements_of import actions, hosting, on_app, one_job
from templates import new_app, resources

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProviderStack,
    AmplifyJobStack,
    AmplifyJobStage,
    Commit,
)

APP = "d1a2b3c4d5e6f7"
HERE = "${AWS::Region}:${AWS::AccountId}"
ROLE_ARN = "arn:aws:iam::210987654321:role/releases"


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


def test_a_job_stack_outputs_the_attributes(app: cdk.App) -> None:
    stack = AmplifyJobStack(app, "Release", stack_name="site-release", app_id=APP, branch_name="main")

    template = Template.from_stack(stack).to_json()
    (job,) = (name for name, value in template["Resources"].items() if value["Type"] == "Custom::AmplifyJob")
    assert stack.stack_name == "site-release"
    assert len(template["Outputs"]) == 12
    for name, output in template["Outputs"].items():
        assert output == {"Value": {"Fn::GetAtt": [job, name]}}


def test_a_stack_refuses_what_the_job_refuses(app: cdk.App) -> None:
    with pytest.raises(ValueError, match="branch_name must be a branch's name"):
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
