"""Item 7: the figures of this project that are the same in every run, against the limits in `budget.json`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from figures.footprint import FURTHER, footprint
from figures.synth import OURS, branches, synthesize
from figures.synthesis import counted_calls
from figures.waiting import MINUTES, waiting

FILE = Path(__file__).resolve().parents[1] / "budget.json"


def limits() -> dict[str, float]:
    read: dict[str, float] = json.loads(FILE.read_text())
    return read


def measured() -> dict[str, float]:
    print_ = footprint(OURS)
    found: dict[str, float] = {
        "resources": print_.resources,
        "resources of a further job": print_.further_resources,
        "template bytes": print_.bytes,
        "template bytes of a further job": print_.further_bytes,
        "asset bytes": print_.asset_bytes,
        "IAM statements": print_.statements,
        "IAM statements on everything": print_.wildcards,
        "resources on the longest chain": print_.depth,
        "cdk-nag findings": print_.nag,
        "cdk-nag findings suppressed": print_.nag_explained,
        "cfn-lint findings": print_.lint,
        "jsii calls of a further job": _calls_of_a_further_job(),
    }
    for minutes in MINUTES:
        work = waiting(OURS, minutes)
        found[f"invocations for {minutes} minutes"] = work.invocations
        found[f"API calls for {minutes} minutes"] = sum(work.calls.values())
    return found


def _calls_of_a_further_job() -> float:
    with tempfile.TemporaryDirectory() as folder:
        counts = []
        for jobs in (1, 1 + FURTHER):
            with counted_calls() as calls:
                synthesize(OURS, f"{folder}/{jobs}", branch_names=branches(jobs))
            counts.append(calls.count)
    return (counts[1] - counts[0]) / FURTHER
