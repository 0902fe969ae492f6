"""What an alternative puts into a stack with one job, and what each further job adds."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from figures.synth import OF_FILES, branches, resources, size, synthesize

FURTHER = 10
FURTHER_OF_FILES = 3  # a role has room for the policies of some such jobs by token only


class Footprint(NamedTuple):
    types: dict[str, int]
    bytes: int
    """The template's resources as compact JSON."""
    asset_bytes: int
    """Files of the functions, before they are zipped."""
    statements: int
    wildcards: int
    """Statements on all resources: a bare `*`."""
    nag: int
    """AwsSolutions findings that are left."""
    nag_explained: int
    """AwsSolutions findings that the alternative itself suppresses, with a reason."""
    further_resources: float
    further_bytes: float

    @property
    def resources(self) -> int:
        return sum(self.types.values())


def footprint(name: str) -> Footprint:
    with tempfile.TemporaryDirectory() as folder:
        one = synthesize(name, f"{folder}/one")
        further = FURTHER_OF_FILES if name in OF_FILES else FURTHER
        many = resources(synthesize(name, f"{folder}/many", branch_names=branches(1 + further)))
        nag, nag_explained = _nag(synthesize(name, f"{folder}/nag", nag=True))
        found = resources(one)
        all_statements = [*statements(found)]
        return Footprint(
            types=dict(Counter(resource["Type"] for resource in found.values()).most_common()),
            bytes=size(found),
            asset_bytes=_asset_bytes(one),
            statements=len(all_statements),
            wildcards=sum(_on_everything(statement) for statement in all_statements),
            nag=nag,
            nag_explained=nag_explained,
            further_resources=(len(many) - len(found)) / further,
            further_bytes=(size(many) - size(found)) / further,
        )


def statements(found: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of all policies but trust policies; a managed policy counts as one statement."""
    for resource in found.values():
        properties = resource.get("Properties", {})
        if not resource["Type"].startswith("AWS::IAM::"):
            continue
        for policy in [properties, *properties.get("Policies", [])]:
            yield from policy.get("PolicyDocument", {}).get("Statement", [])
        for arn in properties.get("ManagedPolicyArns", []):
            yield {"ManagedPolicy": arn, "Resource": "*"}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _on_everything(statement: dict[str, Any]) -> bool:
    return "*" in _listed(statement.get("Resource", []))


def _asset_bytes(assembly: Path) -> int:
    """Of folders: those are functions' code; single files are templates."""
    folders = [path for path in assembly.glob("asset.*") if path.is_dir()]
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def _nag(assembly: Path) -> tuple[int, int]:
    """Findings that are left, and suppressed ones; cdk-nag writes them into the assembly."""
    counted: Counter[str] = Counter()
    for report in assembly.glob("AwsSolutions-*NagReport.csv"):
        with report.open() as lines:
            counted.update(line["Compliance"] for line in csv.DictReader(lines))
    return counted["Non-Compliant"], counted["Suppressed"]
