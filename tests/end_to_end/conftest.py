from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deployed import Site

from amplify_local import LocalAws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with LocalAws(job_seconds=2, retry_seconds=1) as aws:
        yield aws


@pytest.fixture
def site(aws: LocalAws, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Site]:
    """Makes a branch to release, with a stack of the given name."""
    return lambda name, **options: Site(aws, tmp_path, name, **options)
