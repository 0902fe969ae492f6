"""A Create, or the Update of a deploy: one job for it, and the job's end."""

from __future__ import annotations

from collections.abc import Sequence

from amplify_job.amplify.job import CANCELLED, CANCELLING, FAILED, SKIPPED_BUILD, SUCCEED, Job
from amplify_job.cloudformation.request import Task
from amplify_job.decide.branch_jobs import newest_of_version, newest_success, of_request
from amplify_job.decide.deadline import STOPPING_SECONDS, end_of
from amplify_job.decide.start import deploy, in_the_way, start, words_of
from amplify_job.decide.state import State, TimedOut
from amplify_job.decide.steps import (
    POLL_SECONDS,
    Answer,
    Fail,
    LookAtSite,
    Next,
    ReadJob,
    ReadJobs,
    Seen,
    StartJob,
    Step,
    StopJob,
    Wait,
)
from amplify_job.outcomes import (
    SKIPPED,
    AmplifyError,
    BranchBusy,
    Failure,
    JobCancelled,
    JobTimedOut,
    SiteCheckFailed,
)

_SITE_SECONDS = 5.0


def create_or_update(task: Task, state: State, seen: Seen) -> Step:
    if state.job.id:
        return _follow(task, state, seen)
    is_unchanged = task.changes_nothing and not state.renew
    if seen.jobs is None:
        # Only a job of this request is looked for, unless the newest one of this version is.
        return ReadJobs(None if is_unchanged else state.requested)
    if is_unchanged:
        return _unchanged(task, state, seen, seen.jobs)
    return _release(task, state, seen)


def _release(task: Task, state: State, seen: Seen) -> Step:
    """Start the job, once: the list shows it if an earlier delivery of the request has done so."""
    jobs, properties = seen.jobs or (), task.properties
    if not properties.sources:
        mine = of_request(jobs, task.mark)
        if mine:
            return Next(state.followed(mine.id, seen.now, mine=True), "adopted", mine)
    if seen.now >= end_of(task, state):
        return Fail(too_late(task, state, seen.jobs or ()))
    if properties.sources:
        return deploy(task, state, seen, properties.when_busy)
    fields = {**properties.start_job, "commitMessage": task.mark.sign(task.message)}
    return start(StartJob(fields, "a release"), task, state, seen, properties.when_busy)


def _unchanged(task: Task, state: State, seen: Seen, jobs: Sequence[Job]) -> Step:
    """Start nothing, unless the job of this version is no success."""
    properties = task.properties
    job = newest_of_version(jobs, task.resource, properties.fingerprint)
    if job is None:
        # Files have no mark: their deployment may be the newest job.
        failed = properties.sources and jobs and not jobs[0].in_progress and jobs[0].status != SUCCEED
        if task.is_repeated or failed:
            return Next(state._replace(renew=True))
        return _check_again(task, state, seen, None)
    if job.in_progress:
        return Next(state.followed(job.id, seen.now, mine=True), "waited for", job)
    if seen.job is None:
        return ReadJob(job.id)
    failure = _failure(task, seen, seen.job)
    if isinstance(failure, Failure):
        return Next(state._replace(renew=True), "no success", job)
    return failure or _check_again(task, state, seen, seen.job)


def _check_again(task: Task, state: State, seen: Seen, job: Job | None) -> Step:
    """Check the site if the Update is repeated, as the site may have failed it, or if the test is new."""
    is_new = task.before is not None and task.before.smoke_test != task.properties.smoke_test
    if task.is_repeated or is_new:
        return _checked(task, state, seen, job)
    return Answer(job)


def _follow(task: Task, state: State, seen: Seen) -> Step:
    """Wait for the job's end, if that is wanted, and judge it."""
    job = seen.job
    if job is None:
        return ReadJob(state.job.id)
    if not task.properties.wait:
        return Answer(job)
    if state.timed_out.since and job.status != SUCCEED:
        return _time_out(task, state, seen, job)
    if job.in_progress and seen.now < end_of(task, state):
        return Wait(seconds_until_next_look(job, seen.now))
    if job.in_progress:
        return Next(state._replace(timed_out=TimedOut(seen.now, job.step)), "timed out", job)
    failure = _failure(task, seen, job)
    if isinstance(failure, Failure):
        return Fail(failure)
    return failure or _checked(task, state, seen, job)


def _failure(task: Task, seen: Seen, job: Job) -> Failure | ReadJobs | None:
    """Why a job that has ended is no success; None if it is one.

    After a skipped build, the site is as before. That will do, unless something has changed outside of the
    repository, or there is nothing before. Words such as "no diff detected from previous commit" say that
    there is something.
    """
    if not seen.skipped or job.status == FAILED:
        return seen.verdict
    lacking = ""
    if task.properties.triggers:
        lacking = "what Triggers name"
    elif task.changes_settings:
        lacking = "the changed settings of the branch"
    if not lacking and seen.skipped == SKIPPED_BUILD:
        if not seen.all_jobs:
            return ReadJobs()
        older = [other for other in seen.jobs or () if int(other.id) < int(job.id)]
        lacking = "" if newest_success(older) else "any build"
    if not lacking:
        return None
    location = task.properties.location
    text = f"job {job.id} of {location.title} leaves the site without {lacking}. {SKIPPED}"
    return JobCancelled(f"{text}. See {location.console_url}")


def _time_out(task: Task, state: State, seen: Seen, job: Job) -> Step:
    """Stop the job if this resource started it. If it succeeds all the same, that is a success."""
    told, is_over = job.id in state.stopped, seen.now >= end_of(task, state)
    if state.job.mine and job.in_progress and not is_over:
        return Wait() if told or job.status == CANCELLING else StopJob(job.id)
    if not state.job.mine:
        what = "it is somebody else's and goes on"
    elif not told:
        what = "it could not be stopped"
    elif job.in_progress:
        what = f"it was told to stop and was still {job.status} {STOPPING_SECONDS} seconds later"
    else:
        what = "it was stopped" if job.status == CANCELLED else f"it was told to stop and {job.status}"
    because = f" (Amplify's last error: {state.last_error})" if state.last_error else ""
    location, seconds = task.properties.location, task.properties.timeout_seconds
    said = [
        f"job {job.id} of {location.title} had not ended after {seconds} seconds; {what}{because}",
        f"When the time was over, it was in {state.timed_out.step}",
        *([SKIPPED] if seen.skipped else []),
        f"See {location.console_url}",
    ]
    return Fail(JobTimedOut(". ".join(said)))


def _checked(task: Task, state: State, seen: Seen, job: Job | None) -> Step:
    """Answer once the site is as wanted."""
    wanted = task.properties.smoke_test
    if not wanted or seen.flaw == "":
        return Answer(job)
    if seen.flaw is None:
        return LookAtSite(wanted)
    end = min(end_of(task, state), state.checking_since + wanted.seconds)
    if seen.now < end:
        return Wait(_SITE_SECONDS)
    why = f". Note that {state.files_warning}" if state.files_warning else ""
    return Fail(SiteCheckFailed(f"{seen.flaw}{why}. See {task.properties.location.console_url}"))


def too_late(task: Task, state: State, jobs: Sequence[Job]) -> BranchBusy | AmplifyError:
    """Why no job could be started before the timeout."""
    title, policy = task.properties.location.title, f"(WhenBusy is {task.properties.when_busy})"
    blocking = in_the_way(jobs, state)
    if state.blocked.refused and blocking:
        text = f"{words_of(task, state)}: job {blocking.id} was still {blocking.status}"
        return BranchBusy(f"{text} at the timeout {policy}")
    if state.blocked.words:
        return BranchBusy(f"{state.blocked.words} until the timeout {policy}")
    why = state.last_error or "the timeout has passed"
    return AmplifyError(f"no job could be started on {title} in time: {why}")


def seconds_until_next_look(job: Job, now: float) -> float:
    """1 to 4 s while the job builds, 1 s while it deploys, else 2 s.

    A build still has to be deployed and verified before the job succeeds, which takes some seconds.
    `docs/design.md` has the figures.
    """
    if job.step in ("DEPLOY", "VERIFY"):
        return 1.0
    if job.step in ("PROVISIONING", "BUILD"):
        began = job.started.timestamp() if job.started else 0
        return min(4.0, max(1.0, (now - began) // 2))
    return POLL_SECONDS
