"""Whether a caller of Amplify may do what it asks, by the policies that the emulator's IAM holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from amplify_local.loopback import request

# The access key of the account's owner, who may do everything.
OWNER = "test"


def ask_iam(url: str, iam: Any) -> Callable[[str, str, str], str | None]:
    """An ``authorize`` for :class:`Amplify` that simulates the policies of the caller's role."""

    def denied_caller(access_key: str, action: str, resource: str) -> str | None:
        if access_key == OWNER:
            return None
        caller = _caller(url, access_key)
        if ":assumed-role/" not in caller:
            return caller
        simulated = iam.simulate_principal_policy(
            PolicySourceArn=_role(caller), ActionNames=[action], ResourceArns=[resource]
        )
        allowed = simulated["EvaluationResults"][0]["EvalDecision"] == "allowed"
        return None if allowed else caller

    return denied_caller


def _caller(url: str, access_key: str) -> str:
    caller = json.loads(request(f"{url}/_ministack/caller/{access_key}"))
    return caller["arn"] or f"unknown access key {access_key}"


def _role(assumed_role: str) -> str:
    """The role behind ``arn:aws:sts::<account>:assumed-role/<role>/<session>``.

    Without its path: the emulator takes all that follows ``role/`` for the name.
    """
    account, name = assumed_role.split(":")[4], assumed_role.split("/")[1]
    return f"arn:aws:iam::{account}:role/{name}"
