"""On a simulated clock: what waiting for a job of 5 and of 50 minutes takes, and what that costs.

Every alternative's own handler code runs against the same Amplify in memory. Where something else calls it
(the provider framework, EventBridge, Lambda), the schedule is read from code; see `peers_simulated`.
"""

from __future__ import annotations

from collections import Counter

from simulated import START, World, worlds

from figures.peers_simulated import CALL_SECONDS, Work, simulated

MINUTES = (5, 50)
MEMORY_GB = 0.25  # of our function; the peers' have Lambda's default, 0.125

# US East (N. Virginia), no free tier, x86.
GB_SECOND = 0.0000166667
INVOCATION = 0.20 / 1e6
STATE_TRANSITION = 0.025 / 1e3
PRICES = (
    "US East (N. Virginia), without the free tier: Lambda $0.0000166667 a GB-second (x86) and $0.20 a "
    "million requests (docs.aws.amazon.com, How AWS Pricing Works: Lambda, gives $0.00001667 and $0.20), "
    "Step Functions Standard $0.025 a 1,000 state transitions, retries included "
    "(aws.amazon.com/step-functions/pricing); copies of these pages read on 2026-11-23. EventBridge's "
    "scheduled rules and CloudFormation's custom resources are taken as free (from memory), and the log's "
    "few kilobytes are left out."
)


def waiting(name: str, minutes: int) -> Work:
    return ours(minutes * 60) if name == "ours" else simulated(name, minutes * 60)


def ours(job_seconds: float) -> Work:
    with worlds():
        world = World(job_seconds=job_seconds, latency=CALL_SECONDS)
        answer = world.request(world.event("Create", TimeoutSeconds="3300"))
    # One invocation follows the other without a gap.
    return Work(
        outcome=answer.status,
        invocations=len(world.deliveries),
        gb_seconds=(answer.time - START) * MEMORY_GB,
        calls=Counter(call.operation for call in world.amplify.calls) + Counter(world.asked),
    )


def dollars(work: Work) -> float:
    return work.invocations * INVOCATION + work.gb_seconds * GB_SECOND + work.transitions * STATE_TRANSITION
