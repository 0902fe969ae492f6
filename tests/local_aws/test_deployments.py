"""Deployments of files, as recorded of Amplify: created, sent, started, served."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from botocore.exceptions import ClientError
from ticking import Clock

from amplify_local.amplify import Amplify
from amplify_local.amplify.rest import Request
from amplify_local.http.control import control
from amplify_local.http.server import serve, site_address

BRANCH = {"appId": "d123", "branchName": "feature/x"}


@pytest.fixture
def amplify(clock: Clock) -> Amplify:
    amplify = Amplify(clock=clock, job_seconds=10)
    amplify.create_app("site", app_id="d123", repository="")
    amplify.create_branch("d123", "feature/x")
    return amplify


@pytest.fixture
def url(amplify: Amplify) -> Iterator[str]:
    with serve(amplify) as url:
        yield url


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return made.getvalue()


def upload(amplify: Amplify, url: str, content: bytes) -> int:
    parts = urlsplit(url)
    query = dict(pair.split("=") for pair in parts.query.split("&"))
    return amplify.handle(Request("PUT", parts.path, query, body=content)).status


def refusal(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**BRANCH, **parameters)
    return str(refused.value.response["Error"]["Message"])


def test_what_is_deployed_is_served_when_its_job_has_succeeded(
    amplify: Amplify, client: Any, clock: Clock
) -> None:
    created = client.create_deployment(**BRANCH)
    assert created["fileUploadUrls"] == {}
    assert upload(amplify, created["zipUploadUrl"], zipped(index_html="hello")) == 200
    summary = client.start_deployment(**BRANCH, jobId=created["jobId"])["jobSummary"]
    assert (summary["jobId"], summary["status"], "startTime" in summary) == ("1", "PENDING", False)
    assert amplify.site("d123", "feature/x") == {}

    clock.now += 11
    job = client.get_job(**BRANCH, jobId="1")["job"]
    assert job["summary"]["status"] == "SUCCEED"
    assert job["summary"].keys() & {"commitId", "commitMessage", "commitTime", "jobType"} == set()
    assert [step["stepName"] for step in job["steps"]] == ["DEPLOY", "VERIFY"]
    assert amplify.site("d123", "feature/x") == {"index.html": b"hello"}
    (listed,) = json.loads(control(amplify, Request("GET", "/_amplify/jobs")).body)
    assert listed["commit"] is None


@pytest.mark.parametrize("status", ["PENDING", "CREATED"])
def test_what_was_created_only_blocks_the_branch_until_it_is_stopped(
    amplify: Amplify, client: Any, clock: Clock, status: Any
) -> None:
    amplify.behaviour.created_status = status
    client.create_deployment(**BRANCH)
    clock.now += 1_000
    assert client.get_job(**BRANCH, jobId="1")["job"]["summary"]["status"] == status
    assert refusal(client.create_deployment) == (
        "The last job(deployment) 1 was not finished, please wait until it finish or use StopJob operation "
        "to cancel it before creating a new deployment."
    )
    client.stop_job(**BRANCH, jobId="1")
    clock.now += 2
    assert client.create_deployment(**BRANCH)["jobId"] == "2"


def test_a_deployment_without_files_fails(amplify: Amplify, client: Any, clock: Clock) -> None:
    client.start_deployment(**BRANCH, jobId=client.create_deployment(**BRANCH)["jobId"])
    clock.now += 11
    assert client.get_job(**BRANCH, jobId="1")["job"]["summary"]["status"] == "FAILED"


def test_what_is_wrong_is_refused_as_recorded(amplify: Amplify, client: Any) -> None:
    assert refusal(client.start_deployment) == "Must specify jobId or sourceUrl for StartDeploymentRequest."
    job_id = client.create_deployment(**BRANCH)["jobId"]
    client.start_deployment(**BRANCH, jobId=job_id)
    assert refusal(client.start_deployment, jobId=job_id) == "The job 1 was started already."
    amplify.app("d123").settings["repository"] = "https://github.com/example/site"
    said = "Operation not supported. App is already connected a repository"
    assert refusal(client.create_deployment) == said


def test_an_upload_is_refused_without_its_signature_and_when_it_comes_too_late(
    amplify: Amplify, client: Any, clock: Clock
) -> None:
    url = client.create_deployment(**BRANCH)["zipUploadUrl"]
    assert upload(amplify, url.replace("X-Amz-Signature", "X-Amz-Other"), b"") == 403
    assert upload(amplify, url.replace("0000000001", "0000000002"), b"") == 403
    clock.now += 3_601
    assert upload(amplify, url, b"") == 403


def test_a_site_has_an_address_of_its_own(url: str, amplify: Amplify, client: Any, clock: Clock) -> None:
    created = client.create_deployment(**BRANCH)
    job_id, upload_url = created["jobId"], created["zipUploadUrl"]
    assert upload_url.startswith(url)
    content = zipped(index_html="hello", **{"docs/index_html": "docs", "a_js": "1"})
    request = urllib.request.Request(upload_url, data=content, method="PUT")
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.status == 200
    client.start_deployment(**BRANCH, jobId=job_id)
    clock.now += 11

    host = urlsplit(site_address(url, "d123", "feature/x")).netloc
    assert host.startswith("feature-x.d123.localhost:")

    def get(path: str, host: str = host) -> tuple[str, str]:
        request = urllib.request.Request(f"{url}{path}", headers={"Host": host})
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read().decode(), response.headers["Content-Type"]

    assert get("/") == ("hello", "text/html")
    assert get("/docs/") == ("docs", "text/html")
    assert get("/a.js")[0] == "1"
    for path, of in (("/nothing", host), ("/", "other.d123.localhost:1"), ("/", "feature-x.d9.localhost:1")):
        with pytest.raises(HTTPError, match="404"):
            get(path, of)


def test_a_build_serves_a_page_that_names_its_commit(amplify: Amplify, clock: Clock) -> None:
    amplify.create_app("built", app_id="d456")
    branch = amplify.create_branch("d456", "main")
    amplify.start("d456", "main")
    clock.now += 11
    assert branch.tip.encode() in amplify.site("d456", "main")["index.html"]
