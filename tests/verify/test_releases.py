"""What the script sees of releases in the local AWS: the whole life of a stack that the CDK CLI deploys."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from verified import is_clean, rows
from verify.facts import RELEASES

from amplify_local import LocalAws

Verify = Callable[..., "subprocess.CompletedProcess[str]"]


def test_every_fact_is_as_expected_and_nothing_is_left(aws: LocalAws, verify: Verify) -> None:
    done = verify("--yes", "--repository", "https://github.com/example/site", "--only", "releases")

    seen = "\n".join([done.stdout, *aws.function_logs("release")])
    assert {name: verdict for name, (_, verdict) in rows(done.stdout).items()} == dict.fromkeys(
        RELEASES, "as expected"
    ), seen
    assert done.returncode == 0, seen
    assert is_clean(aws)
    assert "top-secret" not in done.stdout
