"""What botocore's service model says about a value: types, required members, limits, patterns, enums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from botocore.model import ListShape, MapShape, Shape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (datetime,),
}


class Violation(NamedTuple):
    """One thing that the model forbids, in the words in which AWS refuses it."""

    path: str
    value: Any
    constraint: str

    def __str__(self) -> str:
        shown = "at" if self.value is None else f"'{self.value}' at"
        return f"Value {shown} '{self.path}' failed to satisfy constraint: {self.constraint}"


def violations(value: Any, shape: Shape, path: str = "") -> Iterator[Violation]:
    """Everything about ``value`` that ``shape`` forbids, depth first."""
    if not _has_type(value, shape.type_name):
        yield Violation(path, value, f"Member must be a {shape.type_name}")
        return
    if isinstance(shape, StructureShape):
        yield from _of_structure(value, shape, path)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value, start=1):
            yield from violations(item, shape.member, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from violations(key, shape.key, f"{path}.key")
            yield from violations(item, shape.value, f"{path}.{key}.member")
    yield from _of_limits(value, shape, path)


def _has_type(value: Any, type_name: str) -> bool:
    # True is an int to Python, not to AWS.
    return isinstance(value, _TYPES[type_name]) and (type_name == "boolean" or not isinstance(value, bool))


def _of_structure(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[Violation]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if name not in value:
            yield Violation(prefix + name, None, "Member must not be null")
    for name, item in value.items():
        if name in shape.members:
            yield from violations(item, shape.members[name], prefix + name)
        else:
            yield Violation(prefix + name, item, "Member is not in the service model")


def _of_limits(value: Any, shape: Shape, path: str) -> Iterator[Violation]:
    limits = shape.metadata
    what, size = ("value", value) if shape.type_name in ("integer", "long") else ("length", None)
    if size is None and shape.type_name in ("string", "list", "map"):
        size = len(value)
    if size is not None and size < limits.get("min", size):
        yield Violation(path, value, f"Member must have {what} greater than or equal to {limits['min']}")
    if size is not None and size > limits.get("max", size):
        yield Violation(path, value, f"Member must have {what} less than or equal to {limits['max']}")
    if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(str(value)):
        yield Violation(path, value, f"Member must satisfy regular expression pattern: {limits['pattern']}")
    if "enum" in limits and value not in limits["enum"]:
        words = ", ".join(limits["enum"])
        yield Violation(path, value, f"Member must satisfy enum value set: [{words}]")


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """A pattern of the model in Python: letters, numbers and spaces by their nearest class."""
    for category, nearest in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        java = java.replace(category, nearest)
    return re.compile(java)
