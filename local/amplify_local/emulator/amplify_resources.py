"""``AWS::Amplify::App`` and ``AWS::Amplify::Branch`` for the emulator's CloudFormation.

They call Amplify's own API, as the real types do; the service model renames and types what a template says.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import boto3
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners, stacks

from amplify_local.amplify.rest import service_model
from amplify_local.authorization import OWNER

Properties = dict[str, Any]
Provisioned = tuple[str, Properties]


def install() -> None:
    """Register both types, on worker threads: Amplify may ask the emulator's IAM while it answers."""
    provisioners._RESOURCE_HANDLERS["AWS::Amplify::App"] = {
        "create": _create_app,
        "update": _update_app,
        "delete": _delete_app,
    }
    provisioners._RESOURCE_HANDLERS["AWS::Amplify::Branch"] = {
        "create": _create_branch,
        "update": _update_branch,
        "delete": _delete_branch,
    }
    original = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind.startswith("AWS::Amplify::") or original(kind)


def _create_app(logical_id: str, props: Properties, stack_name: str) -> Provisioned:
    return _app(_amplify().create_app(**_parameters("CreateApp", props)))


def _update_app(arn: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    return _app(_amplify().update_app(appId=_app_id(arn), **_parameters("UpdateApp", new, old)))


def _delete_app(arn: str, props: Properties) -> None:
    amplify = _amplify()
    with suppress(amplify.exceptions.NotFoundException):
        amplify.delete_app(appId=_app_id(arn))


def _create_branch(logical_id: str, props: Properties, stack_name: str) -> Provisioned:
    return _branch(_amplify().create_branch(**_parameters("CreateBranch", props)))


def _update_branch(arn: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
    if any(old.get(name) != new.get(name) for name in ("AppId", "BranchName")):
        return _create_branch("", new, stack_name)  # a replacement: the old one is deleted in the cleanup
    return _branch(_amplify().update_branch(**_parameters("UpdateBranch", new, old)))


def _delete_branch(arn: str, props: Properties) -> None:
    amplify = _amplify()
    with suppress(amplify.exceptions.NotFoundException):
        amplify.delete_branch(appId=_app_id(arn), branchName=arn.split("/branches/", 1)[1])


def _app(answer: Any) -> Provisioned:
    app = answer["app"]
    attributes = {
        "AppId": app["appId"],
        "AppName": app["name"],
        "Arn": app["appArn"],
        "DefaultDomain": app["defaultDomain"],
    }
    return app["appArn"], attributes


def _branch(answer: Any) -> Provisioned:
    branch = answer["branch"]
    return branch["branchArn"], {"Arn": branch["branchArn"], "BranchName": branch["branchName"]}


def _amplify() -> Any:
    session: Any = boto3.session.Session()
    return session.client(
        "amplify", region_name=get_region(), aws_access_key_id=OWNER, aws_secret_access_key=OWNER
    )


def _app_id(arn: str) -> str:
    return arn.split("/")[1]


def _parameters(operation: str, props: Properties, old: Properties | None = None) -> Properties:
    """The parameters that a template's properties mean. Variables that it no longer names are removed."""
    shape = service_model().operation_model(operation).input_shape
    parameters: Properties = _typed(_flat(props), shape)
    if "EnvironmentVariables" in (old or {}):
        parameters.setdefault("environmentVariables", {})
    return parameters


def _flat(props: Properties) -> Properties:
    """Properties that the API has under another name or at another level."""
    flat = {name: value for name, value in props.items() if name not in ("BasicAuthConfig", "IAMServiceRole")}
    if "IAMServiceRole" in props:
        flat["IamServiceRoleArn"] = props["IAMServiceRole"]
    if "BasicAuthConfig" in props:
        login = props["BasicAuthConfig"]
        credentials = f"{login.get('Username', '')}:{login.get('Password', '')}"
        flat["EnableBasicAuth"] = login.get("EnableBasicAuth", True)
        flat["BasicAuthCredentials"] = base64.b64encode(credentials.encode()).decode()
    creation = props.get("AutoBranchCreationConfig", {})
    for name in ("EnableAutoBranchCreation", "AutoBranchCreationPatterns"):
        if name in creation:
            flat[name] = creation[name]
    return flat


def _typed(value: Any, shape: Shape | None) -> Any:
    """A template's value as the service model types it."""
    if isinstance(shape, StructureShape):
        named = {_upper(name): (name, member) for name, member in shape.members.items()}
        return {named[name][0]: _typed(item, named[name][1]) for name, item in value.items() if name in named}
    if isinstance(shape, MapShape):
        # Environment variables have names, tags have keys.
        return {item.get("Name", item.get("Key")): str(item["Value"]) for item in value}
    if isinstance(shape, ListShape):
        return [_typed(item, shape.member) for item in value]
    if shape is not None and shape.type_name == "boolean":
        return str(value).lower() == "true"
    return value


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]
