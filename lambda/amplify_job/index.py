"""The custom resource `Custom::AmplifyJob`: starts an Amplify job, waits for it, and answers CloudFormation.

One request of CloudFormation may take several deliveries and invocations; it starts at most one job. Every
request is answered. `lifecycle.py` has what is done for each kind of request.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from answer import send
from attributes import attributes
from aws import Aws
from deadline import Clock, Deadline
from files import Files
from jobs import Job, Jobs
from lifecycle import Lifecycle
from log import log
from outcomes import AmplifyError, Failure, HandOver, InvalidProperties
from properties import BranchLocation, Properties
from request import Progress, Request
from stack import BRIEF_SECONDS, PATIENT_SECONDS, Kind, Stack
from step_log import StepLog

_MARGIN_SECONDS = 60  # what an invocation keeps of its time limit, to stop a job, to answer or to hand over
_IAM_SECONDS = 60  # how long a permission that was just granted may be denied
_DETAILS_SECONDS = 20
_LAST_DELIVERY_SECONDS = 2_400
"""A delivery that ends so long after its event was sent is Lambda's third and last: each takes 14 minutes."""


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> None:
    """Lambda's entry point."""
    Invocation(event, context, Aws(), time).run()


class NotHandedOver(Exception):
    """Raised for Lambda: its retry of this invocation goes on."""


class Invocation:
    """One delivery of a request, or what another invocation left of it."""

    def __init__(self, event: Mapping[str, Any], context: Context, aws: Aws, clock: Clock) -> None:
        self._began = clock.time()
        self._event = event
        self._request = Request.read(event)
        self._progress = Progress.of(event, self._began)
        self._context = context
        self._aws = aws
        self._clock = clock
        self._stack = Stack(aws.cloudformation(), self._request, self._progress, clock)
        self._connect = cache(self._jobs_of)

    def run(self) -> None:
        """Do what the request asks for, and answer it.

        :raises NotDelivered, NotHandedOver: for Lambda, which delivers the request again.
        """
        request = self._request
        log(
            "received",
            type=request.type,
            request=request.id,
            stack=request.stack_id,
            resource=request.logical_id,
        )
        try:
            data = self._serve()
        except HandOver:
            self._hand_over()
        except Failure as failure:
            self._fail(failure)
        except Exception as error:  # a defect: better a failed deploy now than one that hangs
            frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log("defect", error=type(error).__name__, frames=frames)
            self._fail(AmplifyError(f"unexpected {type(error).__name__}; the function's log has more"))
        else:
            send(request, self._clock, "SUCCESS", Data=data)

    def _serve(self) -> dict[str, str]:
        """:return: The attributes."""
        if self._request.type not in ("Create", "Update", "Delete"):
            raise InvalidProperties(
                f"RequestType is {self._request.type!r}, must be Create, Update or Delete"
            )
        properties = Properties.parse(self._request.properties)
        job = Lifecycle(
            self._request,
            self._progress,
            properties,
            self._connect,
            lambda sources: Files(sources, self._aws.s3),
            self._stack,
            self._clock,
            self._deadline(properties),
        ).run()
        return {} if self._request.type == "Delete" else self._attributes(properties, job)

    def _attributes(self, properties: Properties, job: Job | None) -> dict[str, str]:
        jobs = self._connect(properties.location)
        deadline = Deadline(
            self._clock,
            at=self._clock.time() + _DETAILS_SECONDS,
            tolerate_denials_until=self._began + _IAM_SECONDS,
        )
        try:
            branch_url = deadline.retry(jobs.site_url)
        except Failure as failure:
            log("site unknown", error=str(failure))
            branch_url = ""
        return attributes(
            job,
            job_type=properties.job_type,
            built_commit_id=StepLog(jobs).built_commit(job) if job else "",
            branch_url=branch_url,
            console_url=jobs.console_url,
        )

    def _fail(self, failure: Failure) -> None:
        """Answer with the reason, unless a failure would keep the stack from rolling back."""
        request = self._request
        log("failed", type=request.type, reason=failure.reason)
        # Properties are unusable at once: then there is time to ask a stack that cannot be read.
        seconds = PATIENT_SECONDS if isinstance(failure, InvalidProperties) else BRIEF_SECONDS
        undoes = request.type == "Update" and self._stack.kind(seconds) is not Kind.FORWARD
        if request.type == "Delete" or undoes:
            send(request, self._clock, "SUCCESS", Data=self._known_attributes())
        else:
            send(request, self._clock, "FAILED", Reason=failure.reason)

    def _known_attributes(self) -> dict[str, str]:
        """The attributes that are known without asking Amplify."""
        job = Job.read({"jobId": self._progress.job_id}) if self._progress.job_id else None
        job_type = console_url = ""
        try:
            properties = Properties.parse(self._request.properties)
            job_type, console_url = properties.job_type, self._connect(properties.location).console_url
        except InvalidProperties as invalid:
            log("properties unusable", reason=invalid.reason)
        return attributes(job, job_type=job_type, built_commit_id="", branch_url="", console_url=console_url)

    def _hand_over(self) -> None:
        """Go on in another invocation.

        :raises NotHandedOver: for Lambda, whose own retry of this invocation then goes on, if one is left.
        """
        try:
            self._aws.lambda_().invoke(
                FunctionName=self._context.invoked_function_arn,
                InvocationType="Event",
                Payload=json.dumps(self._progress.hand_over(self._event, self._clock.time())),
            )
        except Exception as error:
            log("not handed over", error=type(error).__name__)
            if self._clock.time() - self._progress.sent > _LAST_DELIVERY_SECONDS:
                text = f"the function could not invoke itself to wait longer: {type(error).__name__}"
                self._fail(AmplifyError(f"{text}. Its role must allow lambda:InvokeFunction on it"))
                return
            raise NotHandedOver(type(error).__name__) from None
        log("handed over", job=self._progress.job_id)

    def _deadline(self, properties: Properties) -> Deadline:
        """The request's own."""
        remaining = self._context.get_remaining_time_in_millis() / 1000
        return Deadline(
            self._clock,
            at=self._progress.requested + properties.timeout_seconds,
            hand_over_at=self._clock.time() + remaining - _MARGIN_SECONDS,
            tolerate_denials_until=self._began + _IAM_SECONDS,
        )

    def _jobs_of(self, location: BranchLocation) -> Jobs:
        session = f"amplify-job-{self._request.stack_name}"
        return Jobs(location, self._request.stack_id, lambda: self._aws.amplify(location, session))
