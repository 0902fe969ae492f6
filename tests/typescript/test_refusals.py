"""What is refused in JavaScript: the table for both languages, and what would be ignored without a word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from templates import ROOT

FILES = (Path(__file__).parent / "refusals.test.js", ROOT / "tests/construct/refused_options.json")


def test_a_wrong_option_is_refused_in_javascript(project: Path) -> None:
    for file in FILES:
        shutil.copy(file, project)

    command = ["node", "--test", "refusals.test.js"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    (passed,) = re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert int(passed) > 100
