"""The failures of a request: an exception for each, with a code that users can rely on.

The text of an exception names what happened, to which job, and where to look; it never holds a ResponseURL,
a presigned URL or a stack trace.
"""

from __future__ import annotations

SKIPPED = (
    "Amplify has skipped the build, as nothing in the repository has changed: "
    "set the branch's environment variable AMPLIFY_DIFF_DEPLOY to false"
)
"""What to do about a job that has built nothing."""


class Failure(Exception):
    """The request failed, and this is why."""

    code = ""

    @property
    def reason(self) -> str:
        """What CloudFormation shows."""
        return f"{self.code}: {self}"


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


class SiteCheckFailed(Failure):
    code = "SITE_CHECK_FAILED"


class AccessDenied(Failure):
    code = "ACCESS_DENIED"


class NotFound(Failure):
    code = "NOT_FOUND"


class AmplifyError(Failure):
    code = "AMPLIFY_ERROR"


class Unanswered(AmplifyError):
    """Worth another try. The call may have taken effect: no answer in time, a 5xx, an unreadable body."""


class Throttled(Unanswered):
    """Worth another try. No job was started."""


class Unreached(Throttled):
    """There is no address or no connection. No job was started."""


class Busy(Throttled):
    """Amplify says that the branch already has a pending or running job."""


class Expired(Failure):
    code = "EXPIRED"
