"""What one invocation of the function hands over to the next, apart from the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from amplify_job.cloudformation.stack import Kind, Look, kind_unseen

_CARRIED = "HandedOver"
_VERSION = 3
_LOOK_IS_GOOD_SECONDS = 5


class State(NamedTuple):
    """All that a decision uses and that cannot be read anew. Times are in seconds since the epoch."""

    requested: float
    """When CloudFormation sent the request."""
    sent: float
    """When this event was sent: with the request, or at the last hand-over."""
    began: float
    """When the function first saw this delivery of the request."""
    since: float = 0
    """When the work of the present kind began: when the stack first showed that kind, or when a rollback's
    quiet seconds ended. 0 before the stack was seen."""
    look: Look | None = None
    """What the last readable look at the stack showed; None before the first look."""
    left: bool = False
    """Whether the resource's work on the other branch, which it moves from, is done."""

    job_id: str = ""
    """The job that is being waited for."""
    mine: bool = False
    """Whether this resource started that job, so that the request may stop it."""
    followed_since: float = 0
    renew: bool = False
    """Whether an Update that changes nothing needs a job all the same."""
    stopping_since: float = 0
    """When the job's time was over; 0 before."""
    stopped: tuple[str, ...] = ()
    """The jobs whose StopJob Amplify has accepted."""
    checking_since: float = 0
    """When the site was first looked at; 0 before."""

    deployment: str = ""
    """The deployment that this request has created and that has not started yet."""
    uploaded: bool = False
    """Whether that deployment has its files."""
    uploads_failed: int = 0
    files_warning: str = ""
    """Why the site will probably be wrong."""

    refused: bool = False
    """Whether the last try to start a job was refused. The branch's jobs then tell when to try again."""
    busy: str = ""
    """Amplify's words if it said that the branch was busy."""
    blocked_by: str = ""
    """The job that is in the way."""
    blocked_since: float = 0

    shown: str = ""
    """What the log said last about the job or the site."""
    tries: int = 0
    """How many tries in a row ended in an error that is worth another try."""
    denied_since: float = 0
    unreadable_since: float = 0
    """Since when the stack cannot be read; 0 if it can."""
    last_error: str = ""

    def kind(self, request_type: str) -> Kind:
        """What the request is, as far as is known."""
        return self.look.kind if self.look else kind_unseen(request_type)

    def looked_lately(self, now: float) -> bool:
        """Whether the last look at the stack still is good."""
        return self.look is not None and now - self.look.at <= _LOOK_IS_GOOD_SECONDS

    def followed(self, job_id: str, now: float, *, mine: bool) -> State:
        """The request follows the job from now on: it started it, found it again, or joined it."""
        return self._replace(job_id=job_id, mine=mine, followed_since=now, deployment="", last_error="")

    def departed(self) -> State:
        """The work on the other branch is done; that on the resource's own branch begins."""
        return self._replace(left=True, job_id="", stopped=(), refused=False, busy="", blocked_by="")


def handed_over(event: Mapping[str, Any]) -> State | None:
    """The state that came with the event; None if there is none that this version can read."""
    carried = event.get(_CARRIED)
    if not isinstance(carried, dict) or carried.get("version") != _VERSION:
        return None
    fields = {name: carried[name] for name in State._fields}
    look = fields["look"] and Look(**{**fields["look"], "kind": Kind(fields["look"]["kind"])})
    return State(**{**fields, "look": look, "stopped": tuple(fields["stopped"])})


def hand_over(event: Mapping[str, Any], state: State, now: float) -> dict[str, Any]:
    """The event for the next invocation."""
    look = state.look and state.look._asdict()
    return {**event, _CARRIED: {"version": _VERSION, **state._asdict(), "look": look, "sent": now}}
