"""The real CDK CLI: where it is, its bootstrap template, and how to run it so that nothing outlives us."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

# npm's newest aws-cdk rejects the assemblies of aws-cdk-lib 2.x.
CLI = "aws-cdk@2.1148.1"

# What makes each command run unattended and print its events as they come, unless it is given otherwise.
_UNATTENDED = {
    "deploy": ("--require-approval=never", "--progress=events"),
    "destroy": ("--force",),
}


def cdk_command(cwd: Path) -> str:
    """The project's own CLI, else the one on the PATH, else npx fetches it.

    :raises ValueError: there is none, and npx cannot fetch it
    """
    for folder in (cwd, *cwd.parents, *Path(__file__).resolve().parents):
        if (folder / "node_modules/.bin/cdk").exists():
            return str(folder / "node_modules/.bin/cdk")
    return shutil.which("cdk") or _fetched()


@cache
def _fetched() -> str:
    """Where npx keeps the CLI."""
    fetch = ["npx", "--yes", "--package", CLI, "-c", "command -v cdk"]
    try:
        found = subprocess.run(fetch, capture_output=True, text=True)  # noqa: S603 (no input is in it)
    except FileNotFoundError:
        raise ValueError("the CDK CLI needs Node.js, and there is no npx on the PATH") from None
    if found.returncode:
        reason = re.search(r"^npm \S+ (?!code|syscall|errno)(.+)", found.stderr, re.MULTILINE)
        raise ValueError(f"npx cannot fetch {CLI}: {reason[1] if reason else found.stderr}")
    return found.stdout.strip()


def shipped(command: str, file: str) -> Path:
    """A file of the CLI's package."""
    return Path(command).resolve().parent.parent / file


def bootstrap_template(command: str) -> str:
    """The template of the bootstrap stack, from the CLI's package if it is at hand (saves starting Node)."""
    template = shipped(command, "lib/api/bootstrap/bootstrap-template.yaml")
    if template.is_file():
        return template.read_text()
    shown = subprocess.run(  # noqa: S603 (the CLI that was found)
        [command, "bootstrap", "--show-template"], capture_output=True, text=True, check=True
    )
    return shown.stdout


def run_cdk(
    arguments: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the CLI to its end; ``stdout`` of the result holds both of its streams, line by line as they came.

    It leads a process group of its own, which is ended if we are interrupted.
    """
    given = {_name("--output" if word == "-o" else word) for word in arguments}
    with tempfile.TemporaryDirectory(prefix="cdk-out-", dir=env.get("TMPDIR")) as output:
        defaults = ["--no-notices", "--ci", f"--output={output}", *_UNATTENDED.get(arguments[0], ())]
        command = [cdk_command(cwd), *arguments, *(word for word in defaults if _name(word) not in given)]
        with subprocess.Popen(  # noqa: S603 (the CLI that was found)
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            lines = []
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    if on_line:
                        on_line(line.rstrip("\n"))
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    return subprocess.CompletedProcess(command, code, "".join(lines), "")


def _name(option: str) -> str:
    return option.partition("=")[0].replace("--no-", "--")
