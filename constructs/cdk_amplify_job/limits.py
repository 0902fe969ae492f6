"""The limits of every option, read from the data files that the function reads too."""

from __future__ import annotations

import json
import re
from enum import Enum
from pathlib import Path
from typing import Any, Final

from aws_cdk import Token

_HERE = Path(__file__).resolve().parent
# Installed, the function's source lies beside this file; in a checkout it lies at the top.
_LAMBDA = next(path for path in (_HERE / "lambda", _HERE.parents[1] / "lambda") if path.is_dir())

ASSET: Final = _LAMBDA / "amplify_job"
START_JOB: Final[dict[str, dict[str, Any]]] = json.loads((ASSET / "start_job.json").read_text())
OPTIONS: Final[dict[str, dict[str, Any]]] = json.loads((ASSET / "options.json").read_text())
ATTRIBUTES: Final[list[str]] = json.loads((ASSET / "attributes.json").read_text())


def is_known(value: object) -> bool:
    """Whether a value is known, and so checked, at synthesis. The function checks the others.

    Not known are tokens, what stands for a looked-up value in a first synthesis (``value_from_lookup``), and
    text that holds a dynamic reference of CloudFormation.
    """
    if isinstance(value, str) and (value.startswith("dummy-value-for-") or "{{resolve:" in value):
        return False
    return not Token.is_unresolved(value)


def checked_text(name: str, value: str | None) -> str | None:
    """Return a field of StartJob as it came.

    :raises ValueError: It is no string, has the wrong length, or does not match the field's pattern.
    """
    if value is None or not is_known(value):
        return value
    limit = START_JOB[re.sub("_(.)", lambda letter: letter[1].upper(), name)]
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, received {value!r}")
    least, most = limit.get("min", 0), limit["max"]
    if not least <= len(value) <= most:
        begin = value if len(value) <= 40 else f"{value[:40]}…"
        raise ValueError(
            f"{name} must have {least} to {most:,} characters, received {len(value):,}: {begin!r}"
        )
    if not re.fullmatch(limit["pattern"], value):
        hint = " (the app's ID, not its name)" if name == "app_id" else ""
        raise ValueError(f"{name} must match {limit['pattern']}{hint}, received {value!r}")
    return value


def checked_branch_name(value: str) -> str:
    """Return a branch's name as it came.

    :raises ValueError: As checked_text; or it holds ``*`` or ``?``, which IAM would take for a pattern and
        git does not allow; or it begins with ``refs/heads/``.
    """
    checked_text("branch_name", value)
    if set("*?") & set(value):  # no token holds one
        raise ValueError(f"branch_name must hold no * and no ?, received {value!r}")
    if value.startswith("refs/heads/"):
        raise ValueError(f"branch_name must be the name without refs/heads/, received {value!r}")
    return value


def checked_arn(name: str, value: str | None, pattern: str, allowed: str) -> str | None:
    """Return an ARN as it came.

    :raises ValueError: It is none, or a pattern for several.
    """
    if value is None or not is_known(value):
        return value
    if not isinstance(value, str) or not re.fullmatch(pattern, value) or set("*?") & set(value):
        raise ValueError(f"{name} must be {allowed}, received {value!r}")
    return value


def checked_flag(name: str, value: bool | None) -> bool | None:
    """Return a flag as it came.

    :raises ValueError: It is neither True nor False.
    """
    if value is None or isinstance(value, bool) or Token.is_unresolved(value):
        return value
    raise ValueError(f"{name} must be True or False, received {value!r}")


def checked_number(name: str, value: int | None, limit: dict[str, Any]) -> int | None:
    """Return a number as it came.

    :raises ValueError: It is no integer, or out of its limits.
    """
    if value is None or Token.is_unresolved(value):
        return value
    if type(value) is not int or not limit["min"] <= value <= limit["max"]:
        raise ValueError(
            f"{name} must be an integer from {limit['min']} to {limit['max']}, received {value!r}"
        )
    return value


def checked_word(name: str, value: str | None, words: type[Enum]) -> str | None:
    """Return the value of an enum's member, given as that or as the member.

    :raises ValueError: The enum has no such member.
    """
    if value is None or Token.is_unresolved(value):
        return value
    try:
        return str(words(value).value)
    except ValueError:
        allowed = ", ".join(word.value for word in words)
        raise ValueError(f"{name} must be one of {allowed}, received {value!r}") from None
