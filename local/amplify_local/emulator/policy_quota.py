"""IAM's quota for the inline policies of a role, put into ministack's CloudFormation."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_QUOTA = 10_240


def install() -> None:
    """Refuse a policy that a role has no room for, as IAM does."""
    put = provisioners._iam_policy_put

    def put_within_quota(props: dict[str, Any], name: str) -> Any:
        for role_name in props.get("Roles") or ():
            role = iam._roles.get(role_name)
            if role is None:
                continue
            policies = {**role["InlinePolicies"], name: props.get("PolicyDocument")}
            if sum(map(_characters, policies.values())) > _QUOTA:
                raise ValueError(f"Maximum policy size of {_QUOTA} bytes exceeded for role {role_name}")
        return put(props, name)

    provisioners._iam_policy_put = put_within_quota


def _characters(document: Any) -> int:
    """Count the characters of a policy without white space."""
    parsed = json.loads(document) if isinstance(document, str) else document
    return len(json.dumps(parsed, separators=(",", ":"), ensure_ascii=False))
