"""The text of a step's log, line by line as Amplify's consoles show it, with its ANSI colours."""

from __future__ import annotations

from amplify_local.amplify.plan import Plan

_CYAN, _RED, _OFF = "\x1b[36m", "\x1b[31m", "\x1b[0m"


def step_log(step: str, sha: str | None, repository: str | None, status: str, plan: Plan | None) -> list[str]:
    """All lines of a step's log, without their times.

    :param plan: The job's, if it is about this step.
    :param sha: The commit that the job recorded; None for a job that builds the branch's tip.
    """
    written = {"BUILD": _build, "DEPLOY": _deploy, "VERIFY": _verify}[step](sha, repository)
    if plan:
        written = written[: _KEPT[step]] if plan.outcome != "SUCCEED" else written
        written += [f"[INFO]: {line}" for line in plan.log]
        if status == "FAILED":
            written += _failure(step, plan)
    return written


# How much of the end of the ordinary text gives way to the lines of a failure.
_KEPT = {"BUILD": -6, "DEPLOY": -2, "VERIFY": -1}
_BEFORE_SKIP = -10


def _build(sha: str | None, repository: str | None) -> list[str]:
    # Recorded logs of builds that recorded a SHA have both lines, those of the branch's tip have neither.
    checkout = (
        [f"[INFO]: # Switching to commit: {sha}", f"[INFO]: Note: switching to '{sha}'."] if sha else []
    )
    name = (repository or "site").rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    return [
        "[INFO]: # Build environment configured with Standard build compute type: 8GiB Memory, 4vCPUs",
        f"[INFO]: # Cloning repository: {repository or name}",
        f"[INFO]: Cloning into '{name}'...",
        *checkout,
        "[INFO]: # Retrieving environment cache...",
        "[INFO]: # Retrieved environment cache",
        "[INFO]: ---- Setting Up SSM Secrets ----",
        "[INFO]: # No live updates for this build run",
        "[INFO]: ## Starting Frontend Build",
        f"[INFO]: {_CYAN}# Starting phase: preBuild{_OFF}",
        "[INFO]: # Executing command: npm ci",
        f"[INFO]: {_CYAN}# Starting phase: build{_OFF}",
        "[INFO]: # Executing command: npm run build",
        "[INFO]: # Completed phase: build",
        "[INFO]: ## Build completed successfully",
        "[INFO]: # Starting build artifact upload process...",
        "[INFO]: # Uploading build artifact '__artifacts.zip'...",
        "[INFO]: # Build artifact upload completed",
    ]


def skipped_build(sha: str | None, repository: str | None) -> list[str]:
    """The log of a build that Amplify skips: https://github.com/aws-amplify/amplify-hosting/issues/3268."""
    return [
        *_build(sha, repository)[:_BEFORE_SKIP],
        "[INFO]: # No differences detected.",
        "[INFO]: ## Skipping Frontend Build & Deploy, No changes detected...",
        "[INFO]: ## Build completed successfully",
        "[INFO]: # Starting caching...",
    ]


def _deploy(sha: str | None, repository: str | None) -> list[str]:
    return [
        "[INFO]: Beginning deployment of application",
        "[INFO]: Initializing Bundle",
        "[INFO]: Deploying bundle",
        "[INFO]: Deployment complete",
    ]


def _verify(sha: str | None, repository: str | None) -> list[str]:
    return ["[INFO]: Taking screenshots", "[INFO]: Verification complete"]


def _failure(step: str, plan: Plan) -> list[str]:
    said = [] if plan.log else ["[WARNING]: Error: Cannot find module './site'"]
    return [
        *said,
        f"[ERROR]: {_RED}!!! {step.capitalize()} failed{_OFF}",
        "[ERROR]: !!! Error: Command failed with exit code 1",
        "[INFO]: # Starting environment caching...",
        "[INFO]: # Environment caching completed",
        "[INFO]: Terminating logging...",
    ]
