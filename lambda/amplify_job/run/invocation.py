"""One invocation of the function: what is received, handed over, and answered.

`loop.py` repeats: `decide/next_step.py` names the next step, `take_step.py` takes it. `end.py` answers.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Protocol

from amplify_job.cloudformation.request import Request, Task
from amplify_job.decide.state import State
from amplify_job.decide.steps import Answer, Fail
from amplify_job.log import log
from amplify_job.outcomes import AmplifyError, InvalidProperties
from amplify_job.run.aws import Aws
from amplify_job.run.clients import Clients, Clock
from amplify_job.run.end import End
from amplify_job.run.hand_over import hand_over, handed_over
from amplify_job.run.loop import Loop

_MARGIN_SECONDS = 60  # what an invocation keeps of its time limit, to answer or to hand over
_LAST_DELIVERY_SECONDS = 2_400
"""A delivery that ends so long after its event was sent is Lambda's third and last: each takes 14 minutes."""


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


class NotHandedOver(Exception):
    """Lambda gets this error and retries the invocation, which then goes on."""


class Invocation:
    """One delivery of a request, or what another invocation left of it."""

    def __init__(self, event: Mapping[str, Any], context: Context, aws: Aws, clock: Clock) -> None:
        self._event, self._context, self._aws = event, context, aws
        self._request = Request.read(event)
        self._clients = Clients(self._request, aws, clock)
        now = clock.time()
        self._ends = now + context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
        requested = self._request.date or now
        self._state = handed_over(event) or State(requested, requested, now)

    def run(self) -> None:
        """Do what the request asks for, and answer it.

        :raises NotDelivered, NotHandedOver: for Lambda, which delivers the request again.
        """
        request, task = self._request, None
        log(
            "received",
            type=request.type,
            request=request.id,
            stack=request.stack_id,
            resource=request.logical_id,
        )
        end: Answer | Fail | None
        try:
            task = Task.read(request)
            end = self._work(task)
        except InvalidProperties as invalid:
            end = Fail(invalid)
        except Exception as error:  # a defect: better a failed deploy now than one that hangs
            frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log("defect", error=type(error).__name__, frames=frames)
            end = Fail(AmplifyError(f"unexpected {type(error).__name__}; the function's log has more"))
        end = end or self._hand_over()
        if end:
            End(request, task, self._state, self._clients).send(end)

    def _work(self, task: Task) -> Answer | Fail | None:
        """:return: The end of the request; None if another invocation must go on."""
        with closing(self._clients.files(task.properties.sources)) as files:
            loop = Loop(task, self._state, self._ends, self._clients, files)
            try:
                return loop.run()
            finally:
                self._state = loop.state

    def _hand_over(self) -> Fail | None:
        """Go on in another invocation.

        :return: Why that is impossible, in Lambda's last delivery.
        :raises NotHandedOver: for Lambda, whose own retry of this invocation then goes on.
        """
        now = self._clients.now
        try:
            self._aws.lambda_().invoke(
                FunctionName=self._context.invoked_function_arn,
                InvocationType="Event",
                Payload=hand_over(self._event, self._state, now),
            )
        except Exception as error:
            log("not handed over", error=type(error).__name__)
            if now - self._state.sent > _LAST_DELIVERY_SECONDS:
                text = f"the function could not invoke itself to wait longer: {type(error).__name__}"
                return Fail(AmplifyError(f"{text}. Its role must allow lambda:InvokeFunction on it"))
            raise NotHandedOver(type(error).__name__) from None
        log("handed over", job=self._state.job.id)
        return None
