"""The figures as Markdown, a section each."""

from __future__ import annotations

import math
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from importlib.metadata import version

from figures import cold_start, deploys, faults, peers_simulated, synthesis
from figures.cold_start import Start
from figures.deploys import Deploy
from figures.faults import Outcome
from figures.files import Deployed
from figures.footprint import FURTHER, FURTHER_OF_FILES, Footprint
from figures.synth import OURS, TITLES
from figures.synthesis import Compared
from figures.waiting import PRICES, Waiting


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
            "cfn-lint",
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
        "longest chain of resources": lambda f: f"{f.depth}",
        "functions' code, bytes unzipped": lambda f: f"{f.asset_bytes:,}",
        "IAM statements": lambda f: f"{f.statements}",
        "of them on everything (`*`, or a managed policy)": lambda f: f"{f.wildcards}",
        "AwsSolutions findings (cdk-nag)": lambda f: f"{f.nag}",
        "suppressed with a reason": lambda f: f"{f.nag_explained}",
        "cfn-lint findings": lambda f: f"{f.lint}",
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
        "also makes an app and a branch. cfn-lint's finding on every function is aws-cdk-lib's own "
        "`DependsOn` (W3005).",
        "![Resources in a stack with one job](benchmark-resources.svg)",
        kinds,
    )


def lifecycles(found: Mapping[str, Mapping[str, Sequence[Deploy]]], rounds: int) -> str:
    medians = {name: deploys.medians(runs) for name, runs in found.items()}
    rows = [
        [f"{action}, {what}", *(_seconds(getattr(of[action], field)) for of in medians.values())]
        for action in deploys.ACTIONS
        for what, field in (("command", "wall"), ("stack", "stack"))
        if not (action == "no change" and field == "stack")
    ]
    ratios = [
        ["create, stack, times ours", *(_ratio(found, name, "create") for name in found)],
        ["change, stack, times ours", *(_ratio(found, name, "change") for name in found)],
    ]
    return _lines(
        "## Deployments",
        f"The real CDK CLI against the local AWS, an Amplify job of {deploys.JOB_SECONDS:g} s, medians of "
        f"{rounds} rounds; measured. *Command* is the whole command, which looks at the stack only every "
        "few seconds; *stack* is from the stack's first event to its last. The local AWS provisions one "
        "resource after the other in milliseconds; on AWS a role or a function takes seconds, so that a "
        "longer chain costs more than here. AwsCustomResource does not wait for the job.",
        _table(["", *_titles(found)], [*rows, *ratios]),
        "aws-amplify-alpha and crhelper are not deployed here. aws-amplify-alpha starts a deployment from a "
        "URL, which the local Amplify does not fetch. crhelper polls by EventBridge rules, every 2 minutes.",
    )


def _ratio(found: Mapping[str, Mapping[str, Sequence[Deploy]]], name: str, action: str) -> str:
    pairs = zip(found[name][action], found[OURS][action], strict=True)
    return f"{statistics.median(theirs.stack / ours.stack for theirs, ours in pairs):.1f} ×"


def files(found: Sequence[Deployed]) -> str:
    rows = [
        [
            f"{of.site}, {'two archives, a deploy-time value' if of.merged else 'one archive'}",
            _seconds(of.start_seconds),
            _seconds(of.copy_seconds),
            f"{of.peak_mb:.0f} MB",
        ]
        for of in found
    ]
    return _lines(
        "## Files",
        "From the event to StartDeployment, with the S3 and the Amplify of the local AWS, bytes that do not "
        "compress; measured. *Copy* is a plain copy of the archive to another file. *Memory* is the most "
        "that the function's whole process had: no file is held in memory.",
        _table(["site", "seconds", "copy", "memory"], rows),
    )


def answers(found: Mapping[str, Sequence[float]]) -> str:
    rows = [
        [
            TITLES[name],
            f"{len(seconds)}",
            _seconds(statistics.mean(seconds)),
            _seconds(_percentile(seconds, 95)),
            _seconds(max(seconds)),
            f"{statistics.mean(seconds) / statistics.mean(found[OURS]):.1f} ×",
        ]
        for name, seconds in found.items()
    ]
    return _lines(
        "## From a job's end to the answer",
        "All deploy at the same time to one local AWS, with jobs of the same 1 to 6 s; measured. On AWS "
        "each poll takes longer, because its calls do.",
        _table(["", "jobs", "mean", "p95", "longest", "mean, times ours"], rows),
        "![From a job's end to the answer](benchmark-answers.svg)",
        "AwsCustomResource answers before the job has begun to build. crhelper polls every 2 minutes: 60 "
        "s on average (read from code).",
    )


def waiting(found: Iterable[Waiting]) -> str:
    found = list(found)
    rows = [
        [
            TITLES[work.name],
            f"{work.minutes} min",
            work.outcome,
            f"{work.invocations:,}",
            f"{work.gb_seconds:,.1f}",
            f"{work.transitions or ''}",
            f"{sum(work.calls.values()):,}",
            f"{work.calls.get('GetJob', 0):,}",
            f"${work.dollars:.5f}",
        ]
        for work in found
    ]
    return _lines(
        "## What waiting costs",
        "One job of 5 and one of 50 minutes on a simulated clock: the alternatives' own handlers against "
        f"Amplify in memory, {peers_simulated.CALL_SECONDS:g} s a call. The times at which the "
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
                "of them GetJob",
                "cost",
            ],
            rows,
        ),
        f"Prices: {PRICES}",
    )


def scale(found: Mapping[int, Mapping[str, float]], deployed: Mapping[int, Deploy], runs: int) -> str:
    rows = [
        [
            f"{jobs}",
            _seconds(point["cpu"]),
            f"{point['calls']:,.0f}",
            f"{point['bytes']:,.0f}",
            f"{point['policy_bytes']:,.0f}",
            f"{point['python_mb']:.0f} MB",
            f"{point['node_mb']:.0f} MB",
            _seconds(deployed[jobs].wall) if jobs in deployed else "",
            _seconds(deployed[jobs].stack) if jobs in deployed else "",
        ]
        for jobs, point in found.items()
    ]
    seconds = synthesis.slope({jobs: point["cpu"] for jobs, point in found.items()})
    calls = synthesis.slope({jobs: point["calls"] for jobs, point in found.items()})
    size = synthesis.slope({jobs: point["bytes"] for jobs, point in found.items()})
    stack = synthesis.slope({jobs: deploy.stack for jobs, deploy in deployed.items()})
    return _lines(
        "## Many jobs in one stack",
        f"This project, with `app_ids`; synthesis in a fresh process, medians of {runs}; one deployment "
        "each, with `wait=False`, because the local AWS provisions one resource after the other. Measured.",
        _table(
            [
                "jobs",
                "synthesis, processor time",
                "jsii calls",
                "template bytes",
                "policy bytes",
                "Python",
                "Node",
                "deploy, command",
                "deploy, stack",
            ],
            rows,
        ),
        f"Straight lines through these points: {seconds[0] * 1000:.1f} ms of synthesis a job (R² "
        f"{seconds[2]:.3f}), {calls[0]:.1f} jsii calls (R² {calls[2]:.3f}), {size[0]:.0f} bytes (R² "
        f"{size[2]:.3f}), {stack[0] * 1000:.0f} ms of deployment (R² {stack[2]:.3f}).",
        "![Synthesis and template of many jobs](benchmark-scale.svg)",
    )


def syntheses(found: Compared, runs: int) -> str:
    rows = [
        [
            TITLES.get(name, "an empty stack"),
            _seconds(run["whole"]),
            _seconds(run["cpu"]),
            f"{found.added[name]:+.2f} s" if name in TITLES else "",
            f"{run['calls']:.0f}",
        ]
        for name, run in found.medians.items()
    ]
    ours = found.medians[OURS]
    return _lines(
        "## Synthesis of one job",
        f"Each row is a fresh process, the rows take turns, and the figures are medians of {runs}; measured. "
        "Nearly all of the time is Node's start and loading aws-cdk-lib there. *Added* is the median of the "
        "differences to the empty stack's processor time in the same round.",
        _table(["", "whole", "processor time", "added", "jsii calls"], rows),
        f"Of this project's time, importing `aws_cdk` took {_seconds(ours['import_cdk'])}, and "
        f"importing this package {_seconds(ours['import_ours'])}: it loads the submodules for Lambda, IAM, "
        "logs and Amplify.",
    )


def cold_starts(found: Mapping[str, Start], runs: int) -> str:
    rows = [
        [
            name,
            f"{start.seconds * 1000:.0f} ms",
            f"{start.ratio:.2f} ×",
            f"{start.mb:.0f} MB",
            f"{start.modules}",
        ]
        for name, start in found.items()
    ]
    return _lines(
        "## Cold start of the function",
        f"Each row is a fresh interpreter, the rows take turns, and the figures are medians of {runs}, "
        "without the interpreter's own start; measured. The ratio is the median of the ratios to the "
        f"{cold_start.BASE}.",
        _table(["", "processor time", "ratio", "peak memory", "modules"], rows),
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


def own(
    print_: Footprint,
    points: Mapping[int, Mapping[str, float]],
    starts: Mapping[str, Start],
    seconds: Sequence[float],
) -> str:
    few, many = min(points), max(jobs for jobs in points if jobs <= 100)
    handler, base = starts[cold_start.HANDLER], starts[cold_start.BASE]
    further = (points[many]["bytes"] - points[few]["bytes"]) / (many - few)
    rows = [
        ["resources, first job", f"{print_.resources}"],
        ["resources, each further job", f"{print_.further_resources:g}"],
        ["template bytes, first job", f"{print_.bytes:,}"],
        ["template bytes, each further job", f"{print_.further_bytes:,.0f}"],
        [f"the same with app_ids (mean of {many - few})", f"{further:,.0f}"],
        *(
            [f"synthesis of {jobs} job{'s' * (jobs > 1)}, whole process", _seconds(points[jobs]["whole"])]
            for jobs in (few, many)
        ),
        ["import of the function's handler, processor time", f"{handler.seconds * 1000:.0f} ms"],
        ["import of boto3 alone, processor time", f"{base.seconds * 1000:.0f} ms"],
        ["handler against boto3", f"{handler.ratio:.2f} ×"],
        ["job's end to CloudFormation's answer, mean", _seconds(statistics.mean(seconds))],
        ["job's end to CloudFormation's answer, longest", _seconds(max(seconds))],
    ]
    return _lines("## This project in short", _table(["figure", "value"], rows))


def _titles(found: Iterable[str]) -> list[str]:
    return [TITLES[name] for name in found]


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _lines(*parts: str) -> str:
    return "\n\n".join(parts)
