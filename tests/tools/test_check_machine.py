"""What `make` says on a machine that lacks something, before it installs anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOWEST_PYTHON = re.findall(r'^requires-python = ">=3\.(\d+)"$', (ROOT / "pyproject.toml").read_text(), re.M)[
    0
]
NODE = str(shutil.which("node"))
READ = (
    "Makefile",
    "local/pyproject.toml",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "tools/check_machine.sh",
)
NO_NPM = "error: npm is needed, which comes with Node, and is missing: https://nodejs.org"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make setup` reads, in a path that holds a space."""
    checkout = tmp_path / "my projects"
    (checkout / "tools").mkdir(parents=True)
    for name in READ:
        (checkout / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    return checkout


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """The only commands of the machine. They lack no more than npm."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, command in (("make", shutil.which("make")), ("sh", shutil.which("sh")), ("node", NODE)):
        (folder / name).symlink_to(str(command))
    (folder / "python3").symlink_to(sys.executable)
    return folder


def replace(command: Path, script: str) -> None:
    command.unlink(missing_ok=True)
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


def use_python(commands: Path, minor: int) -> None:
    """The Python that is there says that it is another release."""
    become = f'import platform, sys; platform.python_version = lambda: "3.{minor}.18"'
    become += f"; sys.version_info = (3, {minor}, 18); exec(sys.argv[1])"
    replace(commands / "python3", f"exec '{sys.executable}' -c '{become}' \"$2\"")


def use_node(commands: Path, version: str) -> None:
    """The Node that is there says that it is another release."""
    become = f'Object.defineProperty(process.versions, "node", {{value: "{version}"}}); eval(process.argv[1])'
    script = f"if [ \"$1\" = --version ]; then echo v{version}; exit; fi\nexec '{NODE}' -e '{become}' \"$2\""
    replace(commands / "node", script)


def errors(checkout: Path, commands: Path) -> list[str]:
    """The lines of an attempt to set up, which must fail before it installs anything."""
    done = subprocess.run(
        ["make", "setup"],
        cwd=checkout,
        env={"PATH": str(commands)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == ""
    return [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]


def test_no_npm_is_one_line(checkout: Path, commands: Path) -> None:
    assert errors(checkout, commands) == [NO_NPM]


def test_no_python_and_no_node_are_a_line_each(checkout: Path, commands: Path) -> None:
    (commands / "python3").unlink()
    (commands / "node").unlink()

    assert errors(checkout, commands) == [
        f"error: Python 3.{LOWEST_PYTHON} or newer is needed, and python3 is missing; "
        "another one: make PYTHON=python3.13",
        "error: Node 20 or newer is needed, and node is missing: https://nodejs.org",
    ]


def test_a_python_that_the_package_does_not_support_is_one_line(checkout: Path, commands: Path) -> None:
    replace(commands / "npm", "echo 11.0.0")
    use_python(commands, int(LOWEST_PYTHON) - 1)

    (line,) = errors(checkout, commands)

    assert line.startswith(f"error: Python 3.{LOWEST_PYTHON} or newer is needed, and python3 is 3.")


def test_the_oldest_python_that_the_package_supports_will_do(checkout: Path, commands: Path) -> None:
    use_python(commands, int(LOWEST_PYTHON))

    assert errors(checkout, commands) == [NO_NPM]


def test_a_python_without_venv_is_one_line(checkout: Path, commands: Path) -> None:
    # As Debian's is without the package python3-venv.
    replace(commands / "npm", "echo 11.0.0")
    script = f'case "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"'
    replace(commands / "python3", script)

    (line,) = errors(checkout, commands)

    assert line.startswith("error: python3 lacks the module venv or ensurepip ")


def test_an_old_node_is_one_line(checkout: Path, commands: Path) -> None:
    use_node(commands, "19.9.0")

    assert errors(checkout, commands) == [
        "error: Node 20 or newer is needed, and node is v19.9.0: https://nodejs.org"
    ]


def test_the_oldest_node_that_is_supported_will_do(checkout: Path, commands: Path) -> None:
    use_node(commands, "20.0.0")

    assert errors(checkout, commands) == [NO_NPM]
