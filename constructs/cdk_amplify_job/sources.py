"""The files that a job deploys: sources of ``aws_s3_deployment``, as properties and permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from constructs import Construct

from .limits import is_list_of
from .permissions import Statement, allow

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk.aws_s3_deployment import ISource


class BoundSources(NamedTuple):
    properties: dict[str, Any]
    """As ``BucketDeployment`` names them."""
    statements: list[Statement]
    """The statements that let the function read them."""


def check_sources(sources: Sequence[ISource] | None) -> None:
    """Check the option's type.

    :raises ValueError: It is no list of sources, or an empty one.
    """
    if sources is None:
        return
    example = 'as [Source.asset("dist")]'
    if not is_list_of("bind", sources):
        raise ValueError(f"sources must be a list of sources, {example}, received {sources!r}")
    if not sources:
        raise ValueError(f"sources must have an item, {example}, received []: for a build leave it out")


def bind(sources: Sequence[ISource], scope: Construct, reader: iam.IRole) -> BoundSources:
    """Bind the sources: their files become assets of the stack.

    :param reader: The role that reads the sources, one that ignores grants: theirs are wider than needed.
    """
    configs = [source.bind(scope, handler_role=reader) for source in sources]
    markers = [dict(config.markers or {}) for config in configs]
    escapes = [bool(config.markers_config and config.markers_config.json_escape) for config in configs]
    properties: dict[str, Any] = {
        "SourceBucketNames": [config.bucket.bucket_name for config in configs],
        "SourceObjectKeys": [config.zip_object_key for config in configs],
    }
    if any(markers):
        properties["SourceMarkers"] = markers
    if any(escapes):
        properties["SourceMarkersConfig"] = [{"jsonEscape": True} if escape else {} for escape in escapes]
    objects = [config.bucket.arn_for_objects(config.zip_object_key) for config in configs]
    keys = [config.bucket.encryption_key.key_arn for config in configs if config.bucket.encryption_key]
    statements = [allow(list(dict.fromkeys(objects)), "s3:GetObject")]
    if keys:
        statements.append(allow(list(dict.fromkeys(keys)), "kms:Decrypt"))
    return BoundSources(properties, statements)
