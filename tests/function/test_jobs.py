"""What Amplify's answers mean, one call at a time."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from faults import FAULTS
from simulated import APP_ID, BRANCH, World
from simulated_aws import STACK_ID, amplify_client

from amplify_job.amplify.jobs import Jobs
from amplify_job.cloudformation.properties import BranchLocation
from amplify_job.outcomes import AccessDenied, AmplifyError, Busy, NotFound, Throttled, Unanswered

LOCATION = BranchLocation(APP_ID, BRANCH, "us-east-1", "", "")


@pytest.mark.parametrize(
    ("operation", "code", "status", "meaning"),
    [
        ("StartJob", "LimitExceededException", 429, Throttled),
        ("GetJob", "LimitExceededException", 429, Throttled),
        ("StartJob", "TooManyRequestsException", 400, Throttled),
        ("StartJob", "ThrottlingException", 400, Throttled),
        ("StartJob", "Throttling", 400, Throttled),
        ("StartJob", "Other", 429, Throttled),
        ("AssumeRole", "AccessDenied", 403, AccessDenied),
        ("AssumeRole", "ValidationError", 400, AccessDenied),
        ("AssumeRole", "Other", 499, AccessDenied),
        ("AssumeRole", "Throttling", 400, Throttled),
        ("AssumeRole", "InternalFailure", 500, Unanswered),
        ("AssumeRole", "ServiceUnavailable", 503, Unanswered),
        ("GetJob", "Other", 401, AccessDenied),
        ("GetJob", "Other", 403, AccessDenied),
        ("GetJob", "NotFoundException", 400, NotFound),
        ("GetJob", "Other", 404, NotFound),
        ("GetJob", "InternalFailureException", 500, Unanswered),
        ("GetJob", "Other", 503, Unanswered),
        ("GetJob", "BadRequestException", 400, AmplifyError),
        ("GetJob", "Other", 499, AmplifyError),
        ("GetJob", "", 0, AmplifyError),
    ],
)
def test_an_error_means_one_thing(operation: str, code: str, status: int, meaning: type[Exception]) -> None:
    error = {
        "Error": {"Code": code, "Message": "the message"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    raised = _raised(ClientError(error, operation))  # type: ignore[arg-type]
    assert type(raised) is meaning
    assert "the message" in str(raised)


@pytest.mark.parametrize(
    ("modes", "meaning"),
    [
        (("timeout", "reset", "500", "malformed"), Unanswered),
        (("429", "rate"), Throttled),
        (("denied",), AccessDenied),
    ],
)
def test_faults_have_three_meanings(world: World, modes: tuple[str, ...], meaning: type[Exception]) -> None:
    for mode in modes:
        world.fail("ListJobs", mode)
        with pytest.raises(meaning):
            Jobs(LOCATION, STACK_ID, lambda: amplify_client("us-east-1")).list()
    assert set(modes) & set(FAULTS), "one of them stands for all"


@pytest.mark.parametrize("status", [400, 429])
def test_a_branch_is_busy_if_amplify_says_that_it_has_a_job(status: int) -> None:
    said = "The requested branch main already have pending or running jobs"
    error = {
        "Error": {"Code": "LimitExceededException", "Message": said},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    raised = _raised(ClientError(error, "StartJob"))  # type: ignore[arg-type]
    assert (type(raised), str(raised)) == (Busy, said)


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"Error": {"Code": "X", "Message": ""}}])
def test_an_error_without_words_is_told_by_its_code(response: dict[str, Any]) -> None:
    raised = _raised(ClientError(response, "GetJob"))  # type: ignore[arg-type]
    code = response.get("Error", {}).get("Code", "")
    assert str(raised) == (f"amplify:GetJob on branch main of app d1a2b3c4 in us-east-1 was refused: {code}")


def test_anything_else_is_no_answer_and_told_by_its_type_only() -> None:
    raised = _raised(RuntimeError("https://secret.example"))
    assert type(raised) is Unanswered
    assert str(raised) == "get_job was not answered: RuntimeError"


def test_fields_that_are_missing_are_empty() -> None:
    class Client:
        def get_job(self, **_: Any) -> Any:
            return {"job": {"summary": {"jobId": "1"}}}

    job = Jobs(LOCATION, STACK_ID, Client).get("1")  # type: ignore[arg-type]
    assert (job.arn, job.type, job.status, job.message, job.started, job.steps) == ("", "", "", "", None, ())
    assert job.began_since(0)  # an unknown status is in progress, and no start is known yet


def test_a_call_that_does_not_fit_the_api_is_not_tried_again(world: World) -> None:
    jobs = Jobs(LOCATION, STACK_ID, lambda: amplify_client("us-east-1"))
    with pytest.raises(AmplifyError, match="the call does not fit Amplify's API"):
        jobs.start({"jobType": 7})
    assert world.amplify.calls == []


def test_a_client_is_made_once_and_only_when_needed(world: World) -> None:
    made: list[str] = []

    def connect() -> Any:
        made.append("client")
        return amplify_client("us-east-1")

    jobs = Jobs(LOCATION, STACK_ID, connect)
    assert made == []
    jobs.list()
    jobs.site()
    assert made == ["client"]
    assert jobs.endpoint == "https://amplify.us-east-1.amazonaws.com"


def test_the_console_shows_a_branch_with_its_slashes_escaped() -> None:
    jobs = Jobs(
        BranchLocation("d1", "feature/a b", "eu-west-1", "", ""),
        STACK_ID,
        lambda: amplify_client("eu-west-1"),
    )
    assert jobs.location.console_url == (
        "https://eu-west-1.console.aws.amazon.com/amplify/apps/d1/branches/feature%2Fa%20b/deployments"
    )


@pytest.mark.parametrize("newest_first", [True, False])
def test_jobs_are_listed_newest_first_in_whatever_order_they_come(world: World, newest_first: bool) -> None:
    world.amplify.plan(seconds=0)
    for _ in range(12):
        world.amplify.start(APP_ID, BRANCH)
    if not newest_first:
        world.branch.jobs.reverse()
    jobs = Jobs(LOCATION, STACK_ID, lambda: amplify_client("us-east-1"))
    assert [job.id for job in jobs.list()] == [str(number) for number in range(12, 0, -1)]


@pytest.mark.parametrize(("since", "pages"), [(None, 3), (0.0, 3), (119.0, 1), (50.0, 2)])
def test_the_list_is_read_as_far_back_as_wanted(world: World, since: float | None, pages: int) -> None:
    # given a job a second
    begun = world.clock.now
    world.amplify.plan(seconds=0)
    for _ in range(120):
        world.amplify.start(APP_ID, BRANCH)
        world.clock.sleep(1)
    jobs = Jobs(LOCATION, STACK_ID, lambda: amplify_client("us-east-1"))
    listed = jobs.list(None if since is None else begun + since)
    assert world.amplify.count("ListJobs") == pages
    assert len(listed) == min(50 * pages, 120)


def test_a_list_without_end_is_read_for_twenty_pages_of_fifty_jobs() -> None:
    asked: list[dict[str, Any]] = []

    class Client:
        def list_jobs(self, **given: Any) -> dict[str, Any]:
            asked.append(given)
            return {"jobSummaries": [{"jobId": str(len(asked))}], "nextToken": "more"}

    listed = Jobs(LOCATION, STACK_ID, Client).list(since=1.0)  # type: ignore[arg-type]
    assert (len(listed), len(asked)) == (20, 20)
    assert {given["maxResults"] for given in asked} == {50}


def _raised(error: Exception) -> Exception:
    """What a call raises when boto3 raises that."""

    class Client:
        def get_job(self, **_: Any) -> None:
            raise error

    with pytest.raises(Exception) as raised:  # noqa: B017, PT011
        Jobs(LOCATION, STACK_ID, Client).get("1")  # type: ignore[arg-type]
    return raised.value
