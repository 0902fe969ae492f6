"""What the function does and what its role allows, in IAM's terms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import aws_cdk as cdk
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from simulated import World
from simulated_aws import ACCOUNT, FUNCTION_ARN, REGION, STACK_ID
from templates import documents, resolved, resources

LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:provider:*"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackId": STACK_ID,
}
_OF_WORLD = {
    "DescribeStackEvents": ("cloudformation:DescribeStackEvents", STACK_ID),
    "Invoke": ("lambda:InvokeFunction", FUNCTION_ARN),
    "GetObject": ("s3:GetObject", "arn:aws:s3:::assets/1.zip"),
}


class Act(NamedTuple):
    """A call of AWS as IAM judges it."""

    action: str
    resource: str


def acts(world: World) -> set[Act]:
    """All calls that the function has made in a world, with its own credentials or an assumed role's."""
    made = {act for call in world.amplify.calls for act in _of_amplify(call.operation, call.params)}
    made |= {Act(*_OF_WORLD[operation]) for operation in world.asked if operation != "AssumeRole"}
    return made | {Act("sts:AssumeRole", assumed["RoleArn"]) for assumed in world.assumed}


def _of_amplify(operation: str, params: dict[str, Any]) -> Iterable[Act]:
    if operation == "Upload":  # to a presigned URL
        return
    app = f"arn:aws:amplify:{REGION}:{ACCOUNT}:apps/{params['appId']}"
    branch = f"{app}/branches/{params.get('branchName')}"
    on = {"GetApp": [app], "GetBranch": [branch], "ListJobs": [branch, f"{branch}/jobs/*"]}
    # Nobody has published which of the two a denial names.
    on |= dict.fromkeys(("CreateDeployment", "StartDeployment"), [branch, f"{branch}/deployments/*"])
    for resource in on.get(operation, [f"{branch}/jobs/{params.get('jobId', '*')}"]):
        yield Act(f"amplify:{operation}", resource)


class Permissions:
    """Those of the roles in the stacks.

    :param values: What references and attributes of the templates come to, as ``${Branch}`` or ``${Fn.Arn}``.
    """

    def __init__(self, *stacks: cdk.Stack, **values: str) -> None:
        template = {f"{stack.node.id}.{name}": r for stack in stacks for name, r in resources(stack).items()}
        values = {**_PSEUDO, **_arns(template), **values}
        self.documents = [_filled(resolved(document), values) for document in documents(template)]

    def allow(self, act: Act) -> bool:
        """Whether any of the policies allows it, and none denies it."""
        context = EvalContext(
            principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/provider",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=act.action,
            resource_arn=act.resource,
            region=REGION,
        )
        policies = [parse_policy_document(document) for document in self.documents]
        return bool(evaluate(context, policies).decision == "Allow")

    @property
    def actions(self) -> set[str]:
        return {
            action
            for document in self.documents
            for statement in document["Statement"]
            for action in _listed(statement["Action"])
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arns(template: dict[str, Any]) -> dict[str, str]:
    arns = {"AWS::Lambda::Function": FUNCTION_ARN, "AWS::Logs::LogGroup": LOG_GROUP_ARN}
    return {
        f"{name.partition('.')[2]}.Arn": arns[resource["Type"]]
        for name, resource in template.items()
        if resource["Type"] in arns
    }


def _filled(value: Any, values: dict[str, str]) -> Any:
    """Put values in the place of references; an unknown one is an error."""
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: values[found[1]], value)
