"""How a request can end without success: one exception an outcome, each with a stable code.

The text of an exception is the reason that CloudFormation shows. It names what happened, to which job,
and where to look; it never holds a ResponseURL, a presigned URL or a stack trace.
"""

from __future__ import annotations


class Failure(Exception):
    """The request failed, and this is why."""

    code = ""

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


class InvalidProperties(Failure):
    code = "VALIDATION_ERROR"


class BranchBusy(Failure):
    code = "BRANCH_BUSY"


class JobFailed(Failure):
    code = "JOB_FAILED"


class JobCancelled(Failure):
    code = "JOB_CANCELLED"


class JobTimedOut(Failure):
    code = "JOB_TIMED_OUT"


class CommitMismatch(Failure):
    code = "COMMIT_MISMATCH"


class AccessDenied(Failure):
    code = "ACCESS_DENIED"


class NotFound(Failure):
    code = "NOT_FOUND"


class AmplifyError(Failure):
    code = "AMPLIFY_ERROR"


class Expired(Failure):
    code = "EXPIRED"


class Abandoned(Exception):
    """CloudFormation has given this request up: nobody waits for its answer, and nothing may start."""


class HandOver(Exception):
    """This invocation is near its time limit: the next one carries on."""


class OutOfTime(Exception):
    """A wait has come to its end."""
