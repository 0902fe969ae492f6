"""Types that CloudFormation has and ministack lacks: nothing is made for them, and their stack completes.

The CDK CLI brings CloudFormation's registry of types as a file. A type that is not in it stays an error.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import changesets, provisioners

Properties = dict[str, Any]

_new: list[str] = []


def install() -> None:
    """Replace the table of types by one that also has the placeholders."""
    provisioners._RESOURCE_HANDLERS = _Types(provisioners._RESOURCE_HANDLERS)
    changesets._RESOURCE_HANDLERS = provisioners._RESOURCE_HANDLERS


def take_new() -> list[str]:
    """The types for which placeholders stand since the last call."""
    taken = sorted(_new)
    _new.clear()
    return taken


class _Types(dict[str, Any]):
    """The handlers of each type; those of a placeholder are made when a template first names its type."""

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        if found is None and name.startswith("AWS::") and name in _attributes():
            _new.append(name)
            found = self[name] = _placeholder(name, _attributes()[name])
        return default if found is None else found


@cache
def _attributes() -> dict[str, list[str]]:
    """The attributes of each type of CloudFormation."""
    file = os.environ.get("AMPLIFY_LOCAL_TYPES", "")
    if not os.path.isfile(file):
        return {}
    with gzip.open(file) as packed:
        types = json.load(packed)["schema"]["resource"]["entities"]
    return {entity["cloudFormationType"]: list(entity["attributes"]) for entity in types}


def _placeholder(name: str, attributes: list[str]) -> Properties:
    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, Properties]:
        physical_id = f"{stack_name}-{logical_id}"
        arn = f"arn:aws:{name.split('::')[1].lower()}:{get_region()}:{get_account_id()}:{physical_id}"
        made_up = {each: arn if each.endswith("Arn") else f"{physical_id}-{each}" for each in attributes}
        return physical_id, made_up

    return {"create": create, "delete": lambda physical_id, props: None}
