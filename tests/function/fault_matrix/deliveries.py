"""Invocations that die, are repeated, come late or hand over; and the answer that is not taken."""

from __future__ import annotations

from io import BytesIO
from urllib.error import HTTPError, URLError

from .row import (
    ANY,
    LOST,
    SUCCESS,
    Row,
    Story,
    after,
    answers_fail,
    begin_create,
    create,
    deployed,
    fails,
    function_is_killed,
    jobs_take,
    killed,
    next_job,
    said,
    same_event_again,
    somebody_starts_a_job,
    stack,
    stopped,
    the_same_answers,
    to_the_end,
    wait,
    world_with,
)

URL = "https://responses.example"
JOB_1 = "GET /apps/d1a2b3c4/branches/main/jobs/1"
START_JOB = "POST /apps/d1a2b3c4/branches/main/jobs"


def _refused(code: int, body: bytes = b"") -> HTTPError:
    return HTTPError(URL, code, "", None, BytesIO(body))  # type: ignore[arg-type]


def _reset() -> URLError:
    return URLError(ConnectionResetError())


def _killed_before_the_answer(story: Story) -> None:
    story.world.answer_faults = [story.world.killed]


def _rollback_and_then_another_update(story: Story) -> None:
    """A rollback's Update is answered; the next update has begun, and its job runs."""
    world = story.world
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    story.events.append(world.update(story.physical_id, old={"Nonce": "2"}))
    world.request(story.events[0])
    world.clock.sleep(10)
    world.stack_event("UPDATE_ROLLBACK_COMPLETE")
    world.clock.sleep(60)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.deliver(world.update(story.physical_id, Nonce="3"))
    world.clock.sleep(20)


def _update_and_then_its_rollback(story: Story) -> None:
    """A forward Update is answered; the stack has rolled back, and the job that restores the site runs."""
    world = story.world
    story.events.append(world.update(story.physical_id, Nonce="2"))
    world.request(story.events[0])
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.amplify.next_job(seconds=300)
    world.request(world.update(story.physical_id, old={"Nonce": "2"}))
    world.clock.sleep(90)


ROWS = [
    Row(
        "killed before StartJob takes effect",
        [killed(before=START_JOB), create()],
        "Lambda's retry starts the job",
        1,
        [SUCCESS],
    ),
    Row(
        "killed after StartJob took effect",
        [killed(after=START_JOB), create()],
        "Lambda's retry finds the job by its mark",
        1,
        [SUCCESS],
    ),
    Row(
        "killed when it first asks for the job",
        [killed(before=JOB_1), create()],
        "Lambda's retry finds the job by its mark",
        1,
        [SUCCESS],
    ),
    Row(
        "killed while the job runs",
        [begin_create(), after(30, function_is_killed), to_the_end],
        "Lambda's retry finds the job by its mark",
        1,
        [SUCCESS],
        runs_once="no invocation is under way during a pause",
    ),
    Row(
        "killed between the job's end and the answer",
        [_killed_before_the_answer, create()],
        "Lambda's retry answers",
        1,
        [SUCCESS],
    ),
    Row(
        "the same event again, two minutes later",
        [create(), same_event_again(after=60)],
        "the same answer again",
        1,
        [SUCCESS, SUCCESS],
        holds=the_same_answers,
    ),
    Row(
        "the same event twice at the same time",
        [world_with(latency=0.1), begin_create(), same_event_again()],
        "the same answer twice",
        1,
        [SUCCESS, SUCCESS],
        holds=the_same_answers,
    ),
    Row(
        "a rollback's Update is delivered again, while a newer Update's job runs",
        [deployed(), _rollback_and_then_another_update, same_event_again()],
        "the repeated Update is given up; the job goes on",
        1,
        [SUCCESS, SUCCESS, SUCCESS],
        holds=lambda world: said("given up")(world) and not world.stopped,
    ),
    Row(
        "a forward Update is delivered again, while the job that restores the site runs",
        [deployed(), _update_and_then_its_rollback, same_event_again()],
        "the repeated Update is given up; the job goes on",
        2,
        [SUCCESS, SUCCESS, SUCCESS],
        holds=lambda world: said("given up")(world) and not world.stopped,
    ),
    Row(
        "a failed operation is tried again with the same RequestId",
        [
            next_job(outcome="FAILED"),
            create(),
            lambda story: story.world.request(
                {**story.world.event("Create"), "RequestId": story.events[0]["RequestId"]}
            ),
        ],
        "another request, another job",
        2,
        ["JOB_FAILED", SUCCESS],
    ),
    Row(
        "a hand-over of another version of the function",
        [create(), same_event_again(HandedOver={"version": 2, "job_id": "7"})],
        "read as a repeated event: the job is found by its mark",
        1,
        [SUCCESS, SUCCESS],
        holds=the_same_answers,
    ),
    Row(
        "a Create comes 59 s after it was sent, and the timeout is 60 s",
        [
            lambda story: story.events.append(story.world.event("Create", TimeoutSeconds="60")),
            wait(59),
            same_event_again(),
        ],
        "started, and stopped at the timeout",
        1,
        ["JOB_TIMED_OUT"],
        holds=stopped("1"),
        is_exact=True,
    ),
    Row(
        "a Create comes 60 s after it was sent, and the timeout is 60 s",
        [
            lambda story: story.events.append(story.world.event("Create", TimeoutSeconds="60")),
            wait(60),
            same_event_again(),
        ],
        "nothing is started",
        0,
        ["AMPLIFY_ERROR"],
    ),
    Row(
        "the job ends 60 s before the function's limit",
        [world_with(limit=200), jobs_take(140), create()],
        "no hand-over",
        1,
        [SUCCESS],
        holds=lambda world: not world.handed_over,
        runs_once="it counts hand-overs",
        is_exact=True,
    ),
    Row(
        "the job ends 59 s before the function's limit",
        [world_with(limit=200), jobs_take(141), create()],
        "one hand-over",
        1,
        [SUCCESS],
        holds=lambda world: len(world.handed_over) == 1,
        runs_once="it counts hand-overs",
    ),
    Row(
        "after a hand-over, killed after StartJob; the handed-over event comes again",
        [
            world_with(limit=200),
            jobs_take(300),
            somebody_starts_a_job(seconds=150),
            killed(after=START_JOB),
            create(),
        ],
        "the job is found by its mark",
        1,
        [SUCCESS],
    ),
    Row(
        "Invoke, at the hand-over: {mode}",
        [world_with(limit=200), jobs_take(250), fails("Invoke"), create()],
        "raised; Lambda's retry finds the job by its mark",
        1,
        [SUCCESS],
        modes=(*ANY, "malformed"),
        holds=lambda world: type(world.deliveries[0].raised).__name__ == "NotHandedOver",
    ),
    Row(
        "Invoke, at the hand-over: {mode}, but it took effect",
        [world_with(limit=200), jobs_take(250), fails("Invoke", applied=True), create()],
        "two invocations wait for one job; CloudFormation ignores the second answer",
        1,
        [SUCCESS, SUCCESS],
        modes=LOST,
        holds=the_same_answers,
    ),
    Row(
        "Invoke, at every hand-over: AccessDenied",
        [world_with(limit=200, invoke_denied=True), jobs_take(300), create()],
        "Lambda's two retries carry on",
        1,
        [SUCCESS],
        holds=lambda world: not world.handed_over,
        runs_once="two retries of Lambda are fewer than the pauses",
    ),
    Row(
        "the answer's PUT: HTTP 500, five times",
        [answers_fail(*[lambda: _refused(500)] * 5), create()],
        "sent again, with pauses of 1, 2, 4, 8 and 15 s",
        1,
        [SUCCESS],
    ),
    Row(
        "the answer's PUT: connection reset, five times",
        [answers_fail(*[_reset] * 5), create()],
        "sent again, with pauses of 1, 2, 4, 8 and 15 s",
        1,
        [SUCCESS],
    ),
    Row(
        "the answer's PUT: no answer for 10 s, five times",
        [answers_fail(*[TimeoutError] * 5), create()],
        "sent again, with pauses of 1, 2, 4, 8 and 15 s",
        1,
        [SUCCESS],
    ),
    Row(
        "the answer's PUT: connection reset, six times",
        [answers_fail(*[_reset] * 6), create()],
        "raised; Lambda's retry finds the job by its mark, and answers",
        1,
        [SUCCESS],
    ),
    Row(
        "the answer's PUT: HTTP 400 RequestTimeout, once",
        [answers_fail(lambda: _refused(400, b"<Error><Code>RequestTimeout</Code></Error>")), create()],
        "sent again: S3 calls it retriable",
        1,
        [SUCCESS],
        holds=said("answer refused"),
    ),
    Row(
        "the answer's PUT: HTTP 429, once",
        [answers_fail(lambda: _refused(429)), create()],
        "sent again: S3 calls it retriable",
        1,
        [SUCCESS],
        holds=said("answer refused"),
    ),
    Row(
        "the answer's PUT: HTTP 403, the URL has expired",
        [answers_fail(lambda: _refused(403)), create()],
        "not sent again: CloudFormation reads it no more",
        1,
        [],
        holds=said("answer refused"),
    ),
    Row(
        "two resources release one branch in one deploy, WhenBusy STOP",
        [
            stack("CREATE_IN_PROGRESS"),
            lambda story: story.world.deliver(
                {**story.world.event("Create", WhenBusy="STOP"), "LogicalResourceId": "A"}
            ),
            wait(5),
            lambda story: story.world.deliver(
                {**story.world.event("Create", WhenBusy="STOP"), "LogicalResourceId": "B"}
            ),
            to_the_end,
        ],
        "the second waits for the first one's job",
        2,
        [SUCCESS, SUCCESS],
        holds=stopped(),
    ),
]
