"""The options of ``AmplifyJob``, and the words of those that take one of a few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import IConstruct
from typing_extensions import TypedDict

from .commit import Commit
from .provider_interface import IAmplifyJobProvider
from .smoke_test import SmokeTest

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk.aws_s3_deployment import ISource
    from aws_cdk.interfaces.aws_amplify import IBranchRef


class JobType(str, Enum):
    """What a job does.

    https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html
    """

    RELEASE = "RELEASE"
    """Build commit_id, or the newest commit of the branch, and deploy it."""
    RETRY = "RETRY"
    """Run an earlier job again, with its commit."""
    MANUAL = "MANUAL"
    """Deploy files; the option sources says which."""
    WEB_HOOK = "WEB_HOOK"
    """Build as if a webhook had asked for it."""


class WhenBusy(str, Enum):
    """What to do when the branch already has a pending or running job."""

    WAIT = "WAIT"
    """Wait for that job's end, then start."""
    STOP = "STOP"
    """Stop that job once it runs, then start. A job that another AmplifyJob started in this deployment is not
    stopped: the function waits for its end."""
    JOIN = "JOIN"
    """Start no job, and use the result of that one: if it fails, the deployment fails."""
    FAIL = "FAIL"
    """Fail with BRANCH_BUSY."""


class OnRollback(str, Enum):
    """What to do when the deployment is rolled back."""

    RESTORE = "RESTORE"
    """Release the previous version again."""
    IGNORE = "IGNORE"
    """Leave the site as it is."""


class AmplifyJobOptions(TypedDict, total=False):
    """The options of :class:`AmplifyJob`, which explains them. None stands for the default."""

    branch: IBranchRef | IResource | None
    app_id: str | None
    branch_name: str | None
    job_type: JobType | str | None
    job_id: str | None
    job_reason: str | None
    commit_id: str | None
    commit_message: str | None
    commit_time: datetime | str | None
    commit: Commit | None
    sources: Sequence[ISource] | None
    values: Mapping[str, str] | None
    triggers: Mapping[str, str] | None
    execute_after: Sequence[IConstruct] | None
    every_deploy: bool | None
    wait: bool | None
    timeout: Duration | None
    when_busy: WhenBusy | str | None
    on_rollback: OnRollback | str | None
    verify_commit: bool | None
    smoke_test: SmokeTest | None
    failure_log_lines: int | None
    region: str | None
    assume_role: iam.IRole | iam.Role | str | None
    external_id: str | None
    provider: IAmplifyJobProvider | None


def check_names(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse an unknown option, as Python refuses an unknown parameter.

    :param owner: The class that was called.
    :raises TypeError: An option is not known.
    """
    known = list(known)
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            raise TypeError(f"{owner}.__init__() got an unexpected keyword argument {name!r}{hint}")
