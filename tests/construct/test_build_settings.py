"""What Amplify builds by is in the template of a job on a branch construct: a change starts the job."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_amplify_alpha as alpha
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_s3_deployment import Source
from aws_cdk.interfaces import aws_amplify as interfaces
from statements_of import hosting, one_job
from templates import new_app, resources

from cdk_amplify_job import AmplifyJob


def settings(stack: cdk.Stack, branch: Any, **options: Any) -> Any:
    """The property of the stack's only job."""
    AmplifyJob(stack, "Job", branch=branch, **options)
    return one_job(stack)["Properties"].get("BuildSettings")


def variables(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_the_settings_of_an_l1_branch_and_of_its_app_are_there_under_cloudformation_s_names(
    stack: cdk.Stack,
) -> None:
    queue = sqs.Queue(stack, "Queue")
    app = amplify.CfnApp(
        stack,
        "App",
        name="site",
        build_spec="of the app",
        custom_headers="headers",
        compute_role_arn="role of the app",
        environment_variables=variables(A="1"),
    )
    branch = amplify.CfnBranch(
        stack,
        "Branch",
        app_id=app.attr_app_id,
        branch_name="main",
        description="not built by",
        build_spec="of the branch",
        compute_role_arn="role of the branch",
        environment_variables=[
            amplify.CfnBranch.EnvironmentVariableProperty(name="QUEUE", value=queue.queue_url)
        ],
    )

    assert settings(stack, branch) == {
        "Branch": {
            "EnvironmentVariables": [
                {"Name": "QUEUE", "Value": f"${{{stack.get_logical_id(queue.node.default_child)}}}"}  # type: ignore[arg-type]
            ],
            "BuildSpec": "of the branch",
            "ComputeRoleArn": "role of the branch",
        },
        "App": {
            "EnvironmentVariables": [{"Name": "A", "Value": "1"}],
            "BuildSpec": "of the app",
            "CustomHeaders": "headers",
            "ComputeRoleArn": "role of the app",
        },
    }


def test_what_is_added_to_a_branch_or_an_app_of_the_alpha_module_after_the_job_counts(
    stack: cdk.Stack,
) -> None:
    app = alpha.App(stack, "App", build_spec=codebuild.BuildSpec.from_object({"version": 1}))
    branch = app.add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch)
    branch.add_environment("A", "1")
    app.add_environment("B", "2")

    assert one_job(stack)["Properties"]["BuildSettings"] == {
        "Branch": {"EnvironmentVariables": [{"Name": "A", "Value": "1"}]},
        "App": {
            "EnvironmentVariables": [{"Name": "B", "Value": "2"}],
            "BuildSpec": '{\n  "version": 1\n}',
        },
    }


def test_what_is_set_at_an_l1_after_the_job_counts(stack: cdk.Stack) -> None:
    _, branch = hosting(stack)
    AmplifyJob(stack, "Job", branch=branch)
    branch.build_spec = "later"

    assert one_job(stack)["Properties"]["BuildSettings"] == {"Branch": {"BuildSpec": "later"}}


class Wrapped(cdk.Resource):
    """An IBranchRef that is made of an L1, under another ID than the default child."""

    def __init__(self, scope: cdk.Stack) -> None:
        super().__init__(scope, "Wrapped")
        app = amplify.CfnApp(self, "App", name="site", repository="https://git.example.com/site")
        branch = amplify.CfnBranch(
            self, "Inner", app_id=app.attr_app_id, branch_name="main", build_spec="wrapped"
        )
        self.branch_ref = interfaces.BranchReference(branch_arn=branch.attr_arn)


def test_any_branch_construct_of_the_stack_counts(stack: cdk.Stack) -> None:
    assert settings(stack, Wrapped(stack)) == {"Branch": {"BuildSpec": "wrapped"}}


def test_without_settings_the_property_is_absent(stack: cdk.Stack) -> None:
    _, branch = hosting(stack, environment_variables=[])
    AmplifyJob(stack, "Job", branch=branch)

    assert "BuildSettings" not in one_job(stack)["Properties"]


def test_names_bring_no_settings(stack: cdk.Stack) -> None:
    app, branch = hosting(stack, build_spec="spec")
    AmplifyJob(stack, "Job", app_id=app.attr_app_id, branch_name=branch.attr_branch_name)

    assert "BuildSettings" not in one_job(stack)["Properties"]


@pytest.mark.parametrize("branch_too", [True, False])
def test_settings_of_another_stack_are_left_alone(app: cdk.App, stack: cdk.Stack, branch_too: bool) -> None:
    # An export would be made of them, which CloudFormation refuses to change.
    other = cdk.Stack(app, "Other")
    of_app = amplify.CfnApp(other, "App", name="site", repository="https://g/s", build_spec="of the app")
    branch = amplify.CfnBranch(
        other if branch_too else stack,
        "Branch",
        app_id=of_app.attr_app_id,
        branch_name="main",
        build_spec="of the branch",
    )

    expected = None if branch_too else {"Branch": {"BuildSpec": "of the branch"}}
    assert settings(stack, branch) == expected


def test_a_variable_from_another_stack_is_imported_once(app: cdk.App, stack: cdk.Stack) -> None:
    queue = sqs.Queue(cdk.Stack(app, "Other"), "Queue")
    _, branch = hosting(stack, environment_variables=variables(QUEUE=queue.queue_url))
    found = settings(stack, branch)

    (of_branch,) = resources(stack, "AWS::Amplify::Branch").values()
    assert found["Branch"]["EnvironmentVariables"] == of_branch["Properties"]["EnvironmentVariables"]
    assert "Fn::ImportValue" in str(found)


def test_of_files_only_the_headers_of_the_app_count(stack: cdk.Stack, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("hello")
    app = amplify.CfnApp(stack, "App", name="site", custom_headers="headers", build_spec="spec")
    branch = amplify.CfnBranch(
        stack, "Branch", app_id=app.attr_app_id, branch_name="main", environment_variables=variables(A="1")
    )

    found = settings(stack, branch, sources=[Source.asset(str(tmp_path))])
    assert found == {"App": {"CustomHeaders": "headers"}}


def test_references_to_secure_values_lose_their_braces_and_others_keep_them(stack: cdk.Stack) -> None:
    # CloudFormation does not resolve them in a custom resource, and refuses ssm-secure there.
    secret = secretsmanager.Secret(stack, "Secret")
    logical_id = stack.get_logical_id(secret.node.default_child)  # type: ignore[arg-type]
    given = {
        "A": "{{resolve:ssm-secure:/a:1}} and {{resolve:secretsmanager:b:SecretString:c}}",
        "B": secret.secret_value.unsafe_unwrap(),
        "C": "{{resolve:ssm:/c}}",
    }
    _, branch = hosting(stack, environment_variables=variables(**given))

    found = settings(stack, branch)["Branch"]["EnvironmentVariables"]
    assert [variable["Value"] for variable in found] == [
        "resolve:ssm-secure:/a:1 and resolve:secretsmanager:b:SecretString:c",
        f"resolve:secretsmanager:${{{logical_id}}}:SecretString:::}}}}",
        "{{resolve:ssm:/c}}",
    ]


def test_intrinsic_functions_stay_as_they_are(stack: cdk.Stack) -> None:
    condition = cdk.CfnCondition(stack, "Always", expression=cdk.Fn.condition_equals("a", "a"))
    variable = {"Name": "A", "Value": "1"}
    chosen: Any = cdk.Fn.condition_if(condition.logical_id, variable, cdk.Aws.NO_VALUE)
    spec = cdk.Fn.sub("${name}", {"name": "x"})
    _, branch = hosting(stack, environment_variables=[chosen], build_spec=spec)

    assert settings(stack, branch)["Branch"] == {
        "EnvironmentVariables": [{"Fn::If": ["Always", variable, "${AWS::NoValue}"]}],
        "BuildSpec": {"Fn::Sub": ["${name}", {"name": "x"}]},
    }


def test_a_job_of_a_nested_stack_takes_no_settings_from_around_it() -> None:
    stack = cdk.Stack(new_app(), "Outer")
    nested = cdk.NestedStack(stack, "Nested")
    _, branch = hosting(stack, build_spec="spec")

    assert settings(nested, branch) is None
