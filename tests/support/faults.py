"""How a call of AWS goes wrong. For the function there are three ways; test_jobs.py has what means which."""

from __future__ import annotations

FAULTS = {"timeout": "no answer", "429": "throttled", "denied": "AccessDenied"}
"""The modes of `World.fail` that stand for each of the three, and their words."""
PASSING = ("timeout", "429")
"""What is tried until the time is over. A denial is, for a minute."""
AT_ONCE = ("500", "429", "denied")
"""The three where seconds count: here, no answer comes at once."""
