"""What the script sees in the local AWS: every fact, but for those about releases."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

from verified import is_clean, rows
from verify.facts import FACTS, RELEASES
from waiting import eventually

from amplify_local import LocalAws

Verify = Callable[..., "subprocess.CompletedProcess[str]"]

# What the local AWS does otherwise, and local/README.md or the fact's file says so.
ELSEWHERE = {
    "log-range": "200, ",  # whole files only
    "redelivered": "the same event, ",  # sooner, for the tests' sake
}


def abandon_the_update_that_lingers(aws: LocalAws) -> None:
    """As CloudFormation does when a sibling fails; the local AWS provisions one resource after the other."""

    def lingers() -> bool:
        described = aws.client("cloudformation").describe_stacks()["Stacks"]
        states = {stack["StackName"].rpartition("-")[2]: stack["StackStatus"] for stack in described}
        return states.get("abandoned") == "UPDATE_IN_PROGRESS"

    eventually(lambda: lingers() and aws.abandon("Probe"))


def test_every_fact_is_looked_at_and_nothing_is_left(aws: LocalAws, verify: Verify) -> None:
    threading.Thread(target=abandon_the_update_that_lingers, args=[aws], daemon=True).start()
    builds = ["--repository", "https://github.com/example/site", "--older-commit", "1234567"]
    done = verify("--yes", *builds, "--only", "amplify", "builds", "files", "cloudformation")

    found = rows(done.stdout)
    assert found.keys() == FACTS.keys() - RELEASES.keys(), done.stdout
    assert "not checked" not in {verdict for _, verdict in found.values()}, done.stdout
    differs = {name: seen for name, (seen, verdict) in found.items() if verdict == "DIFFERS"}
    assert differs.keys() == ELSEWHERE.keys(), done.stdout
    for name, seen in differs.items():
        assert seen.startswith(ELSEWHERE[name])
    assert done.returncode == 1  # something differs
    assert is_clean(aws)
    assert "top-secret" not in done.stdout
    assert "X-Amz-Signature" not in done.stdout
    table = done.stdout.partition("| fact |")[2].partition("\n\n")[0]
    assert "<account>" in table  # it is pasted into an issue, which is public
    assert "000000000000" not in table


def test_without_a_repository_only_what_needs_no_build_is_checked(aws: LocalAws, verify: Verify) -> None:
    done = verify("--yes", "--only", "amplify", "builds")

    found = rows(done.stdout)
    assert found["busy"] == ("no --repository was given", "not checked")
    assert found["basic-auth"][1] == "as expected"
    assert done.returncode == 0, done.stdout
    assert is_clean(aws)
