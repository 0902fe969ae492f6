"""Whether a job that has ended did what was wanted, and if not, why."""

from __future__ import annotations

import re

from amplify_job.amplify.job import CANCELLED, SUCCEED, Job, Step
from amplify_job.amplify.jobs import Jobs
from amplify_job.amplify.step_log import StepLog, plain
from amplify_job.cloudformation.properties import Properties
from amplify_job.log import log
from amplify_job.outcomes import SKIPPED, CommitMismatch, Failure, JobCancelled, JobFailed

_SHA = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_FULL_SHA = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)


def failure_of(job: Job, properties: Properties, jobs: Jobs, skipped: bool) -> Failure | None:
    """Why a job that has ended is no success; None if it is one.

    :param skipped: Whether Amplify has skipped its build.
    """
    title, see = f"job {job.id} of {jobs.location.title}", f"See {jobs.location.console_url}"
    if job.status == SUCCEED:
        return _mismatch(job, properties, jobs.step_log, title, see)
    step = _decisive_step(job)
    why = f" in step {step.name}" if step and step.name else ""
    reason = plain(step.reason).rstrip(" .") if step else ""
    why += f": {reason}" if reason else ""
    if job.status == CANCELLED:
        return JobCancelled(f"{title} was cancelled{why}. {see}")
    why += f". {SKIPPED}" if skipped else ""
    lines = jobs.step_log.tail(job, step, properties.failure_log_lines) if step else []
    quoted = f". Its log ends: {' | '.join(lines)}" if lines else ""
    return JobFailed(f"{title} failed{why}{quoted}. {see}")


def _decisive_step(job: Job) -> Step | None:
    """The step that ended as the job did, with a reason if one has it."""
    alike = [step for step in job.steps if step.status == job.status]
    return next((step for step in alike if step.reason), alike[0] if alike else None)


def _mismatch(job: Job, properties: Properties, step_log: StepLog, title: str, see: str) -> Failure | None:
    """The build's log proves what was built. Where it shows no commit, another one that Amplify reports is a
    mismatch, but an equal one proves nothing: Amplify may echo `commitId` and build the branch's tip."""
    wanted = properties.commit_id.lower()
    if not properties.verify_commit or not wanted:
        return None
    built, is_sha = step_log.built_commit(job), _SHA.fullmatch(wanted)
    shown = built or (job.commit_id.lower() if _FULL_SHA.fullmatch(job.commit_id) else "")
    if is_sha and shown and not (shown.startswith(wanted) or wanted.startswith(shown)):
        return CommitMismatch(f"{title} built commit {shown}, not {wanted}. {see}")
    if not is_sha or not built:
        log("commit unverified", job=job.id, wanted=wanted, reported=job.commit_id)
    return None
