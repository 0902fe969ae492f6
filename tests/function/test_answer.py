"""The answer to CloudFormation: an HTTP PUT that fits the limit, and is sent until it arrives."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from simulated import START, World

from amplify_job.cloudformation import answer
from amplify_job.cloudformation.answer import NotDelivered, encode

PUT = answer._put  # the real one: the simulated world replaces it
IDS = {"Status": "FAILED", "PhysicalResourceId": "d1/main/1/failed", "StackId": "s" * 300, "RequestId": "r"}


# Over HTTP


def test_the_answer_is_put_with_an_empty_content_type() -> None:
    # S3 signs the content type of the URL, which is empty.
    with _server(_reply(200)) as (url, received):
        PUT(f"{url}/key?X-Amz-Signature=s", b'{"Status": "SUCCESS"}')
    [(method, path, headers, body)] = received
    assert (method, path) == ("PUT", "/key?X-Amz-Signature=s")
    assert headers["Content-Type"] == ""
    assert headers["Content-Length"] == "21"
    assert json.loads(body) == {"Status": "SUCCESS"}


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_refusal_is_raised_with_its_status(status: int) -> None:
    with _server(_reply(status)) as (url, _), pytest.raises(HTTPError) as refused:
        PUT(url, b"{}")
    assert refused.value.code == status
    refused.value.close()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with _server(_reply(status, Location="/else")) as (url, received), pytest.raises(HTTPError) as refused:
        PUT(url, b"{}")
    assert [path for _, path, _, _ in received] == ["/"]
    refused.value.close()


def test_a_reset_connection_is_raised() -> None:
    def reset(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()
        handler.close_connection = True

    with _server(reset) as (url, _), pytest.raises(OSError, match="reset|closed|aborted"):
        PUT(url, b"{}")


def test_a_slow_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "_SECONDS", 0.2)
    gone = threading.Event()
    with _server(lambda _: gone.wait(10)) as (url, _):
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            PUT(url, b"{}")
        assert time.monotonic() - begun < 5
        gone.set()


def test_a_server_that_is_not_there_is_raised() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(URLError):
        PUT(f"http://127.0.0.1:{port}/", b"{}")


@pytest.mark.parametrize("url", ["no url", "http://a b/", "", "gopher://a/"])
def test_an_unusable_url_is_not_delivered_to_and_not_told(world: World, url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "_put", PUT)
        delivery = world.deliver({**world.event("Create"), "ResponseURL": url or "x"})
        world.settle()
    assert isinstance(delivery.raised, NotDelivered)
    assert str(delivery.raised) == "CloudFormation could not be reached"


# Until it arrives


@pytest.mark.parametrize(
    "fault",
    [HTTPError("u", 500, "", None, None), URLError("reset"), ConnectionResetError(), OSError()],  # type: ignore[arg-type]
)
@pytest.mark.parametrize("times", [1, 5])
def test_an_answer_that_does_not_arrive_is_sent_again(world: World, fault: Exception, times: int) -> None:
    world.answer_faults = [fault] * times
    answered = world.request(world.event("Create"))
    assert (answered.status, answered.time) == ("SUCCESS", START + 60 + sum((1, 2, 4, 8, 15)[:times]))


def test_a_slow_answer_is_sent_again(world: World) -> None:
    world.answer_faults = [TimeoutError()] * 2
    assert world.request(world.event("Create")).time == START + 60 + 2 * 10 + 1 + 2


@pytest.mark.parametrize(
    "fault",
    [HTTPError("u", 503, "", None, None), HTTPError("u", 307, "", None, None), URLError("reset")],  # type: ignore[arg-type]
)
def test_an_answer_that_never_arrives_is_left_to_lambdas_retry(world: World, fault: Exception) -> None:
    world.answer_faults = [fault] * 6
    delivery = world.deliver(world.event("Create"), retries=2)
    world.settle()
    assert isinstance(delivery.raised, NotDelivered)
    assert [a.status for a in world.answers] == ["SUCCESS"]
    assert (len(world.jobs()), world.amplify.count("StartJob")) == (1, 1)


@pytest.mark.parametrize("code", [400, 403, 404, 499])
def test_an_answer_that_is_refused_for_good_is_not_sent_again(world: World, code: int) -> None:
    # given an URL that has expired
    world.answer_faults = [HTTPError("u", code, "", None, None), None]  # type: ignore[arg-type]
    delivery = world.deliver(world.event("Create"), retries=2)
    world.settle()
    assert (delivery.raised, world.answers, world.answer_faults) == (None, [], [None])
    refused = world.decisions[-1]
    assert (refused["decision"], refused["http_status"]) == ("answer refused", code)
    # A VPC's endpoint of S3 may refuse it, too.
    assert ("cloudformation-custom-resource-response-*" in refused.get("may_mean", "")) == (code == 403)


def test_a_failure_is_sent_again_too(world: World) -> None:
    world.amplify.next_job(outcome="FAILED")
    world.answer_faults = [URLError("reset")] * 3
    assert world.request(world.event("Create")).status == "FAILED"


# Within the limit


def test_a_small_answer_is_not_cut() -> None:
    body = {**IDS, "Reason": "r" * 1000, "Data": {"JobId": "1"}}
    assert json.loads(encode(body)) == body


def test_the_limit_is_exact() -> None:
    empty = len(encode({**IDS, "Reason": ""}))
    fits, cut = (encode({**IDS, "Reason": "x" * (4096 - empty + more)}) for more in (0, 1))
    assert len(fits) == 4096
    assert "…" not in fits.decode()
    assert len(cut) == 4096
    assert json.loads(cut)["Reason"].endswith("x…")


@pytest.mark.parametrize("text", ["x", "é", "😀", '"', "\\", "\n", "\x01", "\ud800"])
def test_a_long_reason_is_cut_whatever_its_characters(text: str) -> None:
    encoded = encode({**IDS, "Reason": text * 9000})
    assert len(encoded) <= 4096
    assert json.loads(encoded)["PhysicalResourceId"] == IDS["PhysicalResourceId"]
    assert json.loads(encoded)["Reason"].endswith("…")


def test_most_of_the_room_is_used() -> None:
    for text in ("é", "x", 'say "yes"\n'):
        assert len(encode({**IDS, "Reason": text * 9000})) > 4080


def test_the_longest_text_is_cut_first() -> None:
    data = {"JobId": "1", "CommitMessage": "m" * 10_000, "CommitId": "c" * 255}
    encoded = json.loads(encode({**IDS, "Data": data}))
    assert encoded["Data"]["CommitId"] == "c" * 255
    assert encoded["Data"]["CommitMessage"].endswith("m…")


def test_ids_are_never_cut_and_urls_only_whole() -> None:
    data = {
        "JobId": "1" * 700,
        "JobArn": "arn:" + "a" * 1500,
        "BranchUrl": "https://b" + "b" * 1500,
        "ConsoleUrl": "https://c" + "c" * 900,
        "CommitMessage": "m" * 100,
    }
    encoded = json.loads(encode({**IDS, "Data": data}))["Data"]
    assert (encoded["JobId"], encoded["JobArn"]) == (data["JobId"], data["JobArn"])
    assert encoded["BranchUrl"] == ""
    assert encoded["ConsoleUrl"] == data["ConsoleUrl"]
    assert set(encoded) == set(data)


@pytest.mark.parametrize(
    "fields", [{}, {"Reason": "r"}, {"Data": {}}, {"Data": {"JobId": "1", "Status": ""}}]
)
def test_an_answer_whose_ids_alone_are_too_long_is_sent_as_it_is(fields: dict[str, Any]) -> None:
    encoded = json.loads(encode({**IDS, "PhysicalResourceId": "p" * 5000, **fields}))
    assert encoded["PhysicalResourceId"] == "p" * 5000


def test_all_attributes_are_answered_also_when_they_are_cut(world: World) -> None:
    answered = world.request(world.event("Create", CommitMessage="é" * 10_000))
    assert (answered.status, len(answered.data)) == ("SUCCESS", 12)
    assert answered.data["CommitMessage"].endswith("é…")


@contextmanager
def _server(
    serve: Callable[[BaseHTTPRequestHandler], Any],
) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], bytes]]]]:
    """An HTTP server on the loopback: its URL and what it received."""
    received: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(("PUT", self.path, dict(self.headers), body))
            serve(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def _reply(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply
