"""Markers in files, and the values that replace them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from amplify_job.cloudformation.properties import Source


def replacements(source: Source) -> dict[bytes, bytes]:
    """The bytes of each marker of a source, and those of its value."""
    return {
        marker.encode(): (_in_json(value) if source.json_escape else value).encode()
        for marker, value in source.markers.items()
    }


def _in_json(value: str) -> str:
    """The value inside a string of JSON. The CDK's own markers bring the quotes of that string along."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return json.dumps(value[1:-1])
    return json.dumps(value)[1:-1]


def replaced(chunks: Iterator[bytes], markers: Mapping[bytes, bytes], seen: set[bytes]) -> Iterator[bytes]:
    """The same bytes with each marker replaced, also one that spans two chunks.

    :param seen: Gets the markers that are in these bytes.
    """
    if not markers:
        yield from chunks
        return
    longest_first = sorted(markers, key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, longest_first)))
    held, held_back = b"", len(longest_first[0]) - 1

    def value_of(found: re.Match[bytes]) -> bytes:
        seen.add(found[0])
        return markers[found[0]]

    for chunk in chunks:
        held += chunk
        out, done = [], 0
        for found in pattern.finditer(held):
            if found.start() + held_back >= len(held):  # with the next chunk, it may be a longer one
                break
            out += [held[done : found.start()], value_of(found)]
            done = found.end()
        complete = max(done, len(held) - held_back)
        yield b"".join([*out, held[done:complete]])
        held = held[complete:]
    yield pattern.sub(value_of, held)
