"""Which branch a job runs on: an app's ID and a branch's name, also as read from a branch construct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn, IResource, Reference, Token, Tokenization
from aws_cdk.aws_amplify import CfnApp, CfnBranch

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_amplify import IBranchRef
    from constructs import IConstruct


def names_of(branch: IBranchRef | IResource) -> tuple[str, str]:
    """Return the app's ID and the branch's name of a branch construct.

    :raises ValueError: It is no branch construct, or does not know its app.
    """
    cfn_branch = cfn_branch_of(branch)
    if cfn_branch:
        return cfn_branch.app_id, cfn_branch.attr_branch_name
    if isinstance(branch, CfnApp) or isinstance(branch.node.default_child, CfnApp):
        raise ValueError(f"branch must be a branch construct, received app {branch.node.path!r}")
    reference = getattr(branch, "branch_ref", None)
    if reference is None:
        raise ValueError(
            f"branch {branch.node.path!r} does not know its app: pass app_id and branch_name instead"
        )
    return _split(reference.branch_arn)


def known_name_of(branch: IBranchRef | IResource) -> str | None:
    """Return the branch's name, if it is known at synthesis although a reference stands for it."""
    cfn_branch = cfn_branch_of(branch)
    name = cfn_branch.branch_name if cfn_branch else None
    return None if name is None or Token.is_unresolved(name) else name


def app_of(branch: CfnBranch) -> CfnApp | None:
    """Return the app of a branch, if the CDK app defines it."""
    app = _target_of(branch.app_id)
    return app if isinstance(app, CfnApp) else None


def cfn_branch_of(branch: IBranchRef | IResource) -> CfnBranch | None:
    """Return the L1 of a branch construct, if the CDK app defines it."""
    # The alpha module's Branch is no IBranchRef; like every L2 it wraps an L1. Others refer to one.
    inner: IConstruct | None = branch if isinstance(branch, CfnBranch) else branch.node.default_child
    if isinstance(inner, CfnBranch):
        return inner
    reference = getattr(branch, "branch_ref", None)
    target = _target_of(reference.branch_arn) if reference else None
    return target if isinstance(target, CfnBranch) else None


def _target_of(token: str) -> IConstruct | None:
    reference = Tokenization.reverse_string(token).first_token
    return reference.target if isinstance(reference, Reference) else None


def _split(arn: str) -> tuple[str, str]:
    if not Token.is_unresolved(arn):
        app, _, name = arn.partition("/branches/")
        return app.rpartition("/")[2], name
    # Fn::Split knows no first match: a name that itself holds "/branches/" is only kept when literal.
    parts = Fn.split("/branches/", arn)
    return Fn.select(1, Fn.split("/", Fn.select(0, parts))), Fn.select(1, parts)
