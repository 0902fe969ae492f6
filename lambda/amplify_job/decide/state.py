"""How far a request is: what one invocation of the function hands over to the next, apart from the event."""

from __future__ import annotations

from typing import NamedTuple

from amplify_job.cloudformation.stack import Kind, Look, kind_unseen

_LOOK_IS_GOOD_SECONDS = 5


class Followed(NamedTuple):
    """The job that is waited for; none before there is one."""

    id: str = ""
    mine: bool = False
    """Whether this resource started that job, so that the request may stop it."""
    since: float = 0


class TimedOut(NamedTuple):
    """That the job's time was over, once it was."""

    since: float = 0
    step: str = ""
    """The step that ran then."""


class Deployment(NamedTuple):
    """The deployment that this request has created and that has not started yet, if there is one."""

    id: str = ""
    uploaded: bool = False
    """Whether it has its files."""
    unanswered: bool = False
    """Whether a StartDeployment was not answered: it may have taken effect."""


class Blocked(NamedTuple):
    """What kept the last try from starting a job."""

    refused: bool = False
    """Whether Amplify refused it. The branch's jobs then tell when to try again."""
    words: str = ""
    """Amplify's words if it said that the branch was busy."""
    by: str = ""
    """The job that is in the way."""
    since: float = 0


class Errors(NamedTuple):
    """The errors in a row that are worth another try."""

    tries: int = 0
    kind: str = ""
    """The class of the last one."""
    since: float = 0
    """When the first one of that kind came, with no other kind after it."""


class State(NamedTuple):
    """All that a decision uses and that cannot be read anew. Times are in seconds since the epoch."""

    requested: float
    """When CloudFormation sent the request."""
    sent: float
    """When this event was sent: with the request, or at the last hand-over."""
    began: float
    """When the function first saw this delivery of the request."""
    since: float = 0
    """When a look first showed that the request is of another kind than it had seemed; 0 if none did."""
    look: Look | None = None
    """What the last readable look at the stack showed; None before the first look."""
    unreadable_since: float = 0
    """Since when the stack cannot be read; 0 if it can."""

    job: Followed = Followed()
    renew: bool = False
    """Whether an Update that changes nothing needs a job all the same."""
    timed_out: TimedOut = TimedOut()
    stopped: tuple[str, ...] = ()
    """The jobs whose StopJob Amplify has accepted."""
    checking_since: float = 0
    """When the site was first looked at; 0 before."""

    deployment: Deployment = Deployment()
    uploads_failed: int = 0
    files_warning: str = ""
    """Why the site will probably be wrong."""

    blocked: Blocked = Blocked()
    errors: Errors = Errors()
    last_error: str = ""
    """What went wrong last, since the job was found."""
    shown: str = ""
    """What the log said last about the job or the site."""

    def kind(self, request_type: str) -> Kind:
        """What the request is, as far as is known."""
        return self.look.kind if self.look else kind_unseen(request_type)

    def looked_lately(self, now: float) -> bool:
        """Whether the last look at the stack still is good."""
        return self.look is not None and now - self.look.at <= _LOOK_IS_GOOD_SECONDS

    def followed(self, job_id: str, now: float, *, mine: bool) -> State:
        """The request follows the job from now on: it started it, found it again, or joined it."""
        return self._replace(job=Followed(job_id, mine, now), deployment=Deployment(), last_error="")
