"""Item 6: the same faults for every alternative: which starts two jobs, hangs, or hides the reason."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
from amplify_local import LocalAws
from aws_cdk import aws_lambda as lambda_

from figures.deploys import RUNNABLE, Site, local_aws
from figures.peers_simulated import Simulation, run

# Longer than an SDK's own retries take: a job of minutes outlasts them, too.
LONG_JOB_SECONDS = 25
SHORT_JOB_SECONDS = 2
CAUSE = "npm ci exited with 1"
THROTTLED = 6  # GetJob's answers in a row; an SDK asks 3 or 5 times in one call

SCENARIOS = {
    "duplicate": "the request is delivered twice at once",
    "lost answer": "StartJob starts the job, its answer is lost",
    "throttled": f"{THROTTLED} GetJob calls in a row are throttled",
    "job fails": "the first job fails in BUILD",
    "rollback": "a sibling fails after the job of an update",
    "broken update": "the job of an update fails, as would another on the same commit",
}


class Outcome(NamedTuple):
    status: str
    """The stack's, or the answer's."""
    jobs: int
    """Jobs that were started for the one release; after a rollback, those after the sibling's failure."""
    reason: str
    """What the stack's events say of the failure."""
    serves: str = ""
    """After a rollback: the commit that the site serves."""


class _Faulty(NamedTuple):
    aws: LocalAws
    site: Site


def outcomes() -> dict[str, dict[str, Outcome]]:
    """By alternative and scenario, on the local AWS; crhelper's by its code on a simulated clock."""
    found: dict[str, dict[str, Outcome]] = {name: {} for name in RUNNABLE}
    with tempfile.TemporaryDirectory() as folder:
        with ThreadPoolExecutor(2) as threads:
            for scenario in SCENARIOS:
                # Synthesis in this thread: aws-cdk-lib is no friend of threads.
                prepared = [_prepare(name, scenario, Path(folder) / scenario) for name in RUNNABLE]
                for name, outcome in zip(RUNNABLE, threads.map(_play, prepared), strict=True):
                    found[name][scenario] = outcome
    found["crhelper_poll"] = crhelper()
    return found


class _Play(NamedTuple):
    name: str
    scenario: str
    folder: Path
    assemblies: list[Path]


def _prepare(name: str, scenario: str, folder: Path) -> _Play:
    raise NotImplementedError


def _play(play: _Play) -> Outcome:
    raise NotImplementedError
