"""A world for the function: a clock that is simulated, an Amplify in memory, Lambda and CloudFormation.

The function's real boto3 clients run against the in-memory Amplify. Every invocation is a greenlet that gives
way whenever it sleeps or calls Amplify, so that several of them, and whatever else is planned, interleave in
simulated time, one at a time, in the same order in every run.
"""

from __future__ import annotations

import contextlib
import heapq
import io
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.client import HTTPMessage
from typing import Any
from urllib.error import HTTPError
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from greenlet import getcurrent, greenlet
from simulated_aws import (
    ACCOUNT,
    CURRENT,
    FUNCTION_ARN,
    REGION,
    STACK_ID,
    STUBBED,
    Presigned,
    SimulatedAws,
    fault,
)

from amplify_job import log
from amplify_job.amplify import web
from amplify_job.cloudformation import answer
from amplify_job.cloudformation.mark import physical_id, resource_digest
from amplify_job.run import invocation
from amplify_job.run.loop import Loop
from amplify_local.amplify import Amplify
from amplify_local.amplify.faults import MODES

START = datetime(2026, 1, 31, 12, tzinfo=timezone.utc).timestamp()
APP_ID, BRANCH = "d1a2b3c4", "main"
PHYSICAL_ID = physical_id(resource_digest(STACK_ID, "Site"))
SIGNATURE = "5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0ffee"


class Killed(BaseException):
    """The function's sandbox is gone; no code of the function runs any more."""


class Clock:
    """Simulated time, and what happens at which moment."""

    def __init__(self) -> None:
        self.now = START
        self._agenda: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = itertools.count()
        self.hub = getcurrent()
        self._called: list[float] = []

    def called(self) -> None:
        """AWS was called, which takes no time here: a loop without a pause would never end."""
        self._called = [*(moment for moment in self._called if moment == self.now), self.now]
        if len(self._called) > 100:
            pytest.fail(f"more than 100 calls of AWS at {self.now - START:.1f} s")

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "time.sleep refuses it"
        me = getcurrent()
        if me is self.hub:
            self.run(self.now + seconds)
            return
        self.at(self.now + seconds, me.switch)
        self.hub.switch()

    def at(self, moment: float, action: Callable[[], Any]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), action))

    def run(self, until: float = float("inf"), done: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen that is due, until a moment or until `done`."""
        while self._agenda and self._agenda[0][0] <= until and not done():
            moment, _, action = heapq.heappop(self._agenda)
            self.now = max(self.now, moment)
            action()
        if until != float("inf") and not done():
            self.now = max(self.now, until)


@dataclass
class Delivery:
    """One invocation of the function by Lambda."""

    event: Mapping[str, Any]
    ends: float
    ended: bool = False
    raised: BaseException | None = None
    kill: Callable[[], None] = lambda: None
    """Its sandbox dies."""


@dataclass
class Answer:
    url: str
    body: dict[str, Any]
    time: float

    @property
    def status(self) -> str:
        return str(self.body["Status"])

    @property
    def reason(self) -> str:
        return str(self.body.get("Reason", ""))

    @property
    def physical_id(self) -> str:
        return str(self.body["PhysicalResourceId"])

    @property
    def data(self) -> dict[str, str]:
        return dict(self.body.get("Data") or {})


class Page(io.BytesIO):
    """An answer of the site."""

    def __init__(self, status: int, text: str | bytes = "", **headers: str) -> None:
        super().__init__(text.encode() if isinstance(text, str) else text)
        self.status, self.headers = status, HTTPMessage()
        for name, value in headers.items():
            self.headers[name.replace("_", "-")] = value


@dataclass
class World:
    """One stack with one resource, and everything around it.

    :param latency: Seconds that a call of Amplify takes. At 0 a call gives no other invocation its turn.
    :param faults: See `fail`.
    :param asked: The operations of CloudFormation, STS and Lambda that were called.
    :param log_reads: The requests for logs of steps.
    :param before_call: Told method and path of a call of Amplify; what it raises, the function gets.
    :param after_call: As above, when Amplify has done it.
    """

    killed = Killed
    may_have_defects = False

    job_seconds: float = 60
    latency: float = 0
    page_seconds: float = 0
    """How long a page of the stack's events takes."""
    slow: random.Random | None = None
    """Makes every call of AWS take 0.05 to 8 s, before it takes effect and after that."""
    limit: float = 900
    clock: Clock = field(default_factory=Clock)
    stack_status: str = "CREATE_IN_PROGRESS"
    stack_events: list[dict[str, Any]] = field(default_factory=list)
    describe_denied: bool = False
    invoke_denied: bool = False
    assume_role_error: str = ""
    assumed: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answer_faults: list[Any] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    handed_over: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    log_reads: list[Any] = field(default_factory=list)
    faults: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before_call: Callable[[str], None] = lambda operation: None
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The parameters of StartJob, or of CreateDeployment, by the ID of each job that the function started or
    created, answered or not."""
    asked_by: dict[str, str] = field(default_factory=dict)
    """The ResponseURL of the request for which that was done."""
    stopped: set[str] = field(default_factory=set)
    """The jobs that the function stopped."""
    after_call: Callable[[str], None] = lambda operation: None
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """What S3 holds, by bucket and key."""
    workers: dict[greenlet, str] = field(default_factory=dict)
    pages: list[Any] = field(default_factory=list)
    """What the site answers next: pages or exceptions; then always `site_text`."""
    site_text: str = "hello"
    pages_asked: list[str] = field(default_factory=list)
    credentials_shown: list[str | None] = field(default_factory=list)
    """The header Authorization of each of these requests."""
    chunk_seconds: float = 0
    """How long each chunk of an upload takes."""
    hands_over_at_every_pause: bool = False
    """Whether each pause of the function ends its invocation; the next one begins after that pause."""
    pause: float = 0
    """How long the last one was."""

    def __post_init__(self) -> None:
        self.amplify = Amplify(self.clock.time, REGION, ACCOUNT, self.job_seconds)
        self.app = self.amplify.create_app("site", APP_ID)
        self.branch = self.amplify.create_branch(APP_ID, BRANCH)
        self._numbers = itertools.count(1)
        CURRENT[:] = [self]

    # CloudFormation

    def event(self, request_type: str, **properties: Any) -> dict[str, Any]:
        """A request of CloudFormation, sent now."""
        number = next(self._numbers)
        date = datetime.fromtimestamp(self.clock.now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        return {
            "RequestType": request_type,
            "RequestId": f"request-{number}",
            "ResponseURL": f"https://responses.s3.amazonaws.com/{number}?X-Amz-Date={date}&X-Amz-Expires=7200"
            f"&X-Amz-Signature={SIGNATURE}",
            "StackId": STACK_ID,
            "LogicalResourceId": "Site",
            "ResourceType": "Custom::AmplifyJob",
            "ResourceProperties": {
                "ServiceToken": FUNCTION_ARN,
                "AppId": APP_ID,
                "BranchName": BRANCH,
                **properties,
            },
        }

    def _announce(self, event: Any) -> None:
        """The stack shows an event of the resource for which a request is sent."""
        if isinstance(event, dict) and event.get("LogicalResourceId") and "HandedOver" not in event:
            status = f"{event.get('RequestType')}_IN_PROGRESS".upper()
            self._event_of(event["LogicalResourceId"], "Custom::AmplifyJob", status)

    def update(
        self, physical_id: str, *, old: Mapping[str, Any] | None = None, **properties: Any
    ) -> dict[str, Any]:
        event = self.event("Update", **properties)
        old_properties = {**self.event("Update")["ResourceProperties"], **(old or {})}
        return {**event, "PhysicalResourceId": physical_id, "OldResourceProperties": old_properties}

    def delete(self, physical_id: str, **properties: Any) -> dict[str, Any]:
        return {**self.event("Delete", **properties), "PhysicalResourceId": physical_id}

    def stack_event(self, status: str) -> None:
        """The stack takes on a status."""
        self.stack_status = status
        self._event_of("shop", "AWS::CloudFormation::Stack", status, STACK_ID)

    def _event_of(self, logical_id: str, resource_type: str, status: str, physical_id: str = "") -> None:
        happened = {
            "PhysicalResourceId": physical_id,
            "LogicalResourceId": logical_id,
            "ResourceType": resource_type,
            "ResourceStatus": status,
            "Timestamp": datetime.fromtimestamp(self.clock.now, timezone.utc),
        }
        self.stack_events.insert(0, happened)

    def deployed(self, **properties: Any) -> Answer:
        """A stack whose resource was created: its answer. Next, the stack is updated."""
        self.stack_event("CREATE_IN_PROGRESS")
        answer = self.request(self.event("Create", **properties))
        assert answer.status == "SUCCESS", answer.reason
        self.clock.sleep(5)
        self.stack_event("CREATE_COMPLETE")
        self.clock.sleep(600)
        self.stack_event("UPDATE_IN_PROGRESS")
        self.clock.sleep(5)
        return answer

    # Faults

    def fail(self, operation: str, mode: str, *, times: int = 1, applied: bool = False) -> None:
        """The next calls go wrong, of Amplify or of the stubs; `mode` is one of Amplify's `MODES`."""
        assert mode in MODES
        if operation in STUBBED:
            self.faults.setdefault(operation, []).extend([(mode, applied)] * times)
        else:
            self.amplify.fail(operation, times, mode, applied)

    def stubbed(self, operation: str, effect: Callable[[], Any]) -> Any:
        """A call of CloudFormation, STS or Lambda."""
        self.asked.append(operation)
        self.clock.called()
        self.take_time()
        if operation == "DescribeStackEvents" and self.page_seconds:
            self.clock.sleep(self.page_seconds)
        if not self.faults.get(operation):
            result = effect()
            self.take_time()
            return result
        mode, applied = self.faults[operation].pop(0)
        if applied:
            effect()
        self.take_time()
        if mode == "timeout":
            self.clock.sleep(20)
        raise fault(mode, operation)

    def take_time(self) -> None:
        if self.slow:
            self.clock.sleep(0.05 * 160 ** self.slow.random())

    # S3

    def archive(self, key: str, files: Mapping[Any, Any]) -> bytes:
        """Put a zip into the bucket `assets`."""
        made = io.BytesIO()
        with ZipFile(made, "w") as archive:
            for name, content in files.items():
                # Not dated: the same in every run.
                entry = ZipInfo(name) if isinstance(name, str) else name
                archive.writestr(entry, content, ZIP_DEFLATED)
        self.objects["assets", key] = made.getvalue()
        return made.getvalue()

    # Lambda

    def deliver(self, event: Mapping[str, Any], *, retries: int = 0, after: float = 0) -> Delivery:
        """Invoke the function asynchronously; `retries` are Lambda's, after 1 and 2 more minutes."""
        self._announce(event)
        delivery = Delivery(event, self.clock.now + after + self.limit)
        self.deliveries.append(delivery)

        def run() -> None:
            given = json.loads(json.dumps(event))  # as Lambda passes it on
            try:
                invocation.Invocation(given, _Context(self, delivery), SimulatedAws(self), self.clock).run()
            except (Exception, Killed) as error:
                delivery.raised = error
                if retries:
                    self.deliver(event, retries=retries - 1, after=60 * (3 - retries))
            delivery.ended = True

        worker = greenlet(run, self.clock.hub)
        self.workers[worker] = event.get("ResponseURL", "") if isinstance(event, dict) else ""

        def kill() -> None:
            if not delivery.ended:
                worker.throw(Killed)

        delivery.kill = kill
        self.clock.at(self.clock.now + after, worker.switch)
        self.clock.at(delivery.ends, kill)
        return delivery

    def settle(self) -> None:
        """Let time pass until no invocation is under way."""
        self.clock.run(done=lambda: all(delivery.ended for delivery in self.deliveries))

    def request(self, event: Mapping[str, Any]) -> Answer:
        """Deliver a request, let it end, and give its answer."""
        before = len(self.answers)
        self.deliver(event)
        self.settle()
        assert len(self.answers) == before + 1, [answer.body for answer in self.answers]
        return self.answers[-1]

    # What tests ask

    def jobs(self) -> list[Any]:
        return self.amplify.jobs(APP_ID, BRANCH)

    def status(self, job: Any) -> str:
        self.jobs()  # lets those begin that are due
        return str(job.status_at(self.clock.now))

    @property
    def decisions(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log]

    def page_of(self, url: str) -> Any:
        """What the site answers."""
        self.pages_asked.append(url)
        page = self.pages.pop(0) if self.pages else Page(200, self.site_text)
        if isinstance(page, Exception):
            raise page
        if page.status >= 300:
            raise HTTPError(url, page.status, "", page.headers, page)
        return page

    def put(self, url: str, body: bytes) -> None:
        if self.answer_faults and (fault := self.answer_faults.pop(0)):
            if isinstance(fault, TimeoutError):
                self.clock.sleep(10)
            raise fault
        assert len(body) <= 4096
        self.answers.append(Answer(url, json.loads(body), self.clock.now))


class _Context:
    invoked_function_arn = FUNCTION_ARN

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world, self._delivery = world, delivery

    def get_remaining_time_in_millis(self) -> int:
        return int((self._delivery.ends - self._world.clock.now) * 1000)


def _has_time_for(originally: Any) -> Any:
    def has_time_for(work: Any, seconds: float) -> bool:
        world = CURRENT[0]
        world.pause = seconds
        return not world.hands_over_at_every_pause and bool(originally(work, seconds))

    return has_time_for


def _counting(originally: Any) -> Any:
    """No step sends the work back without a pause or something new: then many would follow each other."""

    def take(loop: Any, step: Any) -> Any:
        loop.steps = getattr(loop, "steps", 0) + 1
        if loop.steps > 30:
            pytest.fail(f"30 steps without a pause, the last one is {step}")
        pause = originally(loop, step)
        if pause:
            loop.steps = 0
        return pause

    return take


@contextlib.contextmanager
def worlds() -> Iterator[None]:
    """The function's surroundings while worlds are in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "AWS_REGION", REGION)
        patch.setattr(answer, "_put", lambda url, body: CURRENT[0].put(url, body))
        patch.setattr(web, "_OPENER", Presigned())
        patch.setattr(Loop, "_has_time_for", _has_time_for(Loop._has_time_for))
        patch.setattr(Loop, "_take", _counting(Loop._take))
        patch.setattr(log, "print", lambda line, **_: CURRENT[0].log.append(line), raising=False)
        yield
