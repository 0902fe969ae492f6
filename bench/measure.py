"""Measures this project, and writes the figures into docs/benchmarks.md.

python bench/measure.py            measure and write
python bench/measure.py --print    measure and print only
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "benchmarks.md"
MARKS = ("<!-- figures: written by bench/measure.py -->", "<!-- end of figures -->")
FUNCTION = PROJECT / "lambda" / "amplify_job"
RUNS = 5


def resources(jobs: int) -> dict[str, Any]:
    """The resources of a stack with so many jobs, literal app and branches, no other option, no analytics."""
    import aws_cdk as cdk

    from cdk_amplify_job import AmplifyJob

    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(analytics_reporting=False, outdir=folder)
        stack = cdk.Stack(app, "Stack")
        for number in range(jobs):
            AmplifyJob(stack, f"Job{number}", app_id="d1a2b3c4d5e6f7", branch_name=f"b{number}")
        return dict(app.synth().get_stack_by_name("Stack").template["Resources"])


def size(template: dict[str, Any]) -> int:
    return len(json.dumps(template, separators=(",", ":")))


def synthesis_seconds(jobs: int) -> float:
    """A whole process: Python's start, the import of aws-cdk-lib, synthesis."""
    script = f"import sys; sys.path.insert(0, {str(PROJECT / 'bench')!r}); from measure import resources; resources({jobs})"
    return _median_of_processes(script)


def import_seconds(module: str) -> float:
    """What importing a module takes in a fresh process, the interpreter's own start left out."""
    script = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    environment = {**os.environ, "PYTHONPATH": str(FUNCTION)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def import_ratio() -> tuple[float, float, float]:
    """Medians for the handler and for boto3 alone, in turn, and the median of the ratios of the pairs."""
    pairs = [(import_seconds("index"), import_seconds("boto3")) for _ in range(RUNS + 1)][1:]
    handler, boto3 = (statistics.median(column) for column in zip(*pairs, strict=True))
    return handler, boto3, statistics.median(one / other for one, other in pairs)


def seconds_to_answer(jobs: int) -> list[float]:
    """From the end of each job to the event by which CloudFormation took the answer."""
    import aws_cdk as cdk
    from amplify_local import LocalAws

    from cdk_amplify_job import AmplifyJob

    random.seed(1)
    with tempfile.TemporaryDirectory() as folder, LocalAws(project=PROJECT) as aws:
        app_id = aws.amplify.create_app("bench").id
        app = cdk.App(analytics_reporting=False, outdir=f"{folder}/cdk.out")
        stack = cdk.Stack(app, "Bench")
        for number in range(jobs):
            aws.amplify.create_branch(app_id, f"b{number}")
            # Their ends must not keep step with the polls.
            aws.amplify.next_job(branch=(app_id, f"b{number}"), seconds=random.uniform(3, 7))
            AmplifyJob(stack, f"Job{number}", app_id=app_id, branch_name=f"b{number}")
        app.synth()
        done = aws.cdk("deploy", "--app", f"{folder}/cdk.out", cwd=folder)
        if done.returncode:
            raise RuntimeError(done.stdout)
        client = aws.client("cloudformation")
        pages = client.get_paginator("describe_stack_events").paginate(StackName="Bench")
        completed = {
            event["PhysicalResourceId"].split("/")[1]: event["Timestamp"].timestamp()
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceType"] == "Custom::AmplifyJob" and event["ResourceStatus"] == "CREATE_COMPLETE"
        }
        return [completed[job.branch.name] - job.ended for job in aws.amplify.jobs(app_id)]


def figures() -> str:
    one, hundred = resources(1), resources(100)
    further = (size(hundred) - size(one)) / 99
    handler, boto3, ratio = import_ratio()
    waits = seconds_to_answer(20)
    kinds = ", ".join(
        f"{count} × `{kind}`" for kind, count in Counter(r["Type"] for r in one.values()).items()
    )
    from importlib.metadata import version

    rows = [
        ("resources, first job", f"{len(one)}", "measured"),
        ("resources, each further job", f"{(len(hundred) - len(one)) / 99:g}", "measured"),
        ("template bytes, first job", f"{size(one):,}", "measured"),
        ("template bytes, each further job (mean of 99)", f"{further:,.0f}", "measured"),
        ("synthesis of 1 job, whole process", f"{synthesis_seconds(1):.1f} s", f"median of {RUNS}"),
        ("synthesis of 100 jobs, whole process", f"{synthesis_seconds(100):.1f} s", f"median of {RUNS}"),
        ("import of the function's handler", f"{handler * 1000:.0f} ms", f"median of {RUNS}"),
        ("import of boto3 alone", f"{boto3 * 1000:.0f} ms", f"median of {RUNS}"),
        ("handler against boto3", f"{ratio:.2f} ×", "median of the pairs"),
        (
            "job's end to CloudFormation's answer, mean",
            f"{statistics.mean(waits):.2f} s",
            f"{len(waits)} jobs",
        ),
        ("job's end to CloudFormation's answer, longest", f"{max(waits):.2f} s", f"{len(waits)} jobs"),
    ]
    table = "\n".join(f"| {name} | {value} | {how} |" for name, value, how in rows)
    return (
        f"Measured on {date.today():%Y-%m-%d}: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, aws-cdk-lib {version('aws-cdk-lib')}, boto3 {version('boto3')}.\n\n"
        f"| figure | value | how |\n|---|---|---|\n{table}\n\nThe first job's resources: {kinds}.\n"
    )


def _median_of_processes(script: str) -> float:
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    text = figures()
    print(text)
    if not arguments.print:
        page = PAGE.read_text()
        before, after = page.split(MARKS[0])[0], page.split(MARKS[1])[1]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
