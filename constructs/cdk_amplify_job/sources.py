"""The files that a job deploys: sources of ``aws_s3_deployment``, as properties and permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from constructs import Construct

from .limits import check_no_secret, is_known, is_list_of, shown
from .permissions import Statement, allow

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk.aws_s3_deployment import ISource


_SHORTEST = 8  # a shorter text may be in a file by chance


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
        received = "one source" if hasattr(sources, "bind") else shown(sources)
        raise ValueError(f"sources must be a list of sources, {example}, received {received}")
    if not sources:
        raise ValueError(f"sources must have an item, {example}, received []: for a build leave it out")


def check_values(values: Mapping[str, str] | None, sources: Sequence[ISource] | None) -> None:
    """Check the option's type.

    :raises ValueError: It is no map of strings, or one of its texts is short or a token; or it has no files.
    """
    given = values if isinstance(values, Mapping) else {"": None}
    if values is not None and not all(
        isinstance(text, str) and is_known(text) and len(text) >= _SHORTEST and isinstance(value, str)
        for text, value in given.items()
    ):
        raise ValueError(
            f"values must be a map of strings, each with a name of at least {_SHORTEST} characters, known at "
            f"synthesis, such as 'https://api.placeholder.invalid', received {shown(values)}"
        )
    for value in given.values():
        check_no_secret("values", value)
    if values and not sources:
        raise ValueError(
            f"values go into the files of sources, so sources must be given, received {shown(values)}"
        )


def bind(
    sources: Sequence[ISource], values: Mapping[str, str], scope: Construct, reader: iam.IRole
) -> BoundSources:
    """Bind the sources: their files become assets of the stack.

    :param values: What replaces texts in the files of each source.
    :param reader: The role that reads the sources, one that ignores grants: theirs are wider than needed.
    """
    configs = [source.bind(scope, handler_role=reader) for source in sources]
    markers = [{**(config.markers or {}), **values} for config in configs]
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
