"""Nothing of Amplify can be reached: there is no address, or no connection."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)
from simulated import APP_ID, BRANCH, START, World

URL = "https://amplify.eu-wst-1.amazonaws.com/apps"
ERRORS = [
    EndpointConnectionError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ProxyConnectionError(proxy_url="http://user:secret@proxy.invalid"),
]


def unreached(world: World, *, until: float = float("inf"), error: Exception = ERRORS[0]) -> None:
    def refuse(call: str) -> None:
        if world.clock.now < until:
            raise error

    world.before_call = refuse


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_request_that_reaches_nothing_fails_after_two_minutes(world: World, error: Exception) -> None:
    unreached(world, error=error)
    answer = world.request(world.event("Create", Region="eu-wst-1"))
    host = "Amplify" if "roxy" in type(error).__name__ else "amplify.eu-wst-1.amazonaws.com"
    assert answer.reason == (
        f"AMPLIFY_ERROR: {host} could not be reached: the Region eu-wst-1 may be wrong, or without "
        "Amplify, or the function's VPC may have no way out"
    )
    assert START + 120 <= answer.time < START + 123


def test_what_was_reached_in_between_begins_the_two_minutes_anew(world: World) -> None:
    # given that ListJobs is reached again and again, and StartJob only after five minutes
    def refuse(call: str) -> None:
        if call.startswith("POST") and world.clock.now < START + 300:
            raise ERRORS[0]

    world.before_call = refuse
    assert world.request(world.event("Create")).status == "SUCCESS"


def test_a_rollback_that_reaches_nothing_lets_the_stack_roll_back(world: World) -> None:
    first = world.deployed()
    world.request(world.update(first.physical_id, Nonce="2"))
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    unreached(world)
    answer = world.request(world.update(first.physical_id, old={"Nonce": "2"}))
    assert answer.status == "SUCCESS"


def test_a_busy_branch_that_is_not_reached_for_two_minutes_fails_the_request(world: World) -> None:
    world.amplify.next_job(seconds=600)
    world.amplify.push(APP_ID, BRANCH)
    world.clock.at(START + 100, lambda: unreached(world))
    answer = world.request(world.event("Create"))
    assert "could not be reached" in answer.reason
    assert START + 220 <= answer.time < START + 250
