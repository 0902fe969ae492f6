from typing import Any

import pytest


@pytest.fixture(scope="session")
def local_aws_options() -> dict[str, Any]:
    return {"account": "111111111111", "region": "eu-west-1"}
