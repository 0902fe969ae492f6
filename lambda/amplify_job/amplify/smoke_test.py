"""The smoke test: a page of the branch's site is requested until it answers as wanted."""

from __future__ import annotations

import socket
import ssl
import zlib
from codecs import getincrementaldecoder
from contextlib import suppress
from string import punctuation
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urljoin, urlsplit

from amplify_job.amplify.site import Site
from amplify_job.amplify.step_log import plain
from amplify_job.amplify.web import bounded, request_site
from amplify_job.cloudformation.properties import SmokeTest

_BYTES = 1024 * 1024
_SECONDS = 10
_REDIRECTS = 5
_QUOTED = 200


def flaw_of(site: Site, wanted: SmokeTest, endpoint: str) -> str:
    """Look once. Return what is wrong with the page; empty if nothing is.

    :param endpoint: Where Amplify itself was called.
    """
    url = urljoin(site.url + "/", wanted.path)
    flaw = _flaw(url, site, endpoint, wanted)
    return f"{url} {flaw}" if flaw else ""


def _flaw(url: str, site: Site, endpoint: str, wanted: SmokeTest) -> str:
    """What is wrong with the page; empty if nothing is."""
    try:
        status, text, target = _page(url, site, endpoint)
    except Exception as error:
        return f"was not answered: {_cause(error)}"
    shown = " ".join(plain(" ".join(text.split())).split())[:_QUOTED]
    if status != wanted.status:
        to = urlsplit(target)  # without its query, which may hold a secret
        where = f" to {plain(f'{to.scheme}://{to.hostname}{to.path}')[:_QUOTED]}" if target else ""
        return f"answered {status}{where}, must answer {wanted.status}: {shown}{_edge(site)}"
    if wanted.text not in text:
        return f"answered {status} without the text {wanted.text!r}: {shown}{_edge(site)}"
    return ""


def _cause(error: Exception) -> str:
    """Why there was no answer. A new domain has no address, then no certificate, for some minutes."""
    wrapped = getattr(error, "reason", None)  # urllib wraps what the socket says
    reason = wrapped if isinstance(wrapped, Exception) else error
    name = type(reason).__name__
    if isinstance(reason, socket.gaierror):
        return f"its host has no address in DNS ({name})"
    if isinstance(reason, ssl.SSLError):
        return f"its host has no valid certificate ({name})"
    if isinstance(reason, TimeoutError):
        return f"its host said nothing for {_SECONDS} seconds ({name})"
    if isinstance(reason, OSError):
        return f"there is no connection to its host ({name})"
    return name


def _edge(site: Site) -> str:
    """https://docs.aws.amazon.com/amplify/latest/userguide/ttl.html"""
    if not site.performance_mode:
        return ""
    return (
        ". The branch is in performance mode, in which a page may stay at the edge for ten minutes: "
        "raise SmokeTestSeconds, the option within"
    )


def _page(url: str, site: Site, endpoint: str) -> tuple[int, str, str]:
    """Follow redirects within the host. One to another host is the answer itself.

    :return: Status, text, and where it redirects to.
    """
    status, location, text = _answer(url, site, endpoint)
    for _ in range(_REDIRECTS):
        target = urljoin(url, location)
        if not location or not _is_at(url, target):
            break
        url = target
        status, location, text = _answer(url, site, endpoint)
    return status, text, urljoin(url, location) if location else ""


def _answer(url: str, site: Site, endpoint: str) -> tuple[int, str, str]:
    """Status, address of a redirect, text."""
    response: Any
    try:
        credentials = site.credentials if _is_at(site.url, url) else ""
        response = request_site(url, endpoint, _SECONDS, credentials)
    except HTTPError as error:
        response = error
    with response:
        headers = response.headers
        location = headers.get("Location", "") if 300 <= response.status < 400 else ""
        # Headers are read as Latin-1, which keeps the bytes of any text; in a URL they are escaped.
        location = quote(location, safe=punctuation, encoding="latin-1")
        return response.status, location, _text(bounded(response, _BYTES, _SECONDS), headers)


def _is_at(origin: str, url: str) -> bool:
    """Whether both have the same scheme, host and port."""
    return urlsplit(origin)[:2] == urlsplit(url)[:2]


def _text(body: bytes, headers: Any) -> str:
    """Read a page by the charset that it names, else as UTF-8, else as Latin-1, which any bytes are."""
    if headers.get("Content-Encoding") == "gzip":
        with suppress(zlib.error):
            body = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _BYTES)
    if charset := headers.get_content_charset():
        with suppress(LookupError, ValueError):
            return body.decode(charset, errors="replace")
    with suppress(ValueError):
        return getincrementaldecoder("utf-8")().decode(body)  # a megabyte may end within a character
    return body.decode("latin-1")
