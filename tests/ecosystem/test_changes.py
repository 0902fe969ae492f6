"""What applications of the CDK change about a stack from outside reaches the provider, and breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import IConstruct
from templates import new_app, resolved, resources, statements, warnings

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobProviderStack

APP = "d1a2b3c4d5e6f7"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(new_app(), "Site")


def release(stack: cdk.Stack) -> AmplifyJobProvider:
    AmplifyJob(stack, "Job", app_id=APP, branch_name="main")
    return AmplifyJobProvider.get_or_create(stack)


def only(stack: cdk.Stack, type_: str) -> dict[str, Any]:
    """The properties of the stack's one resource of a type."""
    (found,) = resources(stack, type_).values()
    return dict(resolved(found["Properties"]))


def actions_of(stack: cdk.Stack) -> set[str]:
    listed = [statement["Action"] for statement in statements(resources(stack))]
    return {action for one in listed for action in ([one] if isinstance(one, str) else one)}


# Tags and boundaries


def test_tags_reach_all_that_can_have_them_and_not_the_custom_resource(stack: cdk.Stack) -> None:
    release(stack)
    cdk.Tags.of(stack).add("team", "web")

    tags = [{"Key": "team", "Value": "web"}]
    for type_ in ("AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup"):
        assert only(stack, type_)["Tags"] == tags
    # The function refuses properties that it does not know.
    assert "Tags" not in only(stack, "Custom::AmplifyJob")


def test_a_permissions_boundary_of_the_stack_is_the_role_s(stack: cdk.Stack) -> None:
    release(stack)
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "developers")
    iam.PermissionsBoundary.of(stack).apply(boundary)

    assert only(stack, "AWS::IAM::Role")["PermissionsBoundary"].endswith(":policy/developers")
    assert "amplify:StartJob" in actions_of(stack)


def test_a_permissions_boundary_of_the_app_is_the_role_s() -> None:
    app = new_app(**{"@aws-cdk/core:permissionsBoundary": {"name": "developers"}})
    stack = cdk.Stack(app, "Site")
    release(stack)

    assert only(stack, "AWS::IAM::Role")["PermissionsBoundary"].endswith(":policy/developers")


# Aspects


@jsii.implements(cdk.IAspect)
class Traced:
    """Turns tracing on in every function, as a company's rules might."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, lambda_.CfnFunction):
            node.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
            node.memory_size = 512
            node.add_property_override("Environment.Variables.STAGE", "test")


@jsii.implements(cdk.IAspect)
class Named:
    """Gives every role a path and one more inline policy."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnRole):
            node.path = "/company/"
        if isinstance(node, iam.Role):
            node.add_to_policy(iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"]))


def test_an_aspect_changes_the_function(stack: cdk.Stack) -> None:
    release(stack)
    cdk.Aspects.of(stack).add(Traced())

    function = only(stack, "AWS::Lambda::Function")
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["MemorySize"] == 512
    assert function["Environment"] == {"Variables": {"STAGE": "test"}}


def test_an_aspect_adds_to_the_role_and_takes_nothing_away(stack: cdk.Stack) -> None:
    release(stack)
    cdk.Aspects.of(stack).add(Named())

    assert only(stack, "AWS::IAM::Role")["Path"] == "/company/"
    assert {"xray:PutTraceSegments", "amplify:StartJob", "lambda:InvokeFunction"} <= actions_of(stack)


def test_a_removal_policy_of_the_stack_is_the_log_group_s(stack: cdk.Stack) -> None:
    release(stack)
    cdk.RemovalPolicies.of(stack).retain(apply_to_resource_types=["AWS::Logs::LogGroup"], priority=900)

    (group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert group["DeletionPolicy"] == "Retain"


# Property injectors


@jsii.implements(cdk.IPropertyInjector)
class SmallFunctions:
    @property
    def construct_unique_id(self) -> str:
        return str(lambda_.Function.PROPERTY_INJECTION_ID)

    def inject(self, original_props: Any, *, scope: Any, id: str) -> Any:
        return {**original_props, "memorySize": 192, "description": id}


@jsii.implements(cdk.IPropertyInjector)
class RolesThatTrace:
    @property
    def construct_unique_id(self) -> str:
        return str(iam.Role.PROPERTY_INJECTION_ID)

    def inject(self, original_props: Any, *, scope: Any, id: str) -> Any:
        trace = iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"])
        policies = {"Trace": iam.PolicyDocument(statements=[trace])}
        return {**original_props, "path": "/company/", "inlinePolicies": policies}


def test_a_property_injector_changes_the_function() -> None:
    app = cdk.App(analytics_reporting=False, property_injectors=[SmallFunctions()])
    stack = cdk.Stack(app, "Site")
    release(stack)

    function = only(stack, "AWS::Lambda::Function")
    assert (function["MemorySize"], function["Description"]) == (192, "Function")
    assert function["Timeout"] == 900


def test_a_property_injector_changes_the_role_and_its_policies_stay() -> None:
    app = cdk.App(analytics_reporting=False, property_injectors=[RolesThatTrace()])
    stack = cdk.Stack(app, "Site")
    release(stack)

    assert only(stack, "AWS::IAM::Role")["Path"] == "/company/"
    assert {"xray:PutTraceSegments", "amplify:StartJob"} <= actions_of(stack)


# Options of the provider, and what goes through its function


def test_a_log_group_of_one_s_own_may_be_encrypted(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    group = logs.LogGroup(stack, "Logs", encryption_key=key)
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, log_group=group)
    release(stack)

    name = stack.get_logical_id(group.node.default_child)  # type: ignore[arg-type]
    assert only(stack, "AWS::Lambda::Function")["LoggingConfig"] == {"LogGroup": f"${{{name}}}"}
    assert only(stack, "AWS::Logs::LogGroup")["KmsKeyId"].startswith("${Key")


def test_the_function_takes_a_key_variables_and_permissions(stack: cdk.Stack) -> None:
    provider = release(stack)
    key = kms.Key(stack, "Key")
    function = provider.function.node.default_child
    assert isinstance(function, lambda_.CfnFunction)
    function.kms_key_arn = key.key_arn
    provider.function.add_environment("AWS_STS_REGIONAL_ENDPOINTS", "regional")
    key.grant_decrypt(provider.function)

    changed = only(stack, "AWS::Lambda::Function")
    assert changed["KmsKeyArn"].startswith("${Key")
    assert changed["Environment"] == {"Variables": {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}}
    granted = [s for s in statements(resources(stack, "AWS::IAM::Policy")) if s["Action"] == "kms:Decrypt"]
    assert len(granted) == 1


def test_the_function_takes_an_alarm_and_concurrency(stack: cdk.Stack) -> None:
    provider = release(stack)
    provider.function.metric_errors().create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    function = provider.function.node.default_child
    assert isinstance(function, lambda_.CfnFunction)
    function.reserved_concurrent_executions = 10

    assert only(stack, "AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 10
    assert only(stack, "AWS::CloudWatch::Alarm")["Namespace"] == "AWS/Lambda"


def test_a_custom_resource_takes_overrides(stack: cdk.Stack) -> None:
    job = AmplifyJob(stack, "Job", app_id=APP, branch_name="main")
    resource = job.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    resource.add_property_override("FailureLogLines", 3)
    resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    (found,) = resources(stack, "Custom::AmplifyJob").values()
    assert found["Properties"]["FailureLogLines"] == 3
    assert found["DeletionPolicy"] == "Retain"


def test_a_runtime_may_be_newer_than_the_pinned_one(stack: cdk.Stack) -> None:
    runtime = lambda_.Runtime("python3.14", lambda_.RuntimeFamily.PYTHON)
    AmplifyJobProvider(stack, AmplifyJobProvider.ID, runtime=runtime)
    release(stack)

    assert only(stack, "AWS::Lambda::Function")["Runtime"] == "python3.14"


def test_a_stack_of_the_provider_is_protected_and_named_as_wished() -> None:
    stack = AmplifyJobProviderStack(
        new_app(), "Releases", stack_name="company-releases", termination_protection=True
    )

    assert stack.termination_protection
    assert stack.stack_name == "company-releases"


# Surroundings


def test_no_feature_flag_changes_what_is_deployed() -> None:
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    plain = cdk.Stack(new_app(), "Site")
    flagged = cdk.Stack(new_app(**flags), "Site")
    release(plain)
    release(flagged)

    assert resources(flagged) == resources(plain)


def test_where_only_administrators_make_roles_theirs_is_used_and_they_are_told_what_to_allow() -> None:
    stack = cdk.Stack(new_app(), "Site")
    iam.Role.customize_roles(stack, use_precreated_roles={"Site/AmplifyJobProvider/Role": "company-releases"})
    release(stack)

    assert resources(stack, "AWS::IAM::Role") == resources(stack, "AWS::IAM::Policy") == {}
    assert "role/company-releases" in str(only(stack, "AWS::Lambda::Function")["Role"])
    said = " ".join(warnings(stack))
    assert all(part in said for part in ("lambda:InvokeFunction on", "amplify:StartJob"))
