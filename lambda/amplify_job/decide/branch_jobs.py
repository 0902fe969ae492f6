"""Which of a branch's jobs are whose. Every list holds the newest job first; nothing here calls AWS."""

from __future__ import annotations

from collections.abc import Sequence

from amplify_job.amplify.job import SUCCEED, Job
from amplify_job.cloudformation.mark import NO_VERSION, Mark


def is_of(job: Job, resource: str) -> bool:
    """Whether the resource started the job."""
    return job.mark is not None and job.mark.resource == resource


def of_request(jobs: Sequence[Job], mark: Mark) -> Job | None:
    """The job that a request started before, if the list shows it."""
    return next((job for job in jobs if job.mark and job.mark[:3] == mark[:3]), None)


def newest_of_version(jobs: Sequence[Job], resource: str, fingerprint: str) -> Job | None:
    """The newest job that the resource started for a version of itself."""
    return next((job for job in jobs if is_of(job, resource) and fingerprint_of(job) == fingerprint), None)


def newest_success(jobs: Sequence[Job]) -> Job | None:
    """The newest successful job, which the site serves."""
    return next((job for job in jobs if job.status == SUCCEED), None)


def described(jobs: Sequence[Job], resource: str, fingerprint: str) -> Job | None:
    """The job that the attributes show if none was started: of this version, else what the site serves."""
    return newest_of_version(jobs, resource, fingerprint) or newest_success(jobs)


def in_progress(jobs: Sequence[Job], resource: str) -> list[Job]:
    """The jobs in progress that the resource started, except those that a Delete of it started."""
    return [
        job for job in jobs if job.in_progress and is_of(job, resource) and fingerprint_of(job) != NO_VERSION
    ]


def fingerprint_of(job: Job) -> str:
    return job.mark.fingerprint if job.mark else ""
