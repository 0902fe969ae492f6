"""Whatever CloudFormation, Lambda and Amplify do: the promises of docs/reliability.md hold.

Hypothesis makes up the lives of a stack: operations that succeed, fail, are cancelled and rolled back, on a
branch where others push and stop jobs, with requests delivered twice, late, and to functions that are killed.
`make fuzz` tries more of them.
"""

from __future__ import annotations

import itertools
from typing import Any
from urllib.error import HTTPError, URLError

from cloudformation import Asked, CloudFormation
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated import APP_ID, BRANCH, Killed, World, worlds

from amplify_local.amplify import Behaviour
from identity import PhysicalId, Token
from request import Request

TIMEOUT = 120
OPERATIONS = ("StartJob", "ListJobs", "GetJob", "StopJob")
ENDS = ("SUCCEED", "FAILED", "CANCELLED", "NO_DIFF")

resources = st.fixed_dictionaries(
    {
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
        echo=st.sampled_from([True, True, True, False]),
        limit=st.sampled_from([900.0, 150.0]),
        latency=st.sampled_from([0.0, 0.2]),
        exists=st.sampled_from([True, True, False]),
    )
    def begin(self, echo: bool, limit: float, latency: float, exists: bool) -> None:
        self._surroundings = worlds()
        self._surroundings.__enter__()
        behaviour = (
            Behaviour() if echo else Behaviour(echoes_commit_message=frozenset(), retry_copies_message=False)
        )
        self.world = World(job_seconds=15, latency=latency, limit=limit)
        self.world.amplify.behaviour = behaviour
        self.stack = CloudFormation(self.world)
        self.echo = echo
        self.versions = itertools.count(1)
        self.calm = True
        """Whether nothing has disturbed the next operation."""
        self.given_up: list[Asked] = []
        """Requests whose workers may still be under way."""
        if exists:
            self.stack.create(self.version({"Wait": "true", "WhenBusy": "WAIT", "OnRollback": "RESTORE"}))

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
        self.world.clock.at(self.world.clock.now + after, lambda: self.world.amplify.push(APP_ID, BRANCH))

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
        # Without tokens that read back, two deliveries in one minute cannot know of each other.
        self.stack.duplicates = [seconds for seconds in after if self.echo or seconds > 55]

    def deny_hand_overs(self, _: None) -> None:
        self.world.invoke_denied = True

    def let_pass(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    # What happens to the resource

    @precondition(lambda self: not self.stack.physical_id)
    @rule(options=resources, sibling_fails=moments, in_update=st.booleans(), at_once=st.booleans())
    def create(
        self, options: dict[str, str], sibling_fails: float | None, in_update: bool, at_once: bool
    ) -> None:
        served = self.served
        asked = self.stack.create(self.version(options), sibling_fails=sibling_fails, in_update=in_update)
        self.check(asked, served, undone=not self.stack.physical_id, at_once=at_once)

    @precondition(lambda self: self.stack.physical_id)
    @rule(
        options=resources,
        sibling_fails=moments,
        order=st.sampled_from(["Update, Delete", "Delete, Update", "Delete"]),
        no_rollback=st.booleans(),
        continued=st.booleans(),
        same=st.booleans(),
        at_once=st.booleans(),
    )
    def update(
        self,
        options: dict[str, str],
        sibling_fails: float | None,
        order: str,
        no_rollback: bool,
        continued: bool,
        same: bool,
        at_once: bool,
    ) -> None:
        served, before = self.served, self.stack.properties
        new = self.version(options)
        if same:  # nothing that starts a job
            new["CommitMessage"] = before["CommitMessage"]
        self.calm = self.calm and before["OnRollback"] == new["OnRollback"] == "RESTORE"
        asked = self.stack.update(
            new, sibling_fails=sibling_fails, order=order, no_rollback=no_rollback, continued=continued
        )
        self.check(asked, served, undone=self.stack.properties is before, at_once=at_once)

    @precondition(lambda self: self.stack.physical_id)
    @rule()
    def delete(self) -> None:
        self.stack.delete()
        self.quiet()

    # What must hold

    @invariant()
    def a_request_starts_at_most_one_job(self) -> None:
        if not hasattr(self, "world"):
            return
        tokens = [str(Mark.parse(params["commitMessage"])) for params in self.world.started.values()]
        assert len(tokens) == len(set(tokens)), tokens

    @invariant()
    def nobody_elses_job_is_stopped(self) -> None:
        if not hasattr(self, "world"):
            return
        may_stop = any(a.event["ResourceProperties"].get("WhenBusy") == "STOP" for a in self.stack.requests)
        assert may_stop or self.world.stopped <= set(self.world.started)

    def check(self, asked: Asked, served: str, *, undone: bool, at_once: bool) -> None:
        """After an operation: its answer, its physical ID, and what the site serves in the end.

        :param at_once: The next operation begins while workers of this one may still wait.
        """
        answer, event = asked.answer, asked.event
        if asked.abandoned is None:
            assert answer, "no answer"
            assert answer.time <= asked.sent + TIMEOUT + 180
        if answer and answer.status == "SUCCESS":
            assert len(answer.data) == 11
            self.check_physical_id(answer.physical_id, str(event.get("PhysicalResourceId", "")))
        if asked.abandoned is not None:
            self.given_up.append(asked)
        if at_once:
            self.calm = False
            return
        calm = self.calm and self.echo
        self.quiet()
        now = self.world.clock.now
        brought_back = all(
            job.status(now) == "SUCCEED"
            for job in self.world.jobs()
            if "jobId" in self.world.started.get(job.id, {})
        )
        if calm and brought_back and undone and event["RequestType"] == "Update" and served:
            note(f"served {served} before, {self.served} now")
            assert self.served == served

    def check_physical_id(self, new: str, old: str) -> None:
        parsed, before = PhysicalId.parse(new), PhysicalId.parse(old)
        assert parsed
        if (
            before
            and new != old
            and not any("JOIN" in a.event["ResourceProperties"].values() for a in self.stack.requests)
        ):
            assert parsed.job_id != before.job_id, "a physical ID changed without a new job"

    def quiet(self) -> None:
        """Let all that is under way come to its end, and take the disturbances away."""
        self.world.clock.sleep(5000)
        assert all(delivery.ended for delivery in self.world.deliveries)
        now = self.world.clock.now
        for job in self.world.jobs():
            if job.in_progress(now):
                job.stopped = now
            for asked in self.given_up:
                if asked.abandoned and self.request_of(job.id) == asked.event["ResponseURL"]:
                    assert job.created <= asked.abandoned + 3, "a job started after its request was given up"
        self.given_up = []
        self.world.clock.sleep(10)
        self.world.amplify.faults.clear()
        self.world.answer_faults = []
        self.world.before_call = lambda _: None
        self.world.invoke_denied = False
        self.calm = True

    def version(self, options: dict[str, str]) -> dict[str, str]:
        """Properties that no other version has."""
        timeouts = {"TimeoutSeconds": str(TIMEOUT), "ServiceTimeout": str(TIMEOUT + 180)}
        return {**options, **timeouts, "CommitMessage": f"version {next(self.versions)}"}

    def request_of(self, job_id: str) -> str:
        """The URL of the request that started a job."""
        if job_id not in self.world.started:
            return ""
        token = Mark.parse(self.world.started[job_id]["commitMessage"])
        assert token
        for asked in self.stack.requests:
            if Request.read(asked.event, asked.sent).request_digest == token.request:
                return str(asked.event["ResponseURL"])
        raise AssertionError("a job of no request")

    @property
    def served(self) -> str:
        """What the site shows: the content of the newest job that succeeded."""
        now = self.world.clock.now
        succeeded = [job.id for job in self.world.jobs() if job.status(now) == "SUCCEED"]
        return self.content(succeeded[-1]) if succeeded else ""

    def content(self, job_id: str) -> str:
        params = self.world.started.get(job_id)
        if params is None:
            return f"push {job_id}"
        return (
            self.content(params["jobId"])
            if "jobId" in params
            else str(params["commitMessage"]).split("\n")[0]
        )


TestLife = Life.TestCase
# 2,000 lives in CI; a profile that asks for more gets them.
PROFILE = settings()
TestLife.settings = settings(PROFILE, max_examples=max(2_000, PROFILE.max_examples), stateful_step_count=8)
