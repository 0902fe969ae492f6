"""What happens before a rollback, and the rollback itself, in a simulated world."""

from __future__ import annotations

from typing import Any

from simulated import APP_ID, BRANCH, Answer, World


def pushed(world: World, *shas: str) -> None:
    """Commits that are in the repository, without a build of their own."""
    world.branch.settings["enableAutoBuild"] = False
    for sha in shas:
        world.amplify.push(APP_ID, BRANCH, commit_id=sha)


def updated(world: World, first: Answer, *, old: dict[str, Any] | None = None, **properties: Any) -> Answer:
    """An Update with a new nonce, which succeeds."""
    properties = (
        properties if "CommitId" in properties or "Nonce" in properties else {"Nonce": "2", **properties}
    )
    answer = world.request(world.update(first.physical_id, old=old, **properties))
    assert answer.status == "SUCCESS", answer.reason
    world.clock.sleep(5)
    return answer


def rolled_back(
    world: World, latest: Answer, *, old: dict[str, Any] | None = None, **properties: Any
) -> Answer:
    """A sibling fails, the stack rolls back: the answer to its Update back to the first properties."""
    world.stack_event("UPDATE_ROLLBACK_IN_PROGRESS")
    return world.request(world.update(latest.physical_id, old=old or {"Nonce": "2"}, **properties))


def complete(world: World, status: str = "UPDATE_COMPLETE") -> None:
    """The operation of the stack ends well, and the next one begins."""
    world.stack_event(status)
    world.clock.sleep(100)
    world.stack_event("UPDATE_IN_PROGRESS")
    world.clock.sleep(5)


def said(world: World, decision: str) -> list[dict[str, Any]]:
    return [line for line in world.decisions if line["decision"] == decision]
