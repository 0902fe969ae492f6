"""Which branch a job runs on: an app's ID and a branch's name, also as read from a branch construct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn, IResource, Reference, Stack, Token, Tokenization
from aws_cdk.aws_amplify import CfnApp, CfnBranch

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_amplify import IBranchRef
    from constructs import IConstruct


def names_of(branch: IBranchRef | IResource) -> tuple[str, str]:
    """Return the app's ID and the branch's name of a branch construct.

    :raises ValueError: It is no branch construct, or does not know its app.
    """
    if not hasattr(branch, "node"):
        raise ValueError(
            f"branch must be a branch construct, received {branch!r}: for names use app_id and branch_name"
        )
    cfn_branch = _cfn_branch(branch)
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
    cfn_branch = _cfn_branch(branch)
    name = cfn_branch.branch_name if cfn_branch else None
    return None if name is None or Token.is_unresolved(name) else name


def pitfalls_of(branch: IBranchRef | IResource, deploys_files: bool, has_triggers: bool) -> dict[str, str]:
    """Return the warnings for a job on a branch construct, by their ID.

    :param deploys_files: Whether it deploys files; else it is a RELEASE.
    :param has_triggers: Whether changed values start it again.
    """
    cfn_branch = _cfn_branch(branch)
    if not cfn_branch:
        return {}
    app = _app_of(cfn_branch)
    if deploys_files:
        return _pitfalls_of_files(app) if app else {}
    pitfalls = {}
    if cfn_branch.enable_auto_build in (True, None):
        pitfalls["autoBuild"] = (
            f"branch {branch.node.path!r} builds at every push, and this job builds it once more: "
            "turn its auto-build off, by enable_auto_build=False"
        )
    if app and not app.repository:
        pitfalls["noRepository"] = (
            f"app {app.node.path!r} has no repository, and a RELEASE job builds from one: "
            "to deploy files, use the option sources"
        )
    if has_triggers and _may_cancel_builds(cfn_branch, app):
        # https://docs.aws.amazon.com/amplify/latest/userguide/edit-build-settings.html#enable-diff-deploy
        pitfalls["diffDeploy"] = (
            f"branch {branch.node.path!r} may cancel what triggers start, as the repository has not changed: "
            "set its environment variable AMPLIFY_DIFF_DEPLOY to false, before this job is defined"
        )
    return pitfalls


def _may_cancel_builds(branch: CfnBranch, app: CfnApp | None) -> bool:
    # A variable of the branch overrides that of the app.
    for resource in (branch, app) if app else (branch,):
        for variable in Stack.of(resource).resolve(resource.environment_variables) or []:
            if not isinstance(variable, dict) or "name" not in variable:
                return False  # an intrinsic function: what it becomes is not known here
            if variable["name"] == "AMPLIFY_DIFF_DEPLOY":
                return isinstance(variable["value"], str) and variable["value"] != "false"
    return True


def _pitfalls_of_files(app: CfnApp) -> dict[str, str]:
    pitfalls = {}
    if app.repository:
        pitfalls["repository"] = (
            f"app {app.node.path!r} is connected to a repository, and Amplify then refuses to deploy files"
        )
    if app.platform not in (None, "WEB"):
        # https://docs.aws.amazon.com/amplify/latest/userguide/manual-deploys.html
        pitfalls["platform"] = (
            f"app {app.node.path!r} has the platform {app.platform}, and Amplify deploys files to WEB only"
        )
    return pitfalls


def _app_of(branch: CfnBranch) -> CfnApp | None:
    app_id = Tokenization.reverse_string(branch.app_id).first_token
    app = app_id.target if isinstance(app_id, Reference) else None
    return app if isinstance(app, CfnApp) else None


def _cfn_branch(branch: IBranchRef | IResource) -> CfnBranch | None:
    # The alpha module's Branch is no IBranchRef; like every L2 it wraps an L1.
    inner: IConstruct | None = branch if isinstance(branch, CfnBranch) else branch.node.default_child
    return inner if isinstance(inner, CfnBranch) else None


def _split(arn: str) -> tuple[str, str]:
    if not Token.is_unresolved(arn):
        app, _, name = arn.partition("/branches/")
        return app.rpartition("/")[2], name
    # Fn::Split knows no first match: a name that itself holds "/branches/" is only kept when literal.
    parts = Fn.split("/branches/", arn)
    return Fn.select(1, Fn.split("/", Fn.select(0, parts))), Fn.select(1, parts)
