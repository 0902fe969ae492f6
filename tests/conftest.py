from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Where this is set, the processes that tests start show their output earlier than on most machines.
os.environ.pop("PYTHONUNBUFFERED", None)

# The CDK's own validation takes two seconds of each process that synthesizes; `packaging/test_app.py` has it.
os.environ["CDK_VALIDATION"] = "false"

TESTS = Path(__file__).parent
# These begin first, so that none of them is left to run alone at the end: xdist would begin with the files
# of the most tests, and these have few (`make test` tells it to keep our order). It gives a worker with few
# tests another file at once: so a short one comes after the first six of the deployments.
LONGEST_FIRST = [
    TESTS / name
    for name in (
        "function/test_lifecycle.py",
        "function/test_fault_matrix.py",
        "modes/test_fault_matrix_modes.py",
        "verify/test_releases.py",
        "end_to_end/test_deploy.py",
        "local_aws/test_command_line.py",
        "verify/test_run.py",
        "end_to_end/test_rollback.py",
        "end_to_end/test_files.py",
        "local_aws/test_progress.py",
        "local_aws/test_own_project.py",
        "typescript/test_projects.py",
        "typescript/test_same_template.py",
        "examples/test_examples.py",
        "end_to_end/test_smoke_test.py",
        "ecosystem/test_no_change.py",
        "examples/test_deployed_examples.py",
        "local_aws/test_custom_resource_protocol.py",
        "verify/test_script.py",
    )
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {path: place for place, path in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT interrupts the processes that a test starts, also where it is ignored, as under nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
