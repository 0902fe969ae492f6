"""HTTP to servers on this machine, which no proxy of the user's environment can reach."""

from __future__ import annotations

import os
import urllib.request

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(url: str, method: str = "GET", body: bytes | None = None, seconds: float = 10) -> bytes:
    """The body of the answer.

    :raises urllib.error.HTTPError: the answer is an error
    :raises OSError: there is no answer
    """
    asked = urllib.request.Request(url, body, method=method)  # noqa: S310 (our own URL)
    with _direct.open(asked, timeout=seconds) as response:
        answered: bytes = response.read()
        return answered


def without_proxy() -> dict[str, str]:
    """The variables by which other processes use no proxy here either: tools read one case or the other."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    hosts = ",".join([*([given] if given else []), "127.0.0.1", "localhost"])
    return {"no_proxy": hosts, "NO_PROXY": hosts}
