"""The options of ``AmplifyJobProvider``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from typing_extensions import TypedDict

from .limits import checked, checked_flag, is_list_of, shown


class SharedProviderOptions(TypedDict, total=False):
    """The options of a provider that other stacks share. None stands for the default."""

    log_retention: logs.RetentionDays | None
    log_group: logs.ILogGroup | logs.LogGroup | None
    role: iam.IRole | iam.Role | None
    runtime: lambda_.Runtime | None
    vpc: ec2.IVpc | ec2.Vpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None
    ephemeral_storage_size: Size | None
    app_ids: Sequence[str] | None


class AmplifyJobProviderOptions(SharedProviderOptions, total=False):
    """The options of :class:`AmplifyJobProvider`, which explains them."""

    shared: bool | None


# What an option must have, and what that is called.
_TYPES = {
    "log_group": ("log_group_arn", "a log group"),
    "role": ("role_arn", "a role"),
    "runtime": ("name", "a Runtime"),
    "vpc": ("vpc_id", "a VPC"),
    "ephemeral_storage_size": ("to_mebibytes", "a Size"),
}


def check_types(options: Mapping[str, Any]) -> None:
    """:raises ValueError: An option is of the wrong type, which jsii would say in many lines."""
    for name, (attribute, what) in _TYPES.items():
        value = options.get(name)
        if value is not None and not hasattr(value, attribute):
            raise ValueError(f"{name} must be {what}, received {shown(value)}")
    checked_flag("shared", options.get("shared"))
    groups, app_ids, runtime = (options.get(name) for name in ("security_groups", "app_ids", "runtime"))
    if groups is not None and not is_list_of("security_group_id", groups):
        raise ValueError(f"security_groups must be a list of security groups, received {shown(groups)}")
    if app_ids is not None and not (is_list_of("isalnum", app_ids) and 0 < len(app_ids) == len({*app_ids})):
        raise ValueError(f"app_ids must be a list of different IDs, or be left out, received {app_ids!r}")
    for app_id in app_ids or ():
        checked("AppId", app_id)
    retention = options.get("log_retention")
    if retention is not None and not isinstance(retention, logs.RetentionDays):
        raise ValueError(f"log_retention must be one of logs.RetentionDays, received {retention!r}")
    for name in ("vpc_subnets", "security_groups"):
        if options.get(name) is not None and options.get("vpc") is None:
            raise ValueError(f"{name} is for a function in a VPC, so vpc must be given, received none")
    if options.get("log_group") and options.get("log_retention"):
        raise ValueError("log_retention is for the log group that is made without log_group, received both")
    if runtime and not _is_recent_python(runtime):
        raise ValueError(f"runtime must be Python 3.10 or newer, received {runtime.name}")


def _is_recent_python(runtime: lambda_.Runtime) -> bool:
    found = re.fullmatch(r"python3\.([0-9]+)", runtime.name)
    return found is not None and int(found[1]) >= 10
