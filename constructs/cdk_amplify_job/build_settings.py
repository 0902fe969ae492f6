"""What Amplify builds a branch by: the settings of the branch and of its app, whose change starts a job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import CfnResource, IAnyProducer, IResolvable, IResolveContext, Lazy, Stack

from .branch import app_of, cfn_branch_of

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.interfaces.aws_amplify import IBranchRef

# The settings by their attributes. A branch has no custom headers.
_OF_BRANCH = {
    "environment_variables": "EnvironmentVariables",
    "build_spec": "BuildSpec",
    "compute_role_arn": "ComputeRoleArn",
}
_HEADERS = {"custom_headers": "CustomHeaders"}

# CloudFormation does not resolve these in a custom resource, and refuses ssm-secure there. The end may be
# missing, where it comes after a token.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_SECURE = re.compile(r"\{\{(resolve:(?:secretsmanager|ssm-secure):[^{}]*)(?:\}\})?")


def build_settings_of(
    branch: IBranchRef | IResource, stack: Stack, *, deploys_files: bool
) -> IResolvable | None:
    """Return the settings by which a job on a branch construct builds, as the property ``BuildSettings``.

    Only what the stack itself defines: of another stack, CloudFormation would refuse to change what is used
    here. They are read when the template is made, so that what is added later counts.

    :param deploys_files: Whether the job deploys files. Of the settings, only the app's custom headers then
        count: https://docs.aws.amazon.com/amplify/latest/userguide/setting-custom-headers.html
    """
    cfn_branch = cfn_branch_of(branch)
    app = app_of(cfn_branch) if cfn_branch else None
    found = {
        "Branch": (cfn_branch, {} if deploys_files else _OF_BRANCH),
        "App": (app, _HEADERS if deploys_files else {**_OF_BRANCH, **_HEADERS}),
    }
    here = {
        name: (resource, settings)
        for name, (resource, settings) in found.items()
        if resource and Stack.of(resource) is stack
    }
    return Lazy.uncached_any(_BuildSettings(here)) if here else None


@jsii.implements(IAnyProducer)
class _BuildSettings:
    def __init__(self, resources: Mapping[str, tuple[CfnResource, Mapping[str, str]]]) -> None:
        self._resources = resources

    def produce(self, context: IResolveContext) -> Any:
        """Return the settings that are set, under CloudFormation's names; None if there are none."""
        given = {
            name: {setting: getattr(resource, attribute) for attribute, setting in settings.items()}
            for name, (resource, settings) in self._resources.items()
        }
        return _set(
            {
                name: _set({setting: _rendered(_named(value)) for setting, value in settings.items()})
                for name, settings in context.resolve(given).items()
            }
        )


def _set(settings: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in settings.items() if value} or None


def _named(value: Any) -> Any:
    """Give the variables of a list the names of their parts in a template. The CDK's L1s write them small."""
    if not isinstance(value, list):
        return value
    return [
        {"Name": item["name"], "Value": item["value"]} if item.keys() == {"name", "value"} else item
        for item in value
    ]


def _rendered(value: Any) -> Any:
    """Take the braces from references to secure values."""
    if isinstance(value, str):
        return _SECURE.sub(r"\1", value)
    if isinstance(value, list):
        return [_rendered(item) for item in value]
    if isinstance(value, dict):
        return {key: _rendered(item) for key, item in value.items()}
    return value
