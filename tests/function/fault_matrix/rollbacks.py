"""What a rollback and a Delete do: they never fail, and leave the site as it was."""

from __future__ import annotations

import itertools
from typing import Any

from faults import AT_ONCE

from .row import (
    ANY,
    APP,
    BRANCH,
    SUCCESS,
    Row,
    Story,
    after,
    all_works_again,
    amplify_fails,
    begin_create,
    begin_update,
    complete,
    delete,
    deployed,
    fails,
    jobs_take,
    list_lags,
    next_job,
    roll_back,
    said,
    somebody_pushes,
    somebody_starts_a_job,
    stack,
    started_again,
    stopped,
    update,
    updated,
    wait,
)


def _resource_is_added(story: Story) -> None:
    """An update adds the resource, and its job succeeds; then a sibling fails."""
    world = story.world
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)
    story.physical_id = world.request(world.event("Create")).physical_id
    world.clock.sleep(5)
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    world.answers.clear()
    world.started.clear()


def _many_jobs(story: Story) -> None:
    """300 jobs of somebody else's, and one page of ListJobs in five is throttled."""
    world = story.world
    for _ in range(300):
        world.amplify.next_job(seconds=0, outcome="FAILED")
        world.amplify.start(APP, BRANCH)
        world.clock.sleep(1)

    pages = itertools.count(1)

    def throttle(call: str) -> None:
        if call == f"GET /apps/{APP}/branches/{BRANCH}/jobs" and next(pages) % 5 == 0:
            world.amplify.fail("ListJobs", 1, "429")

    world.before_call = throttle


def _released_the_version_of_before(world: Any) -> bool:
    """The newest job is one of the version that the first one had, and it was not waited for."""
    messages = [job.commit_message for job in world.jobs() if job.commit_message]
    first, *_, last = (message.split(".")[1] for message in messages)
    return bool(first == last and world.answers[0].data["Status"] == "PENDING")


ROWS = [
    Row(
        "a sibling fails after the Update succeeded",
        [deployed(), updated(), roll_back()],
        "the previous version is released, not waited for",
        1,
        [SUCCESS],
        holds=_released_the_version_of_before,
    ),
    Row(
        "the same, OnRollback IGNORE",
        [deployed(), updated(), roll_back(OnRollback="IGNORE")],
        "no job",
        0,
        [SUCCESS],
    ),
    Row(
        "somebody pushed between two deploys; the second one's Update succeeds, and a sibling fails",
        [deployed(), somebody_pushes(), wait(100), updated(), roll_back()],
        "the push's job is retried",
        1,
        [SUCCESS],
        holds=started_again("2", by="4"),
    ),
    Row(
        "the same, and then a second deploy is rolled back in the same way",
        [
            deployed(),
            somebody_pushes(),
            wait(100),
            updated(),
            roll_back(),
            wait(100),
            complete("UPDATE_ROLLBACK_COMPLETE"),
            updated(old={}, Nonce="3"),
            roll_back(old={"Nonce": "3"}),
        ],
        "the job that brought the push back is retried",
        1,
        [SUCCESS],
        holds=started_again("4", by="6"),
    ),
    Row(
        "the same change comes again after a rollback",
        [
            deployed(),
            updated(),
            roll_back(),
            wait(100),
            complete("UPDATE_ROLLBACK_COMPLETE"),
            update(Nonce="2"),
        ],
        "another job",
        1,
        [SUCCESS],
    ),
    Row(
        "the Update's job failed",
        [deployed(), next_job(outcome="FAILED"), update(Nonce="2"), roll_back()],
        "no second job: the site still serves the old version",
        1,
        ["JOB_FAILED", SUCCESS],
    ),
    Row(
        "a sibling fails while the Update's job runs",
        [deployed(), jobs_take(never_ends=True), begin_update(Nonce="2"), wait(20), roll_back()],
        "our job is stopped; CloudFormation ignores the first answer",
        1,
        [SUCCESS, SUCCESS],
        holds=stopped("2"),
    ),
    Row(
        "the same; the sibling fails two seconds after StartJob, and lists show a job three seconds late",
        [
            deployed(),
            list_lags(3),
            jobs_take(never_ends=True),
            begin_update(Nonce="2"),
            wait(2),
            roll_back(),
        ],
        "our job is stopped: the list is read six seconds after the function has seen the rollback",
        1,
        [SUCCESS, SUCCESS],
        holds=stopped("2"),
    ),
    Row(
        "the branch is busy for good",
        [deployed(), updated(), somebody_starts_a_job(never_ends=True), roll_back()],
        "no job after a minute",
        0,
        [SUCCESS],
        holds=stopped(),
    ),
    Row(
        "somebody's job is newer than the Update's",
        [deployed(), updated(), somebody_starts_a_job(seconds=10), wait(20), roll_back()],
        "the site has moved on: no job",
        0,
        [SUCCESS],
    ),
    Row(
        "unusable properties",
        [deployed(), updated(), roll_back(Unknown="1")],
        "logged",
        0,
        [SUCCESS],
        holds=said("failed"),
    ),
    Row(
        "ListJobs, in the first 59 s of a rollback: {mode}",
        [deployed(), updated(), fails("ListJobs", times=10_000), after(59, all_works_again), roll_back()],
        "tried again: the previous version is released",
        1,
        [SUCCESS],
        modes=AT_ONCE,
        holds=_released_the_version_of_before,
        is_exact=True,
    ),
    Row(
        "StartJob, in the first 59 s of a rollback: {mode}",
        [deployed(), updated(), fails("StartJob", times=10_000), after(59, all_works_again), roll_back()],
        "tried again: the previous version is released",
        1,
        [SUCCESS],
        modes=AT_ONCE,
        holds=_released_the_version_of_before,
    ),
    Row(
        "300 jobs are listed, and one page in five is throttled",
        [_many_jobs, deployed(), updated(), roll_back()],
        "the list goes on at that page",
        1,
        [SUCCESS],
        holds=_released_the_version_of_before,
        runs_once="the list begins anew in each invocation",
        is_exact=True,
    ),
    Row(
        "a forward Update is delivered just as the stack rolls back",
        [
            deployed(),
            updated(),
            complete(),
            stack("UPDATE_ROLLBACK_IN_PROGRESS"),
            update(old={"Nonce": "2"}, Nonce="3"),
        ],
        "an earlier deploy's job is not undone",
        0,
        [SUCCESS],
    ),
    Row(
        "DescribeStackEvents in a rollback: {mode}, twice",
        [deployed(), updated(), fails("DescribeStackEvents", times=2), roll_back()],
        "the previous version is released",
        1,
        [SUCCESS],
        modes=ANY,
        holds=_released_the_version_of_before,
    ),
    Row(
        "DescribeStackEvents in a rollback: {mode}, for good",
        [deployed(), updated(), fails("DescribeStackEvents", times=10_000), roll_back()],
        "**taken for a forward Update after a minute**: the previous version is released, and waited for",
        1,
        [SUCCESS],
        modes=ANY,
        holds=lambda world: world.answers[0].data["Status"] == "SUCCEED",
    ),
    Row(
        "DescribeStackEvents in a rollback: AccessDenied for 50 s, and the branch is busy for 30 s more",
        [
            deployed(),
            updated(),
            somebody_starts_a_job(seconds=80, outcome="FAILED"),
            wait(1),
            fails("DescribeStackEvents", "denied", times=10_000),
            after(50, all_works_again),
            roll_back(),
        ],
        "the rollback's minute begins once the function knows of it: the previous version is released",
        1,
        [SUCCESS],
        holds=_released_the_version_of_before,
    ),
    Row(
        "every call of Amplify in a rollback: {mode}, for good",
        [deployed(), updated(), amplify_fails(10_000), roll_back()],
        "nothing is restored",
        0,
        [SUCCESS],
        modes=ANY,
        holds=lambda world: (
            len(world.answers[0].data) == 12
            and world.answers[0].time <= world.deliveries[-1].ends - world.limit + 240
        ),
    ),
    Row(
        "Delete while the Create waits, with a physical ID that CloudFormation made up",
        [jobs_take(never_ends=True), begin_create(), wait(20), stack("ROLLBACK_IN_PROGRESS"), delete()],
        "our job is stopped; the Create sees it cancelled",
        1,
        [SUCCESS, "JOB_CANCELLED"],
        holds=stopped("1"),
    ),
    Row(
        "Delete while somebody else's job runs",
        [deployed(), somebody_starts_a_job(never_ends=True), delete()],
        "not stopped",
        0,
        [SUCCESS],
        holds=stopped(),
    ),
    Row(
        "Delete two hours late",
        [
            jobs_take(never_ends=True),
            deployed(Wait="false"),
            lambda story: story.events.append(story.world.delete(story.physical_id)),
            wait(7_200),
            lambda story: story.world.request(story.events[0]),
        ],
        "our job in progress is stopped all the same",
        0,
        [SUCCESS],
        holds=stopped("1"),
    ),
    Row(
        "Delete of a resource that is new in an update, which is undone",
        [somebody_pushes(), wait(600), stack("UPDATE_COMPLETE"), wait(60), _resource_is_added, delete()],
        "the job before is retried",
        1,
        [SUCCESS],
        holds=started_again("1", by="3"),
    ),
    Row(
        "the same, and somebody has pushed since the stack was last complete",
        [
            somebody_pushes(),
            wait(600),
            stack("UPDATE_COMPLETE"),
            wait(60),
            somebody_pushes(),
            wait(600),
            _resource_is_added,
            delete(),
        ],
        "the push's job is retried",
        1,
        [SUCCESS],
        holds=started_again("2", by="4"),
    ),
    Row(
        "Delete when the app is gone",
        [deployed(), lambda story: story.world.amplify.delete_app(APP), delete()],
        "nothing to do",
        0,
        [SUCCESS],
    ),
    Row(
        "Delete when the branch is gone",
        [deployed(), lambda story: story.world.app.branches.clear(), delete()],
        "nothing to do",
        0,
        [SUCCESS],
    ),
    Row(
        "Delete when the job is gone",
        [deployed(), lambda story: story.world.branch.jobs.clear(), delete()],
        "nothing to do",
        0,
        [SUCCESS],
    ),
    Row(
        "Delete when the permission is gone",
        [deployed(), lambda story: setattr(story.world.amplify, "authorize", lambda *_: "caller"), delete()],
        "tried for a minute",
        0,
        [SUCCESS],
    ),
    Row(
        "StopJob for a Delete: {mode}, for good",
        [jobs_take(never_ends=True), deployed(Wait="false"), fails("StopJob", times=10_000), delete()],
        "tried for a minute",
        0,
        [SUCCESS],
        modes=ANY,
        holds=stopped(),
    ),
]
