"""The folders of the local AWS: each imports what lies below it only, so that there is no circle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "local" / "amplify_local"
BELOW = {
    "amplify": set(),
    "http": {"amplify"},
    "emulator": {"amplify", "authorization"},
    "cli": {"amplify", "http", "connection", "local_aws", "loopback"},
}


@pytest.mark.parametrize("folder", BELOW)
def test_a_folder_imports_only_what_lies_below_it(folder: str) -> None:
    sources = "".join(path.read_text() for path in (PACKAGE / folder).glob("*.py"))
    imported = set(re.findall(r"from amplify_local\.(\w+)[. ]", sources))
    assert imported - {folder} <= BELOW[folder]


def test_no_module_beside_the_folders_imports_the_command_line_but_its_entry_points() -> None:
    importing = [path.name for path in PACKAGE.glob("*.py") if "amplify_local.cli" in path.read_text()]
    assert importing == ["__main__.py"]
