"""The IAM statements of the function, and how many characters they take in its role."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from aws_cdk import Aws, Token

from .branch import Branch

Statement: TypeAlias = dict[str, Any]
# What a job needs access to: its branch, or the ARN of the role that has access to it.
Target: TypeAlias = Branch | str

# All inline policies of a role together, without whitespace.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
QUOTA: Final = 10_240
# From here on an app's branches become one pattern. The rest is left for what a user adds to the role.
THRESHOLD: Final = 9_000

# https://github.com/cdklabs/cdk-nag reads it from a resource's metadata "cdk_nag": users inherit it.
WILDCARD_EXPLAINED: Final = {
    "rules_to_suppress": [{"id": "AwsSolutions-IAM5", "reason": "Jobs have no ID before they start."}]
}

# IAM refuses other characters in a policy, and lets ? stand for any one.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
_FOREIGN = re.compile("[^\\t\\n\\r\\u0020-\\u00ff]")

_PARTITION = Aws.PARTITION
_GREATEST_LENGTH = {"AWS.Partition": 10, "AWS.Region": 14, "AWS.AccountId": 12}
_TOKEN = re.compile(r"\$\{Token\[(.+?)\.\d+\]\}")


def allow(resources: Sequence[str], *actions: str) -> Statement:
    """Write one statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statements_for(targets: Iterable[Target]) -> list[Statement]:
    """Allow all that jobs do with their targets, merged by action."""
    apps: dict[str, None] = {}
    branches: dict[str, None] = {}
    for_files: dict[str, None] = {}
    roles: dict[str, None] = {}
    for target in targets:
        if isinstance(target, Branch):
            app = f"arn:{_PARTITION}:amplify:{target.region}:{target.account}:apps/{target.app_id}"
            branch = f"{app}/branches/{_FOREIGN.sub('?', target.name)}"
            apps[app] = branches[branch] = None
            if target.deploys_files:
                # Nobody has published which of the two a denial names: it is allowed on both.
                for_files[branch] = for_files[f"{branch}/deployments/*"] = None
        else:
            roles[target] = None
    statements = [
        allow(
            [f"{branch}/jobs/*" for branch in branches],
            "amplify:StartJob",
            "amplify:GetJob",
            "amplify:StopJob",
            "amplify:ListJobs",
        ),
        # Denials of ListJobs name the branch in some cases and its jobs in others: it is allowed on both.
        allow([*branches], "amplify:ListJobs", "amplify:GetBranch"),
        allow([*for_files], "amplify:CreateDeployment", "amplify:StartDeployment"),
        allow([*apps], "amplify:GetApp"),
        allow([*roles], "sts:AssumeRole"),
    ]
    return [statement for statement in statements if statement["Resource"]]


def is_literal(target: Target) -> bool:
    """Whether a target is known at synthesis."""
    return target.is_literal if isinstance(target, Branch) else not Token.is_unresolved(target)


def widened(target: Target) -> Target:
    """Every branch of a branch's app; a role stays what it is."""
    return target.all_of_app if isinstance(target, Branch) else target


def fitted(targets: Iterable[Target], others: Sequence[Statement], room: int) -> list[Target]:
    """Turn the branches of one app after the other into a pattern until one policy for all has room.

    The app with most branches goes first. The policy of many apps may still be too long.
    """
    fitting = list(targets)
    while size_for(fitting, others) > room:
        pattern, branches = Counter(map(widened, fitting)).most_common(1)[0]
        if branches == 1:
            break
        fitting = list(dict.fromkeys(pattern if widened(target) == pattern else target for target in fitting))
    return fitting


def size_for(targets: Iterable[Target], others: Sequence[Statement] = ()) -> int:
    """Count the characters of a policy as IAM does, each token at its greatest length.

    :param targets: What the policy gives access to.
    :param others: Its other statements.
    """
    longest = [target.longest if isinstance(target, Branch) else target for target in targets]
    document = policy([*statements_for(longest), *others])
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(_TOKEN.sub(lambda token: "x" * _GREATEST_LENGTH.get(token[1], 255), text))
