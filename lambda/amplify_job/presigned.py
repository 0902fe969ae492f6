"""The presigned URLs that Amplify returns, of logs and for uploads: trusted at AWS only."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urlsplit

_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")


class Untrusted(Exception):
    """The URL leads somewhere else."""


def request(url: str, endpoint: str, timeout: float, **options: Any) -> Any:
    """Send one request and return its open response.

    :param endpoint: Where Amplify itself was called: a local AWS serves such URLs there.
    :param options: Those of `urllib.request.Request`.
    :raises Untrusted: the URL is neither https at AWS nor at that endpoint.
    :raises OSError: no answer, or an error of HTTP.
    """
    if not is_trusted(url, endpoint):
        raise Untrusted("not a URL of AWS")
    return _OPENER.open(urllib.request.Request(url, **options), timeout=timeout)  # noqa: S310 - checked above


def is_trusted(url: str, endpoint: str) -> bool:
    """https at AWS, or the very host that Amplify itself was called at."""
    parts, own = urlsplit(url), urlsplit(endpoint)
    if parts.netloc == own.netloc:
        return parts.scheme == own.scheme
    return parts.scheme == "https" and (parts.hostname or "").endswith(_HOSTS)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
