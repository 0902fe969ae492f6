"""The custom resource `Custom::AmplifyJob`: starts an Amplify job, waits for it, and answers CloudFormation.

One request of CloudFormation may take several deliveries and invocations; it starts at most one job and
gets one answer. `release.py` has the way of a Create and of an Update that changes something, `rollback.py`
the rest.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from answer import send
from aws import Aws
from identity import PhysicalId, unsigned
from jobs import Job, Jobs
from log import log
from outcomes import Abandoned, AmplifyError, Failure, HandOver, InvalidProperties, NotFound, OutOfTime
from patience import Clock, Patience
from properties import Place, Properties
from release import Release
from request import Request
from rollback import Rollback
from stack import Stack, is_rolling_back

_MARGIN_SECONDS = 60  # what an invocation keeps of its time limit, to stop a job, to answer or to hand over
_IAM_SECONDS = 60  # how long a permission that was just granted may be denied
_DETAILS_SECONDS = 20
_ATTRIBUTES: list[str] = json.loads((Path(__file__).parent / "attributes.json").read_text())


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> None:
    """Lambda's entry point."""
    Invocation(event, context, Aws(), time).run()


class NotHandedOver(Exception):
    """Raised for Lambda, whose own retry goes on."""


class Invocation:
    """One delivery of a request, or what another invocation left of it."""

    def __init__(self, event: Mapping[str, Any], context: Context, aws: Aws, clock: Clock) -> None:
        self._began = clock.time()
        self._request = Request.read(event, self._began)
        self._context = context
        self._aws = aws
        self._clock = clock
        self._stack = Stack(aws.cloudformation(), self._request.stack_id, clock)
        self._jobs = cache(self._connect)

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
            physical_id, data = self._serve()
        except Abandoned as abandoned:
            log("abandoned", why=str(abandoned))
        except HandOver:
            self._hand_over()
        except Failure as failure:
            self._fail(failure)
        except Exception as error:  # a defect: better a failed deploy now than one that hangs
            frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log("defect", error=type(error).__name__, frames=frames)
            self._fail(AmplifyError(f"unexpected {type(error).__name__}; the function's log has more"))
        else:
            send(request, self._clock, "SUCCESS", physical_id, Data=data)

    def _serve(self) -> tuple[str, dict[str, str]]:
        """:return: The physical ID and the attributes."""
        request = self._request
        if request.type not in ("Create", "Update", "Delete"):
            raise InvalidProperties(f"RequestType is {request.type!r}, must be Create, Update or Delete")
        properties = Properties.parse(request.properties)
        if not request.fresh and self._stack.has_ended(request.progress.requested):
            raise Abandoned("its operation has ended")  # and it must not touch a newer one's job
        if request.type == "Delete":
            with suppress(OutOfTime):  # the errors are in the log
                self._rollback(properties).delete()
            return request.physical_id, {}
        if request.type == "Create":
            return self._released(properties)
        if request.physical and request.physical.fingerprint == properties.fingerprint:
            return self._unchanged(properties, request.physical)
        if request.handed_over:  # only a forward Update takes as long
            return self._released(properties)
        status = self._stack.status()
        if is_rolling_back(status):
            return self._rolled_back(properties, request.physical)
        return self._released(properties, status)

    def _released(self, properties: Properties, status: str | None = None) -> tuple[str, dict[str, str]]:
        return self._with_job(properties, self._release(properties, status).job())

    def _unchanged(self, properties: Properties, physical: PhysicalId) -> tuple[str, dict[str, str]]:
        """Nothing new is wanted. A job that still runs is waited for; an ended one is not judged again."""
        rolling_back = is_rolling_back(self._stack.status())
        job = self._rollback(properties).unchanged(physical, rolling_back)
        if job:
            return self._with_job(properties, job)
        patience = self._brief_patience() if rolling_back else self._patience(properties)
        job = self._described(properties.place, physical, patience)
        if job and job.in_progress and properties.wait and not rolling_back:
            job = self._release(properties).finish(job)
        return self._request.physical_id, self._attributes(properties.place, job)

    def _rolled_back(self, properties: Properties, physical: PhysicalId | None) -> tuple[str, dict[str, str]]:
        """The physical ID tells what the site serves: it changes only with a new job."""
        job = self._rollback(properties).changed(physical)
        if job:
            return self._with_job(properties, job)
        if physical is None:
            return self._request.physical_id, self._attributes(properties.place, None)
        place = properties.place.of(physical.app_id, physical.branch_name)
        job = self._described(place, physical, self._brief_patience())
        return self._request.physical_id, self._attributes(place, job)

    def _with_job(self, properties: Properties, job: Job) -> tuple[str, dict[str, str]]:
        place = properties.place
        physical_id = PhysicalId(place.app_id, place.branch_name, job.id, properties.fingerprint)
        return str(physical_id), self._attributes(place, job)

    def _described(self, place: Place, physical: PhysicalId, patience: Patience) -> Job | None:
        try:
            return patience.insist(lambda: self._jobs(place).get(physical.job_id))
        except NotFound:
            return None
        except OutOfTime:
            raise AmplifyError(f"job {physical.job_id} could not be read: {patience.last_error}") from None

    def _attributes(self, place: Place, job: Job | None) -> dict[str, str]:
        """All of them, always: a missing one fails the stack in Fn::GetAtt."""
        jobs = self._jobs(place)
        patience = Patience(
            self._clock,
            until=self._clock.time() + _DETAILS_SECONDS,
            forgive_denials_until=self._began + _IAM_SECONDS,
        )
        try:
            branch_url = patience.insist(jobs.site_url)
        except (Failure, OutOfTime) as error:
            log("site unknown", error=str(error) or patience.last_error)
            branch_url = ""
        return {
            "JobId": job.id if job else "",
            "JobArn": job.arn if job else "",
            "JobType": job.type if job else "",
            "Status": job.status if job else "",
            "CommitId": job.commit_id if job else "",
            "CommitMessage": unsigned(job.message).strip() if job else "",
            "CommitTime": _iso(job.commit_time if job else None),
            "StartTime": _iso(job.started if job else None),
            "EndTime": _iso(job.ended if job else None),
            "BranchUrl": branch_url,
            "ConsoleUrl": jobs.console_url,
        }

    def _fail(self, failure: Failure) -> None:
        """Answer with the reason, unless a failure would wedge the stack."""
        request = self._request
        if request.type == "Delete" or (request.type == "Update" and is_rolling_back(self._stack.status())):
            log("failure ignored", type=request.type, reason=str(failure))
            send(request, self._clock, "SUCCESS", request.physical_id, Data=dict.fromkeys(_ATTRIBUTES, ""))
            return
        physical_id = request.physical_id or str(request.failed_create(request.progress.job_id))
        send(request, self._clock, "FAILED", physical_id, Reason=str(failure))

    def _hand_over(self) -> None:
        """Go on in another invocation.

        :raises NotHandedOver: for Lambda, whose own retry of this invocation then goes on.
        """
        try:
            self._aws.lambda_().invoke(
                FunctionName=self._context.invoked_function_arn,
                InvocationType="Event",
                Payload=json.dumps(self._request.hand_over(self._clock.time())),
            )
        except Exception as error:
            log("not handed over", error=type(error).__name__)
            raise NotHandedOver(type(error).__name__) from None
        log("handed over", job=self._request.progress.job_id)

    def _patience(self, properties: Properties) -> Patience:
        """Until the request's deadline."""
        remaining = self._context.get_remaining_time_in_millis() / 1000
        return Patience(
            self._clock,
            until=self._request.progress.requested + properties.timeout_seconds,
            hand_over_at=self._clock.time() + remaining - _MARGIN_SECONDS,
            forgive_denials_until=self._began + _IAM_SECONDS,
        )

    def _brief_patience(self) -> Patience:
        return Patience(self._clock, until=self._clock.time() + _DETAILS_SECONDS)

    def _release(self, properties: Properties, status: str | None = None) -> Release:
        patience, jobs = self._patience(properties), self._jobs(properties.place)
        return Release(
            self._request, properties, jobs, self._stack, self._clock, patience=patience, status=status
        )

    def _rollback(self, properties: Properties) -> Rollback:
        return Rollback(self._request, properties, self._jobs, self._stack, self._clock)

    def _connect(self, place: Place) -> Jobs:
        return Jobs(place, lambda: self._aws.amplify(place, f"amplify-job-{self._request.stack_name}"))


def _iso(when: datetime | None) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""
