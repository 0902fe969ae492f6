"""What was seen, beside what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from verify.facts import FACTS, Fact, fits

AS_EXPECTED, DIFFERS, NOT_CHECKED = "as expected", "DIFFERS", "not checked"
_WIDTH = 300


class Finding(NamedTuple):
    seen: str
    verdict: str


class Table:
    """:param facts: Those that are asked for."""

    def __init__(self, facts: Mapping[str, Fact] = FACTS) -> None:
        self._facts = facts
        self._findings: dict[str, Finding] = {}

    def saw(self, name: str, seen: str) -> None:
        """Record what was seen of a fact."""
        seen = " ".join(seen.split())
        verdict = AS_EXPECTED if fits(FACTS[name].expected, seen) else DIFFERS
        self._findings[name] = Finding(seen, verdict)
        print(f"{verdict}: {FACTS[name].text}: {_cut(seen)}", flush=True)

    @contextmanager
    def checking(self, *names: str) -> Iterator[None]:
        """Check these facts: what goes wrong leaves them unchecked, and the others go on."""
        try:
            yield
        except Exception as error:
            self.skip(names, f"{type(error).__name__}: {error}")

    def skip(self, names: Iterable[str], why: str) -> None:
        """Say why facts were not checked, but for those that were."""
        for name in names:
            if name in self._facts and name not in self._findings:
                self._findings[name] = Finding(" ".join(why.split()), NOT_CHECKED)
                print(f"{NOT_CHECKED}: {FACTS[name].text}: {_cut(why)}", flush=True)

    def findings(self) -> dict[str, Finding]:
        """Every fact that was asked for."""
        unseen = Finding("the run ended before", NOT_CHECKED)
        return {name: self._findings.get(name, unseen) for name in self._facts}

    def markdown(self) -> str:
        """The table to paste into a report."""
        rows = [("fact", "expected", "seen", "verdict"), ("---",) * 4]
        for name, (seen, verdict) in self.findings().items():
            fact = self._facts[name]
            rows.append((f"{fact.text} (`{name}`)", fact.expected, _cut(seen), verdict))
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
