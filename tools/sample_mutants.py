"""Keeps a random sample of the mutants of a new session of cosmic-ray.

python tools/sample_mutants.py SESSION COUNT
"""

from __future__ import annotations

import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as session:
    # Those that were filtered out have a result already.
    session.execute(
        "CREATE TEMP TABLE kept AS SELECT job_id FROM work_items"
        " WHERE job_id NOT IN (SELECT job_id FROM work_results) ORDER BY random() LIMIT ?",
        [int(sys.argv[2])],
    )
    for table in ("mutation_specs", "work_results", "work_items"):
        session.execute(f"DELETE FROM {table} WHERE job_id NOT IN (SELECT job_id FROM kept)")  # noqa: S608 - the names above
