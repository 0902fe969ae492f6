"""Waiting and trying again, within two limits: the work's own end, and the end of this invocation."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from jobs import Job, Jobs, Throttled, Unanswered
from log import log
from outcomes import AccessDenied, AmplifyError, HandOver, NotFound, OutOfTime

_T = TypeVar("_T")

POLL_SECONDS = 2.0
_SLOWEST_SECONDS = 30.0


class Clock(Protocol):
    """The part of the module `time` that is used; tests pass a simulated one."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Patience:
    """How long a piece of work may still take."""

    def __init__(
        self, clock: Clock, *, until: float, hand_over_at: float = math.inf, forgive_denials_until: float = 0
    ) -> None:
        """
        :param until: When the work must have ended.
        :param hand_over_at: When this invocation must have ended.
        :param forgive_denials_until: IAM may take as long to know a permission that was just granted.
        """
        self._clock = clock
        self._until = until
        self._hand_over_at = hand_over_at
        self._forgive_denials_until = forgive_denials_until
        self._poll_seconds = POLL_SECONDS
        self.last_error = ""

    @property
    def is_over(self) -> bool:
        return self._clock.time() >= self._until

    def pause(self, seconds: float | None = None) -> None:
        """Sleep for one poll, or for so many seconds, but not past the end.

        :raises OutOfTime: the end was reached before.
        :raises HandOver: the invocation would end in the pause.
        """
        now = self._clock.time()
        if now >= self._until:
            raise OutOfTime
        seconds = min(self._poll_seconds if seconds is None else seconds, self._until - now)
        if now + seconds > self._hand_over_at:
            raise HandOver
        self._clock.sleep(seconds)

    def forgive(self, error: Unanswered | AccessDenied) -> None:
        """Decide whether an error is worth another try; after throttling, polls come more slowly.

        :raises AccessDenied: IAM had its time.
        """
        if isinstance(error, AccessDenied) and self._clock.time() >= self._forgive_denials_until:
            raise error
        if isinstance(error, Throttled):
            self._poll_seconds = min(2 * self._poll_seconds, _SLOWEST_SECONDS)
        if str(error) != self.last_error:
            log("trying again", error=str(error))
        self.last_error = str(error)

    def insist(self, call: Callable[[], _T]) -> _T:
        """Repeat a call that has no effect of its own until it is answered."""
        seconds = 1.0
        while True:
            try:
                return call()
            except (Unanswered, AccessDenied) as error:
                self.forgive(error)
            self.pause(seconds * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
            seconds = min(2 * seconds, _SLOWEST_SECONDS)


def stop(jobs: Jobs, job: Job, patience: Patience) -> bool:
    """Stop a job; whether Amplify took the order. One that has ended already cannot be stopped."""
    try:
        patience.insist(lambda: jobs.stop(job.id))
    except (OutOfTime, AccessDenied, NotFound, AmplifyError) as error:
        log("not stopped", job=job.id, error=str(error) or type(error).__name__)
        return False
    log("stopped", job=job.id)
    return True
