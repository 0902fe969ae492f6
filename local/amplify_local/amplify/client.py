"""Plugs an :class:`Amplify` into a real boto3 client, without network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from amplify_local.amplify.api import Amplify
from amplify_local.amplify.rest import Request


def attach(client: Any, amplify: Amplify) -> Any:
    """Make a boto3 ``amplify`` client talk to ``amplify`` through botocore's ``before-send`` event."""

    def before_send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = amplify.handle(_request(request))
        if response.broken == "timeout":
            raise ReadTimeoutError(endpoint_url=request.url)
        if response.broken == "reset":
            raise ConnectionClosedError(endpoint_url=request.url)
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(request.url, response.status, headers, _Body(response.body))

    client.meta.events.register("before-send.amplify", before_send)
    return client


def _request(request: AWSPreparedRequest) -> Request:
    url = urlsplit(request.url)
    body: Any = request.body or b""
    headers = {name: _text(value) for name, value in request.headers.items()}
    return Request(request.method, url.path, dict(parse_qsl(url.query)), headers, _text(body).encode())


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class _Body(io.BytesIO):
    """What botocore expects of urllib3's response."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
