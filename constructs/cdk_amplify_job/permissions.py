"""The IAM statements of the function, and how many characters they take in its role."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from aws_cdk import Aws, Stack
from constructs import Construct

Statement: TypeAlias = dict[str, Any]

# All inline policies of a role together, without whitespace.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
QUOTA: Final = 10_240

# https://github.com/cdklabs/cdk-nag reads it from a resource's metadata "cdk_nag": users inherit it.
WILDCARD_EXPLAINED: Final = {
    "rules_to_suppress": [{"id": "AwsSolutions-IAM5", "reason": "Jobs have no ID before they start."}]
}

# IAM refuses other characters in a policy, and lets ? stand for any one.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
_FOREIGN = re.compile("[^\\t\\n\\r\\u0020-\\u00ff]")

_BUILD = ("StartJob", "GetJob", "StopJob", "ListJobs", "GetBranch", "GetApp")
_DEPLOY = ("CreateDeployment", "StartDeployment")

_TOKEN = re.compile(r"\$\{Token\[(.+?)\.\d+\]\}")
_APP_BY_TOKEN = re.compile(f"apps/{_TOKEN.pattern}")
_LENGTHS = {"AWS.Partition": 10, "AWS.Region": 14, "AWS.AccountId": 12}
_APP_ID_LENGTH, _OTHER_LENGTH = 20, 40


def allow(resources: Sequence[str], *actions: str) -> Statement:
    """Write one statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def arn_of_app(stack: Stack, app_id: str, region: str | None = None) -> str:
    """Return the ARN of an app in the account of a stack.

    :param region: The Region of the app. Default: - the stack's
    """
    return f"arn:{Aws.PARTITION}:amplify:{region or stack.region}:{stack.account}:apps/{app_id}"


def work_on(app_arn: str, branch_names: Sequence[str], *, deploys_files: bool) -> Statement:
    """Allow all that jobs do with branches of an app. Each action applies to its own kind of resource only.

    :param branch_names: The branches; "*" stands for all of them.
    """
    branches = [f"{app_arn}/branches/{_FOREIGN.sub('?', name)}" for name in branch_names]
    # Denials of ListJobs name the branch in some cases and its jobs in others, and of deployments nobody has
    # published which of the two they name: each is allowed on both.
    below = ("jobs", "deployments") if deploys_files else ("jobs",)
    parts = [f"{branch}/{part}/*" for branch in branches for part in below]
    actions = (*_BUILD, *_DEPLOY) if deploys_files else _BUILD
    return allow([app_arn, *branches, *parts], *(f"amplify:{action}" for action in actions))


def app_of(statement: Statement) -> str:
    """Return the ARN of the app that a statement of ``work_on`` is about; empty for any other statement."""
    return str(statement["Resource"][0]) if statement["Action"][0].startswith("amplify:") else ""


def describe_stacks(arn: str) -> Statement:
    """Let the function see whether a request is still wanted, and which job a rollback is to undo."""
    return allow([arn], "cloudformation:DescribeStackEvents")


def in_words(statement: Statement, scope: Construct) -> str:
    """Return what a statement allows, with tokens as in ``Fn::Sub``."""
    resources = [_in_words(resource) for resource in Stack.of(scope).resolve(statement["Resource"])]
    return f"{', '.join(statement['Action'])} on {', '.join(resources)}"


def _in_words(value: Any) -> str:
    match value:
        case {"Fn::Sub": str(text)}:
            return text
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_in_words, parts))
        case _:
            return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def characters(statements: Sequence[Statement]) -> int:
    """Count the characters of a policy as IAM does. A token counts with its usual length; IAM decides."""
    text = json.dumps(policy(statements), separators=(",", ":"), ensure_ascii=False)
    text = _APP_BY_TOKEN.sub("apps/" + "x" * _APP_ID_LENGTH, text)
    return len(_TOKEN.sub(lambda token: "x" * _LENGTHS.get(token[1], _OTHER_LENGTH), text))
