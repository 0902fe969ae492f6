"""What the function has seen, and what it does next: the input of a decision, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from amplify_job.amplify.job import Job
from amplify_job.cloudformation.properties import SmokeTest
from amplify_job.decide.state import State
from amplify_job.outcomes import Failure

POLL_SECONDS = 2.0
"""How long to wait where nothing says that it takes longer."""


class Seen(NamedTuple):
    """What was read since the last pause. None stands for what was not read."""

    now: float
    jobs: Sequence[Job] | None = None
    """The branch's jobs, newest first."""
    all_jobs: bool = False
    """Whether these are all of them."""
    job: Job | None = None
    """The job that is waited for, with its steps."""
    verdict: Failure | None = None
    """Why that job, if it has ended, is no success; None if it is one."""
    skipped: str = ""
    """The words by which Amplify says that it has built nothing; empty if it does not."""
    flaw: str | None = None
    """What is wrong with the site; "" if nothing is."""
    files_open: bool = False
    """Whether the files to deploy are ready to be sent."""
    upload_url: str = ""
    """Where the files of the deployment that was just created are sent to. It is a secret."""


class Do(Enum):
    """The steps that need no more words."""

    READ_STACK = "look at the stack's events"
    OPEN_FILES = "read the archives, and merge them if there are several"
    CREATE_DEPLOYMENT = "create a deployment"
    SEND_FILES = "send the files to the deployment that was just created"
    START_DEPLOYMENT = "start the deployment that was created"


class ReadJobs(NamedTuple):
    """List the branch's jobs; only those since then, if it is given."""

    since: float | None = None


class ReadJob(NamedTuple):
    """Read a job. If it has ended, find out why it is no success, if it is none."""

    job_id: str


class LookAtSite(NamedTuple):
    """Ask for the page of the smoke test, once."""

    wanted: SmokeTest


class StartJob(NamedTuple):
    fields: dict[str, Any]
    what: str
    """For the log."""


class StopJob(NamedTuple):
    job_id: str


class Next(NamedTuple):
    """Go on with another state, at once."""

    state: State
    said: str = ""
    """For the log."""
    job: Job | None = None
    """The job that it is about."""


class Wait(NamedTuple):
    """Wait, then look again."""

    seconds: float = POLL_SECONDS
    state: State | None = None
    """Another one, if it changes."""


class Again(NamedTuple):
    """Go on after a step that could not be taken."""

    state: State
    seen: Seen
    seconds: float = 0
    """How long to pause before that, at most."""


class Answer(NamedTuple):
    """SUCCESS, with the attributes of that job."""

    job: Job | None = None
    said: str = ""
    """For the log."""
    why: str = ""


class Fail(NamedTuple):
    failure: Failure


Step = Do | ReadJobs | ReadJob | LookAtSite | StartJob | StopJob | Next | Wait | Answer | Fail


def acts(step: Step) -> bool:
    """Whether a step changes something, so that it needs a look at the stack that is not older than five
    seconds."""
    return isinstance(step, (StartJob, StopJob)) or step in (Do.CREATE_DEPLOYMENT, Do.START_DEPLOYMENT)
