"""Somebody's own project, as ``own_project/`` has it, with the command line and with the pytest fixture."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amplify_local.cli import main

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
ELSEWHERE = ["--account", "111111111111", "--region", "eu-west-1"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "shop"
    shutil.copytree(HERE / "own_project", folder)
    os.symlink(ROOT / "node_modules", folder / "node_modules")
    for command in (["init", "--quiet"], ["add", "app.py"], ["commit", "--quiet", "--message", "Shop"]):
        who = {
            f"GIT_{role}_{part}": "a@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        subprocess.run(["git", *command], cwd=folder, env={**os.environ, **who}, check=True)
    return folder


def test_the_fixture_deploys_it(project: Path) -> None:
    run = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=project, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout


def test_the_command_line_deploys_it_or_says_for_which_account_and_region_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)

    assert main(["deploy", *ELSEWHERE, "--job-seconds=1", "--output=assembly"]) == 0
    assert "job 1 of main: succeeded" in capfd.readouterr().out

    assert main(["deploy", "--app=assembly"]) == 1
    assert capfd.readouterr().err.splitlines()[-1] == (
        "error: the app is for account 111111111111 and Region eu-west-1: start the local AWS with "
        "--account 111111111111 --region eu-west-1"
    )
