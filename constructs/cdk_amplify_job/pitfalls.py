"""What a synthesis warns of."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk.aws_amplify import CfnApp, CfnBranch
from aws_cdk.region_info import RegionInfo

from .branch import app_of, cfn_branch_of
from .limits import is_known
from .options import AmplifyJobOptions, JobType
from .place import Place

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.interfaces.aws_amplify import IBranchRef


def pitfalls_of(options: AmplifyJobOptions, place: Place, job_type: str) -> dict[str, str]:
    """Return the warnings for a job, by their ID."""
    branch, deploys_files = options.get("branch"), bool(options.get("sources"))
    pitfalls = {}
    if branch and job_type in (JobType.RELEASE, JobType.MANUAL):
        pitfalls = _pitfalls_of_branch(branch, deploys_files, bool(options.get("triggers")))
    if job_type == JobType.RELEASE and re.fullmatch("pr-[0-9]+", place.known_name):
        # https://github.com/aws/aws-sdk/issues/653
        pitfalls["preview"] = (
            f"a RELEASE on the preview branch {place.known_name} builds the branch of its target"
        )
    misspelt = _misspelt_region(place.region)
    if misspelt:
        pitfalls["region"] = misspelt
    return pitfalls


def _pitfalls_of_branch(
    branch: IBranchRef | IResource, deploys_files: bool, has_triggers: bool
) -> dict[str, str]:
    """Return the warnings for a job on a branch construct, by their ID.

    :param deploys_files: Whether it deploys files; else it is a RELEASE.
    :param has_triggers: Whether changed values start it again.
    """
    cfn_branch = cfn_branch_of(branch)
    if not cfn_branch:
        return {}
    app = app_of(cfn_branch)
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


def _misspelt_region(region: str | None) -> str | None:
    """Return a warning if the Region looks misspelt. No error: the CDK may not know the newest Region."""
    if region is None or not is_known(region):
        return None
    known = [info.name for info in RegionInfo.regions]
    close = get_close_matches(region, known, n=1, cutoff=0.8)
    if region in known or not close:
        return None
    return f"the CDK knows no Region {region}, did you mean {close[0]}?"
