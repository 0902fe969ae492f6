"""The peers' handlers on a simulated clock, against the in-memory Amplify.

The handlers in `bench/peers` and crhelper are the real code. The schedules are read from code, of aws-cdk-lib
2.275 (`custom-resources/lib/provider-framework`: the state machine retries its one task `totalTimeout /
interval` times, `interval` apart; each task is the framework's function, which waits for the user's) and of
crhelper 2.0.12 (`resource_helper.py`: an EventBridge rule `rate(2 minutes)`).
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3

from amplify_local.amplify import Amplify, attach

CALL_SECONDS = 0.1  # what a call of an AWS API takes, an assumption
LAMBDA_SECONDS = 900
DEFAULT_GB = 0.125  # Lambda's default memory, which all functions of the peers have
START = 1_800_000_000.0
APP_ID, BRANCH = "d1a2b3c4d5e6f7", "main"
PEERS = Path(__file__).resolve().parents[1] / "peers"


@dataclass
class Work:
    """What it took until the answer, or until the function gave up."""

    outcome: str = ""
    reason: str = ""
    invocations: int = 0
    gb_seconds: float = 0
    transitions: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    """AWS API calls by operation; Lambda's own deliveries and the answer's PUT are none."""


class Timeout(BaseException):
    """Lambda ends the invocation."""


class Simulation:
    """One request of CloudFormation to a peer."""

    def __init__(self, job_seconds: float, deliveries: int = 1) -> None:
        self.deliveries = deliveries
        """How often Lambda delivers the request."""
        self.now = START
        self.ends = float("inf")
        self.work = Work()
        self.amplify = Amplify(lambda: self.now, job_seconds=job_seconds)
        self.amplify.create_app("site", APP_ID)
        self.amplify.create_branch(APP_ID, BRANCH)
        self.event: dict[str, Any] = {
            "RequestType": "Create",
            "RequestId": "request",
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1",
            "LogicalResourceId": "Release",
            "ResponseURL": "https://responses.invalid",
            "ResourceProperties": {"AppId": APP_ID, "BranchName": BRANCH},
        }

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.ends:
            self.now = self.ends
            raise Timeout

    def handle(self, request: Any) -> Any:
        """A call of Amplify."""
        self.sleep(CALL_SECONDS)
        return self.amplify.handle(request)

    def called(self, operation: str, result: Any = None) -> Any:
        """A call of another service."""
        self.sleep(CALL_SECONDS)
        self.work.calls[operation] += 1
        return result

    def invoke(self, function: Callable[[], Any], gb: float = DEFAULT_GB) -> Any:
        """One invocation by Lambda, billed until its end."""
        began, outer = self.now, self.ends
        self.ends = min(outer, began + LAMBDA_SECONDS)
        self.work.invocations += 1
        try:
            return function()
        finally:
            self.work.gb_seconds += (self.now - began) * gb
            self.ends = outer

    def answer(self, outcome: str, reason: str = "") -> None:
        self.work.outcome, self.work.reason = outcome, reason

    @property
    def jobs(self) -> list[Any]:
        return self.amplify.jobs(APP_ID, BRANCH)

    @contextmanager
    def handler(self, folder: str) -> Iterator[ModuleType]:
        """A peer's handler module, loaded anew, its AWS and its sleep those of this simulation."""
        spec = importlib.util.spec_from_file_location(f"{folder}_index", PEERS / folder / "index.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        environment = {
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "APP_ID": APP_ID,
            "BRANCH_NAME": BRANCH,
        }
        real_client: Any = boto3.client
        # botocore's pauses between its own attempts pass in this time, too.
        clock = SimpleNamespace(sleep=self.sleep, time=lambda: self.now)

        def client(service: str, **options: Any) -> Any:
            if service == "amplify":
                return attach(real_client(service), self)  # type: ignore[arg-type]
            return _Stub(self)

        with (
            patch.dict("os.environ", environment),
            patch.object(boto3, "client", client),
            patch("botocore.endpoint.time", clock),
            patch.object(threading, "Timer", _NoTimer),
        ):
            sys.modules.pop("crhelper_index", None)
            spec.loader.exec_module(module)
            if hasattr(module, "time"):
                module.time = clock  # type: ignore[attr-defined]
            yield module


class _Stub:
    """A client of EventBridge, Lambda or CloudWatch Logs."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def __getattr__(self, method: str) -> Callable[..., Any]:
        operation = "".join(word.title() for word in method.split("_"))
        arn = "arn:aws:events:us-east-1:123456789012:rule/Release1"
        return lambda **_: self._simulation.called(operation, {"RuleArn": arn})


class _NoTimer:
    """crhelper sets a timer that answers shortly before Lambda's limit; here nothing takes as long."""

    def __init__(self, *_: Any) -> None: ...
    def start(self) -> None: ...
    def cancel(self) -> None: ...


def simulated(name: str, job_seconds: float) -> Work:
    return run(name, Simulation(job_seconds))


def run(name: str, simulation: Simulation) -> Work:
    logging.disable(logging.CRITICAL)  # crhelper logs a lot
    try:
        _RUNS[name](simulation)
    finally:
        logging.disable(logging.NOTSET)
    simulation.work.calls += Counter(call.operation for call in simulation.amplify.calls)
    return simulation.work


def _aws_custom_resource(simulation: Simulation) -> None:
    """Its function is Node's: one call, and the answer."""

    def handler() -> None:
        with simulation.handler("provider_handlers") as index:  # only for the client
            index.amplify.start_job(appId=APP_ID, branchName=BRANCH, jobType="RELEASE")

    simulation.invoke(handler)
    simulation.answer("SUCCESS")


def _provider(simulation: Simulation) -> None:
    work = simulation.work

    def framework(function: Callable[[dict[str, Any]], Any], event: dict[str, Any]) -> Any:
        """The framework's function calls the user's, and waits."""
        simulation.called("Invoke")
        return simulation.invoke(lambda: function(event))

    with simulation.handler("provider_handlers") as index:

        def on_event() -> dict[str, Any]:
            result = framework(lambda event: index.on_event(event, None), simulation.event)
            simulation.called("StartExecution")
            return {**simulation.event, **result}

        try:
            event = simulation.invoke(on_event)
            for attempt in range(55 * 60 // 5 + 1):
                if attempt:
                    simulation.sleep(5)
                work.transitions += 1
                complete = simulation.invoke(
                    lambda: framework(lambda event: index.is_complete(event, None), event)
                )
                if complete["IsComplete"]:
                    return simulation.answer("SUCCESS")
            simulation.answer("FAILED", "Operation timed out")
        except Exception as error:  # the framework answers whatever the user's function raises
            simulation.answer("FAILED", str(error))
    return None


def _trigger(simulation: Simulation) -> None:
    """The trigger's own function invokes the user's, and waits for its end."""

    def trigger() -> None:
        simulation.called("Invoke")
        simulation.invoke(lambda: index.handler({}, None))

    with simulation.handler("trigger_handler") as index:
        try:
            simulation.invoke(trigger)
            simulation.answer("SUCCESS")
        except Exception as error:
            simulation.answer("FAILED", str(error))
        except Timeout:
            # Nobody answers; CloudFormation waits, and Lambda delivers the event again.
            simulation.answer("no answer: Lambda ends it after 15 minutes")


def _crhelper(simulation: Simulation) -> None:
    context = SimpleNamespace(
        function_name="release", aws_request_id="1", get_remaining_time_in_millis=lambda: 60_000
    )
    with simulation.handler("crhelper_handler") as index:
        helper = index.helper
        answers: list[tuple[str, str]] = []

        def send(status: str | None = None, reason: str = "") -> None:
            answers.append((status or helper.Status, reason or helper.Reason))
            simulation.answer(*answers[-1])

        helper._send = send  # instead of a PUT
        for _ in range(simulation.deliveries):
            event = json.loads(json.dumps(simulation.event))
            simulation.invoke(lambda event=event: index.handler(event, context))  # type: ignore[misc]
        while not answers:  # the rule's target is the event with what crhelper added to it
            simulation.sleep(120)
            tick = json.loads(json.dumps(event))
            simulation.invoke(lambda tick=tick: index.handler(tick, context))  # type: ignore[misc]


_RUNS: dict[str, Callable[[Simulation], None]] = {
    "aws_custom_resource": _aws_custom_resource,
    "provider": _provider,
    "trigger": _trigger,
    "crhelper_poll": _crhelper,
}
