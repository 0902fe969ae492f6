"""The clients of AWS: where they call, how often, and as whom."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import botocore.client
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from amplify_job.cloudformation.properties import BranchLocation
from amplify_job.cloudformation.stack import events_of
from amplify_job.run.aws import ONE_ATTEMPT, Aws

NO_HEADERS: Any = {}
ROLE = "arn:aws:iam::210987654321:role/releaser"
LOCATION = BranchLocation("d1", "main", "eu-west-1", "", "")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFUNCTION")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def test_amplify_is_called_in_the_branchs_region() -> None:
    assert Aws().amplify(LOCATION, "session").meta.region_name == "eu-west-1"


def test_cloudformation_and_lambda_are_called_in_the_functions_own_region() -> None:
    assert Aws().cloudformation().meta.region_name == "us-east-1"
    assert Aws().lambda_().meta.region_name == "us-east-1"
    assert Aws().cloudformation().meta.service_model.service_name == "cloudformation"
    assert Aws().lambda_().meta.service_model.service_name == "lambda"


def test_every_call_that_acts_is_one_attempt_of_half_a_minute_at_most() -> None:
    for client in (Aws().amplify(LOCATION, "session"), Aws().lambda_()):
        config: Any = client.meta.config
        assert config.retries == {"total_max_attempts": 1, "mode": "legacy"}
        assert (config.connect_timeout, config.read_timeout) == (5, 20)


def test_a_throttled_call_that_acts_is_sent_once() -> None:
    sent: list[str] = []
    client: Any = Aws().amplify(LOCATION, "session")

    def refuse(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.url)
        return _response(429, '{"message": "busy"}', {"x-amzn-ErrorType": "LimitExceededException"})

    client.meta.events.register("before-send.amplify", refuse)
    with pytest.raises(ClientError, match="LimitExceededException"):
        client.start_job(appId="d1", branchName="main", jobType="RELEASE")
    assert len(sent) == 1


@pytest.mark.parametrize(("throttled", "is_read"), [(3, True), (4, False)])
def test_a_read_of_the_stack_that_is_throttled_three_times_is_answered(
    throttled: int, is_read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr("time.sleep", lambda _: None)
    refusals = iter(range(throttled))
    client: Any = Aws().cloudformation()

    def answer(request: Any, **_: Any) -> AWSResponse:
        if next(refusals, None) is None:
            result = "<DescribeStackEventsResult><StackEvents/></DescribeStackEventsResult>"
            return _response(200, f"<DescribeStackEventsResponse>{result}</DescribeStackEventsResponse>")
        return _response(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>")

    client.meta.events.register("before-send.cloudformation", answer)
    # when
    try:
        events = list(events_of(client, "stack"))
    except ClientError:
        assert not is_read
    else:
        assert (events, is_read) == ([], True)


def test_a_read_of_the_stack_that_is_not_answered_ends_within_the_minute_that_an_invocation_keeps() -> None:
    config: Any = Aws().cloudformation().meta.config
    longest_pauses = 1 + 2 + 4
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) + longest_pauses < 60


def test_without_a_role_the_function_calls_as_itself() -> None:
    assert _credentials_of(Aws().amplify(LOCATION, "session")) == ("AKIAFUNCTION", None)


def test_with_a_role_the_function_calls_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an STS
    asked: list[tuple[str, dict[str, Any], str]] = []

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        asked.append((operation, parameters, client.meta.region_name))
        return {"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "token"}}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    # when
    client = Aws().amplify(LOCATION._replace(assume_role_arn=ROLE), "amplify-job-shop")
    # then
    assert _credentials_of(client) == ("ASIA", "token")
    assert asked == [("AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "amplify-job-shop"}, "eu-west-1")]


@pytest.mark.parametrize(
    ("region", "regions"), [("eu-west-1", ["eu-west-1", "us-east-1"]), ("us-east-1", ["us-east-1"])]
)
def test_a_region_that_the_roles_account_has_not_enabled_is_followed_by_the_functions_own(
    monkeypatch: pytest.MonkeyPatch, region: str, regions: list[str]
) -> None:
    # given an STS that answers nowhere
    asked: list[str] = []

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        asked.append(client.meta.region_name)
        raise ClientError({"Error": {"Code": "RegionDisabledException", "Message": "no"}}, operation)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    with pytest.raises(ClientError, match="RegionDisabledException"):
        Aws().amplify(LOCATION._replace(assume_role_arn=ROLE, region=region), "session")
    assert asked == regions


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("a b/ü:c", "a-b---c"), ("x" * 70, "x" * 64), ("a_b+c=d,e.f@g-h", "a_b+c=d,e.f@g-h")],
)
def test_a_session_name_holds_only_what_sts_allows(
    monkeypatch: pytest.MonkeyPatch, name: str, allowed: str
) -> None:
    asked: list[dict[str, Any]] = []

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        asked.append(parameters)
        return {"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "token"}}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    Aws().amplify(LOCATION._replace(assume_role_arn=ROLE), name)
    assert asked[0]["RoleSessionName"] == allowed


def test_the_stacks_events_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    # given that the stack was complete so long ago that another page tells
    asked: list[tuple[str, dict[str, Any]]] = []
    when = datetime(2026, 1, 31, tzinfo=timezone.utc)
    event = {"PhysicalResourceId": "stack", "ResourceStatus": "UPDATE_IN_PROGRESS", "Timestamp": when}

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        asked.append((operation, parameters))
        if "NextToken" in parameters:
            return {"StackEvents": [{**event, "ResourceStatus": "CREATE_COMPLETE"}]}
        return {"StackEvents": [event], "NextToken": "more"}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    # when
    events = list(events_of(Aws().cloudformation(), "stack"))
    # then
    assert [(event.when, event.status) for event in events] == [
        (when.timestamp(), "UPDATE_IN_PROGRESS"),
        (when.timestamp(), "CREATE_COMPLETE"),
    ]
    assert asked == [
        ("DescribeStackEvents", {"StackName": "stack"}),
        ("DescribeStackEvents", {"StackName": "stack", "NextToken": "more"}),
    ]


def test_one_attempt_is_what_the_simulated_world_uses_too() -> None:
    retries: Any = vars(ONE_ATTEMPT)["_user_provided_options"]["retries"]
    assert retries["total_max_attempts"] == 1


def _response(status: int, text: str, headers: Any = None) -> AWSResponse:
    class Body:
        def stream(self, **_: Any) -> Any:
            yield text.encode()

    body: Any = Body()
    return AWSResponse("https://aws.invalid", status, headers or NO_HEADERS, body)


def _credentials_of(client: Any) -> tuple[str, str | None]:
    credentials = client._request_signer._credentials
    return credentials.access_key, credentials.token
