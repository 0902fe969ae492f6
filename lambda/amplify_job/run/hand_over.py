"""The event for the next invocation of the function: that of this one, with how far the request is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from amplify_job.decide.state import State

_CARRIED = "HandedOver"


def hand_over(event: Mapping[str, Any], state: State, now: float) -> bytes:
    """The event as JSON. A text that is no valid Unicode keeps the escapes that it came with."""
    carried = _plain(state._replace(sent=now))
    return json.dumps({**event, _CARRIED: carried}, ensure_ascii=False).encode(errors="backslashreplace")


def handed_over(event: Mapping[str, Any]) -> State | None:
    """The state that came with the event; None if there is none, or one of another shape.

    Another version of the function may have written it: the request begins anew, and finds its job again.
    """
    try:
        state: State = _read(State, event.get(_CARRIED))
        return state
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """The fields of named tuples by their names."""
    return {name: _plain(item) for name, item in value._asdict().items()} if _is_named(value) else value


def _read(kind: Any, value: Any) -> Any:
    """Read a value of JSON.

    :param kind: The type that it must have.
    :raises TypeError, ValueError: it has another one.
    """
    if _is_named(kind):
        kinds = get_type_hints(kind)
        if not isinstance(value, dict) or set(value) != set(kinds):
            raise TypeError(f"no {kind.__name__}")
        return kind(**{name: _read(kinds[name], item) for name, item in value.items()})
    if get_origin(kind) is UnionType:  # a value, or None
        return None if value is None else _read(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError("no list")
        return tuple(_read(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if type(value) not in ((int, float) if kind is float else (kind,)):
        raise TypeError(f"no {kind.__name__}")
    return value


def _is_named(kind: Any) -> bool:
    return hasattr(kind, "_fields")
