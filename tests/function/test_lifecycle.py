"""Whatever CloudFormation, Lambda and Amplify do: the promises of docs/reliability.md hold.

Hypothesis makes up the lives of a stack: operations that succeed, fail, are cancelled and rolled back, on a
branch where others push and stop jobs, with requests delivered twice, late, and to functions that are killed.
`make fuzz` tries more of them.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any
from urllib.error import HTTPError, URLError

from cloudformation import Asked, CloudFormation
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated import APP_ID, BRANCH, Killed, World, worlds
from simulated_aws import STACK_ID

from amplify_job.cloudformation.mark import Mark
from amplify_job.cloudformation.properties import Properties
from amplify_local.amplify import Behaviour
from amplify_local.amplify.models import Job

TIMEOUT = 120
LOOK_IS_GOOD = 6
"""A job may start so long after its request was given up: the look at the stack before it is good for 5 s."""
SLOWEST = 8
"""How long a call takes at most before it takes effect, and after that."""
QUIET = 5_000
SHA = re.compile("[0-9a-f]{40}")
OPERATIONS = ("StartJob", "ListJobs", "GetJob", "StopJob", "CreateDeployment", "Upload", "StartDeployment")
ENDS = ("SUCCEED", "FAILED", "CANCELLED", "NO_DIFF")

COMMITS = ["c" * 39 + digit for digit in "0123"]

resources = st.fixed_dictionaries(
    {
        "CommitId": st.sampled_from(["", "", *COMMITS]),
        "Wait": st.sampled_from(["true", "true", "true", "false"]),
        "WhenBusy": st.sampled_from(["WAIT", "STOP", "JOIN", "FAIL"]),
        "OnRollback": st.sampled_from(["RESTORE", "RESTORE", "IGNORE"]),
    }
)
# Hypothesis mixes constants of the modules that happen to be loaded into what `floats` and `integers` draw:
# they would draw other examples in every worker of a test run.
seconds = st.sampled_from(
    [0.0, 0.25, 1.0, 2.5, 4.0, 5.0, 10.0, 14.5, 15.0, 16.0, 17.0, 20.0, 30.0, 45.5, 60.0, 90.0]
)
moments = st.one_of(st.none(), seconds)
plans = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(["SUCCEED", "SUCCEED", *ENDS, "A_NEW_WORD"]),
        "step": st.sampled_from(["BUILD", "DEPLOY", "VERIFY"]),
        "seconds": st.sampled_from([4.0, 15.0, 40.0, 150.0]),
        "created_seconds": st.sampled_from([0.0, 0.0, 5.0]),
        "running": st.sampled_from(["RUNNING", "RUNNING", "ANOTHER_NEW_WORD"]),
        "never_ends": st.sampled_from([False, False, False, True]),
        "ignores_stop": st.sampled_from([False, False, False, True]),
    }
)
faults = st.lists(
    st.fixed_dictionaries(
        {
            "operation": st.sampled_from(OPERATIONS),
            "mode": st.sampled_from(["500", "429", "denied", "malformed", "timeout", "reset"]),
            "applied": st.booleans(),
            "after": st.sampled_from(range(5)),
            "times": st.sampled_from([1, 2, 3]),
        }
    ),
    max_size=2,
)
answer_faults = st.lists(
    st.sampled_from([None, URLError("reset"), TimeoutError(), HTTPError("", 500, "", None, None)]),  # type: ignore[arg-type]
    max_size=3,
)
repetitions = st.lists(st.sampled_from([0.0, 0.1, 3.0, 30.0, 61.0, 200.0, 4000.0]), min_size=1, max_size=2)


class Life(RuleBasedStateMachine):
    """The life of one resource; every rule is something that happens to it or around it."""

    @initialize(
        limit=st.sampled_from([900.0, 150.0]),
        latency=st.sampled_from([0.0, 0.2]),
        exists=st.sampled_from([True, True, False]),
        commit_ids=st.sampled_from(["honoured", "honoured", "ignored"]),
        files=st.sampled_from([False, False, True]),
        slow=st.sampled_from([None, None, None, None, 1, 2, 3, 4]),
    )
    def begin(
        self, limit: float, latency: float, exists: bool, commit_ids: Any, files: bool, slow: int | None
    ) -> None:
        self._surroundings = worlds()
        self._surroundings.__enter__()
        self.world = World(job_seconds=15, latency=latency, limit=limit)
        if slow:
            self.world.slow = Random(slow)
        self.look_is_good = LOOK_IS_GOOD + (3 * SLOWEST if slow else 0)
        self.world.amplify.behaviour = Behaviour(commit_ids=commit_ids)
        self.world.branch.settings["enableAutoBuild"] = False
        for commit in COMMITS:
            self.world.amplify.push(APP_ID, BRANCH, commit_id=commit)
        self.world.branch.settings["enableAutoBuild"] = True
        if files:
            self.world.app.settings["repository"] = ""
        self.files = files
        self.stack = CloudFormation(self.world)
        self.exact = commit_ids == "honoured"
        self.versions = itertools.count(1)
        self.last_complete = 0.0
        self.was_served: Job | None = None
        """What the site served when the stack was last complete."""
        self.calm = True
        """Whether nothing has disturbed the next operation."""
        self.given_up: list[Asked] = []
        """Requests whose workers may still be under way."""
        if exists:
            self.stack.create(self.version({"Wait": "true", "WhenBusy": "WAIT", "OnRollback": "RESTORE"}))
            self.quiet()

    def teardown(self) -> None:
        if hasattr(self, "_surroundings"):
            self._surroundings.__exit__(None, None, None)

    # What happens around the resource

    @rule(
        disturbance=st.one_of(
            st.tuples(st.just("plan"), plans),
            st.tuples(st.just("push"), seconds),
            st.tuples(st.just("stop"), seconds),
            st.tuples(st.just("fail"), faults),
            st.tuples(st.just("fail_answers"), answer_faults),
            st.tuples(st.just("kill"), st.sampled_from(range(13))),
            st.tuples(st.just("deliver_again"), repetitions),
            st.tuples(st.just("deny_hand_overs"), st.none()),
            st.tuples(st.just("let_pass"), st.sampled_from([1.0, 60.0, 4000.0])),
        )
    )
    def something_disturbs_the_next_operation(self, disturbance: tuple[str, Any]) -> None:
        name, value = disturbance
        getattr(self, name)(value)
        self.calm = self.calm and name == "plan" and not value["ignores_stop"] and value["seconds"] < 60

    def plan(self, plan: dict[str, Any]) -> None:
        self.world.amplify.next_job(branch=(APP_ID, BRANCH), **plan)

    def push(self, after: float) -> None:
        """Somebody pushes a commit, or deploys files."""
        self.world.clock.at(self.world.clock.now + after, self._deploy if self.files else self._push)

    def _push(self) -> None:
        self.world.amplify.push(APP_ID, BRANCH)

    def _deploy(self) -> None:
        if not any(job.in_progress(self.world.clock.now) for job in self.world.jobs()):
            job = self.world.amplify.add_job(self.world.branch, "MANUAL", files=self.zip("somebody else's"))
            self.world.clock.at(self.world.clock.now + 5, partial(setattr, job, "asked", job.created + 5))

    def stop(self, after: float) -> None:
        def stop() -> None:
            for job in self.world.jobs():
                if job.in_progress(self.world.clock.now):
                    self.world.amplify.stop(APP_ID, BRANCH, job.id)

        self.world.clock.at(self.world.clock.now + after, stop)

    def fail(self, faults: list[dict[str, Any]]) -> None:
        for fault in faults:
            self.world.amplify.fail(**fault)

    def fail_answers(self, faults: list[Any]) -> None:
        self.world.answer_faults = faults

    def kill(self, call: int) -> None:
        """Lambda kills the function in one of its next calls of Amplify."""
        calls = itertools.count()

        def kill(_: str) -> None:
            if next(calls) == call:
                raise Killed

        self.world.before_call = kill

    def deliver_again(self, after: list[float]) -> None:
        # Two deliveries at one moment, whose calls take longer than the job, may each build: a known limit.
        self.stack.duplicates = [seconds for seconds in after if seconds > 10 or not self.world.slow]

    def deny_hand_overs(self, _: None) -> None:
        # A rollback of files tries for ten minutes: within Lambda's 15, but not within the shorter limit.
        self.world.invoke_denied = not self.files or self.world.limit == 900

    def let_pass(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    # What happens to the resource

    @precondition(lambda self: not self.stack.physical_id)
    @rule(options=resources, sibling_fails=moments, in_update=st.booleans(), at_once=st.booleans())
    def create(
        self, options: dict[str, Any], sibling_fails: float | None, in_update: bool, at_once: bool
    ) -> None:
        self.calm = self.calm and options["OnRollback"] == "RESTORE"
        asked = self.stack.create(self.version(options), sibling_fails=sibling_fails, in_update=in_update)
        self.check(asked, undone=in_update and not self.stack.physical_id, at_once=at_once)

    @precondition(lambda self: self.stack.physical_id)
    @rule(
        options=resources,
        sibling_fails=moments,
        no_rollback=st.booleans(),
        old_is_last_good=st.booleans(),
        continued=st.booleans(),
        same=st.booleans(),
        at_once=st.booleans(),
    )
    def update(
        self,
        options: dict[str, Any],
        sibling_fails: float | None,
        no_rollback: bool,
        old_is_last_good: bool,
        continued: bool,
        same: bool,
        at_once: bool,
    ) -> None:
        before = self.stack.properties
        new = self.version(options)
        if same and self.stack.has_failed:  # the very same change once more
            new = self.stack.tried
        elif same:  # nothing that starts a job
            now = self.stack.tried or before
            defining = ("CommitMessage", "CommitId", "SourceBucketNames", "SourceObjectKeys")
            new |= {name: now[name] for name in defining if name in now}
        self.calm = self.calm and before["OnRollback"] == new["OnRollback"] == "RESTORE"
        asked = self.stack.update(
            new,
            sibling_fails=sibling_fails,
            no_rollback=no_rollback,
            old_is_last_good=old_is_last_good,
            continued=continued,
        )
        undone = self.stack.properties is before and not self.stack.is_failed
        self.check(asked, undone=undone, at_once=at_once)

    @precondition(lambda self: self.stack.is_failed)
    @rule(continued=st.booleans())
    def roll_back(self, continued: bool) -> None:
        self.calm = self.calm and self.stack.tried["OnRollback"] == "RESTORE"
        self.stack.roll_back(continued=continued)
        self.quiet()

    @precondition(lambda self: self.stack.physical_id)
    @rule()
    def delete(self) -> None:
        self.stack.delete()
        self.quiet()

    # What must hold

    @invariant()
    def a_request_starts_at_most_one_job(self) -> None:
        if not hasattr(self, "world") or self.files:  # the same files twice change nothing
            return
        jobs = self.world.branch.jobs
        # A push takes a pending build over, message and mark included: a known limit.
        effective = [
            job
            for job in jobs
            if job.id in self.world.started
            and job.asked < math.inf
            and self.world.started[job.id].get("commitMessage") in (None, job.commit_message)
        ]
        requests = [self.world.asked_by[job.id] for job in effective]
        assert len(requests) == len(set(requests)), requests

    @invariant()
    def nobody_elses_job_is_stopped(self) -> None:
        if not hasattr(self, "world"):
            return
        may_stop = any(a.event["ResourceProperties"].get("WhenBusy") == "STOP" for a in self.stack.requests)
        assert may_stop or self.world.stopped <= set(self.world.started)

    def check(self, asked: Asked, *, undone: bool, at_once: bool) -> None:
        """After an operation: its answer, and what the site serves in the end.

        :param undone: The operation was rolled back.
        :param at_once: The next operation begins while workers of this one may still wait.
        """
        answer = asked.answer
        if asked.abandoned is None:
            assert answer, "no answer"
            assert answer.time <= asked.sent + TIMEOUT + 180
        if answer and answer.status == "SUCCESS":
            assert len(answer.data) == 12
            assert answer.data["JobType"]
        # Sent in the second in which the stack begins to roll back, it counts as the rollback's.
        if asked.abandoned is not None and int(asked.abandoned) > int(asked.sent):
            self.given_up.append(asked)
        if at_once:
            self.calm = False
            return
        calm, before, complete = self.calm, self.was_served, self.last_complete
        self.quiet()
        if calm and asked.succeeded and not undone and not self.stack.is_failed:
            self.check_served(asked.event["ResourceProperties"])
        # A StartJob that takes seconds longer than the rollback's look comes after all: a known limit.
        if calm and undone and before and not self.world.slow:
            self.check_restored(before, complete)

    def check_served(self, properties: dict[str, Any]) -> None:
        """A deploy that succeeded serves what was deployed."""
        if properties["Wait"] == "false":
            return
        if self.files:
            last = self.world.jobs()[-1]  # an Update that changes nothing leaves what others have deployed
            # A deploy that joins a rollback's deployment leaves that one's files.
            may_join = any(a.event["ResourceProperties"]["WhenBusy"] == "JOIN" for a in self.stack.requests)
            if self.status(last) == "SUCCEED" and last.id in self.world.started and not may_join:
                assert self.world.amplify.site(APP_ID, BRANCH) == _site(properties["SourceObjectKeys"][0])
            return
        now, version = self.world.clock.now, self.fingerprint(properties)
        ours = [
            job for job in self.world.jobs() if (mark := self.mark_of(job)) and mark.fingerprint == version
        ]
        assert ours, "no job of this version"
        assert ours[-1].status_at(now) in ("SUCCEED", "CANCELLED")
        if ours[-1].status_at(now) == "SUCCEED" and self.exact and properties["CommitId"]:
            assert ours[-1].sha == properties["CommitId"]

    def check_restored(self, before: Job, complete: float) -> None:
        """A deploy that was rolled back serves what was served before, as far as that can be had again.

        :param complete: When the stack was last complete before it.
        """
        after = self.served
        assert after
        note(f"job {before.id} was served before, job {after.id} is now")
        if after is before or any(self.status(job) != "SUCCEED" for job in self.started_since(before)):
            return  # a restoration that failed brings nothing back
        if not self.stack.physical_id and self.mark_of(before) and before.began and before.began > complete:
            return  # it began only after its deploy, which did not wait for it
        if self.files:
            if self.stack.physical_id:
                key = self.stack.properties["SourceObjectKeys"][0]
                assert self.world.amplify.site(APP_ID, BRANCH) == _site(key)
        elif SHA.fullmatch(before.commit_id or ""):
            assert after.sha == before.sha
        elif self.stack.physical_id:
            mark, properties = self.mark_of(after), self.stack.properties
            assert mark
            assert mark.fingerprint == self.fingerprint(properties)
            if self.exact and properties["CommitId"]:
                assert after.sha == properties["CommitId"]

    def started_since(self, before: Job) -> list[Job]:
        """The last job that the function started since, if any: the restoration."""
        jobs = self.world.jobs()
        return [job for job in jobs if int(job.id) > int(before.id) and job.id in self.world.started][-1:]

    def quiet(self) -> None:
        """Let all that is under way come to its end, and take the disturbances away."""
        self.world.clock.sleep(QUIET)
        assert all(delivery.ended for delivery in self.world.deliveries)
        now = self.world.clock.now
        for job in self.world.jobs():
            if job.in_progress(now):
                job.stopped = now
            for asked in self.given_up:
                began = job.asked if job.asked < math.inf else 0
                if asked.abandoned and self.world.asked_by.get(job.id) == asked.event["ResponseURL"]:
                    assert began <= asked.abandoned + self.look_is_good, "a job started after its end"
        self.given_up = []
        self.world.clock.sleep(10)
        self.world.amplify.faults.clear()
        self.world.answer_faults = []
        self.world.before_call = lambda _: None
        self.world.invoke_denied = False
        self.calm = True
        if not self.stack.is_failed:
            self.was_served = self.served
            self.last_complete = next(self.completions(), 0.0)

    def completions(self) -> Iterator[float]:
        """When the stack was complete, newest first."""
        for event in self.world.stack_events:
            if event["PhysicalResourceId"] == STACK_ID and event["ResourceStatus"].endswith("_COMPLETE"):
                yield event["Timestamp"].timestamp()

    def version(self, options: dict[str, Any]) -> dict[str, Any]:
        """Properties that no other version has."""
        version = f"version {next(self.versions)}"
        timeouts = {"TimeoutSeconds": str(TIMEOUT), "ServiceTimeout": str(TIMEOUT + 180)}
        if self.files:
            self.zip(version)
            sources = {"SourceBucketNames": ["assets"], "SourceObjectKeys": [version]}
            return {**options, **timeouts, **sources, "CommitId": ""}
        return {"CommitId": "", **options, **timeouts, "CommitMessage": version}

    def zip(self, version: str) -> bytes:
        return self.world.archive(version, {"index.html": version})

    def fingerprint(self, properties: dict[str, Any]) -> str:
        return Properties.parse({"AppId": APP_ID, "BranchName": BRANCH, **properties}).fingerprint

    def mark_of(self, job: Job) -> Mark | None:
        """The mark of a job that the function started."""
        params = self.world.started.get(job.id)
        return Mark.parse(params.get("commitMessage", "")) if params else None

    def status(self, job: Job) -> str:
        return job.status_at(self.world.clock.now)

    @property
    def served(self) -> Job | None:
        """What the site shows: the newest job that succeeded."""
        return next((job for job in reversed(self.world.jobs()) if self.status(job) == "SUCCEED"), None)


def _site(version: str) -> dict[str, bytes]:
    return {"index.html": version.encode()}


TestLife = Life.TestCase
# Two hundred lives in `make test`; a profile that asks for more, as `make fuzz` does, gets them.
PROFILE = settings()
TestLife.settings = settings(PROFILE, max_examples=max(200, PROFILE.max_examples), stateful_step_count=8)
