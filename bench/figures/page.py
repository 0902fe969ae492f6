"""The figures as Markdown, a section each."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from importlib.metadata import version

from figures import faults
from figures.faults import Outcome
from figures.files import Deployed
from figures.footprint import FURTHER, FURTHER_OF_FILES, Footprint
from figures.peers_simulated import CALL_SECONDS, Work
from figures.synth import OURS, TITLES
from figures.waiting import PRICES, dollars


def header(quick: bool) -> str:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    load = os.getloadavg()[0]
    libraries = ", ".join(
        f"{name} {version(name)}"
        for name in (
            "aws-cdk-lib",
            "aws-cdk.aws-amplify-alpha",
            "crhelper",
            "boto3",
            "ministack",
            "cdk-nag",
        )
    )
    return _lines(
        f"Measured on {date.today():%Y-%m-%d}: {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"cores, load {load:.1f} when it began, Python {platform.python_version()}, Node {node}, "
        f"{libraries}." + (" **A quick run: too few repetitions to quote.**" if quick else "")
    )


def footprints(found: Mapping[str, Footprint]) -> str:
    rows: dict[str, Callable[[Footprint], str]] = {
        "resources": lambda f: f"{f.resources}",
        "resources, each further job": lambda f: f"{f.further_resources:g}",
        "template bytes": lambda f: f"{f.bytes:,}",
        f"template bytes, each further job (mean of {FURTHER}, of files {FURTHER_OF_FILES})": lambda f: (
            f"{f.further_bytes:,.0f}"
        ),
        "functions' code, bytes unzipped": lambda f: f"{f.asset_bytes:,}",
        "IAM statements": lambda f: f"{f.statements}",
        "of them on everything (`*`, or a managed policy)": lambda f: f"{f.wildcards}",
        "AwsSolutions findings (cdk-nag)": lambda f: f"{f.nag}",
        "suppressed with a reason": lambda f: f"{f.nag_explained}",
    }
    kinds = "\n".join(
        f"- {TITLES[name]}: " + ", ".join(f"{count} × `{kind}`" for kind, count in print_.types.items())
        for name, print_ in found.items()
    )
    return _lines(
        "## Footprint",
        "One job, app and branch by literal names. Measured.",
        _table(
            ["", *_titles(found)],
            [[title, *(cell(print_) for print_ in found.values())] for title, cell in rows.items()],
        ),
        "aws-amplify-alpha, and this project with the option `sources`, deploy files and build nothing; each "
        "also makes an app and a branch.",
        kinds,
    )


def files(found: Sequence[Deployed]) -> str:
    rows = [
        [
            f"{of.site}, {'two archives, a deploy-time value' if of.merged else 'one archive'}",
            _seconds(of.start_seconds),
            f"{of.peak_mb:.0f} MB",
        ]
        for of in found
    ]
    return _lines(
        "## Files",
        "From the event to StartDeployment, with the S3 and the Amplify of the local AWS, bytes that do not "
        "compress; measured. *Memory* is the most that the function's whole process had: no file is held in "
        "memory.",
        _table(["site", "seconds", "memory"], rows),
    )


def answers(found: Mapping[str, Sequence[float]]) -> str:
    rows = [
        [
            TITLES[name],
            f"{len(seconds)}",
            _seconds(statistics.mean(seconds)),
            _seconds(max(seconds)),
            f"{statistics.mean(seconds) / statistics.mean(found[OURS]):.1f} ×",
        ]
        for name, seconds in found.items()
    ]
    return _lines(
        "## From a job's end to the answer",
        "All deploy at the same time to one local AWS, with jobs of the same 1 to 6 s; measured. On AWS "
        "each poll takes longer, because its calls do.",
        _table(["", "jobs", "mean", "longest", "mean, times ours"], rows),
        "AwsCustomResource answers before the job has begun to build. crhelper polls every 2 minutes: 60 "
        "s on average (read from code).",
    )


def waiting(found: Mapping[tuple[str, int], Work]) -> str:
    rows = [
        [
            TITLES[name],
            f"{minutes} min",
            work.outcome,
            f"{work.invocations:,}",
            f"{work.gb_seconds:,.1f}",
            f"{work.transitions or ''}",
            f"{sum(work.calls.values()):,}",
            f"${dollars(work):.5f}",
        ]
        for (name, minutes), work in found.items()
    ]
    return _lines(
        "## What waiting costs",
        "One job of 5 and one of 50 minutes on a simulated clock: the alternatives' own handlers against "
        f"Amplify in memory, {CALL_SECONDS:g} s a call. The times at which the "
        "provider framework and EventBridge call the handlers, and the row of AwsCustomResource, are read "
        "from code. Cold starts are not included.",
        _table(
            [
                "",
                "job",
                "answer",
                "invocations",
                "GB-seconds",
                "state transitions",
                "API calls",
                "cost",
            ],
            rows,
        ),
        f"Prices: {PRICES}",
    )


def outcomes(found: Mapping[str, Mapping[str, Outcome]]) -> str:
    rows = [
        [
            f"**{scenario}**: {faults.SCENARIOS[scenario]}",
            *(_outcome(scenario, of.get(scenario)) for of in found.values()),
        ]
        for scenario in faults.SCENARIOS
    ]
    return _lines(
        "## The same faults",
        "On the local AWS, the real CDK CLI; crhelper on a simulated clock, its own code. Measured. Each "
        "cell has the final status of the stack (of crhelper, the status that it answered); the number of "
        "jobs that the deployment started, its rollback included; whether the failed resource's event quotes "
        "the build's error; and the commit that the site serves at the end.",
        _table(["", *_titles(found)], rows),
        "crhelper was not run for the last two rows: its Update starts a new RELEASE, as that of the "
        "Provider framework does, so a rollback builds the branch's newest commit (read from code). No "
        "alternative hung here. TriggerFunction hangs for a job of more than 15 minutes: Lambda ends the "
        "function before it answers, and delivers the event again. If Lambda delivers a request again after "
        "the end of the job, each alternative starts a second job; this project does not (read from code).",
    )


def _outcome(scenario: str, outcome: Outcome | None) -> str:
    if outcome is None:
        return "(read from code, below)"
    parts = [f"**{outcome.status}**", f"{outcome.jobs} job{'s' * (outcome.jobs != 1)}"]
    if scenario in (faults.FAILS, faults.BROKEN):
        parts.append("says why" if outcome.says_why else "does not say why")
    if outcome.serves:
        parts.append(f"serves {outcome.serves}")
    return ", ".join(parts)


def _titles(found: Iterable[str]) -> list[str]:
    return [TITLES[name] for name in found]


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _lines(*parts: str) -> str:
    return "\n\n".join(parts)
