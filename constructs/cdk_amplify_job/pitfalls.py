"""What a synthesis warns of, when all is defined."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import Annotations, IAspect, Stack
from aws_cdk.aws_amplify import CfnApp, CfnBranch
from aws_cdk.region_info import RegionInfo

from .branch import app_of, cfn_branch_of
from .limits import is_known
from .options import AmplifyJobOptions, JobType
from .place import Place

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.interfaces.aws_amplify import IBranchRef
    from constructs import IConstruct


# The first job of each branch, by its path.
_BRANCHES: WeakKeyDictionary[Stack, dict[tuple[str, str, str | None], str]] = WeakKeyDictionary()


@jsii.implements(IAspect)
class Pitfalls:
    """The warnings for a job. An aspect comes when the template is made.

    Earlier, a branch of the alpha module may not be asked for its variables: it would keep them as they are
    then, and forget those that come later.

    :param job: The job, whose options are given, too.
    """

    def __init__(self, job: IConstruct, options: AmplifyJobOptions, place: Place, job_type: str) -> None:
        self._job, self._options, self._place, self._job_type = job, options, place, job_type
        branches = _BRANCHES.setdefault(Stack.of(job), {})
        self._first = branches.setdefault((place.app_id, place.known_name, place.region), job.node.path)

    def visit(self, node: IConstruct) -> None:
        """Warn at the job."""
        pitfalls = _pitfalls_of(self._options, self._place, self._job_type)
        if self._first != self._job.node.path:
            pitfalls["sameBranch"] = (
                f"{self._first!r} is a job for this branch, too. A change that concerns both builds it "
                "twice: one job with the triggers of both is enough"
            )
        for name, text in pitfalls.items():
            Annotations.of(self._job).add_warning_v2(f"cdk-amplify-job:{name}", text)


def _pitfalls_of(options: AmplifyJobOptions, place: Place, job_type: str) -> dict[str, str]:
    """Return the texts by their ID."""
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
    # https://docs.aws.amazon.com/amplify/latest/userguide/edit-build-settings.html#enable-diff-deploy
    diff_deploy = _diff_deploy(cfn_branch, app)
    if diff_deploy == "true":
        pitfalls["diffDeploy"] = (
            f"branch {branch.node.path!r} has AMPLIFY_DIFF_DEPLOY=true, so Amplify skips a build if the "
            "repository has not changed. If a setting or a trigger has, the deploy then fails: set this "
            "variable to false"
        )
    elif has_triggers and diff_deploy is not None and diff_deploy != "false":
        pitfalls["diffDeploy"] = (
            f"Amplify may cancel a build of branch {branch.node.path!r} that triggers start, as the "
            "repository has not changed: set the branch's environment variable AMPLIFY_DIFF_DEPLOY to false"
        )
    return pitfalls


def _diff_deploy(branch: CfnBranch, app: CfnApp | None) -> str | None:
    """The variable that makes Amplify skip builds: empty if it is not set, None if that is not known here."""
    # A variable of the branch overrides that of the app.
    for resource in (branch, app) if app else (branch,):
        for variable in Stack.of(resource).resolve(resource.environment_variables) or []:
            if not isinstance(variable, dict) or "name" not in variable:
                return None  # an intrinsic function: what it becomes is not known here
            if variable["name"] == "AMPLIFY_DIFF_DEPLOY":
                return variable["value"] if isinstance(variable["value"], str) else None
    return ""


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
