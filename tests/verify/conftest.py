from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amplify_local import LocalAws
from amplify_local.amplify import Amplify, Plan
from amplify_local.amplify.models import Branch

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # for verify, which is no part of the package

Verify = Callable[..., "subprocess.CompletedProcess[str]"]


class ObedientAmplify(Amplify):
    """Its builds do as the build specification of verify/ makes them do: fail, or take their time.

    A branch's first job takes some time to be provisioned, as the script looks at it before that. Jobs that
    should take a minute are stopped by the script. The others are short, but for one that another waits for.
    """

    def _plan_for(self, branch: Branch) -> Plan:
        variables = branch.settings.get("environmentVariables", {})
        seconds = int(variables.get("VERIFY_SECONDS", "20"))
        plan: dict[str, Any] = {"seconds": {20: 1, 40: 5}.get(seconds, 600)}
        if seconds == 60:
            plan["stop_seconds"] = 3
        if branch.last_id == 1 and branch.app.repository:
            plan |= {"created_seconds": 5, "seconds": 5}
        if variables.get("VERIFY_FAIL"):
            plan["outcome"] = "FAILED"
        if variables.get("AMPLIFY_DIFF_DEPLOY"):
            plan |= {
                "outcome": "FAILED",
                "log": ["## Skipping Frontend Build & Deploy, No changes detected..."],
            }
        return self._new_plan(plan)


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    amplify = ObedientAmplify()
    with LocalAws(amplify=amplify, retry_seconds=1) as aws:
        yield aws


@pytest.fixture
def verify(aws: LocalAws) -> Verify:
    """Runs the script against the local AWS, as a reader runs it against theirs."""

    def run(*arguments: str, account: str = "000000000000") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "verify", "--account", account, "--region", aws.region, *arguments],
            cwd=ROOT,
            env={**aws.environment, "VERIFY_ACCESS_TOKEN": "top-secret"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run
