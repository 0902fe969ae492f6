"""Waiting and trying again, within two limits: the end of the work, and the end of this invocation."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from log import log
from outcomes import AccessDenied, HandOver, Throttled, Unanswered

_T = TypeVar("_T")

POLL_SECONDS = 2.0
_SLOWEST_SECONDS = 30.0


class Clock(Protocol):
    """The part of the module `time` that is used; tests pass a simulated one."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Deadline:
    """How long a piece of work may still take."""

    def __init__(
        self, clock: Clock, *, at: float, hand_over_at: float = math.inf, tolerate_denials_until: float = 0
    ) -> None:
        """
        :param at: When the work must have ended.
        :param hand_over_at: When this invocation must have ended.
        :param tolerate_denials_until: Until then, a denial is worth another try: IAM takes its time to know a
            permission that was just granted.
        """
        self._clock = clock
        self._at = at
        self._hand_over_at = hand_over_at
        self._tolerate_denials_until = tolerate_denials_until
        self._poll_seconds = POLL_SECONDS
        self.last_error: Unanswered | AccessDenied | None = None

    @property
    def now(self) -> float:
        """In seconds since the epoch."""
        return self._clock.time()

    @property
    def has_passed(self) -> bool:
        return self._clock.time() >= self._at

    def until(self, at: float) -> Deadline:
        """An earlier deadline, in the same invocation."""
        return Deadline(
            self._clock,
            at=min(at, self._at),
            hand_over_at=self._hand_over_at,
            tolerate_denials_until=self._tolerate_denials_until,
        )

    def after(self, seconds: float) -> Deadline:
        """A deadline so many seconds from now, for what is left to do once this one may have passed."""
        return Deadline(self._clock, at=self._clock.time() + seconds)

    def check(self) -> None:
        """Look at both limits in the middle of a long piece of work.

        :raises Throttled: the deadline has passed.
        :raises HandOver: the invocation must end.
        """
        if self.has_passed:
            raise Throttled("the timeout has passed")
        if self._clock.time() > self._hand_over_at:
            raise HandOver

    def pause(self, seconds: float | None = None, *, polls: float = 1) -> bool:
        """Sleep for some polls or seconds, but not past the deadline.

        :return: False, without a pause, when the deadline has passed.
        :raises HandOver: the invocation would end in the pause.
        """
        now = self._clock.time()
        if now >= self._at:
            return False
        if seconds is None:
            seconds = min(polls * self._poll_seconds, _SLOWEST_SECONDS)
        seconds = min(seconds, self._at - now)
        if now + seconds > self._hand_over_at:
            raise HandOver
        self._clock.sleep(seconds)
        return True

    def tolerate(self, error: Unanswered | AccessDenied) -> None:
        """Accept an error that is worth another try; after throttling, polls come more slowly.

        :raises AccessDenied: a new permission would have taken effect by now.
        """
        if isinstance(error, AccessDenied) and self._clock.time() >= self._tolerate_denials_until:
            raise error
        if isinstance(error, Throttled):
            self._poll_seconds = min(2 * self._poll_seconds, _SLOWEST_SECONDS)
        if str(error) != str(self.last_error):
            log("trying again", error=str(error))
        self.last_error = error

    def retry(self, call: Callable[[], _T]) -> _T:
        """Repeat a call that has no effect of its own until it is answered.

        :raises Unanswered, AccessDenied: its last error, once the deadline has passed.
        """
        seconds = 1.0
        while True:
            try:
                return call()
            except (Unanswered, AccessDenied) as error:
                self.tolerate(error)
                if not self.pause(seconds * random.uniform(0.5, 1)):  # noqa: S311 - jitter, no secret
                    raise
            seconds = min(2 * seconds, _SLOWEST_SECONDS)
