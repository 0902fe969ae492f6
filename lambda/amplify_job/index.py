"""The custom resource `Custom::AmplifyJob`: starts an Amplify job, waits for it, and answers CloudFormation.

One request of CloudFormation may take several deliveries and invocations; it starts at most one job on a
branch. Every request is answered.

`run/` is one invocation: `loop.py` repeats a decision of `decide/`, which is pure, and the step that it
names. `cloudformation/`, `amplify/` and `files/` are what that reads and changes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from amplify_job.run.aws import Aws
from amplify_job.run.invocation import Context, Invocation


def handler(event: Mapping[str, Any], context: Context) -> None:
    """Lambda's entry point."""
    Invocation(event, context, Aws(), time).run()
