"""What can go wrong, and what comes of it: the rows of docs/reliability.md, each of which a test runs.

`python tests/function/fault_matrix --write` writes the tables into that page.
"""

from __future__ import annotations

from .api_calls import ROWS as API_CALLS
from .behaviour import ROWS as BEHAVIOUR
from .deliveries import ROWS as DELIVERIES
from .deploying_files import ROWS as FILES
from .rollbacks import ROWS as ROLLBACKS
from .row import Row

THEMES: dict[str, list[Row]] = {
    "What the function is for": BEHAVIOUR,
    "Rollbacks and Deletes": ROLLBACKS,
    "Killed, repeated, late": DELIVERIES,
    "Deploying files": FILES,
    "API calls": API_CALLS,
}
