"""One JSON line for every decision. Never a ResponseURL, a presigned URL or a credential."""

from __future__ import annotations

import json
from typing import Any


def log(decision: str, **fields: Any) -> None:
    print(json.dumps({"decision": decision, **fields}, default=str), flush=True)
