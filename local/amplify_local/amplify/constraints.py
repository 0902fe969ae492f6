"""What the service model forbids in a request: botocore's own check, and the limits that it leaves to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


def violations(value: Any, shape: Shape) -> list[str]:
    """Everything about ``value`` that ``shape`` forbids, in words."""
    report: str = ParamValidator().validate(value, shape).generate_report()
    return report.splitlines() + ([] if "Invalid type" in report else list(_limits(value, shape, "")))


def _limits(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name in value.keys() & shape.members.keys():
            yield from _limits(value[name], shape.members[name], f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value, start=1):
            yield from _limits(item, shape.member, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _limits(key, shape.key, f"{path}.key")
            yield from _limits(item, shape.value, f"{path}.{key}.member")
    limits = shape.metadata
    size = len(value) if isinstance(value, (str, list, dict)) else value
    forbidden = f"Value {value!r} at '{path}' failed to satisfy constraint: Member must"
    if "max" in limits and size > limits["max"]:
        yield f"{forbidden} be or have length less than or equal to {limits['max']}"
    if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
        yield f"{forbidden} satisfy regular expression pattern: {limits['pattern']}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{forbidden} satisfy enum value set: [{', '.join(limits['enum'])}]"


@cache
def _pattern(java: str) -> re.Pattern[str]:
    """A pattern of the model in Python: letters, numbers and spaces by their nearest class."""
    for category, nearest in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        java = java.replace(category, nearest)
    return re.compile(java)
