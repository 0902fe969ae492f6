"""What a deploy shows of its jobs."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from amplify_local.progress import JobProgress


def test_what_has_happened_since_the_last_look_is_shown_at_the_end() -> None:
    names = {"app_id": "d123", "branch_name": "main", "job_id": "1"}
    job = {**names, "status": "SUCCEED", "started": 10.0, "ended": 12.0, "progress": 1.0, "steps": []}
    jobs: list[dict[str, Any]] = []
    console = Console(file=StringIO(), width=200)

    with JobProgress(lambda: jobs, console):
        jobs.append(job)

    assert isinstance(console.file, StringIO)
    assert "✓ job 1 of main: succeeded after 2.0 s" in console.file.getvalue()
