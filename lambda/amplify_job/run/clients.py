"""What one request reaches: its stack, the jobs of a branch, the files to deploy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from amplify_job.amplify.jobs import Jobs
from amplify_job.cloudformation.properties import BranchLocation, Source
from amplify_job.cloudformation.request import Request
from amplify_job.cloudformation.stack import Look, events_of, look_at
from amplify_job.decide.state import State
from amplify_job.files.archives import Files
from amplify_job.run.aws import Aws


class Clock(Protocol):
    """The part of the module `time` that is used; tests pass a simulated one."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Clients:
    def __init__(self, request: Request, aws: Aws, clock: Clock) -> None:
        self.clock = clock
        self._request = request
        self._aws = aws
        self._jobs: dict[BranchLocation, Jobs] = {}

    @property
    def now(self) -> float:
        """In seconds since the epoch."""
        return self.clock.time()

    def look(self, state: State) -> Look:
        """Look at the stack.

        :raises Exception: of any kind, if it cannot be read: denied, throttled, unreachable.
        """
        events = events_of(self._aws.cloudformation(), self._request.stack_id)
        look = look_at(self._request.type, state.requested, events)
        return look._replace(at=self.now)

    def jobs(self, location: BranchLocation) -> Jobs:
        if location not in self._jobs:
            session = f"amplify-job-{self._request.stack_name}"
            stack_id = self._request.stack_id
            self._jobs[location] = Jobs(location, stack_id, lambda: self._aws.amplify(location, session))
        return self._jobs[location]

    def files(self, sources: Sequence[Source]) -> Files:
        return Files(sources, self._aws.s3)
