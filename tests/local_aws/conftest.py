from __future__ import annotations

from collections.abc import Iterator

import pytest

from amplify_local import LocalAws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    """One local AWS for all tests of this folder; Lambda's retries come after half a second, not a minute."""
    with LocalAws(retry_seconds=0.5, job_seconds=2) as aws:
        yield aws
