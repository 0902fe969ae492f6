"""What is to be done about a branch, decided from a list of its jobs. Nothing here calls anything.

Every list holds the newest job first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from identity import Mark
from jobs import CANCELLING, SUCCEED, Job
from properties import DEPLOYMENT

NO_VERSION = "0"
"""The fingerprint of a job that serves no version of the resource: one that a Delete started."""
_SHA = re.compile("[0-9a-f]{40}", re.IGNORECASE)


@dataclass(frozen=True)
class Nothing:
    """No job is wanted."""

    why: str


@dataclass(frozen=True)
class Adopt:
    """That job does what is wanted."""

    job: Job


@dataclass(frozen=True)
class Start:
    """A job is wanted, with these fields of StartJob."""

    fields: dict[str, Any]
    what: str
    """For the log."""


Decision = Nothing | Adopt | Start
Decide = Callable[[Sequence[Job]], Decision]


# Which jobs are whose


def is_of(job: Job, resource: str) -> bool:
    """Whether the resource started the job."""
    return job.mark is not None and job.mark.resource == resource


def newest_of_version(listed: Sequence[Job], resource: str, fingerprint: str) -> Job | None:
    """The newest job that the resource started for a version of itself."""
    return next((job for job in listed if is_of(job, resource) and _fingerprint(job) == fingerprint), None)


def newest_success(listed: Sequence[Job]) -> Job | None:
    """What the site serves."""
    return next((job for job in listed if job.status == SUCCEED), None)


def own_in_progress(listed: Sequence[Job], resource: str) -> list[Job]:
    """The jobs in progress that the resource started, except those that a Delete of it started."""
    return [
        job for job in listed if job.in_progress and is_of(job, resource) and _fingerprint(job) != NO_VERSION
    ]


def of_this_request(
    listed: Sequence[Job], mark: Mark, *, unmarked_since: float | None, known: frozenset[str]
) -> Job | None:
    """The job that the request started before, if the list shows it.

    :param unmarked_since: Given if the request may have started a job without learning its ID. An unmarked
        job that began since then is taken for that one: better a wrong job than a second one.
    :param known: The jobs that were there before.
    """
    marked = next((job for job in listed if job.mark and job.mark[:3] == mark[:3]), None)
    if marked or unmarked_since is None:
        return marked
    since = [job for job in unmarked_jobs(listed, mark.job_type, unmarked_since) if job.id not in known]
    if mark.job_type == DEPLOYMENT:  # one that was only created does not start by itself
        since = [job for job in since if not job.is_unstarted]
    return since[-1] if since else None


def unmarked_jobs(listed: Sequence[Job], job_type: str, since: float) -> list[Job]:
    """The jobs without a mark: nobody can tell who started them.

    There are none as soon as a job shows that Amplify returns commit messages, and with them marks.
    """
    if any(job.mark and job.mark.job_type == job_type for job in listed):
        return []
    return [job for job in listed if not job.mark and job.type in ("", job_type) and job.began_since(since)]


# What a rollback does


def to_stop_in_rollback(listed: Sequence[Job], resource: str, fingerprint: str, complete: float) -> list[Job]:
    """The resource's jobs of versions that are being undone.

    :param fingerprint: The version that the rollback goes back to.
    :param complete: When the stack was last complete.
    """
    return [
        job
        for job in own_in_progress(listed, resource)
        if _fingerprint(job) != fingerprint and job.began_since(complete)
    ]


def restore(
    listed: Sequence[Job], mark: Mark, complete: float, fields: dict[str, Any], message: str
) -> Decision:
    """Bring the site back to what it served when the stack was last complete.

    A RETRY of a job that recorded no commit builds the branch's tip
    (https://github.com/aws-amplify/amplify-hosting/issues/1253). Only somebody else's job is retried, and
    only if it recorded a commit. A job of this resource is started again from its properties.

    :param mark: Names the resource, and the version of it that is served afterwards.
    :param fields: StartJob's fields for that version, apart from the commit message.
    """
    settled = _settled(listed, mark, complete)
    if settled:
        return settled
    before = _served_before(listed, complete)
    if before and not is_of(before, mark.resource) and _SHA.fullmatch(before.commit_id):
        return _retry(before, mark)
    what = f"commit {fields['commitId']}" if "commitId" in fields else "the newest commit"
    return Start({**fields, "commitMessage": mark.sign(message)}, what)


def undo_create(listed: Sequence[Job], mark: Mark, complete: float) -> Decision:
    """As restore, for a resource that did not exist when the stack was last complete."""
    settled = _settled(listed, mark, complete)
    if settled:
        return settled
    before = _served_before(listed, complete)
    return _retry(before, mark) if before else Nothing("no earlier job is listed")


def _settled(listed: Sequence[Job], mark: Mark, complete: float) -> Nothing | Adopt | None:
    """Whether the site serves, or will serve, what it should; None if it serves what is being undone."""
    served = newest_success(listed)
    newer = listed[: listed.index(served)] if served else listed
    under_way = newest_of_version([job for job in newer if job.in_progress], mark.resource, mark.fingerprint)
    if under_way and under_way.status != CANCELLING:
        return Adopt(under_way)
    if served is None or not is_of(served, mark.resource):
        return Nothing("the site serves no job of this resource")
    if _fingerprint(served) == mark.fingerprint:
        return Nothing("the site serves this version")
    if not served.began_since(complete):
        return Nothing("the site serves what it served before")
    return None


def _served_before(listed: Sequence[Job], complete: float) -> Job | None:
    return newest_success([job for job in listed if not job.began_since(complete)])


def _retry(job: Job, mark: Mark) -> Start:
    message = mark._replace(job_type="RETRY").sign(f"Restored by CloudFormation: job {job.id}")
    return Start({"jobType": "RETRY", "jobId": job.id, "commitMessage": message}, f"job {job.id} again")


def _fingerprint(job: Job) -> str:
    return job.mark.fingerprint if job.mark else ""
