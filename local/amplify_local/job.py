"""One job of an Amplify branch: what becomes of it is a pure function of the clock and its plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from amplify_local.build_log import step_log

if TYPE_CHECKING:
    from amplify_local.hosting import Branch

STEPS = ("BUILD", "DEPLOY", "VERIFY")
DEPLOYMENT = "MANUAL"
"""The type of a job that deploys files: it has no build."""
NO_DIFF = "NO_DIFF"

# What Amplify says of builds that it cancels itself (aws-amplify/amplify-hosting issues quote it).
_NO_DIFF_REASON = "cancelled - no diff detected from previous commit"

# A job is pending for half a second (0.3 to 0.8 s were recorded), for less if it is short.
_PENDING_SECONDS, _PENDING = 0.5, 0.05
# Of the rest: the share of provisioning, then the steps with these weights.
_PROVISIONING = 0.15
_WEIGHTS = {"BUILD": 6.0, "DEPLOY": 3.0, "VERIFY": 1.0}
_DEPLOY_SECONDS = 12.0  # DEPLOY and VERIFY together, of a long job: 8 to 16 s were recorded


@dataclass(frozen=True)
class Plan:
    """How a job goes and ends.

    :param outcome: ``SUCCEED``, ``FAILED``, ``CANCELLED``, ``NO_DIFF`` (cancelled by Amplify itself), or any
        other word, which the job then shows as its last status. Default: "SUCCEED"
    :param step: The step in which the job ends if it does not succeed. Default: "BUILD"
    :param status_reason: The reason that this step shows. Default: none; Amplify's own words for ``NO_DIFF``
    :param seconds: The time from StartJob to the end, in seconds, if the job does not queue. Default: the
        ``job_seconds`` of the Amplify
    :param created_seconds: How long it stays in CREATED before PENDING, in seconds. Default: 0
    :param log: Lines that end the log of the last step; a failure adds its own lines. Default: none
    :param builds: The commit that is built and that the log shows, whatever was asked for. Default: that
    :param never_ends: It stays in ``step`` until somebody stops it. Default: False
    :param running: The word that it shows instead of RUNNING. Default: "RUNNING"
    :param stop_seconds: How long it stays in CANCELLING, in seconds. Default: 1
    :param ignores_stop: A StopJob comes too late: the job ends as planned. Default: False
    """

    outcome: str = "SUCCEED"
    step: str = "BUILD"
    status_reason: str | None = None
    seconds: float = 5.0
    created_seconds: float = 0.0
    log: tuple[str, ...] = ()
    builds: str | None = None
    never_ends: bool = False
    running: str = "RUNNING"
    stop_seconds: float = 1.0
    ignores_stop: bool = False

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise ValueError(f"step must be one of {', '.join(STEPS)}, got {self.step!r}")
        object.__setattr__(self, "log", tuple(self.log))

    @property
    def status(self) -> str:
        return "CANCELLED" if self.outcome == NO_DIFF else self.outcome

    @property
    def reason(self) -> str | None:
        if self.status_reason is None and self.outcome == NO_DIFF:
            return _NO_DIFF_REASON
        return self.status_reason


@dataclass
class Job:
    """A job. Its fields change when it is asked to start, begins, is stopped, or gets files or a push.

    :param asked: When it was asked to start: a deployment of files is created before that.
    :param files: The zip that a deployment was sent.
    """

    branch: Branch
    id: str
    type: str
    plan: Plan
    created: float
    environment: dict[str, str]
    """The variables that it is built with."""
    commit_id: str | None = None
    commit_message: str | None = None
    commit_time: datetime | None = None
    reason: str | None = None
    builds: str | None = None  # the commit to build; else the branch's tip when the job begins
    asked: float = math.inf
    before: str = "PENDING"  # the status of a deployment that was only created
    files: bytes | None = None
    source_url: str | None = None
    began: float | None = None
    stopped: float | None = None

    @property
    def arn(self) -> str:
        return f"{self.branch.arn}/jobs/{self.id.zfill(10)}"

    @property
    def ready(self) -> float:
        """When it may begin, if a slot is free."""
        return self.asked + self.plan.created_seconds + self._pending_seconds

    @property
    def ended(self) -> float:
        """When it ends, as far as known now; infinity for a job that waits for a slot or for a StopJob."""
        if self.stopped is not None and not self.plan.ignores_stop:
            return self.stopped + self.plan.stop_seconds
        if self.began is None or self.plan.never_ends:
            return math.inf
        return self.began + self.plan.seconds - self._pending_seconds

    @property
    def step_names(self) -> tuple[str, ...]:
        return STEPS[1:] if self.type == DEPLOYMENT else STEPS

    @property
    def last_step(self) -> str:
        """The step in which it ends as planned."""
        passes = self.plan.outcome == "SUCCEED" and not self.plan.never_ends
        return STEPS[-1] if passes else max(self.plan.step, self.step_names[0], key=STEPS.index)

    @property
    def _pending_seconds(self) -> float:
        return min(_PENDING_SECONDS, _PENDING * self.plan.seconds)

    @property
    def sha(self) -> str:
        """The commit that it builds."""
        return (
            self.plan.builds
            or self.builds
            or self.branch.tip_at(self.created if self.began is None else self.began)
        )

    def in_progress(self, now: float) -> bool:
        return now < self.ended

    def status_at(self, now: float) -> str:
        if now >= self.ended:
            return "CANCELLED" if self._was_stopped else self.plan.status
        if self._was_stopped:
            return "CANCELLING"
        if self.asked == math.inf:
            return self.before
        if now < self.asked + self.plan.created_seconds:
            return "CREATED"
        if self.began is None or now < self.began:
            return "PENDING"
        return "PROVISIONING" if now < self._first_step else self.plan.running

    def progress(self, now: float) -> float:
        """How much of its planned time has passed, 0 to 1."""
        if now >= self.ended:
            return 1.0
        if self.began is None:
            return 0.0
        return min(0.99, (self._pending_seconds + now - self.began) / max(self.plan.seconds, 0.001))

    def steps(self, now: float) -> list[dict[str, Any]]:
        """The steps as GetJob shows them (log URLs without host); none until provisioned (from memory)."""
        if now < self._first_step:
            return []
        return [self._step(name, now) for name in self.step_names]

    def log(self, step: str, now: float) -> str:
        """A step's log as far as it is written by now; empty before the step starts."""
        started, ended = self._spans().get(step, (math.inf, math.inf))
        if now < started:
            return ""
        repository = self.branch.app.repository
        recorded = self.plan.builds or (self.builds if self.commit_id else None)
        planned = self.plan if step == self.last_step else None
        lines = step_log(step, recorded, repository, self._status_in(step, now), planned)
        done = 1.0 if now >= ended else (now - started) / (ended - started)
        shown = lines[: max(1, round(done * len(lines)))]
        pace = (min(ended, now) - started) / len(lines)
        return "".join(
            f"{timestamp(started + i * pace).isoformat('T', 'milliseconds')[:-6]}Z {line}\n"
            for i, line in enumerate(shown)
        )

    @property
    def _was_stopped(self) -> bool:
        return self.stopped is not None and not self.plan.ignores_stop

    @property
    def _first_step(self) -> float:
        return math.inf if self.began is None else self.began + _PROVISIONING * self.plan.seconds

    def _spans(self) -> dict[str, tuple[float, float]]:
        """Start and planned end of each step that the job gets to."""
        if self.began is None:
            return {}
        total = self.plan.seconds - self._pending_seconds - _PROVISIONING * self.plan.seconds
        names = self.step_names[: self.step_names.index(self.last_step) + 1]
        weights = sum(_WEIGHTS[name] for name in names)
        shares = {name: total * _WEIGHTS[name] / weights for name in names}
        after = sum(shares.values()) - shares.get("BUILD", math.inf)
        if after > _DEPLOY_SECONDS:
            shares = {name: share * _DEPLOY_SECONDS / after for name, share in shares.items()}
            shares["BUILD"] = total - _DEPLOY_SECONDS
        spans, start = {}, self._first_step
        for name in names:
            end = start + shares[name]
            spans[name] = (start, self.ended if name == names[-1] else min(end, self.ended))
            start = end
        return {name: span for name, span in spans.items() if span[0] < self.ended}

    def _step(self, name: str, now: float) -> dict[str, Any]:
        spans = self._spans()
        started, ended = spans.get(name, (self.ended, self.ended))
        status = self._status_in(name, now)
        # The model requires startTime also of steps that have not started.
        shown: dict[str, Any] = {
            "stepName": name,
            "startTime": timestamp(min(started, now)),
            "status": status,
        }
        if name in spans and started <= now:
            shown["logUrl"] = self.branch.log_path(self, name)
        if status not in ("PENDING", "RUNNING", "CANCELLING", self.plan.running):
            shown["endTime"] = timestamp(min(ended, now))
        if self.plan.reason and name == self.last_step and now >= self.ended and not self._was_stopped:
            shown["statusReason"] = self.plan.reason
        return shown

    def _status_in(self, name: str, now: float) -> str:
        started, ended = self._spans().get(name, (math.inf, math.inf))
        if now >= self.ended:
            if started == math.inf:
                return "CANCELLED"
            cut_short = ended == self.ended
            return "SUCCEED" if not cut_short else self.status_at(now)
        if now < started:
            return "PENDING"
        return "SUCCEED" if now >= ended else self.status_at(now)


def timestamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
