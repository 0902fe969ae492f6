"""Amplify behind HTTP: signatures, broken connections, step logs, the control endpoint."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from waiting import eventually

from amplify_local.amplify import Amplify
from amplify_local.http.server import serve

BRANCH = {"appId": "d123", "branchName": "feature/x"}


@pytest.fixture
def amplify() -> Amplify:
    amplify = Amplify(job_seconds=0.2)
    amplify.create_app("site", app_id="d123")
    amplify.create_branch("d123", "feature/x")
    return amplify


@pytest.fixture
def url(amplify: Amplify) -> Iterator[str]:
    with serve(amplify) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    with closing(new_client(url)) as client:
        yield client


def new_client(url: str, read_timeout: float = 60) -> Any:
    return boto3.client(
        "amplify",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
    )


def http(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_branch_with_a_slash_is_served(client: Any) -> None:
    assert client.get_branch(**BRANCH)["branch"]["displayName"] == "feature-x"


def test_a_request_without_a_signature_is_refused(url: str, amplify: Amplify) -> None:
    status, body = http(f"{url}/apps/d123")
    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})
    assert amplify.calls == []


def test_a_signature_for_another_service_is_refused(url: str) -> None:
    s3 = boto3.client(
        "codecommit",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with pytest.raises(ClientError, match="scoped to correct service"):
        s3.list_repositories()
    s3.close()


def test_the_region_of_the_signature_counts(url: str, amplify: Amplify) -> None:
    amplify.create_app("elsewhere", app_id="deurope", region="eu-west-1")
    europe = boto3.client(
        "amplify",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    assert europe.get_app(appId="deurope")["app"]["appArn"].split(":")[3] == "eu-west-1"
    with pytest.raises(ClientError, match=r"App d123 not found\."):
        europe.get_app(appId="d123")
    europe.close()


def test_the_log_of_a_step_is_served_without_a_signature(client: Any, amplify: Amplify) -> None:
    client.start_job(**BRANCH, jobType="RELEASE")
    job = amplify.jobs()[0]
    amplify.clock = lambda: job.created + 60
    steps = client.get_job(**BRANCH, jobId="1")["job"]["steps"]
    status, text = http(steps[0]["logUrl"])
    assert status == 200
    assert "# Executing command: npm run build" in text
    assert http(steps[0]["logUrl"].replace("/BUILD/", "/NOPE/"))[0] == 404


def test_a_connection_is_reset_for_real(client: Any, amplify: Amplify) -> None:
    amplify.fail("StartJob", mode="reset", applied=True)
    with pytest.raises(ConnectionClosedError):
        client.start_job(**BRANCH, jobType="RELEASE")
    assert len(amplify.jobs()) == 1


def test_an_answer_that_does_not_come_is_given_up_by_the_client(url: str, amplify: Amplify) -> None:
    amplify.fail("StartJob", mode="timeout", applied=True)
    with closing(new_client(url, read_timeout=0.3)) as client, pytest.raises(ReadTimeoutError):
        client.start_job(**BRANCH, jobType="RELEASE")
    # The server may be slower than the client is patient.
    assert eventually(lambda: len(amplify.jobs()) == 1)


def test_scenarios_are_set_over_the_control_endpoint(url: str, client: Any, amplify: Amplify) -> None:
    assert http(f"{url}/_amplify/next-job", {"outcome": "FAILED", "step": "DEPLOY", "log": ["x"]})[0] == 200
    assert http(f"{url}/_amplify/fail", {"operation": "GetApp", "mode": "denied"})[0] == 200
    assert http(f"{url}/_amplify/behaviour", {"omits": ["endTime"]})[0] == 200
    status, body = http(
        f"{url}/_amplify/push", {"app_id": "d123", "branch_name": "feature/x", "message": "Hi"}
    )
    assert (status, json.loads(body)["commit_message"]) == (200, "Hi")
    assert amplify.jobs()[0].plan.outcome == "FAILED"
    assert amplify.behaviour.omits == {"endTime"}
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_app(appId="d123")
    assert [job["job_id"] for job in json.loads(http(f"{url}/_amplify/jobs")[1])] == ["1"]
    assert [call["operation"] for call in json.loads(http(f"{url}/_amplify/calls")[1])] == ["GetApp"]


def test_the_environment_of_a_job_is_shown(url: str, client: Any) -> None:
    client.update_branch(**BRANCH, environmentVariables={"API": "https://a"})
    client.start_job(**BRANCH, jobType="RELEASE")
    client.update_branch(**BRANCH, environmentVariables={"API": "https://b"})
    [job] = json.loads(http(f"{url}/_amplify/jobs")[1])
    assert job["environment"] == {"API": "https://a"}


@pytest.mark.parametrize(
    ("action", "body", "message"),
    [
        ("push", {"branch": "main"}, "unknown key: branch; there is app_id, branch_name, message, commit_id"),
        ("push", {}, "missing key: app_id, branch_name; there is app_id, branch_name, message, commit_id"),
        ("plan", {"outcom": "FAILED"}, "unknown key: outcom; there is outcome, step, status_reason, "),
        ("next-job", {"outcom": "FAILED"}, "unknown key: outcom; there is branch, outcome, step, "),
        ("next-job", {"step": "TEST"}, "step must be one of BUILD, DEPLOY, VERIFY, got 'TEST'"),
        ("next-job", {"seconds": "9"}, "seconds must be a number, got '9'"),
        ("next-job", {"seconds": True}, "seconds must be a number, got True"),
        ("next-job", {"outcome": 7}, "outcome must be a text, got 7"),
        ("fail", {"operaton": "GetJob"}, "unknown key: operaton; there is mode, operation, times, "),
        ("fail", {"operation": "GetJbo"}, "operation must be one of CreateApp, "),
        ("fail", {"mode": "501"}, "mode must be one of 500, 429, "),
        ("behaviour", {"commits": "x"}, "unknown key: commits; there is commit_ids, any_commit, "),
        ("behaviour", {"commit_ids": "x"}, "commit_ids must be one of honoured, ignored, got 'x'"),
        ("fail", {"times": 1.5}, "times must be a whole number, got 1.5"),
        ("behaviour", {"any_commit": "no"}, "any_commit must be true or false, got 'no'"),
        ("apps", {"app_id": "d1", "nam": "x"}, "unknown key: nam; there is app_id, name, repository"),
        ("branches", {"app_id": "d123", "branchname": "x"}, "unknown key: branchname; there is app_id, "),
        ("site", {"app_id": "d123", "branch": "x"}, "unknown key: branch; there is app_id, branch_name"),
        ("site", [], "the body must be a JSON object, got []"),
    ],
)
def test_the_control_endpoint_refuses_what_it_does_not_know(
    url: str, amplify: Amplify, action: str, body: Any, message: str
) -> None:
    before = str(amplify.apps()), str(amplify.behaviour)

    status, answer = http(f"{url}/_amplify/{action}", body)

    assert (status, message in json.loads(answer)["message"]) == (400, True), answer
    assert (str(amplify.apps()), str(amplify.behaviour), amplify.faults) == (*before, [])


def test_the_control_endpoint_says_what_is_not_there(url: str) -> None:
    assert http(f"{url}/_amplify/push", {"app_id": "dnope", "branch_name": "main"})[0] == 404
    assert "there is no POST nope; there is POST push, " in http(f"{url}/_amplify/nope", {})[1]


def test_a_job_is_planned_for_one_branch_over_the_control_endpoint(url: str, amplify: Amplify) -> None:
    for plan in (
        {"outcome": "FAILED", "branch": ["d123", "main"]},
        {"never_ends": True, "branch": ["d123", "feature/x"]},
    ):
        assert http(f"{url}/_amplify/next-job", plan)[0] == 200

    assert amplify.start("d123", "feature/x").plan.never_ends


def page(url: str, host: str, **headers: str) -> int:
    try:
        asked = urllib.request.Request(url, headers={"Host": host, **headers})
        with urllib.request.urlopen(asked, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("protected", ["branch", "app"])
def test_a_protected_site_is_shown_to_who_has_the_credentials(
    url: str, client: Any, amplify: Amplify, protected: str
) -> None:
    credentials, others = "dXNlcjpzZWNyZXQ=", "dXNlcjpvdGhlcg=="
    protection = {"enableBasicAuth": True, "basicAuthCredentials": credentials}
    if protected == "branch":
        client.update_app(appId="d123", enableBasicAuth=True, basicAuthCredentials=others)
        client.update_branch(**BRANCH, **protection)
        assert client.get_branch(**BRANCH)["branch"]["basicAuthCredentials"] == credentials
    else:
        client.update_app(appId="d123", **protection)
        client.update_branch(**BRANCH, enableBasicAuth=False, basicAuthCredentials=others)
        assert client.get_app(appId="d123")["app"]["basicAuthCredentials"] == credentials
    client.start_job(**BRANCH, jobType="RELEASE")
    assert eventually(lambda: amplify.site("d123", "feature/x"))

    host = "feature-x.d123.amplifyapp.com"
    assert page(url, host) == page(url, host, Authorization=f"Basic {others}") == 401
    assert page(url, host, Authorization=f"Basic {credentials}") == 200


def test_a_site_is_served_at_its_custom_domains(url: str, amplify: Amplify) -> None:
    amplify.create_branch("d123", "main", customDomains=["www.example.com"])
    amplify.start("d123", "main")
    assert eventually(lambda: amplify.site("d123", "main"))

    assert page(url, "www.example.com") == 200
    assert page(f"{url}/nothing", "www.example.com") == 404
    assert page(url, "www.example.org") == 403  # an unsigned call of Amplify's API
