"""An HTTP server on 127.0.0.1 for an :class:`Amplify`: its API, step logs, and the control endpoint."""

from __future__ import annotations

import mimetypes
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from amplify_local.amplify.api import Amplify
from amplify_local.amplify.models import DOMAIN, LOG_PREFIX, UPLOAD_PREFIX, Branch, display_name
from amplify_local.amplify.rest import ApiError, Request, Response
from amplify_local.http import control


@contextmanager
def serve(amplify: Amplify, port: int = 0) -> Iterator[str]:
    """Serve ``amplify`` from a thread of this process while the context lasts; gives the server's URL."""
    server = _Server(amplify, port)
    amplify.logs_at = url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(amplify: Amplify, request: Request) -> Response:
    """What the server answers; only API requests need a signature."""
    host = request.headers.get("Host", "").partition(":")[0]
    branches = [branch for app in amplify.apps() for branch in app.branches.values() if host in branch.hosts]
    if branches or host.endswith((".localhost", DOMAIN)):
        return _page(amplify, branches, request)
    if request.path.startswith(control.PREFIX):
        return control.control(amplify, request)
    if request.path.startswith((LOG_PREFIX, UPLOAD_PREFIX)):
        return amplify.handle(request)
    if request.signature is None:
        return ApiError("MissingAuthenticationTokenException", "Missing Authentication Token", 403).response()
    if request.signature["service"] != "amplify":
        message = "Credential should be scoped to correct service: 'amplify'."
        return ApiError("InvalidSignatureException", message, 403).response()
    return amplify.handle(request)


def site_address(url: str, app_id: str, branch_name: str) -> str:
    """Where the server at ``url`` serves the site of a branch: a host of its own, as on AWS.

    Browsers, and curl, take every name below ``localhost`` for this machine.
    """
    return f"http://{display_name(branch_name)}.{app_id}.localhost:{urlsplit(url).port}/"


def _page(amplify: Amplify, branches: list[Branch], request: Request) -> Response:
    """A file of a site; that of the folder for a path that ends with a slash."""
    for branch in branches:
        if branch.credentials not in (None, request.authorization.removeprefix("Basic ")):
            asked = {"Content-Type": "text/plain", "WWW-Authenticate": 'Basic realm="site"'}
            return Response(401, asked, b"Unauthorized\n")
        name = unquote(request.path).lstrip("/")
        name += "index.html" if name == "" or name.endswith("/") else ""
        files = amplify.site(branch.app.id, branch.name)
        if name in files:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return Response(200, {"Content-Type": kind}, files[name])
    return Response(404, {"Content-Type": "text/plain"}, b"There is no such page.\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of stalled requests end with their clients; the server does not wait for them.
    block_on_close = False

    def __init__(self, amplify: Amplify, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.amplify = amplify
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        headers = dict(self.headers.items())
        request = Request(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
        try:
            response = answer(self.server.amplify, request)
        except Exception as error:
            # The emulation's own fault: whoever reads the client's error is told which.
            words = f"{type(error).__name__}: {error}"
            response = ApiError("InternalFailureException", words, 500).response()
        if response.broken:
            self._break(response.broken)
        else:
            self._send(response)

    do_GET = do_POST = do_DELETE = do_PUT = _answer

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _break(self, how: str) -> None:
        self.close_connection = True
        if how == "timeout":
            while not self.server.stopping.is_set() and not select.select([self.connection], [], [], 0.2)[0]:
                pass
            return
        # Lingering for zero seconds makes close() send a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: calls are in ``Amplify.calls``."""
