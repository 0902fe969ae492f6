"""The end of a request: what is cleaned up, and what CloudFormation is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from amplify_job.amplify.job import Job
from amplify_job.amplify.jobs import Jobs
from amplify_job.cloudformation.answer import send
from amplify_job.cloudformation.request import Request, Task
from amplify_job.cloudformation.stack import Kind
from amplify_job.decide.branch_jobs import described
from amplify_job.decide.state import State
from amplify_job.decide.steps import Answer, Fail
from amplify_job.log import log
from amplify_job.outcomes import AccessDenied, Failure, Unanswered
from amplify_job.run.attributes import attributes
from amplify_job.run.clients import Clients

_T = TypeVar("_T")
_SECONDS = 25  # how long calls are tried on which no decision depends
_LOOK_SECONDS = 4  # how long the stack is asked before an Update fails
_FIRST_LOOK_SECONDS = 60  # the same if it was not asked before


class End:
    def __init__(self, request: Request, task: Task | None, state: State, clients: Clients) -> None:
        """:param task: None if the properties are unusable."""
        self._request = request
        self._task = task
        self._state = state
        self._clients = clients
        self._until = clients.now + _SECONDS

    def send(self, end: Answer | Fail) -> None:
        """:raises NotDelivered: CloudFormation could not be reached."""
        request, jobs = self._request, self._task and self._clients.jobs(self._task.properties.location)
        deployment = self._state.deployment.id
        # Created and not started, it would block the branch.
        if jobs and deployment and self._patiently(lambda: jobs.stop(deployment), self._until):
            log("stopped", job=deployment)
        if isinstance(end, Fail):
            log("failed", type=request.type, reason=end.failure.reason)
            if not self._must_succeed():
                send(request, self._clients.clock.sleep, "FAILED", Reason=end.failure.reason)
                return
        elif end.said:
            log(end.said, why=end.why)
        data = {}
        if request.type != "Delete":
            job = end.job if isinstance(end, Answer) else self._described(jobs)
            data = self._attributes(jobs, job)
        send(request, self._clients.clock.sleep, "SUCCESS", Data=data)

    def _must_succeed(self) -> bool:
        """Whether a failure would keep the stack from rolling back, or from being deleted."""
        state, now = self._state, self._clients.now
        if self._request.type != "Update":
            return self._request.type == "Delete"
        look = state.look
        if not state.looked_lately(now):
            seconds = _LOOK_SECONDS if look else _FIRST_LOOK_SECONDS
            look = self._patiently(lambda: self._clients.look(state), now + seconds) or look
        return look is not None and look.kind is not Kind.FORWARD

    def _described(self, jobs: Jobs | None) -> Job | None:
        listed = self._patiently(jobs.list, self._until) if jobs else None
        if listed and self._task:
            return described(listed, self._task.resource, self._task.properties.fingerprint)
        return Job.read({"jobId": self._state.job.id}) if self._state.job.id else None

    def _attributes(self, jobs: Jobs | None, job: Job | None) -> dict[str, str]:
        if not jobs or not self._task:
            return attributes(job, job_type="", built_commit_id="", branch_url="", console_url="")
        if job and not job.steps and not job.in_progress:  # a list shows no steps
            job_id = job.id
            job = self._patiently(lambda: jobs.get(job_id), self._until) or job
        site = self._patiently(jobs.site, self._until)
        return attributes(
            job,
            job_type=self._task.properties.job_type,
            built_commit_id=jobs.step_log.built_commit(job) if job else "",
            branch_url=site.url if site else "",
            console_url=jobs.location.console_url,
        )

    def _patiently(self, call: Callable[[], _T], until: float) -> _T | None:
        """Call until there is an answer, or until that time. None if there is none."""
        pause = 1.0
        while True:
            try:
                return call()
            except Exception as error:
                is_failure = isinstance(error, Failure)
                log("unanswered", error=str(error) if is_failure else type(error).__name__)
                if is_failure and not isinstance(error, (Unanswered, AccessDenied)):
                    return None
            if self._clients.now + pause > until:
                return None
            self._clients.clock.sleep(pause)
            pause *= 2
