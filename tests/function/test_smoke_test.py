"""The site is looked at before the deploy succeeds: its own pages only, until they are as wanted."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from base64 import b64encode
from typing import Any
from urllib.error import URLError

import pytest
from simulated import APP_ID, START, Page, World

from amplify_job.amplify.site import Site

SITE = f"https://main.{APP_ID}.amplifyapp.com"
SECRET = "top-secret-word"
CREDENTIALS = b64encode(f"user:{SECRET}".encode()).decode()
SEE = f"See https://us-east-1.console.aws.amazon.com/amplify/apps/{APP_ID}/branches/main/deployments"
JOB_SECONDS = 60


def create(world: World, **properties: str) -> Any:
    return world.request(world.event("Create", **{"SmokeTestPath": "/", **properties}))


def test_a_site_that_answers_is_fine(world: World) -> None:
    answer = create(world)
    assert answer.status == "SUCCESS"
    assert answer.time == START + JOB_SECONDS
    assert world.pages_asked == [f"{SITE}/"]


def test_a_page_of_a_host_of_one_s_own_is_asked_there(world: World) -> None:
    page = "https://www.example.com/health"
    world.pages = [Page(302, Location="/health/"), Page(200)]
    assert create(world, SmokeTestPath=page).status == "SUCCESS"
    assert world.pages_asked == [page, f"{page}/"]


def test_a_redirect_to_another_host_is_not_followed_and_told(world: World) -> None:
    world.pages = [Page(302, Location="https://login.example.com/?next=1") for _ in range(9)]
    answer = create(world, SmokeTestPath="https://www.example.com/health", SmokeTestSeconds="10")
    assert "answered 302 to https://login.example.com/, must answer 200: " in answer.reason
    assert set(world.pages_asked) == {"https://www.example.com/health"}


def protect(it: Any, credentials: str = CREDENTIALS, *, enabled: bool = True) -> None:
    """An app or a branch asks for a password, or has asked for it once."""
    it.settings.update(enableBasicAuth=enabled, basicAuthCredentials=credentials)


def test_the_credentials_of_a_protected_branch_are_sent_to_its_own_address(world: World) -> None:
    protect(world.branch)
    protect(world.app, "b3RoZXI6b3RoZXI=")
    world.pages = [Page(302, Location="/en/"), Page(200)]
    assert create(world).status == "SUCCESS"
    assert world.pages_asked == [f"{SITE}/", f"{SITE}/en/"]
    assert world.credentials_shown == [f"Basic {CREDENTIALS}"] * 2


def test_those_of_the_app_are_sent_if_the_branch_does_not_protect_itself(world: World) -> None:
    protect(world.branch, "b3RoZXI6b3RoZXI=", enabled=False)
    protect(world.app)
    assert create(world, SmokeTestPath=f"{SITE}/health").status == "SUCCESS"
    assert world.credentials_shown == [f"Basic {CREDENTIALS}"]


def test_no_credentials_are_sent_to_a_site_that_is_not_protected_any_more(world: World) -> None:
    protect(world.branch, enabled=False)
    protect(world.app, enabled=False)
    assert create(world).status == "SUCCESS"
    assert world.credentials_shown == [None]


@pytest.mark.parametrize("page", ["https://www.example.com/", f"https://other.{APP_ID}.amplifyapp.com/"])
def test_no_credentials_are_sent_to_another_host(world: World, page: str) -> None:
    protect(world.branch)
    protect(world.app)
    assert create(world, SmokeTestPath=page).status == "SUCCESS"
    assert world.credentials_shown == [None]


def test_no_credentials_follow_a_redirect_to_another_host(world: World) -> None:
    protect(world.branch)
    world.pages = [Page(302, Location="https://www.example.com/") for _ in range(9)]
    assert create(world, SmokeTestSeconds="10").status == "FAILED"
    assert set(world.pages_asked) == {f"{SITE}/"}


@pytest.mark.parametrize(
    ("credentials", "flaw"),
    [(CREDENTIALS, "answered 401"), (f"{CREDENTIALS}\n", "was not answered: ValueError")],
)
def test_no_log_reason_or_hand_over_holds_the_credentials(world: World, credentials: str, flaw: str) -> None:
    protect(world.branch, credentials)
    world.limit = 150  # of which a minute is kept
    error = ValueError(f"Invalid header value 'Basic {credentials}'")
    world.pages = [Page(401) if "401" in flaw else error for _ in range(100)]
    answer = create(world)
    assert flaw in answer.reason
    assert len(world.handed_over) == 1
    said = json.dumps([world.log, answer.body, world.handed_over])
    assert CREDENTIALS not in said
    assert SECRET not in said
    assert CREDENTIALS not in repr(Site.read(world.branch.shown(0), world.app.shown(0)))


def test_a_site_that_takes_its_time_is_asked_again(world: World) -> None:
    world.pages = [Page(404), URLError("refused"), TimeoutError(), Page(503), Page(200)]
    answer = create(world)
    assert answer.status == "SUCCESS"
    assert answer.time == START + JOB_SECONDS + 4 * 5


def test_each_new_answer_of_the_site_is_logged_once(world: World) -> None:
    world.pages = [Page(404), Page(404), Page(503), Page(503), Page(404), Page(200)]
    assert create(world).status == "SUCCESS"
    assert [line["decision"] for line in world.decisions].count("ended") == 1
    said = [line["answer"] for line in world.decisions if line["decision"] == "site"]
    url = f"{SITE}/"
    assert said == [
        f"{url} answered 404, must answer 200: ",
        f"{url} answered 503, must answer 200: ",
        f"{url} answered 404, must answer 200: ",
        "as wanted",
    ]


@pytest.mark.parametrize(
    ("properties", "page", "said"),
    [
        ({}, Page(404, "Not\n\x1b[31mfound\x07"), "answered 404, must answer 200: Not found"),
        ({}, Page(500, "x" * 300), f"answered 500, must answer 200: {'x' * 200}"),
        ({}, Page(401), "answered 401, must answer 200: "),
        ({"SmokeTestStatus": "401"}, Page(200, "open"), "answered 200, must answer 401: open"),
        (
            {"SmokeTestText": "version 2"},
            Page(200, "version 1"),
            "answered 200 without the text 'version 2': version 1",
        ),
        ({}, URLError("refused"), "was not answered: there is no connection to its host (URLError)"),
        (
            {},
            URLError(socket.gaierror(-2, "Name or service not known")),
            "was not answered: its host has no address in DNS (gaierror)",
        ),
        (
            {},
            URLError(ssl.SSLCertVerificationError(1, "hostname mismatch")),
            "was not answered: its host has no valid certificate (SSLCertVerificationError)",
        ),
        (
            {},
            URLError(ConnectionRefusedError()),
            "was not answered: there is no connection to its host (ConnectionRefusedError)",
        ),
        ({}, TimeoutError(), "was not answered: its host said nothing for 10 seconds (TimeoutError)"),
        ({}, Page(200, b"\xff\xfe"), ""),
    ],
)
def test_a_site_that_is_not_as_wanted_fails_the_deploy_with_what_came(
    world: World, properties: dict[str, str], page: Any, said: str
) -> None:
    text = page.getvalue() if isinstance(page, Page) else b""
    world.pages = [Page(page.status, text) if isinstance(page, Page) else page for _ in range(100)]
    answer = create(world, **properties)
    if not said:
        assert answer.status == "SUCCESS"
        return
    assert answer.reason == f"SITE_CHECK_FAILED: {SITE}/ {said}. {SEE}"
    assert answer.time == START + JOB_SECONDS + 120


def test_where_pages_stay_at_the_edge_the_reason_says_so(world: World) -> None:
    world.branch.settings["enablePerformanceMode"] = True
    world.pages = [Page(200, "version 1") for _ in range(100)]
    answer = create(world, SmokeTestText="version 2")
    assert "version 1. The branch is in performance mode, in which a page may stay at the edge for ten" in (
        answer.reason
    )


def test_the_text_and_the_status_that_are_wanted_are_enough(world: World) -> None:
    world.pages = [Page(404, "<h1>Nothing here</h1>")]
    answer = create(world, SmokeTestPath="/a?b=c", SmokeTestStatus="404", SmokeTestText="Nothing")
    assert answer.status == "SUCCESS"
    assert world.pages_asked == [f"{SITE}/a?b=c"]


def test_redirects_are_followed_within_the_site(world: World) -> None:
    world.pages = [Page(301, Location="/en/"), Page(302, Location=f"{SITE}/en/home"), Page(200)]
    assert create(world).status == "SUCCESS"
    assert world.pages_asked == [f"{SITE}/", f"{SITE}/en/", f"{SITE}/en/home"]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/",
        "//evil.example/",
        f"http://main.{APP_ID}.amplifyapp.com/",
        f"https://main.{APP_ID}.amplifyapp.com:8443/",
        f"https://user@main.{APP_ID}.amplifyapp.com/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ],
)
def test_no_other_host_is_ever_asked(world: World, location: str) -> None:
    world.pages = [Page(302, "moved", Location=location) for _ in range(100)]
    answer = create(world, SmokeTestSeconds="10")
    assert answer.reason.startswith(f"SITE_CHECK_FAILED: {SITE}/ answered 302 to ")
    assert set(world.pages_asked) == {f"{SITE}/"}


def test_a_redirect_can_be_what_is_wanted(world: World) -> None:
    world.pages = [Page(302, Location="https://login.example/")]
    assert create(world, SmokeTestStatus="302").status == "SUCCESS"


def test_a_redirect_to_a_path_that_is_not_ascii_is_followed(world: World) -> None:
    # An HTTP client reads the bytes of a header as Latin-1.
    world.pages = [Page(302, Location="/über uns?ö=%C3%B6".encode().decode("latin-1")), Page(200)]
    assert create(world).status == "SUCCESS"
    assert world.pages_asked == [f"{SITE}/", f"{SITE}/%C3%BCber%20uns?%C3%B6=%C3%B6"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("Grüße".encode(), {}),
        ("Grüße".encode("latin-1"), {}),
        ("Grüße".encode("latin-1"), {"Content_Type": "text/html; charset=ISO-8859-1"}),
        ("Grüße".encode("utf-16"), {"Content_Type": "text/html; charset=utf-16"}),
        ("Grüße".encode(), {"Content_Type": "text/html; charset=unknown"}),
        ("Grüße".encode(), {"Content_Type": "text/html; charset=base64"}),
        (gzip.compress("Grüße".encode(), mtime=0), {"Content_Encoding": "gzip"}),
        ("Grüße".encode(), {"Content_Encoding": "gzip"}),  # so it says
        ("Grüße".encode() + b" " * (1024 * 1024 - 8) + "ß".encode(), {}),  # the end is cut
    ],
)
def test_a_page_is_read_as_browsers_read_it(world: World, body: bytes, headers: dict[str, str]) -> None:
    world.pages = [Page(200, body, **headers)]
    assert create(world, SmokeTestText="Grüße").status == "SUCCESS"
    assert world.pages == []
    assert len(world.pages_asked) == 1


def test_redirects_in_a_circle_end(world: World) -> None:
    world.pages = [Page(302, Location="/") for _ in range(1000)]
    answer = create(world, SmokeTestSeconds="10")
    assert "answered 302 to https://main.d1a2b3c4.amplifyapp.com/, must answer 200" in answer.reason
    assert len(world.pages_asked) == 6 * 3


@pytest.mark.parametrize("zipped", [False, True])
def test_at_most_a_megabyte_is_read(world: World, zipped: bool) -> None:
    body = b"x" * 1024 * 1024 + b"end"
    sent, headers = (gzip.compress(body), {"Content_Encoding": "gzip"}) if zipped else (body, {})
    world.pages = [Page(200, sent, **headers) for _ in range(100)]
    answer = create(world, SmokeTestText="end", SmokeTestSeconds="10")
    assert "without the text 'end'" in answer.reason


def test_a_check_is_handed_over_and_keeps_its_own_time(world: World) -> None:
    world.limit = 150  # of which a minute is kept
    world.pages = [Page(404) for _ in range(100)]
    answer = create(world)
    assert len(world.handed_over) == 1
    assert answer.reason.startswith("SITE_CHECK_FAILED: ")
    assert START + JOB_SECONDS + 120 <= answer.time <= START + JOB_SECONDS + 121


def test_an_address_that_is_not_known_fails_the_check(world: World) -> None:
    world.fail("GetBranch", "denied", times=1000)
    answer = create(world, TimeoutSeconds="200")
    assert answer.reason.startswith(
        f"SITE_CHECK_FAILED: the address of branch main of app {APP_ID} is not known: "
    )
