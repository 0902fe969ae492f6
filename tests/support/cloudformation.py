"""A model of CloudFormation's side: the operations of a stack with one resource of ours.

What it sends, when, and what it makes of the answers follows the sources named in docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulated import Answer, World

Event = Mapping[str, Any]


@dataclass
class Asked:
    """A request that was sent."""

    event: Event
    sent: float
    answer: Answer | None = None
    """The first answer, if it came while CloudFormation listened."""
    abandoned: float | None = None
    """When CloudFormation stopped listening."""


@dataclass
class CloudFormation:
    """:param duplicates: After how many seconds the next request is delivered once more."""

    world: World
    properties: dict[str, str] = field(default_factory=dict)
    physical_id: str = ""
    """Empty while the resource does not exist."""
    requests: list[Asked] = field(default_factory=list)
    duplicates: Sequence[float] = ()

    def create(
        self, new: dict[str, str], *, sibling_fails: float | None = None, in_update: bool = False
    ) -> Asked:
        """Add the resource, with its stack or to an existing one."""
        kind = "UPDATE" if in_update else "CREATE"
        self.world.stack_event(f"{kind}_IN_PROGRESS")
        asked = self._ask(self.world.event("Create", **new), give_up_after=sibling_fails)
        succeeded = asked.answer is not None and asked.answer.status == "SUCCESS"
        if succeeded and sibling_fails is None:
            assert asked.answer
            self.properties, self.physical_id = new, asked.answer.physical_id
            self.world.stack_event(f"{kind}_COMPLETE")
            return asked
        self._begin_rollback("UPDATE_ROLLBACK" if in_update else "ROLLBACK")
        invented = "shop-Site-1A2B3C4D5E6F"
        self._delete(asked.answer.physical_id if asked.answer else invented, new)
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE" if in_update else "ROLLBACK_COMPLETE")
        return asked

    def update(
        self,
        new: dict[str, str],
        *,
        sibling_fails: float | None = None,
        order: str = "Update, Delete",
        no_rollback: bool = False,
        continued: bool = False,
    ) -> Asked:
        """Change the resource.

        :param sibling_fails: After so many seconds another resource fails, or somebody cancels.
        :param order: In what order a rollback undoes a replacement.
        :param no_rollback: After a failure try once more with the same RequestId, before rolling back.
        :param continued: The rollback is tried twice (continue-update-rollback).
        """
        old, physical_id = self.properties, self.physical_id
        self.world.stack_event("UPDATE_IN_PROGRESS")
        event = self.world.update(physical_id, old=old, **new)
        asked = self._ask(event, give_up_after=sibling_fails)
        if no_rollback and not (asked.answer and asked.answer.status == "SUCCESS"):
            self.world.stack_event("UPDATE_FAILED")
            self.world.clock.sleep(30)
            self.world.stack_event("UPDATE_IN_PROGRESS")
            again = {**self.world.update(physical_id, old=old, **new), "RequestId": event["RequestId"]}
            asked, sibling_fails = self._ask(again), None
        current = asked.answer.physical_id if asked.answer and asked.answer.status == "SUCCESS" else ""
        if current and sibling_fails is None:
            self.world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            if current != physical_id:
                self._delete(physical_id, old)
            self.world.stack_event("UPDATE_COMPLETE")
            self.properties, self.physical_id = new, current
            return asked
        self._begin_rollback("UPDATE_ROLLBACK")
        self._undo(current or physical_id, physical_id, new, old, order, continued)
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE")
        return asked

    def delete(self) -> None:
        self.world.stack_event("DELETE_IN_PROGRESS")
        self._delete(self.physical_id, self.properties)
        self.physical_id = ""

    def _undo(
        self, current: str, before: str, new: dict[str, str], old: dict[str, str], order: str, continued: bool
    ) -> None:
        """Bring the old properties back to the resource that is `current`."""
        replaced = current != before
        if replaced and order == "Delete":
            self.world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            self._delete(current, new)
            return
        if replaced and order == "Delete, Update":
            self._delete(current, new)
        for _ in range(1 + continued):
            undone = self._ask(self.world.update(current, old=new, **old))
            assert undone.answer, "a rollback got no answer"
            assert undone.answer.status == "SUCCESS", undone.answer.reason
            self.physical_id = undone.answer.physical_id
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        if self.physical_id != current and order == "Update, Delete":
            self._delete(current, new)

    def _delete(self, physical_id: str, properties: dict[str, str]) -> None:
        asked = self._ask(self.world.delete(physical_id, **properties))
        assert asked.answer, "a Delete got no answer"
        assert asked.answer.status == "SUCCESS", asked.answer.reason
        assert asked.answer.physical_id == physical_id

    def _begin_rollback(self, kind: str) -> None:
        self.world.stack_event(f"{kind}_IN_PROGRESS")
        self.world.clock.sleep(2)

    def _ask(self, event: Event, *, give_up_after: float | None = None) -> Asked:
        """Send a request and listen for its first answer; a sibling may fail before it, or after."""
        clock = self.world.clock
        asked = Asked(event, clock.now)
        self.requests.append(asked)
        self.world.deliver(event, retries=2)
        for after in self.duplicates:
            self.world.deliver(event, retries=2, after=after)
        self.duplicates = ()

        def first() -> Answer | None:
            return next((a for a in self.world.answers if a.url == event["ResponseURL"]), None)

        service_timeout = float(event["ResourceProperties"].get("ServiceTimeout", 3600))
        patience = service_timeout if give_up_after is None else give_up_after
        clock.run(asked.sent + patience, done=lambda: first() is not None)
        asked.answer = first()
        if give_up_after is not None:
            if asked.answer is None:
                asked.abandoned = clock.now
            clock.run(asked.sent + give_up_after)
        return asked
