"""Reading the log of a step: from AWS only, bounded, and never to any harm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore
import pytest
from simulated import World

from amplify_job.amplify import step_log, web
from amplify_job.amplify.job import Job, Step
from amplify_job.amplify.step_log import StepLog
from amplify_job.amplify.web import is_trusted

OPENER = web._OPENER  # the real one: the simulated world replaces it
JOB = Job.read({"jobId": "1"})
AMPLIFY = "https://amplify.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def real_opener(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(web, "_OPENER", OPENER)


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.us-east-1.amazonaws.com/log.txt?X-Amz-Signature=s",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/log.txt",
        "https://BUCKET.S3.AMAZONAWS.COM/log.txt",
        "https://s3.amazonaws.com:443/bucket/log.txt",
    ],
)
def test_https_at_aws_is_trusted(url: str) -> None:
    assert is_trusted(url, AMPLIFY)


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket.s3.us-east-1.amazonaws.com/log.txt",
        "https://evil.example/log.txt",
        "https://amazonaws.com.evil.example/log.txt",
        "https://evilamazonaws.com/log.txt",
        "https://amazonaws.com/log.txt",
        "https://evil.example/.amazonaws.com",
        "https://evil.example?.amazonaws.com",
        "https://evil.example#.amazonaws.com",
        "https://x.amazonaws.com@evil.example/",
        "https://169.254.169.254/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://x.amazonaws.com/log",
        "//x.amazonaws.com/log",
        "/log.txt",
        "",
    ],
)
def test_nothing_else_is_trusted(url: str) -> None:
    assert not is_trusted(url, AMPLIFY)


def test_the_hosts_of_every_partition_are_trusted() -> None:
    partitions = json.loads(Path(botocore.__file__).parent.joinpath("data", "partitions.json").read_text())
    for outputs in (partition["outputs"] for partition in partitions["partitions"]):
        for suffix in (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]):
            assert is_trusted(f"https://bucket.s3.region.{suffix}/key", AMPLIFY)


def test_the_host_of_an_amplify_of_ones_own_is_trusted_as_it_was_called() -> None:
    local = "http://127.0.0.1:4566"
    assert is_trusted("http://127.0.0.1:4566/logs/1", local)
    assert not is_trusted("https://127.0.0.1:4566/logs/1", local)
    assert not is_trusted("http://127.0.0.1:4567/logs/1", local)
    assert not is_trusted("http://localhost:4566/logs/1", local)


@pytest.mark.parametrize("url", ["https://evil.example/log.txt", "https://[bad", "", "file:///etc/passwd"])
def test_what_is_not_trusted_is_not_read(url: str) -> None:
    assert _log().tail(JOB, _step(url), 10) == []


def test_the_last_lines_that_hold_something_are_told() -> None:
    with _server("first\n\n  second \n\t\nthird\n\n") as log:
        assert log(2) == ["second", "third"]
        assert log(9) == ["first", "second", "third"]


def test_no_line_wanted_needs_no_request() -> None:
    with _server("line") as log:
        assert log(0) == []
        assert log.ranges == []


def test_the_end_of_the_log_is_asked_for() -> None:
    with _server("line") as log:
        log(1)
        assert log.ranges == ["bytes=-262144"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;200mbold\x1b[K", "bold"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bMup", "up"),
        ("bell\x07 null\x00 del\x7f csi\x9b31m", "bell null del csi31m"),
        ("tab\tstays", "tab\tstays"),
        ("2026-01-31T12:00:00.123Z [INFO]: # phase", "# phase"),
        ("2026-01-31T12:00:00.123Z [ERROR]: \x1b[31m!!! x", "!!! x"),
        ("at 2026-01-31T12:00:00.123Z [INFO]: x", "at x"),
        ("2026-01-31T12:00:00.123Z [INFO]: 2026-01-31T12:00:00Z [A]: x", "2026-01-31T12:00:00Z [A]: x"),
        ("ümlaut ✓", "ümlaut ✓"),
        ("x" * 400, "x" * 300),
    ],
)
def test_colours_control_characters_and_stamps_are_stripped(line: str, shown: str) -> None:
    with _server(line + "\n") as log:
        [told] = log(1)
    assert told == shown


def test_what_is_no_text_is_told_as_far_as_it_is() -> None:
    with _server(b"ok\n\xff\xfe broken\n") as log:
        assert log(2) == ["ok", "\ufffd\ufffd broken"]


def test_the_steps_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a server that knows no ranges, and a log longer than is wanted
    monkeypatch.setattr(step_log, "_BYTES", 1000)
    with _server("x\n" * 10_000) as log:
        assert len(log(50_000)) == 500


def test_the_steps_are_bounded_in_bytes_however_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a log whose beginning comes alone
    monkeypatch.setattr(step_log, "_BYTES", 1000)

    def in_two(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x\n" * 300)
        time.sleep(0.2)
        handler.wfile.write(b"x\n" * 10_000)

    with _server(in_two) as log:
        assert len(log(50_000)) == 500


def test_the_steps_are_bounded_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a server that sends a line now and then, for a minute
    monkeypatch.setattr(step_log, "_SECONDS", 0.3)
    gone = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1200):
            if gone.wait(0.05):
                return
            handler.wfile.write(b"line\n")

    with _server(drip) as log:
        begun = time.monotonic()
        lines = log(100)
        assert time.monotonic() - begun < 5
        gone.set()
    assert 1 <= len(lines) < 100
    assert set(lines) == {"line"}


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_log, "_SECONDS", 0.2)
    gone = threading.Event()
    with _server(lambda _: gone.wait(10)) as log:
        assert log(1) == []
        gone.set()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with _server("secret") as elsewhere:

        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Location", elsewhere.url)
            handler.end_headers()

        with _server(redirect) as log:
            assert log(1) == []
        assert elsewhere.ranges == []


@pytest.mark.parametrize("status", [403, 404, 416, 500])
def test_a_log_that_is_refused_is_none(status: int) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(b"<Error/>")

    with _server(refuse) as log:
        assert log(1) == []


# The commit that was built


@pytest.mark.parametrize(
    ("text", "commit"),
    [
        (
            "# Switching to commit: 0123456789abcdef0123456789abcdef01234567\n",
            "0123456789abcdef" * 2 + "01234567",
        ),
        ("x [INFO]: # Switching to commit: ABCDEF0\n", "abcdef0"),
        ("# switching to commit: 1234567\n# Switching to commit: 7654321\n", "1234567"),
        ("# Switching to commit: HEAD\n", ""),
        ("# Switching to commit: 123456\n", ""),
        ("", ""),
    ],
)
def test_the_built_commit_is_in_the_log_of_the_build(text: str, commit: str) -> None:
    with _server(text) as log:
        job = _job(Step("DEPLOY", "SUCCEED", "", "https://evil.example"), _step(log.url))
        assert log.reader.built_commit(job) == commit
        assert log.ranges == ["bytes=0-262143"]


def test_a_job_without_a_build_step_tells_no_commit() -> None:
    assert _log().built_commit(_job(Step("DEPLOY", "SUCCEED", "", ""))) == ""


class _Reading:
    """Reads the tail of the one log of a server."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/log.txt?X-Amz-Signature=s"
        self.reader = _log(url)
        self.ranges: list[str] = []

    def __call__(self, lines: int) -> list[str]:
        return self.reader.tail(JOB, _step(self.url), lines)


@contextmanager
def _server(serve: str | bytes | Callable[[BaseHTTPRequestHandler], Any]) -> Iterator[_Reading]:
    """An HTTP server on the loopback, in the place of a local Amplify."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            reading.ranges.append(self.headers["Range"])
            if callable(serve):
                serve(self)
                return
            body = serve.encode() if isinstance(serve, str) else serve
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that has had enough is none."""

    with Server(("127.0.0.1", 0), Handler) as server:
        reading = _Reading(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield reading
        finally:
            server.shutdown()
            thread.join()


def _log(endpoint: str = AMPLIFY) -> StepLog:
    return StepLog(lambda: endpoint)


def _step(url: str) -> Step:
    return Step("BUILD", "FAILED", "", url)


def _job(*steps: Step) -> Job:
    return JOB._replace(steps=steps)
