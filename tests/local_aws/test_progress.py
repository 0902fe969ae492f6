"""What a deploy shows of its jobs."""

from __future__ import annotations

import time
from typing import Any

from waiting import eventually

from amplify_local.cli.progress import JobProgress


def test_what_has_happened_since_the_last_look_is_shown_at_the_end(
    capsys: Any,
) -> None:
    names = {"app_id": "d123", "branch_name": "main", "job_id": "1"}
    job = {**names, "status": "SUCCEED", "started": 10.0, "ended": 12.0, "steps": []}
    jobs: list[dict[str, Any]] = []

    with JobProgress(lambda: jobs):
        jobs.append(job)

    assert "✓ job 1 of main: succeeded after 2.0 s" in capsys.readouterr().out


def test_the_jobs_of_a_stack_come_after_its_first_event(capsys: Any) -> None:
    step = {"name": "BUILD", "status": "RUNNING", "log_path": "/log", "started": 1.0, "ended": None}
    names = {"app_id": "d123", "branch_name": "main", "job_id": "1"}
    job = {**names, "status": "RUNNING", "started": 1.0, "ended": None, "steps": [step]}
    jobs: list[dict[str, Any]] = []
    said = ""

    def output() -> str:
        nonlocal said
        said += str(capsys.readouterr().out)
        return said

    with JobProgress(lambda: jobs) as progress:
        progress.say("Shop: deploying... [1/1]")
        jobs.append(job)
        time.sleep(0.6)  # twice as long as between two looks
        assert "BUILD" not in output()
        progress.say("Shop | 0/7 | 14:01:12 | CREATE_IN_PROGRESS   | AWS::CloudFormation::Stack | Shop")
        eventually(lambda: "BUILD" in output())

    assert said.index("CREATE_IN_PROGRESS") < said.index("job 1 of main: BUILD running")
