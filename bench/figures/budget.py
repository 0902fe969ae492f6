"""The figures of this project that are the same in every run, against the limits in `budget.json`."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

from figures.footprint import footprint
from figures.synth import OURS
from figures.waiting import MINUTES, waiting

FILE = Path(__file__).resolve().parents[1] / "budget.json"
ASSET = FILE.parents[1] / "lambda"
_STEP_KB = 5


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
        "kB of code that Lambda loads": rounded_up(sum(map(loaded, ASSET.rglob("*.*")))),
        "kB of the npm package": rounded_up(_npm_package()),
        "IAM statements": print_.statements,
        "IAM statements on everything": print_.wildcards,
        "cdk-nag findings": print_.nag,
        "cdk-nag findings suppressed": print_.nag_explained,
    }
    for minutes in MINUTES:
        work = waiting(OURS, minutes)
        found[f"invocations for {minutes} minutes"] = work.invocations
        found[f"API calls for {minutes} minutes"] = sum(work.calls.values())
    return found


def loaded(file: Path) -> int:
    """Bytes of a file of the function: of a module without its comments, docstrings and blank lines."""
    if file.suffix == ".json":
        return len(json.dumps(json.loads(file.read_text())))
    if file.suffix != ".py":
        return 0
    module = ast.parse(file.read_text())
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
    return len(ast.unparse(module))


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _npm_package() -> int:
    """The bytes of the tarball, of what `make build` has compiled."""
    command = ["npm", "pack", "--dry-run", "--json"]
    packed = subprocess.run(command, cwd=ASSET.parent, capture_output=True, check=True).stdout
    (package,) = json.loads(packed)
    if not any(file["path"] == ".jsii.gz" for file in package["files"]):
        raise FileNotFoundError("run make build: the package in TypeScript is not compiled")
    return int(package["size"])


def rounded_up(size: int) -> int:
    """In steps, so that a change of some lines needs no other limit."""
    return -(-size // (1000 * _STEP_KB)) * _STEP_KB
