"""What becomes of a job: a pure function of the clock, of its plan, and of what was done to it when."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amplify_local.amplify.plan import STEPS, Plan

DEPLOYMENT = "MANUAL"
"""The type of a job that deploys files: it has no build."""

# A job is pending for half a second (0.3 to 0.8 s were recorded), for less if it is short.
_PENDING_SECONDS, _PENDING = 0.5, 0.05
# Of the rest: the share of provisioning, then the steps with these weights.
_PROVISIONING = 0.15
_WEIGHTS = {"BUILD": 6.0, "DEPLOY": 3.0, "VERIFY": 1.0}
_DEPLOY_SECONDS = 12.0  # DEPLOY and VERIFY together, of a long job: 8 to 16 s were recorded


@dataclass(kw_only=True)
class Timeline:
    """When a job is in which status and step; all times are in seconds since 1970.

    :param asked: When it was asked to start: a deployment of files is created before that.
    :param before: The status of a deployment that was only created.
    :param after: The job of its branch that it waits for.
    :param stopped: When somebody asked to stop it.
    """

    type: str
    plan: Plan
    created: float
    asked: float = math.inf
    before: str = "PENDING"
    after: Timeline | None = None
    stopped: float = math.inf

    @property
    def began(self) -> float:
        """When it begins, as far as known now; infinity for a job that is not asked to, or stopped before."""
        waits = self.plan.created_seconds + self.plan.queue_seconds + self._pending_seconds
        begins = max(self.asked + waits, self.after.ended if self.after else -math.inf)
        return math.inf if self.was_stopped and begins >= self.ended else begins

    @property
    def ended(self) -> float:
        """When it ends, as far as known now; infinity for a job that waits, also for a StopJob."""
        if self.was_stopped:
            return self.stopped + self.plan.stop_seconds
        return math.inf if self.plan.never_ends else self.began + self.plan.seconds - self._pending_seconds

    @property
    def step_names(self) -> tuple[str, ...]:
        return STEPS[1:] if self.type == DEPLOYMENT else STEPS

    @property
    def last_step(self) -> str:
        """The step in which it ends as planned."""
        passes = self.plan.outcome == "SUCCEED" and not self.plan.never_ends
        return STEPS[-1] if passes else self.planned_step

    @property
    def planned_step(self) -> str:
        """The step that the plan is about; a deployment has no build."""
        return max(self.plan.step, self.step_names[0], key=STEPS.index)

    @property
    def _pending_seconds(self) -> float:
        return min(_PENDING_SECONDS, _PENDING * self.plan.seconds)

    def in_progress(self, now: float) -> bool:
        return now < self.ended

    def status_at(self, now: float) -> str:
        if now >= self.ended:
            return "CANCELLED" if self.was_stopped else self.plan.status
        if self.was_stopped:
            return "CANCELLING"
        if self.asked == math.inf:
            return self.before
        if now < self.asked + self.plan.created_seconds:
            return "CREATED"
        if now < self.began:
            return "PENDING"
        return "PROVISIONING" if now < self.first_step else self.plan.running

    @property
    def was_stopped(self) -> bool:
        return self.stopped < math.inf and not self.plan.ignores_stop

    @property
    def first_step(self) -> float:
        return self.began + _PROVISIONING * self.plan.seconds

    def spans(self) -> dict[str, tuple[float, float]]:
        """Start and planned end of each step that the job gets to."""
        total = self.plan.seconds - self._pending_seconds - _PROVISIONING * self.plan.seconds
        names = self.step_names[: self.step_names.index(self.last_step) + 1]
        weights = sum(_WEIGHTS[name] for name in names)
        shares = {name: total * _WEIGHTS[name] / weights for name in names}
        after = sum(shares.values()) - shares.get("BUILD", math.inf)
        if after > _DEPLOY_SECONDS:
            shares = {name: share * _DEPLOY_SECONDS / after for name, share in shares.items()}
            shares["BUILD"] = total - _DEPLOY_SECONDS
        spans, start = {}, self.first_step
        for name in names:
            end = start + shares[name]
            spans[name] = (start, self.ended if name == names[-1] else min(end, self.ended))
            start = end
        return {name: span for name, span in spans.items() if span[0] < self.ended}

    def status_in(self, name: str, now: float) -> str:
        started, ended = self.spans().get(name, (math.inf, math.inf))
        if now >= self.ended:
            if started == math.inf:
                return "CANCELLED"
            cut_short = ended == self.ended
            return "SUCCEED" if not cut_short else self.status_at(now)
        if now < started:
            return "PENDING"
        return "SUCCEED" if now >= ended else self.status_at(now)
