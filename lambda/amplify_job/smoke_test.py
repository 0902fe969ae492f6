"""The smoke test: a page of the branch's site is requested until it answers as wanted."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

from jobs import Site
from properties import SmokeTest
from step_log import plain
from web import bounded, request_site

_BYTES = 1024 * 1024
_SECONDS = 10
_REDIRECTS = 5
_QUOTED = 200


def flaw_of(site: Site, wanted: SmokeTest, endpoint: str) -> str:
    """Look once. Return what is wrong with the page; empty if nothing is.

    :param endpoint: Where Amplify itself was called.
    """
    url = urljoin(site.url + "/", wanted.path)
    flaw = _flaw(url, endpoint, wanted)
    return f"{url} {flaw}" if flaw else ""


def _flaw(url: str, endpoint: str, wanted: SmokeTest) -> str:
    """What is wrong with the page; empty if nothing is."""
    try:
        status, text, target = _page(url, endpoint)
    except Exception as error:
        return f"was not answered: {type(error).__name__}"
    shown = " ".join(plain(" ".join(text.split())).split())[:_QUOTED]
    if status != wanted.status:
        to = urlsplit(target)  # without its query, which may hold a secret
        where = f" to {plain(f'{to.scheme}://{to.hostname}{to.path}')[:_QUOTED]}" if target else ""
        return f"answered {status}{where}, must answer {wanted.status}: {shown}"
    if wanted.text not in text:
        return f"answered {status} without the text {wanted.text!r}: {shown}"
    return ""


def _page(url: str, endpoint: str) -> tuple[int, str, str]:
    """Follow redirects within the host. One to another host is the answer itself.

    :return: Status, text, and where it redirects to.
    """
    status, location, body = _answer(url, endpoint)
    for _ in range(_REDIRECTS):
        target = urljoin(url, location)
        if not location or urlsplit(target)[:2] != urlsplit(url)[:2]:
            break
        url = target
        status, location, body = _answer(url, endpoint)
    return status, body, urljoin(url, location) if location else ""


def _answer(url: str, endpoint: str) -> tuple[int, str, str]:
    """Status, address of a redirect, text."""
    response: Any
    try:
        response = request_site(url, endpoint, _SECONDS)
    except HTTPError as error:
        response = error
    with response:
        location = response.headers.get("Location", "") if 300 <= response.status < 400 else ""
        return response.status, location, bounded(response, _BYTES, _SECONDS).decode(errors="replace")
