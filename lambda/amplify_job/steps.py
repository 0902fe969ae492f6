"""What the function does next, and what it has seen: the values between `decide.py` and `perform.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jobs import Job
from outcomes import Failure
from properties import SmokeTest
from state import State

POLL_SECONDS = 2.0
"""How long to wait where nothing says that it takes longer."""


class Seen(NamedTuple):
    """What was read since the last pause. None stands for what was not read."""

    now: float
    jobs: Sequence[Job] | None = None
    """The branch's jobs, newest first."""
    job: Job | None = None
    """The job that is waited for, with its steps."""
    verdict: Failure | str | None = None
    """Why that job, which has ended, is no success; "" if it is one."""
    flaw: str | None = None
    """What is wrong with the site; "" if nothing is."""
    unanswered: bool = False
    """Whether Amplify did not answer until the time was over."""


@dataclass(frozen=True)
class ReadStack:
    """Look at the stack's events."""


@dataclass(frozen=True)
class ReadJobs:
    """List the branch's jobs; only those since then, if it is given."""

    since: float | None = None


@dataclass(frozen=True)
class ReadJob:
    job_id: str


@dataclass(frozen=True)
class Judge:
    """Find out why a job that has ended is no success, if it is none."""

    job: Job


@dataclass(frozen=True)
class LookAtSite:
    """Ask for the page of the smoke test, once."""

    wanted: SmokeTest


@dataclass(frozen=True)
class StartJob:
    fields: dict[str, Any]
    what: str
    """For the log."""


@dataclass(frozen=True)
class CreateDeployment:
    """Create a deployment, and send it the files."""


@dataclass(frozen=True)
class StartDeployment:
    """Start the deployment that was created."""


@dataclass(frozen=True)
class StopJob:
    job_id: str


@dataclass(frozen=True)
class Next:
    """Go on with another state, at once."""

    state: State
    said: str = ""
    """For the log."""
    job: Job | None = None
    """The job that it is about."""


@dataclass(frozen=True)
class Wait:
    """Wait, then look again."""

    seconds: float = POLL_SECONDS
    state: State | None = None
    """Another one, if it changes."""


@dataclass(frozen=True)
class Answer:
    """SUCCESS, with the attributes of that job."""

    job: Job | None = None
    said: str = ""
    """For the log."""
    why: str = ""


@dataclass(frozen=True)
class Fail:
    failure: Failure


ACTS = (StartJob, CreateDeployment, StartDeployment, StopJob)
"""What needs a look at the stack that is not older than five seconds."""

Step = (
    ReadStack
    | ReadJobs
    | ReadJob
    | Judge
    | LookAtSite
    | StartJob
    | CreateDeployment
    | StartDeployment
    | StopJob
    | Next
    | Wait
    | Answer
    | Fail
)
