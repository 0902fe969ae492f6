"""Files: a deployment is created, sent its files, and started."""

from __future__ import annotations

from typing import Any

from .row import (
    APP,
    BRANCH,
    LOST,
    SUCCESS,
    Row,
    Story,
    after,
    all_works_again,
    begin_create,
    create,
    delete,
    deployed,
    fails,
    killed,
    reason_says,
    roll_back,
    stack,
    updated,
    wait,
    world_with,
)

DEPLOYMENTS = "POST /apps/d1a2b3c4/branches/main/deployments"
OLD: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["old.zip"]}
NEW: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["new.zip"]}
GONE: dict[str, Any] = {"SourceBucketNames": ["assets"], "SourceObjectKeys": ["gone.zip"]}


def app_takes_files(story: Story) -> None:
    story.world.app.settings["repository"] = ""
    for version in ("old", "new"):
        story.world.archive(f"{version}.zip", {"index.html": version})


def _somebody_deploys(story: Story) -> None:
    other = story.world.amplify.add_job(
        story.world.branch, "MANUAL", files=story.world.objects["assets", "old.zip"]
    )
    other.asked = story.world.clock.now


def serves(version: str | None) -> Any:
    def holds(world: Any) -> bool:
        world.clock.sleep(100)
        wanted = {"index.html": version.encode()} if version else {}
        return bool(world.amplify.site(APP, BRANCH) == wanted)

    return holds


def stopped_and_serves(jobs: set[str], version: str | None) -> Any:
    return lambda world: serves(version)(world) and world.stopped == jobs


def waited_and_stopped(job: str, version: str) -> Any:
    """Whether that job was stopped, no sooner than after five minutes."""
    return lambda world: (
        stopped_and_serves({job}, version)(world)
        and world.answers[0].time >= world.deliveries[0].ends - world.limit + 300
    )


ROWS = [
    Row("no fault", [app_takes_files, create(**NEW)], "deployed once", 1, [SUCCESS], holds=serves("new")),
    Row(
        "killed before CreateDeployment",
        [app_takes_files, killed(before=DEPLOYMENTS), create(**NEW)],
        "deployed once",
        1,
        [SUCCESS],
        holds=stopped_and_serves(set(), "new"),
    ),
    Row(
        "killed after CreateDeployment",
        [app_takes_files, killed(after=DEPLOYMENTS), create(**NEW)],
        "what was left unstarted is stopped after five minutes; another one is deployed",
        2,
        [SUCCESS],
        holds=waited_and_stopped("1", "new"),
    ),
    Row(
        "killed after the upload",
        [app_takes_files, killed(after="PUT /_uploads/*"), create(**NEW)],
        "what was left unstarted is stopped after five minutes; another one is deployed",
        2,
        [SUCCESS],
        holds=waited_and_stopped("1", "new"),
    ),
    Row(
        "killed after StartDeployment",
        [app_takes_files, killed(after=f"{DEPLOYMENTS}/start"), create(**NEW)],
        "the same files are deployed again, which changes nothing on the site",
        2,
        [SUCCESS],
        holds=stopped_and_serves(set(), "new"),
    ),
    Row(
        "CreateDeployment takes effect and its answer is lost: {mode}",
        [app_takes_files, fails("CreateDeployment", applied=True), create(**NEW)],
        "what was created is stopped after five minutes; another one is deployed",
        2,
        [SUCCESS],
        modes=LOST,
        holds=waited_and_stopped("1", "new"),
    ),
    Row(
        "StartDeployment takes effect and its answer is lost: {mode}",
        [app_takes_files, fails("StartDeployment", applied=True), create(**NEW)],
        "the deployment is waited for",
        1,
        [SUCCESS],
        modes=LOST,
        holds=serves("new"),
    ),
    Row(
        "upload, once: {mode}",
        [app_takes_files, fails("Upload"), create(**NEW)],
        "sent again",
        1,
        [SUCCESS],
        modes=("500", "timeout"),
        holds=serves("new"),
    ),
    Row(
        "upload, once: HTTP 403, the URL has expired",
        [app_takes_files, fails("Upload", "denied"), create(**NEW)],
        "stopped, and deployed with another URL",
        2,
        [SUCCESS],
        holds=stopped_and_serves({"1"}, "new"),
    ),
    Row(
        "upload, always: HTTP 500",
        [app_takes_files, fails("Upload", "500", times=1000), create(**NEW)],
        "given up after three deployments, which are stopped",
        3,
        ["AMPLIFY_ERROR"],
        holds=stopped_and_serves({"1", "2", "3"}, None),
    ),
    Row(
        "an app that is connected to a repository",
        [
            app_takes_files,
            lambda story: story.world.app.settings.update(repository="https://github.com/example/site"),
            create(**NEW),
        ],
        "Amplify's own words",
        0,
        ["AMPLIFY_ERROR"],
        holds=reason_says("App is already connected a repository"),
    ),
    Row(
        "an app for server-side rendering",
        [
            app_takes_files,
            lambda story: story.world.app.settings.update(platform="WEB_COMPUTE"),
            create(**NEW),
        ],
        "refused before anything is created",
        0,
        ["VALIDATION_ERROR"],
        holds=reason_says("has the platform WEB_COMPUTE, must be WEB"),
    ),
    Row(
        "an archive that is gone, for example deleted by `cdk gc`",
        [app_takes_files, create(**GONE)],
        "the reason names it",
        0,
        ["NOT_FOUND"],
        holds=reason_says("s3://assets/gone.zip"),
    ),
    Row(
        "somebody else's deployment under way",
        [app_takes_files, _somebody_deploys, create(**NEW)],
        "waited for, and not stopped",
        1,
        [SUCCESS],
        holds=stopped_and_serves(set(), "new"),
    ),
    Row(
        "a Delete while the upload goes on",
        [
            app_takes_files,
            world_with(chunk_seconds=60),
            stack("CREATE_IN_PROGRESS"),
            begin_create(**NEW),
            wait(20),
            stack("ROLLBACK_IN_PROGRESS"),
            delete(**NEW),
        ],
        "stopped before it starts",
        1,
        [SUCCESS, "EXPIRED"],
        holds=stopped_and_serves({"1"}, None),
    ),
    Row(
        "an archive that holds the site in a folder, and a smoke test",
        [
            app_takes_files,
            lambda story: story.world.archive("new.zip", {"dist/index.html": "new"}),
            world_with(site_text="not found"),
            create(SmokeTestPath="/", SmokeTestText="new", SmokeTestSeconds="20", **NEW),
        ],
        "the reason names the folder",
        1,
        ["SITE_CHECK_FAILED"],
        holds=reason_says("all files are in the folder 'dist'"),
    ),
    Row(
        "a rollback",
        [app_takes_files, deployed(**OLD), updated(old=OLD, **NEW), roll_back(old=NEW, **OLD)],
        "the previous files are deployed again",
        1,
        [SUCCESS],
        holds=serves("old"),
    ),
    Row(
        "a rollback, and the role gets its permission to read the archive half a minute later",
        [
            app_takes_files,
            deployed(**OLD),
            updated(old=OLD, **NEW),
            fails("GetObject", "denied", times=10_000),
            after(30, all_works_again),
            roll_back(old=NEW, **OLD),
        ],
        "tried again: the previous files are deployed again",
        1,
        [SUCCESS],
        holds=serves("old"),
    ),
    Row(
        "a rollback, GetObject always: {mode}",
        [
            app_takes_files,
            deployed(**OLD),
            updated(old=OLD, **NEW),
            fails("GetObject", times=10_000),
            roll_back(old=NEW, **OLD),
        ],
        "the rollback goes on without the previous files",
        0,
        [SUCCESS],
        modes=("500", "denied"),
        holds=serves("new"),
    ),
    Row(
        "a rollback, CreateDeployment always: {mode}",
        [
            app_takes_files,
            deployed(**OLD),
            updated(old=OLD, **NEW),
            fails("CreateDeployment", times=10_000),
            roll_back(old=NEW, **OLD),
        ],
        "the rollback goes on without the previous files",
        0,
        [SUCCESS],
        modes=("500", "denied"),
        holds=serves("new"),
    ),
    Row(
        "a rollback, upload always: HTTP 500",
        [
            app_takes_files,
            deployed(**OLD),
            updated(old=OLD, **NEW),
            fails("Upload", "500", times=10_000),
            roll_back(old=NEW, **OLD),
        ],
        "given up after three deployments, which are stopped",
        3,
        [SUCCESS],
        holds=stopped_and_serves({"3", "4", "5"}, "new"),
    ),
    Row(
        "a rollback, StartDeployment always: {mode}",
        [
            app_takes_files,
            deployed(**OLD),
            updated(old=OLD, **NEW),
            fails("StartDeployment", times=10_000),
            roll_back(old=NEW, **OLD),
        ],
        "the rollback goes on; the deployment is stopped",
        1,
        [SUCCESS],
        modes=("500", "denied"),
        holds=stopped_and_serves({"3"}, "new"),
    ),
]
