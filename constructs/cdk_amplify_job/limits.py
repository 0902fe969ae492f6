"""The limits of the options, from ``contract.py``, by which the function reads its properties."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from aws_cdk import CfnDynamicReference, Duration, SecretValue, Stack, Token, Tokenization
from constructs import Node

_HERE = Path(__file__).resolve().parent
# Installed, the function's source lies beside this file; in a checkout it lies at the top.
ASSET: Final = next(path for path in (_HERE / "lambda", _HERE.parents[1] / "lambda") if path.is_dir())
ATTRIBUTES: Final[list[str]] = json.loads((ASSET / "amplify_job" / "attributes.json").read_text())
# Run, not imported: the folder is an asset, and an import would leave a cache in it.
_CONTRACT: Final = runpy.run_path(str(ASSET / "amplify_job" / "contract.py"))
ROWS: Final[dict[str, Any]] = _CONTRACT["ROWS"]
SECONDS_TO_ANSWER: Final[int] = _CONTRACT["SECONDS_TO_ANSWER"]
job_type_of: Final[Callable[..., str]] = _CONTRACT["job_type_of"]
conflict: Final[Callable[..., str]] = _CONTRACT["conflict"]

_SECURE: Final = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):")

# The function also reads the strings that CloudFormation makes of these.
_TYPES: Final = {"flag": bool, "number": int}


def is_known(value: object) -> bool:
    """Whether a value is known, and so checked, at synthesis. The function checks the others.

    Tokens, the dummies of ``value_from_lookup`` in a first synthesis, and texts with a dynamic reference of
    CloudFormation are not known. A list is always known: no option takes a token that stands for a list.
    """
    if isinstance(value, str):
        later = value.startswith("dummy-value-for-") or "{{resolve:" in value
        return not later and not ("${" in value and Token.is_unresolved(value))
    # jsii has nine lines to say of any other type.
    is_token = isinstance(value, float) or hasattr(type(value), "creation_stack")
    return not (is_token and Token.is_unresolved(value))


def shown(value: object, kind: str = "") -> str:
    """A value that is not allowed, cut to a line; a construct by its path."""
    if isinstance(node := getattr(value, "node", None), Node):
        return f"{type(value).__name__} {node.path!r}"
    text: str = _CONTRACT["shown"](value, kind)
    return text


def is_list_of(attribute: str, value: object) -> bool:
    """Whether a value is a list whose items all have the attribute. A string is no list."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return all(hasattr(item, attribute) for item in value)


def checked(name: str, value: Any, option: str | None = None) -> Any:
    """Return the value of an option as the template has it. A token for a text becomes a string.

    :param name: The property that it becomes.
    :param option: What its user calls it. Default: - the option of the construct
    :raises ValueError: The contract does not allow it, or it refers to a secure value.
    """
    row = ROWS[name]
    for text in value.values() if isinstance(value, Mapping) else [value]:
        check_no_secret(option or row.option, text)
    if value is None or not is_known(value):
        return Token.as_string(value) if value is not None and row.kind == "text" else value
    try:
        if type(value) is not _TYPES.get(row.kind, type(value)):
            raise ValueError
        # A datetime is a date, too.
        found = _CONTRACT["read"](row, value.isoformat() if isinstance(value, date) else value)
    except ValueError:
        allowed, received = _CONTRACT["allowed"](row), shown(value, row.kind)
        raise ValueError(f"{option or row.option} must be {allowed}, received {received}") from None
    return found.isoformat().replace("+00:00", "Z") if isinstance(found, datetime) else found


def check_no_secret(option: str, value: object) -> None:
    """Refuse a reference to a secure value: CloudFormation gives a custom resource the text of the reference.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/341

    :raises ValueError: It is one, or holds one.
    """
    tokens: list[Any] = [value]
    if isinstance(value, str):
        tokens = Tokenization.reverse_string(value).tokens if "${" in value else []
    references = [token for token in tokens if isinstance(token, (SecretValue, CfnDynamicReference))]
    found = _SECURE.search(f"{value} {[Stack().resolve(reference) for reference in references]}")
    if found:
        raise ValueError(
            f"{option} must hold no reference to a secure value, which CloudFormation does not resolve here, "
            f"received {found[0]}…}}}}"
        )


def checked_flag(name: str, value: bool | None) -> bool | None:
    """Return a flag that must be known at synthesis.

    :raises ValueError: It is neither True nor False.
    """
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"{name} must be true or false, known at synthesis, received {value!r}")


def checked_seconds(name: str, value: Duration | None, option: str) -> int | None:
    """Return a duration in seconds, rounded.

    :raises ValueError: It is no Duration, not known at synthesis, or out of the contract's limits.
    """
    if value is None:
        return None
    row, received = ROWS[name], shown(value)
    if isinstance(value, Duration):
        received = "a token" if value.is_unresolved() else value.to_human_string()
        if received != "a token" and row.least <= value.to_milliseconds() / 1000 <= row.most:
            return round(value.to_milliseconds() / 1000)
    least, most = (Duration.seconds(seconds).to_human_string() for seconds in (row.least, row.most))
    allowed = f"a Duration of {least} to {most}, known at synthesis"
    raise ValueError(f"{option} must be {allowed}, received {received}")
