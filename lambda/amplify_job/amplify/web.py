"""Requests to presigned URLs of Amplify and to the site. No other host is asked."""

from __future__ import annotations

import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

# Of all partitions: https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
_HOSTS = (
    ".amazonaws.com",
    ".api.aws",
    ".amazonaws.com.cn",
    ".api.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".api.amazonwebservices.eu",
    ".c2s.ic.gov",
    ".api.aws.ic.gov",
    ".sc2s.sgov.gov",
    ".api.aws.scloud",
    ".cloud.adc-e.uk",
    ".api.cloud-aws.adc-e.uk",
    ".csp.hci.ic.gov",
    ".api.aws.hci.ic.gov",
)
_AGENT = {"User-Agent": "cdk-amplify-job"}  # rules against bots refuse Python's own name


class Untrusted(Exception):
    """The URL leads somewhere else."""


def request(url: str, endpoint: str, timeout: float, **options: Any) -> Any:
    """Request a presigned URL, and return the open response.

    :param endpoint: Where Amplify itself was called: a local AWS serves such URLs there.
    :param options: Those of `urllib.request.Request`.
    :raises Untrusted: the URL is neither https at AWS nor at that endpoint.
    :raises OSError: no answer, an error of HTTP, or a redirect.
    """
    if not is_trusted(url, endpoint):
        raise Untrusted("not a URL of AWS")
    return _OPENER.open(urllib.request.Request(url, **options), timeout=timeout)  # noqa: S310 - checked above


def request_site(url: str, endpoint: str, timeout: float, credentials: str = "") -> Any:
    """Ask for a page of a site over https, and return the open response.

    :param endpoint: Where Amplify itself was called. A local AWS serves sites at that
        address, so the request and its credentials go there.
    :param credentials: Those of basic auth; empty if none are sent.
    :raises OSError: as request.
    """
    page, own = urlsplit(url), urlsplit(endpoint)
    headers = {**_AGENT, "Authorization": f"Basic {credentials}"} if credentials else _AGENT
    if own.scheme == "http":  # AWS is called by https only
        url = page._replace(scheme=own.scheme, netloc=own.netloc).geturl()
        headers = {**headers, "Host": page.netloc}
    return _OPENER.open(urllib.request.Request(url, headers=headers), timeout=timeout)  # noqa: S310 - https, or Amplify's own host


def is_trusted(url: str, endpoint: str) -> bool:
    """https at AWS, or the very host that Amplify itself was called at."""
    parts, own = urlsplit(url), urlsplit(endpoint)
    if parts.netloc == own.netloc:
        return parts.scheme == own.scheme
    return parts.scheme == "https" and (parts.hostname or "").endswith(_HOSTS)


def bounded(response: Any, size: int, seconds: float) -> bytes:
    """Read a response: a socket's timeout bounds one read, this bounds them all, in bytes and in seconds."""
    body, until = b"", time.monotonic() + seconds
    while len(body) < size and time.monotonic() < until:
        chunk = response.read1(size - len(body))
        if not chunk:
            break
        body += chunk
    return body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
