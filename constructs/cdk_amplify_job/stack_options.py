"""The options of ``aws_cdk.Stack`` that the stacks of this library take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from .options import check_names

if TYPE_CHECKING:
    from aws_cdk import Environment, IStackSynthesizer, PermissionsBoundary


class StackOptions(TypedDict, total=False):
    """Options of ``aws_cdk.Stack``, which explains them."""

    env: Environment | None
    stack_name: str | None
    description: str | None
    tags: Mapping[str, str] | None
    termination_protection: bool | None
    cross_region_references: bool | None
    notification_arns: Sequence[str] | None
    permissions_boundary: PermissionsBoundary | None
    synthesizer: IStackSynthesizer | None


def parted(owner: str, options: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[Any, Any]:
    """Part the options of a stack from those of what it holds.

    :param owner: The class that was called.
    :param others: The options of what the stack holds, by their names.
    :raises TypeError: An option is none of both.
    """
    of_stack = StackOptions.__annotations__
    check_names(owner, options, [*of_stack, *others])
    return (
        {name: value for name, value in options.items() if name in of_stack},
        {name: value for name, value in options.items() if name not in of_stack},
    )
