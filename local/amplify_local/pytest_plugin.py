"""pytest's entry point: the fixture ``local_aws``. Nothing else is imported until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from amplify_local.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws_options() -> dict[str, Any]:
    """The options of ``local_aws``, for a project to override: those of ``LocalAws``. Default: none"""
    return {}


@pytest.fixture(scope="session")
def local_aws(pytestconfig: pytest.Config, local_aws_options: dict[str, Any]) -> Iterator[LocalAws]:
    """A local AWS for all tests of the session: deploy to it with ``local_aws.cdk("deploy", …)``."""
    from amplify_local.local_aws import LocalAws

    with LocalAws(**{"project": pytestconfig.rootpath, **local_aws_options}) as aws:
        yield aws
