"""What a row says, and the words in which it says what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from faults import FAULTS

APP, BRANCH = "d1a2b3c4", "main"  # those of the simulated world
ANY = tuple(FAULTS)
LOST = ("timeout",)  # whether the call took effect is not known
SUCCESS = "SUCCESS"
INVENTED_ID = "shop-Site-1ABCDEFGHIJKL"


@dataclass
class Story:
    """A simulated world, and what a row tells of it."""

    world: Any
    mode: str = ""
    physical_id: str = INVENTED_ID
    events: list[Mapping[str, Any]] = field(default_factory=list)
    """The requests of CloudFormation that were delivered."""


Step = Callable[[Story], object]


@dataclass(frozen=True)
class Row:
    """One fault.

    :param fault: In words.
    :param happens: The same as steps.
    :param outcome: What then holds, in words.
    :param jobs: How many jobs the function started, or deployments it created.
    :param answers: What CloudFormation was sent, in this order: SUCCESS, or the code of a failure.
    :param modes: The row holds for a call that goes wrong in each of these ways.
    :param holds: The words of `outcome` as a condition.
    :param runs_once: Why the row is not run as well with a hand-over at every pause; empty if it is.
    """

    fault: str
    happens: Sequence[Step]
    outcome: str
    jobs: int
    answers: Sequence[str]
    modes: Sequence[str] = ("",)
    holds: Callable[[Any], object] = lambda world: True
    runs_once: str = ""
    is_exact: bool = False
    """Whether it is about exact seconds, so that it cannot hold where calls take time."""


# What CloudFormation asks for


def create(**properties: Any) -> Step:
    """A Create, with Lambda's two retries, to its end."""
    return lambda story: _to_its_end(story, story.world.event("Create", **properties))


def update(*, old: Mapping[str, Any] | None = None, **properties: Any) -> Step:
    return lambda story: _to_its_end(story, story.world.update(story.physical_id, old=old, **properties))


def delete(**properties: Any) -> Step:
    return lambda story: _to_its_end(story, story.world.delete(story.physical_id, **properties))


def roll_back(*, old: Mapping[str, Any] | None = None, **properties: Any) -> Step:
    """The stack rolls back, and sends an Update to what was there before; by default, from another nonce."""
    return both(stack("UPDATE_ROLLBACK_IN_PROGRESS"), update(old=old or {"Nonce": "2"}, **properties))


def begin_create(**properties: Any) -> Step:
    """As `create`, without waiting for its end."""
    return lambda story: _deliver(story, story.world.event("Create", **properties))


def begin_update(**properties: Any) -> Step:
    return lambda story: _deliver(story, story.world.update(story.physical_id, **properties))


def same_event_again(*, request: int = 0, after: float = 0, **changed: Any) -> Step:
    """Lambda delivers a request once more.

    :param request: The request's number; the first one is 0.
    """

    def step(story: Story) -> None:
        story.world.deliver({**story.events[request], **changed}, after=after)
        story.world.settle()

    return step


def deployed(**properties: Any) -> Step:
    """A stack with the resource in it, about to be updated. What was before does not count."""

    def step(story: Story) -> None:
        story.physical_id = story.world.deployed(**properties).physical_id
        count_from_here(story)

    return step


def updated(*, old: Mapping[str, Any] | None = None, **properties: Any) -> Step:
    """As above, after an Update that succeeded; by default, to another nonce."""

    def step(story: Story) -> None:
        world = story.world
        event = world.update(story.physical_id, old=old, **(properties or {"Nonce": "2"}))
        assert world.request(event).status == SUCCESS
        world.clock.sleep(5)
        count_from_here(story)

    return step


def stack(status: str) -> Step:
    """The stack takes on a status."""
    return lambda story: story.world.stack_event(status)


def complete(status: str = "UPDATE_COMPLETE") -> Step:
    """The operation of the stack ends, and ten seconds later an update begins."""

    def step(story: Story) -> None:
        story.world.stack_event(status)
        story.world.clock.sleep(10)
        story.world.stack_event("UPDATE_IN_PROGRESS")
        story.world.clock.sleep(5)
        count_from_here(story)

    return step


# What happens around it


def fails(operation: str, mode: str = "", *, times: int = 1, applied: bool = False) -> Step:
    """The next calls of an operation go wrong.

    :param mode: How; by default, as the row says.
    :param applied: They take effect all the same.
    """
    return lambda story: story.world.fail(operation, mode or story.mode, times=times, applied=applied)


def amplify_fails(times: int) -> Step:
    """The next calls of Amplify go wrong, whatever they are."""
    return lambda story: story.world.amplify.fail(None, times, story.mode)


def all_works_again(story: Story) -> None:
    """No call goes wrong any more."""
    story.world.faults.clear()
    story.world.amplify.faults.clear()


def jobs_take(seconds: float = 60, **plan: Any) -> Step:
    """How the jobs go from now on."""
    return lambda story: story.world.amplify.plan(seconds=seconds, **plan)


def next_job(**plan: Any) -> Step:
    return lambda story: story.world.amplify.next_job(**plan)


def list_lags(seconds: float) -> Step:
    """ListJobs shows a job so long after it was asked for."""
    return lambda story: setattr(story.world.amplify.behaviour, "list_lag_seconds", seconds)


def somebody_starts_a_job(**plan: Any) -> Step:
    def step(story: Story) -> None:
        story.world.amplify.next_job(**plan)
        story.world.amplify.start(APP, BRANCH)

    return step


def somebody_pushes(commit: str = "") -> Step:
    return lambda story: story.world.amplify.push(APP, BRANCH, commit_id=commit or None)


def wait(seconds: float) -> Step:
    return lambda story: story.world.clock.sleep(seconds)


def after(seconds: float, what: Step) -> Step:
    """Something happens later, whatever else goes on."""
    return lambda story: story.world.clock.at(story.world.clock.now + seconds, lambda: what(story))


def killed(*, before: str = "", after: str = "") -> Step:
    """Lambda kills the function, once, before or after a call of Amplify with such a method and path."""
    hook, wanted = ("before_call", before) if before else ("after_call", after)

    def step(story: Story) -> None:
        world = story.world

        def kill(call: str) -> None:
            if call == wanted or (wanted.endswith("*") and call.startswith(wanted[:-1])):
                setattr(world, hook, lambda _: None)
                raise world.killed

        setattr(world, hook, kill)

    return step


def function_is_killed(story: Story) -> None:
    story.world.deliveries[-1].kill()


def answers_fail(*errors: Callable[[], BaseException]) -> Step:
    """The next PUTs of the answer go wrong."""

    def step(story: Story) -> None:
        story.world.answer_faults = [error() for error in errors]

    return step


def world_with(**attributes: Any) -> Step:
    """Something else is so in this world."""

    def step(story: Story) -> None:
        for name, value in attributes.items():
            setattr(story.world, name, value)

    return step


def to_the_end(story: Story) -> None:
    story.world.settle()


def count_from_here(story: Story) -> None:
    """Leave what was before out of the count."""
    for counted in (story.world.answers, story.world.started, story.world.asked, story.world.amplify.calls):
        counted.clear()
    story.world.stopped.clear()


def both(*steps: Step) -> Step:
    def step(story: Story) -> None:
        for each in steps:
            each(story)

    return step


# What holds


def said(decision: str) -> Callable[[Any], bool]:
    return lambda world: any(line["decision"] == decision for line in world.decisions)


def stopped(*jobs: str) -> Callable[[Any], bool]:
    return lambda world: world.stopped == set(jobs)


def started_again(job_id: str, by: str) -> Callable[[Any], bool]:
    """Whether job `by` is a RETRY of that one."""
    return lambda world: world.started[by].get("jobId") == job_id


def the_same_answers(world: Any) -> bool:
    first, *others = (answer.body for answer in world.answers)
    return all(other == first for other in others)


def reason_says(words: str) -> Callable[[Any], bool]:
    return lambda world: words in world.answers[0].reason


def comes_to_pass(world: Any, row: Row, mode: str) -> None:
    """Let a row happen, and assert what it says."""
    story = Story(world, mode)
    for step in row.happens:
        step(story)
    answers = [
        answer.reason.split(":")[0] if answer.status == "FAILED" else answer.status
        for answer in world.answers
    ]
    assert (answers, len(world.started)) == (list(row.answers), row.jobs)
    assert row.holds(world), row.outcome
    assert not said("defect")(world)


def _deliver(story: Story, event: Mapping[str, Any]) -> None:
    story.events.append(event)
    story.world.deliver(event, retries=2)


def _to_its_end(story: Story, event: Mapping[str, Any]) -> None:
    _deliver(story, event)
    story.world.settle()
