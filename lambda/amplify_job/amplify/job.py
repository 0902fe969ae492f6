"""A job as Amplify describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from amplify_job.cloudformation.mark import Mark

SUCCEED, FAILED, CANCELLED, CANCELLING = "SUCCEED", "FAILED", "CANCELLED", "CANCELLING"
MANUAL = "MANUAL"
"""The type of a job that deploys files."""
# Only this line: "No differences detected" is also written of a backend, and the site is built then.
# https://github.com/aws-amplify/amplify-hosting/issues/3268, issues/2385
SKIPPED_BUILD = "skipping frontend build & deploy, no changes detected"
"""What the log of a build says that was skipped, in lower case."""
_ENDS = (SUCCEED, FAILED, CANCELLED)


class Step(NamedTuple):
    name: str
    status: str
    reason: str
    log_url: str

    @classmethod
    def read(cls, step: Mapping[str, Any]) -> Step:
        return cls(*(text_of(step, name) for name in ("stepName", "status", "statusReason", "logUrl")))


class Job(NamedTuple):
    """A job as Amplify describes it; fields that the service model calls required can be missing."""

    id: str
    arn: str
    type: str
    status: str
    commit_id: str
    message: str
    """The commit message, with its mark if it has one."""
    mark: Mark | None
    """Which request started this job; None for somebody else's."""
    commit_time: datetime | None
    started: datetime | None
    """A job that is pending shows no start."""
    ended: datetime | None
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, summary: Mapping[str, Any], steps: Iterable[Mapping[str, Any]] = ()) -> Job:
        """:raises ValueError: the summary names no job."""
        if not re.fullmatch("[0-9]+", text_of(summary, "jobId")):
            raise ValueError("a job without an ID")
        return cls(
            id=summary["jobId"],
            arn=text_of(summary, "jobArn"),
            type=text_of(summary, "jobType"),
            status=text_of(summary, "status"),
            commit_id=text_of(summary, "commitId"),
            message=text_of(summary, "commitMessage"),
            mark=Mark.parse(text_of(summary, "commitMessage")),
            commit_time=summary.get("commitTime"),
            started=summary.get("startTime"),
            ended=summary.get("endTime"),
            steps=tuple(Step.read(step) for step in steps),
        )

    @property
    def in_progress(self) -> bool:
        """Whether the job has not ended. One with an unknown status counts as not ended."""
        return self.status not in _ENDS

    @property
    def step(self) -> str:
        """The step that runs; the job's status if none does."""
        return next((step.name for step in self.steps if step.status == "RUNNING"), self.status)

    @property
    def is_unstarted(self) -> bool:
        """Whether it shows no start yet: it is queued, or its deployment was only created."""
        return self.started is None and self.in_progress

    def began_since(self, when: float) -> bool:
        """Whether it began then or later, or has not begun yet."""
        if self.started is None:
            return self.is_unstarted
        return self.started.timestamp() >= when


def without_marks_of_copies(jobs: list[Job]) -> list[Job]:
    """Leave each mark to the oldest job with it: a redeploy in the console copies the commit message.

    :param jobs: Newest first, and so is what is returned.
    """
    owners = {job.mark: job.id for job in jobs}  # the oldest comes last
    return [job if owners[job.mark] == job.id else job._replace(mark=None) for job in jobs]


def text_of(described: Mapping[str, Any], name: str) -> str:
    value = described.get(name)
    return value if isinstance(value, str) else ""
