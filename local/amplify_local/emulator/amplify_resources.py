"""``AWS::Amplify::App``, ``Branch`` and ``Domain`` for the emulator's CloudFormation.

They call Amplify's own API, as the real types do; the service model renames and types what a template says.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners, stacks

from amplify_local.amplify.rest import service_model
from amplify_local.authorization import OWNER

Properties = dict[str, Any]
Provisioned = tuple[str, Properties]


class _Type(NamedTuple):
    """A type of CloudFormation. Its ``Ref`` is its ARN, as ``Arn`` is.

    :param noun: What the API calls it.
    :param named: The parameters that name one. A change of one of these properties is a replacement.
    :param attributes: What else ``Fn::GetAtt`` reads.
    """

    noun: str
    named: tuple[str, ...]
    attributes: tuple[str, ...]

    def create(self, logical_id: str, props: Properties, stack_name: str) -> Provisioned:
        return self._call("Create", _parameters(f"Create{self.noun}", props))

    def update(self, arn: str, old: Properties, new: Properties, stack_name: str) -> Provisioned:
        return self._call("Update", self._names(arn) | _parameters(f"Update{self.noun}", new, old))

    def delete(self, arn: str, props: Properties) -> None:
        with suppress(_amplify(get_region()).exceptions.NotFoundException):
            self._call("Delete", self._names(arn))

    def _names(self, arn: str) -> Properties:
        """What ``…:apps/<app>``, ``…:apps/<app>/branches/<branch>`` and the like name."""
        return dict(zip(self.named, arn.split(":apps/", 1)[1].split("/", 2)[::2], strict=True))

    def _call(self, verb: str, parameters: Properties) -> Provisioned:
        noun = _lower(self.noun)
        shown = getattr(_amplify(get_region()), xform_name(verb + self.noun))(**parameters)[noun]
        members = {name: _MEMBERS.get(name, _lower(name)) for name in self.attributes}
        arn = shown[f"{noun}Arn"]
        return arn, {"Arn": arn, **{name: shown.get(member, "") for name, member in members.items()}}


_TYPES = {
    "AWS::Amplify::App": _Type("App", ("appId",), ("AppId", "AppName", "DefaultDomain")),
    "AWS::Amplify::Branch": _Type("Branch", ("appId", "branchName"), ("BranchName",)),
    "AWS::Amplify::Domain": _Type(
        "DomainAssociation",
        ("appId", "domainName"),
        ("DomainName", "DomainStatus", "StatusReason", "EnableAutoSubDomain", "CertificateRecord"),
    ),
}
# Members that answers call otherwise than attributes.
_MEMBERS = {"AppName": "name", "CertificateRecord": "certificateVerificationDNSRecord"}


def install() -> None:
    """Register the types, on worker threads: Amplify may ask the emulator's IAM while it answers."""
    for name, kind in _TYPES.items():
        handlers = {"create": kind.create, "update": kind.update, "delete": kind.delete}
        provisioners._RESOURCE_HANDLERS[name] = handlers
        provisioners._REPLACING_PROPERTIES[name] = tuple(map(_upper, kind.named))
    original = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind in _TYPES or original(kind)


@cache
def _amplify(region: str) -> Any:
    session: Any = boto3.session.Session()
    return session.client("amplify", region_name=region, aws_access_key_id=OWNER, aws_secret_access_key=OWNER)


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


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
