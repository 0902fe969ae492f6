"""What ruff's security rules say of the source, and the reasons where they are overruled."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ["app.py", "constructs", "examples", "lambda", "local", "tools", "verify"]
OVERRULED = [
    (file.relative_to(ROOT), number, line)
    for name in SOURCES
    for file in ([ROOT / name] if name.endswith(".py") else sorted((ROOT / name).rglob("*.py")))
    for number, line in enumerate(file.read_text().splitlines(), start=1)
    if re.search(r"# noqa: .*\bS\d", line)
]


def test_ruffs_security_rules_find_nothing() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--select", "S", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("file", "number", "line"), OVERRULED)
def test_a_rule_that_is_overruled_has_its_reason(file: Path, number: int, line: str) -> None:
    assert re.search(r"# noqa: S\d+ (- .+|\(.+\))$", line), f"{file}:{number}"


@pytest.mark.parametrize("name", ["lambda", "constructs"])
def test_nothing_is_run_by_a_shell_or_read_as_code(name: str) -> None:
    for file in (ROOT / name).rglob("*.py"):
        assert not re.search(r"shell=True|\beval\(|\bexec\(|pickle|os\.system|yaml\.load\(", file.read_text())
