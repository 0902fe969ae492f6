"""Node's own tests of the package: mostly what it refuses, by the table for both languages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from templates import ROOT

FILES = (Path(__file__).parent / "package.test.js", ROOT / "tests/construct/refused_options.json")


def test_the_tests_in_javascript_pass(project: Path) -> None:
    for file in FILES:
        shutil.copy(file, project)

    command = ["node", "--test", "package.test.js"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    (passed,) = re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert int(passed) > 100
