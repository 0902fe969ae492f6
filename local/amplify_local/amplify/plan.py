"""What a job is planned to do."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = ("BUILD", "DEPLOY", "VERIFY")
NO_DIFF = "NO_DIFF"

# What Amplify says of builds that it cancels itself (aws-amplify/amplify-hosting issues quote it).
_NO_DIFF_REASON = "cancelled - no diff detected from previous commit"


@dataclass(frozen=True)
class Plan:
    """How a job goes and ends.

    :param outcome: ``SUCCEED``, ``FAILED``, ``CANCELLED``, ``NO_DIFF`` (cancelled by Amplify itself), or any
        other word, which the job then shows as its last status. Default: "SUCCEED"
    :param step: The step in which the job ends if it does not succeed, and whose log holds ``log``.
        Default: "BUILD"
    :param status_reason: The reason that this step shows. Default: none; Amplify's own words for ``NO_DIFF``
    :param seconds: The time from StartJob to the end, in seconds, if the job does not queue. Default: the
        ``job_seconds`` of the Amplify
    :param created_seconds: How long it stays in CREATED before PENDING, in seconds. Default: 0
    :param queue_seconds: How much longer than usual it is PENDING, in seconds: an account runs five jobs at a
        time in a Region. Default: 0
    :param log: Lines that end the log of ``step``; a failure adds its own lines. Default: none
    :param skips_build: The log of the build says that it was skipped, as nothing has changed. The job ends as
        planned all the same: Amplify's jobs were seen to succeed, fail, be cancelled or never end then.
        Default: False
    :param builds: The commit that is built and that the log shows, whatever was asked for. Default: that
    :param never_ends: It stays in ``step`` until somebody stops it. Default: False
    :param running: The word that it shows instead of RUNNING. Default: "RUNNING"
    :param stop_seconds: How long it stays in CANCELLING, in seconds. Default: 1
    :param ignores_stop: A StopJob comes too late: the job ends as planned. Default: False
    """

    outcome: str = "SUCCEED"
    step: str = "BUILD"
    status_reason: str | None = None
    seconds: float = 5.0
    created_seconds: float = 0.0
    queue_seconds: float = 0.0
    log: tuple[str, ...] = ()
    skips_build: bool = False
    builds: str | None = None
    never_ends: bool = False
    running: str = "RUNNING"
    stop_seconds: float = 1.0
    ignores_stop: bool = False

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise ValueError(f"step must be one of {', '.join(STEPS)}, got {self.step!r}")
        object.__setattr__(self, "log", tuple(self.log))

    @property
    def status(self) -> str:
        return "CANCELLED" if self.outcome == NO_DIFF else self.outcome

    @property
    def reason(self) -> str | None:
        if self.status_reason is None and self.outcome == NO_DIFF:
            return _NO_DIFF_REASON
        return self.status_reason
