"""The script as a reader runs it, against the local AWS instead of an account."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from verified import is_clean, stacks
from waiting import SECONDS, eventually

from amplify_local import LocalAws

ROOT = Path(__file__).parents[2]
Verify = Callable[..., "subprocess.CompletedProcess[str]"]


def test_another_account_than_the_one_that_is_named_is_refused(aws: LocalAws, verify: Verify) -> None:
    done = verify("--yes", account="123456789012")

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "error: the credentials are of account 000000000000, and --account names 123456789012"
    )
    assert is_clean(aws)


def test_without_credentials_it_says_so_in_a_line(tmp_path: Path) -> None:
    nothing = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-m", "verify", "--account", "123456789012", "--region", "eu-west-1", "--yes"]

    done = subprocess.run(command, env=nothing, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr == "error: the credentials cannot be used: Unable to locate credentials\n"


def test_without_yes_it_says_what_it_would_make_and_asks_nothing_of_aws() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verify", "--account", "123456789012", "--region", "eu-west-1"]
        + ["--repository", "https://github.com/example/site"],
        cwd=ROOT,
        # No credentials, and nowhere to send a request.
        env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (
        "In account 123456789012, Region eu-west-1, this creates (with --only, the stacks of these parts):"
        in done.stdout
    )
    assert "connected to https://github.com/example/site" in done.stdout
    assert "Cost: about 15 build minutes of Amplify (USD 0.15)" in done.stdout
    assert (
        done.stdout.splitlines()[-1]
        == "Nothing was created, and AWS was not called. Run this again with --yes to do it."
    )


def test_what_does_not_go_together_is_refused(verify: Verify) -> None:
    for arguments, reason in (
        (["--clean-up"], "--clean-up needs --run"),
        (["--run", "no spaces"], "--run must be at most 12 small letters and digits"),
    ):
        done = verify(*arguments)
        assert done.returncode == 2
        assert reason in done.stdout


def interrupted(aws: LocalAws, number: int, *, run: str) -> Any:
    """Start the script, send it a signal once its first stack is there, and let it end."""
    with subprocess.Popen(
        [sys.executable, "-m", "verify", "--account", "000000000000", "--region", aws.region, "--yes"]
        + ["--run", run, "--only", "cloudformation"],
        cwd=ROOT,
        env=aws.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert eventually(lambda: f"verify-amplify-job-{run}-basics" in stacks(aws))
        process.send_signal(number)
        output, _ = process.communicate(timeout=5 * SECONDS)
        return process.returncode, output


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_cleans_up(aws: LocalAws) -> None:
    code, output = interrupted(aws, signal.SIGINT, run="ctrlc")

    assert code == 130, output
    assert "| not checked |" in output
    assert is_clean(aws)


def test_a_request_to_end_cleans_up(aws: LocalAws) -> None:
    code, output = interrupted(aws, signal.SIGTERM, run="term")

    assert code == 130, output
    assert is_clean(aws)


def test_what_a_killed_run_has_left_can_be_deleted(aws: LocalAws, verify: Verify) -> None:
    code, _ = interrupted(aws, signal.SIGKILL, run="killed")
    assert code == -signal.SIGKILL
    assert not is_clean(aws)

    done = verify("--clean-up", "--run", "killed")

    assert done.returncode == 0, done.stdout
    assert "deleted verify-amplify-job-killed-probe" in done.stdout
    assert is_clean(aws)
