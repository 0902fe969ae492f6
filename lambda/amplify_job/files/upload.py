"""Sending the files of a deployment to the URL that Amplify gave for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

from amplify_job.amplify import web
from amplify_job.files.archives import Zip
from amplify_job.log import log
from amplify_job.outcomes import Throttled

_PAUSES = (1, 4)  # between tries at one URL
_CHUNK_SECONDS = 30  # for each read or write


def upload(
    files: Zip, url: str, endpoint: str, sleep: Callable[[float], None], check: Callable[[], None]
) -> None:
    """Send the zip; try again what is worth it.

    :param endpoint: Where Amplify itself was called.
    :param check: Called before each chunk; it raises Throttled if there is no time for it.
    :raises Throttled: not sent. Another deployment has another URL.
    """

    def chunks() -> Iterator[bytes]:
        for chunk in files.chunks():
            check()
            yield chunk

    headers = {"Content-Type": "application/zip", "Content-Length": str(files.size)}
    for pause in (*_PAUSES, None):
        options: dict[str, Any] = {"method": "PUT", "headers": headers, "data": chunks()}
        try:
            with web.request(url, endpoint, _CHUNK_SECONDS, **options):
                return
        except Throttled:
            raise
        except Exception as error:  # its text may hold the URL
            why = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
            log("not uploaded", error=why)
        if pause is None or why == "HTTP 403":  # the URL has expired
            raise Throttled(f"the files could not be sent to Amplify: {why}")
        sleep(pause)
