"""``AmplifyJob``: start a job of an Amplify branch in a deployment, and wait for it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, CfnResource, Duration, Stack, Token
from aws_cdk.region_info import RegionInfo
from constructs import Construct, IConstruct
from typing_extensions import TypedDict

from .branch import Branch, known_name_of, names_of, pitfalls_of
from .commit import Commit
from .limits import (
    OPTIONS,
    checked_arn,
    checked_branch_name,
    checked_flag,
    checked_number,
    checked_text,
    checked_word,
    is_known,
)
from .provider import AmplifyJobProvider, IAmplifyJobProvider
from .smoke_test import SmokeTest, smoke_test_properties
from .sources import bind, check_sources

if TYPE_CHECKING:
    from aws_cdk import IResource
    from aws_cdk import aws_iam as iam
    from aws_cdk.aws_s3_deployment import ISource
    from aws_cdk.interfaces.aws_amplify import IBranchRef

# The function ends its wait at the timeout and answers within this time, before CloudFormation gives up.
_TIME_TO_ANSWER_SECONDS: Final[int] = OPTIONS["ServiceTimeout"]["to_answer"]


class JobType(str, Enum):
    """What a job does.

    https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html
    """

    RELEASE = "RELEASE"
    """Build the newest commit of the branch, and deploy it."""
    RETRY = "RETRY"
    """Run an earlier job again, with its commit."""
    MANUAL = "MANUAL"
    """Deploy files; the option sources says which."""
    WEB_HOOK = "WEB_HOOK"
    """A build that a webhook asks for."""


class WhenBusy(str, Enum):
    """What to do when the branch already has a pending or running job."""

    WAIT = "WAIT"
    """Wait for that job's end, then start."""
    STOP = "STOP"
    """Stop that job once it runs, then start. A job that another AmplifyJob started in this deployment is not
    stopped: its end is waited for."""
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


_DEFAULTS: Final = {
    "JobType": JobType.RELEASE.value,
    **{name: option["default"] for name, option in OPTIONS.items() if "default" in option},
}


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
    triggers: Mapping[str, str] | None
    execute_after: Sequence[IConstruct] | None
    every_deploy: bool | None
    wait: bool | None
    wait_for: str | None
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


class AmplifyJob(Construct):
    """A job of an Amplify branch, started when the deployment comes to it.

    The job starts when the resource is created. It starts again when an option changes that says what to
    build, or one of ``triggers``. The deployment waits for the job, and fails with the reason when the job
    fails.

    The options other than ``branch``, or ``app_id`` and ``branch_name``, may be left out. The fields of the
    job are those of https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html.

    :param branch: The branch: a CfnBranch, an IBranchRef, or a Branch of the aws-amplify-alpha module.
        Default: - app_id and branch_name say it
    :param app_id: The ID of the Amplify app.
    :param branch_name: The name of the branch; slashes stay as they are.
    :param job_type: What the job does. Default: JobType.RELEASE
    :param job_id: The job to run again; for RETRY, which needs it.
    :param job_reason: Why it is started, at most 255 characters. Default: - none
    :param commit_id: The commit to build, at most 255 characters. Default: - the tip of the branch
    :param commit_message: The message of that commit, at most 10,000 characters. Default: - none
    :param commit_time: When that commit was made: a datetime with a time zone, or an ISO 8601 string with
        one. Default: - none
    :param commit: These three at once, as from Commit.from_environment(). Default: - none
    :param sources: Files to deploy instead of a build, for an app without a repository: sources of
        ``aws_cdk.aws_s3_deployment``, as ``[Source.asset("dist")]``. If two have a file of the
        same name, the last one wins. The job is then a MANUAL one; it starts again when the files, or values
        in them, change. Excludes job_id, commit and its fields, verify_commit and wait_for.
        Default: - a build
    :param triggers: Values whose change starts the job again. They may be tokens, such as the URL of an API;
        the keys may not. Set the branch's variable AMPLIFY_DIFF_DEPLOY to false, or Amplify may cancel the
        build. Default: - none
    :param execute_after: What must be deployed before the job starts, besides what other options refer to.
        Default: - none
    :param every_deploy: Start again at every deployment. Every synthesis then differs. Default: False
    :param wait: Wait for the job's end; otherwise the deployment goes on once the job has started.
        Default: True
    :param wait_for: The ID of a job, such as ``job_id`` of another AmplifyJob. Nothing is started; that job
        is waited for, whoever started it, and never stopped; if it fails, the deployment fails. Excludes what
        describes a new job. Default: - a job is started
    :param timeout: How long to wait for the branch and the job: 1 to 55 minutes, rounded to seconds. Then the
        deployment fails, and a job that this resource started is stopped. Default: Duration.minutes(45)
    :param when_busy: What to do when the branch has a pending or running job. Default: WhenBusy.WAIT
    :param on_rollback: What to do when the deployment is rolled back. Default: OnRollback.RESTORE
    :param verify_commit: Fail when the log of the build shows another commit than commit_id. Default: True
    :param smoke_test: A page of the site that must answer as it says before the deployment succeeds.
        Default: - none
    :param failure_log_lines: Lines to quote from the log of the step that failed, 0 to 50. They appear in
        the events of the stack. Default: 10
    :param region: The Region of the app. Default: - the branch's, else the stack's
    :param assume_role: A role that has access to the app, or the ARN of the role. An app of another account
        needs one; :class:`AmplifyJobRole` makes it. Default: - the function's own role
    :param external_id: The external ID that this role requires, 2 to 1,224 characters. Default: - none
    :param provider: The function to use. Default: - one for the jobs of the stack
    :raises ValueError: An option is missing, out of its limits, or does not go with another.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        branch: IBranchRef | IResource | None = None,
        app_id: str | None = None,
        branch_name: str | None = None,
        job_type: JobType | str | None = None,
        job_id: str | None = None,
        job_reason: str | None = None,
        commit_id: str | None = None,
        commit_message: str | None = None,
        commit_time: datetime | str | None = None,
        commit: Commit | None = None,
        sources: Sequence[ISource] | None = None,
        triggers: Mapping[str, str] | None = None,
        execute_after: Sequence[IConstruct] | None = None,
        every_deploy: bool | None = None,
        wait: bool | None = None,
        wait_for: str | None = None,
        timeout: Duration | None = None,
        when_busy: WhenBusy | str | None = None,
        on_rollback: OnRollback | str | None = None,
        verify_commit: bool | None = None,
        smoke_test: SmokeTest | None = None,
        failure_log_lines: int | None = None,
        region: str | None = None,
        assume_role: iam.IRole | iam.Role | str | None = None,
        external_id: str | None = None,
        provider: IAmplifyJobProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        app_id, branch_name = _names(branch, app_id, branch_name)
        check_sources(sources)
        job_type = _job_type(job_type, sources)
        commit_id, commit_message, commit_time = _commit_fields(
            commit, commit_id, commit_message, commit_time
        )
        every_deploy = _known_flag("every_deploy", every_deploy)
        seconds = _whole_seconds(timeout)
        region = _region(region, branch, stack)
        role_arn = _role_arn(assume_role)
        if branch and role_arn is None:
            _check_account(branch, stack)
        properties = {
            "AppId": app_id,
            "BranchName": branch_name,
            "JobType": job_type,
            "JobId": _job_to_retry(job_type, job_id),
            "JobReason": checked_text("job_reason", job_reason),
            "CommitId": checked_text("commit_id", commit_id),
            "CommitMessage": checked_text("commit_message", commit_message),
            "CommitTime": _utc(commit_time),
            "Triggers": _triggers(triggers),
            "Nonce": secrets.token_hex(8) if every_deploy else None,
            "Wait": checked_flag("wait", wait),
            "WaitForJobId": wait_for,
            "TimeoutSeconds": seconds,
            "WhenBusy": checked_word("when_busy", when_busy, WhenBusy),
            "OnRollback": checked_word("on_rollback", on_rollback, OnRollback),
            "VerifyCommit": checked_flag("verify_commit", verify_commit),
            **smoke_test_properties(smoke_test, wait),
            "FailureLogLines": checked_number(
                "failure_log_lines", failure_log_lines, OPTIONS["FailureLogLines"]
            ),
            "Region": region,
            "AssumeRoleArn": role_arn,
            "ExternalId": _external_id(external_id, role_arn),
        }
        _check_constructs(execute_after)
        if wait_for is not None:
            _check_wait_for(properties, wait_for, sources)
        if sources:
            _check_sources_alone(properties)

        provider = _provider(provider) or AmplifyJobProvider.get_or_create(self)
        files = bind(sources, self, provider.reader(self)) if sources else None
        if files:
            properties |= {**files.properties, "JobType": None}
        self._resource = CfnResource(
            self,
            "Resource",
            type="Custom::AmplifyJob",
            properties={
                "ServiceToken": provider.service_token,
                "ServiceTimeout": seconds + _TIME_TO_ANSWER_SECONDS,
                **{
                    name: value
                    for name, value in properties.items()
                    if value is not None and value != _DEFAULTS.get(name)
                },
            },
        )
        self._resource.node.add_dependency(*(execute_after or ()))
        location = Branch(
            region or stack.region,
            stack.account,
            app_id,
            branch_name,
            deploys_files=bool(sources),
            known_name=known_name_of(branch) if branch else None,
        )
        provider.permit(self, self._resource, role_arn or location)
        if files:
            provider.permit_reading(self, self._resource, files.statements)

        misspelt = _misspelt_region(region)
        judged = branch and job_type in (JobType.RELEASE, JobType.MANUAL)
        warnings = pitfalls_of(branch, deploys_files=bool(sources)) if branch and judged else {}
        if job_type == JobType.RELEASE and re.fullmatch("pr-[0-9]+", branch_name):
            # https://github.com/aws/aws-sdk/issues/653
            warnings["preview"] = (
                f"a RELEASE on the preview branch {branch_name} builds the branch of its target"
            )
        if misspelt:
            warnings["region"] = misspelt
        for name, text in warnings.items():
            Annotations.of(self).add_warning_v2(f"cdk-amplify-job:{name}", text)

    @property
    def job_id(self) -> str:
        """The ID of the job."""
        return self.attribute("JobId")

    @property
    def job_arn(self) -> str:
        """The ARN of the job."""
        return self.attribute("JobArn")

    @property
    def job_type(self) -> str:
        """The type of the job."""
        return self.attribute("JobType")

    @property
    def status(self) -> str:
        """The status of the job: SUCCEED, or CANCELLED if Amplify saw nothing to build.

        If the deployment does not wait, the status at its start, such as PENDING.
        """
        return self.attribute("Status")

    @property
    def commit_id(self) -> str:
        """The commit of the job, as Amplify reports it: often HEAD."""
        return self.attribute("CommitId")

    @property
    def commit_message(self) -> str:
        """The message of that commit."""
        return self.attribute("CommitMessage")

    @property
    def commit_time(self) -> str:
        """The time of that commit, in ISO 8601."""
        return self.attribute("CommitTime")

    @property
    def built_commit_id(self) -> str:
        """The commit that was built, as the log of the build shows it; empty if it shows none."""
        return self.attribute("BuiltCommitId")

    @property
    def start_time(self) -> str:
        """When the job started, in ISO 8601."""
        return self.attribute("StartTime")

    @property
    def end_time(self) -> str:
        """When the job ended, in ISO 8601."""
        return self.attribute("EndTime")

    @property
    def branch_url(self) -> str:
        """The address of the branch's site."""
        return self.attribute("BranchUrl")

    @property
    def console_url(self) -> str:
        """The address of the branch's deployments in the console."""
        return self.attribute("ConsoleUrl")

    def attribute(self, name: str) -> str:
        """Return an attribute by the name that Fn::GetAtt takes."""
        return self._resource.get_att(name).to_string()


def _names(
    branch: IBranchRef | IResource | None, app_id: str | None, branch_name: str | None
) -> tuple[str, str]:
    if branch and (app_id or branch_name):
        raise ValueError(
            "branch says the app and the branch, so app_id and branch_name must be left out, "
            f"received app_id={app_id!r} and branch_name={branch_name!r}"
        )
    if branch:
        return names_of(branch)
    if app_id is None or branch_name is None:
        raise ValueError(
            "either branch or both app_id and branch_name must be given, "
            f"received app_id={app_id!r} and branch_name={branch_name!r}"
        )
    checked_text("app_id", app_id)
    return app_id, checked_branch_name(branch_name)


def _job_type(job_type: JobType | str | None, sources: Sequence[ISource] | None) -> str:
    job_type = checked_word("job_type", job_type, JobType)
    if job_type is None:
        return JobType.MANUAL.value if sources else JobType.RELEASE.value
    if not Token.is_unresolved(job_type) and (job_type == JobType.MANUAL) != bool(sources):
        raise ValueError(
            "job_type MANUAL and sources must be given together, "
            f"received {job_type!r} and {'no' if not sources else len(sources)} sources"
        )
    return job_type


def _job_to_retry(job_type: str, job_id: str | None) -> str | None:
    if not Token.is_unresolved(job_type) and (job_type == JobType.RETRY) != (job_id is not None):
        raise ValueError(
            "job_id must be given for RETRY and for no other job_type, "
            f"received job_type={job_type!r} and job_id={job_id!r}"
        )
    return checked_text("job_id", job_id)


def _commit_fields(
    commit: Commit | None, id: str | None, message: str | None, time: datetime | str | None
) -> tuple[str | None, str | None, datetime | str | None]:
    if not commit:
        return id, message, time
    if not isinstance(commit, Commit):
        raise ValueError(f"commit must be a Commit, received {commit!r}: for a SHA use commit_id")
    given = {"commit_id": id, "commit_message": message, "commit_time": time}
    also = [name for name, value in given.items() if value is not None]
    if also:
        raise ValueError(f"commit says it all, received also {', '.join(also)}")
    return commit.id, commit.message, commit.time


def _known_flag(name: str, value: bool | None) -> bool | None:
    """The answer decides at synthesis what the template says."""
    if value is not None and Token.is_unresolved(value):
        raise ValueError(f"{name} must be True or False, known at synthesis, received a token")
    return checked_flag(name, value)


def _utc(time: datetime | str | None) -> str | None:
    if time is None or (isinstance(time, str) and not is_known(time)):
        return time
    allowed = "commit_time must be a datetime with a time zone, or an ISO 8601 string with one"
    if not isinstance(time, (str, datetime)):
        raise ValueError(f"{allowed}, received {time!r}")
    try:
        # Python 3.10 does not read the Z.
        moment = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", time)) if isinstance(time, str) else time
    except ValueError:
        raise ValueError(f"{allowed}, received {time!r}") from None
    if not moment.tzinfo:
        raise ValueError(f"{allowed}, received {time!r}")
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _triggers(triggers: Mapping[str, str] | None) -> dict[str, str] | None:
    if triggers is not None and not isinstance(triggers, Mapping):
        raise ValueError(f"triggers must be a dict of strings, received {triggers!r}")
    for key, value in (triggers or {}).items():
        if not isinstance(key, str) or Token.is_unresolved(key):
            raise ValueError(f"triggers must have keys that are strings known at synthesis, received {key!r}")
        if not isinstance(value, str):
            raise ValueError(f"triggers must have strings as values, received {value!r} for {key!r}")
    return dict(triggers) if triggers else None


def _whole_seconds(timeout: Duration | None) -> int:
    limit = OPTIONS["TimeoutSeconds"]
    if timeout is None:
        return int(limit["default"])
    allowed = f"timeout must be {limit['min'] // 60} to {limit['max'] // 60} minutes"
    if not isinstance(timeout, Duration):
        raise ValueError(f"{allowed} as a Duration, received {timeout!r}")
    if timeout.is_unresolved():
        raise ValueError(f"{allowed}, known at synthesis, received a token")
    seconds = timeout.to_milliseconds() / 1000
    if not limit["min"] <= seconds <= limit["max"]:
        raise ValueError(f"{allowed}, received {timeout.to_human_string()}")
    return round(seconds)


def _region(region: str | None, branch: IBranchRef | IResource | None, stack: Stack) -> str | None:
    if region and is_known(region) and not re.fullmatch(OPTIONS["Region"]["pattern"], region):
        raise ValueError(f"region must be the name of a Region, as eu-west-1, received {region!r}")
    if not region and branch and not Token.is_unresolved(branch.env.region):
        region = branch.env.region
    return region if region != stack.region else None


def _misspelt_region(region: str | None) -> str | None:
    """Only a warning: the CDK may not know the newest Region."""
    if region is None or not is_known(region):
        return None
    known = [info.name for info in RegionInfo.regions]
    close = get_close_matches(region, known, n=1, cutoff=0.8)
    if region in known or not close:
        return None
    return f"the CDK knows no Region {region}, did you mean {close[0]}?"


def _check_account(branch: IBranchRef | IResource, stack: Stack) -> None:
    account, own = branch.env.account, stack.account
    if account != own and not Token.is_unresolved(account) and not Token.is_unresolved(own):
        raise ValueError(
            f"branch must be of the account of its job, {own}, received one of {account}: "
            "give a role there as assume_role"
        )


def _role_arn(role: iam.IRole | iam.Role | str | None) -> str | None:
    arn = role if role is None or isinstance(role, str) else role.role_arn
    return checked_arn(
        "assume_role", arn, OPTIONS["AssumeRoleArn"]["pattern"], "a role or the ARN of one, no pattern"
    )


def _external_id(external_id: str | None, role_arn: str | None) -> str | None:
    if external_id is None or not is_known(external_id):
        return external_id
    if role_arn is None:
        raise ValueError(f"external_id goes with assume_role, received {external_id!r} without one")
    limit = OPTIONS["ExternalId"]
    fits = isinstance(external_id, str) and limit["min"] <= len(external_id) <= limit["max"]
    if not fits or not re.fullmatch(limit["pattern"], external_id):
        raise ValueError(
            f"external_id must be {limit['min']} to {limit['max']:,} letters, digits or any of +=,.@:/-_, "
            f"received {external_id!r}"
        )
    return external_id


_OF_START_JOB: Final = {
    "JobId": "job_id",
    "JobReason": "job_reason",
    "CommitId": "commit_id",
    "CommitMessage": "commit_message",
    "CommitTime": "commit_time",
}


def _check_sources_alone(properties: Mapping[str, object]) -> None:
    of_a_build = {**_OF_START_JOB, "VerifyCommit": "verify_commit"}
    given = [option for name, option in of_a_build.items() if properties[name] is not None]
    if given:
        raise ValueError(f"sources are deployed without a build, so {', '.join(given)} must be left out")


def _check_wait_for(
    properties: Mapping[str, object], wait_for: str, sources: Sequence[ISource] | None
) -> None:
    if is_known(wait_for) and not re.fullmatch(OPTIONS["WaitForJobId"]["pattern"], str(wait_for)):
        raise ValueError(f"wait_for must be the ID of a job, as job.job_id, received {wait_for!r}")
    of_a_job = {**_OF_START_JOB, "Triggers": "triggers", "Nonce": "every_deploy"}
    given = [option for name, option in of_a_job.items() if properties[name] is not None]
    given += ["sources"] if sources else []
    given += ["job_type"] if not sources and properties["JobType"] != JobType.RELEASE else []
    if given:
        raise ValueError(f"wait_for starts no job, so {', '.join(given)} must be left out")


def _check_constructs(execute_after: Sequence[IConstruct] | None) -> None:
    given = execute_after or ()
    if (
        isinstance(given, str)
        or not isinstance(given, Sequence)
        or not all(hasattr(i, "node") for i in given)
    ):
        raise ValueError(f"execute_after must be a list of constructs, received {execute_after!r}")


def _provider(provider: IAmplifyJobProvider | None) -> IAmplifyJobProvider | None:
    if provider is None or isinstance(provider, IAmplifyJobProvider):
        return provider
    hint = (
        "pass its .provider" if hasattr(provider, "provider") else "see AmplifyJobProvider.from_service_token"
    )
    raise ValueError(f"provider must be a provider, received {provider!r}: {hint}")
