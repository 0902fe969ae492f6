"""A model of CloudFormation's side: the operations of a stack with one resource of ours.

What it sends, when, and what it makes of the answers follows the sources named in docs/aws-facts.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulated import Answer, World

Event = Mapping[str, Any]
INVENTED_ID = "shop-Site-1A2B3C4D5E6F"
"""What CloudFormation calls a resource whose Create was never answered."""


@dataclass
class Asked:
    """A request that was sent."""

    event: Event
    sent: float
    answer: Answer | None = None
    """The first answer, if it came while CloudFormation listened."""
    abandoned: float | None = None
    """When CloudFormation stopped listening."""

    @property
    def succeeded(self) -> bool:
        return self.answer is not None and self.answer.status == "SUCCESS"


@dataclass
class CloudFormation:
    """:param duplicates: After how many seconds the next request is delivered once more."""

    world: World
    properties: dict[str, Any] = field(default_factory=dict)
    """Those of the last operation that completed."""
    tried: dict[str, Any] = field(default_factory=dict)
    """Those of a failed operation that was not rolled back."""
    has_failed: bool = False
    """Whether the resource itself failed there."""
    physical_id: str = ""
    """Empty while the resource does not exist."""
    requests: list[Asked] = field(default_factory=list)
    duplicates: Sequence[float] = ()

    @property
    def is_failed(self) -> bool:
        """Whether the stack is in UPDATE_FAILED."""
        return bool(self.tried)

    def create(
        self, new: dict[str, Any], *, sibling_fails: float | None = None, in_update: bool = False
    ) -> Asked:
        """Add the resource, with its stack or to an existing one."""
        kind = "UPDATE" if in_update else "CREATE"
        self.world.stack_event(f"{kind}_IN_PROGRESS")
        asked = self._ask(self.world.event("Create", **new), give_up_after=sibling_fails)
        if asked.succeeded and sibling_fails is None:
            assert asked.answer
            self.properties, self.physical_id = new, asked.answer.physical_id
            self.world.stack_event(f"{kind}_COMPLETE")
            return asked
        self._begin_rollback("UPDATE_ROLLBACK" if in_update else "ROLLBACK")
        if in_update:
            self.world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._delete(asked.answer.physical_id if asked.answer else INVENTED_ID, new)
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE" if in_update else "ROLLBACK_COMPLETE")
        return asked

    def update(
        self,
        new: dict[str, Any],
        *,
        sibling_fails: float | None = None,
        no_rollback: bool = False,
        old_is_last_good: bool = True,
        continued: bool = False,
    ) -> Asked:
        """Change the resource.

        :param sibling_fails: After so many seconds another resource fails, or somebody cancels.
        :param no_rollback: A failure leaves the stack as it is, for another update or a rollback.
        :param old_is_last_good: After such a failure, the next Update has the old properties of the last
            operation that completed; else those of the failed try. Which of them, nobody has published.
        :param continued: The rollback is tried twice (continue-update-rollback).
        """
        old = self.tried if self.tried and not old_is_last_good else self.properties
        self.world.stack_event("UPDATE_IN_PROGRESS")
        asked = self._ask(self.world.update(self.physical_id, old=old, **new), give_up_after=sibling_fails)
        if asked.succeeded and sibling_fails is None:
            self.world.stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self.world.stack_event("UPDATE_COMPLETE")
            self.properties, self.tried, self.has_failed = new, {}, False
            return asked
        self.tried, self.has_failed = new, not asked.succeeded
        if no_rollback:
            # Requests are dated in whole seconds: an operation cannot end, and another begin, within one.
            self.world.clock.sleep(1)
            self.world.stack_event("UPDATE_FAILED")
            return asked
        self.roll_back(continued=continued)
        return asked

    def roll_back(self, *, continued: bool = False) -> None:
        """Bring the properties of the last operation that completed back."""
        self._begin_rollback("UPDATE_ROLLBACK")
        for _ in range(1 + continued):
            undone = self._ask(self.world.update(self.physical_id, old=self.tried, **self.properties))
            assert undone.answer, "a rollback got no answer"
            assert undone.succeeded, undone.answer.reason
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self.world.stack_event("UPDATE_ROLLBACK_COMPLETE")
        self.tried, self.has_failed = {}, False

    def delete(self) -> None:
        self.world.stack_event("DELETE_IN_PROGRESS")
        self._delete(self.physical_id, self.properties)
        self.physical_id, self.tried, self.has_failed = "", {}, False

    def _delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        asked = self._ask(self.world.delete(physical_id, **properties))
        assert asked.answer, "a Delete got no answer"
        assert asked.succeeded, asked.answer.reason

    def _begin_rollback(self, kind: str) -> None:
        self.world.stack_event(f"{kind}_IN_PROGRESS")
        self.world.clock.sleep(2)

    def _ask(self, event: Event, *, give_up_after: float | None = None) -> Asked:
        """Send a request and listen for its first answer; a sibling may fail before it, or after.

        A changed physical ID is a replacement, which a stack whose rollback is disabled refuses.
        """
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
        if asked.answer and "PhysicalResourceId" in event:
            assert asked.answer.physical_id == event["PhysicalResourceId"]
        if give_up_after is not None:
            if asked.answer is None:
                asked.abandoned = clock.now
            clock.run(asked.sent + give_up_after)
        return asked
