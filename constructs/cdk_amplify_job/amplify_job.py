"""``AmplifyJob``: start a job of an Amplify branch in a deployment, and wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aspects, CfnResource, Stack
from constructs import Construct, IConstruct
from typing_extensions import Unpack

from .build_settings import build_settings_of
from .limits import ROWS, SECONDS_TO_ANSWER, is_known, is_list_of, job_type_of, shown
from .options import AmplifyJobOptions, check_names
from .permissions import allow, arn_of_app, work_on
from .pitfalls import Pitfalls
from .place import Place, place_of
from .properties import properties_of
from .provider import AmplifyJobProvider
from .provider_interface import IAmplifyJobProvider
from .sources import bind, check_sources, check_values


class AmplifyJob(Construct):
    """A job of an Amplify branch, started when the deployment comes to it.

    The job starts when the resource is created. It starts again when an option changes that says what to
    build, or one of ``triggers``. The deployment waits for the job, and fails with the reason when the job
    fails.

    Give ``branch``, or ``app_id`` and ``branch_name``; all other options may be left out. The fields of the
    job are those of https://docs.aws.amazon.com/amplify/latest/APIReference/API_StartJob.html.

    :param branch: The branch: a CfnBranch, an IBranchRef, or a Branch of the aws-amplify-alpha module. The
        job starts again when the environment variables, the build spec, the custom headers or the compute
        role of the branch or its app change, if this stack defines them. Default: - app_id and branch_name
        say it
    :param app_id: The ID of the Amplify app, at most 20 characters.
    :param branch_name: The name of the branch, at most 255 characters; slashes stay as they are.
    :param job_type: What the job does. Default: JobType.RELEASE, with sources JobType.MANUAL
    :param job_id: The ID of the job to run again, at most 255 characters; for RETRY, which needs it.
    :param job_reason: Why it is started, at most 255 characters. Default: - none
    :param commit_id: The commit to build, at most 255 characters. Default: - the tip of the branch
    :param commit_message: What Amplify shows for it, at most 10,000 characters. Default: - the stack's name
    :param commit_time: When that commit was made: a datetime with a time zone, or an ISO 8601 string with
        one. Default: - none
    :param commit: These three at once, such as Commit.from_git(). Default: - none
    :param sources: Files to deploy instead of a build, for an app without a repository: sources of
        ``aws_cdk.aws_s3_deployment``, as ``[Source.asset("dist")]``. If two have a file of the
        same name, the last one wins. The job is then a MANUAL one; it starts again when the files, or values
        in them, change. Excludes job_id, job_reason, commit and its fields, and verify_commit.
        Default: - a build
    :param values: Texts in the files of sources, and the values that replace them, as
        ``{"https://api.placeholder.invalid": api.url}``: for files that are built before the deployment. The
        values may be tokens. The texts may not, and have at least 8 characters. The deployment fails if no
        file holds one of the texts. Default: - none
    :param triggers: Values whose change starts the job again. They may be tokens, such as the URL of an API;
        the keys may not. Set the branch's variable AMPLIFY_DIFF_DEPLOY to false, or Amplify may cancel the
        build. Default: - none
    :param execute_after: What must be deployed before the job starts, besides what other options refer to.
        Default: - none
    :param every_deploy: Start again at every deployment: each synthesis has a new template. Default: False
    :param wait: Wait for the job's end; otherwise the deployment goes on once the job has started.
        Default: True
    :param timeout: How long to wait for the branch and the job: 1 to 55 minutes, rounded to seconds. Then the
        deployment fails, and a job that this resource started is stopped. Default: Duration.minutes(45)
    :param when_busy: What to do when the branch has a pending or running job. Default: WhenBusy.WAIT
    :param on_rollback: What to do when the deployment is rolled back. Default: OnRollback.RESTORE
    :param verify_commit: Fail when the log of the build shows another commit than commit_id. Default: True
    :param smoke_test: A page of the site that must be as wanted before the deployment succeeds. Needs wait.
        Default: - none
    :param failure_log_lines: Lines to quote from the log of the step that failed, 0 to 50. They appear in
        the events of the stack. Default: 10
    :param region: The Region of the app. Default: - the branch's, else the stack's
    :param assume_role: A role that has access to the app, or the ARN of the role. An app of another account
        needs one; :class:`AmplifyJobRole` makes it. Default: - the function's own role
    :param external_id: The external ID that this role requires, 2 to 1,224 characters. Default: - none
    :param provider: The function to use. Default: - one for the jobs of the stack
    :raises ValueError: An option is missing, out of its limits, or does not go with another. Or the role of
        the provider is full. Or this runs in Amplify's own build of the branch, which waits for the job.
    """

    def __init__(self, scope: Construct, id: str, **options: Unpack[AmplifyJobOptions]) -> None:
        super().__init__(scope, id)
        check_names("AmplifyJob", options, AmplifyJobOptions.__annotations__)
        check_sources(options.get("sources"))
        check_values(options.get("values"), options.get("sources"))
        _check_constructs(options.get("execute_after"))
        place = place_of(options, Stack.of(self))
        properties = properties_of(options, place)
        provider = _checked_provider(options.get("provider"), Stack.of(self))

        self._resource = self._define(options, place, properties, provider)

        job_type = job_type_of({**properties, "SourceBucketNames": options.get("sources")})
        Aspects.of(self._resource).add(Pitfalls(self, options, place, job_type))

    def _define(
        self,
        options: AmplifyJobOptions,
        place: Place,
        properties: dict[str, Any],
        provider: IAmplifyJobProvider | None,
    ) -> CfnResource:
        """Define the custom resource, and let the provider do its work."""
        provider = provider or AmplifyJobProvider.get_or_create(self)
        sources = options.get("sources")
        values = options.get("values") or {}
        files = bind(sources, values, self, provider.reader(self)) if sources else None
        if files:
            properties = {**properties, **files.properties, "JobType": None}
        branch = options.get("branch")
        if branch:
            settings = build_settings_of(branch, Stack.of(self), deploys_files=bool(files))
            properties = {**properties, "BuildSettings": settings}
        seconds = properties["TimeoutSeconds"] or ROWS["TimeoutSeconds"].default
        resource = CfnResource(
            self,
            "Resource",
            type="Custom::AmplifyJob",
            properties={
                "ServiceToken": provider.service_token,
                "ServiceTimeout": seconds + SECONDS_TO_ANSWER,
                **{
                    name: value
                    for name, value in properties.items()
                    if value is not None and value != ROWS[name].default
                },
            },
        )
        resource.node.add_dependency(*(options.get("execute_after") or ()))
        app = arn_of_app(Stack.of(self), place.app_id, place.region)
        on_app = work_on(app, [place.known_name], deploys_files=bool(files))
        statements = [allow([place.role_arn], "sts:AssumeRole") if place.role_arn else on_app]
        provider.permit(self, resource, [*statements, *(files.statements if files else ())])
        return resource

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

        If the deployment does not wait: the status at the job's start, such as PENDING.
        """
        return self.attribute("Status")

    @property
    def commit_id(self) -> str:
        """The commit of the job, as Amplify reports it: often HEAD."""
        return self.attribute("CommitId")

    @property
    def commit_message(self) -> str:
        """The message that Amplify shows for the job; without commit_message, it names the stack."""
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
        """When the job ended, in ISO 8601; empty if the deployment does not wait."""
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
        """Return an attribute by the name that Fn::GetAtt takes, such as ``BranchUrl``."""
        return self._resource.get_att(name).to_string()


def _check_constructs(execute_after: Sequence[IConstruct] | None) -> None:
    if not is_list_of("node", execute_after or ()):
        raise ValueError(f"execute_after must be a list of constructs, received {shown(execute_after)}")


def _checked_provider(provider: IAmplifyJobProvider | None, stack: Stack) -> IAmplifyJobProvider | None:
    if provider is not None and not isinstance(provider, IAmplifyJobProvider):
        hint = (
            "pass its .provider"
            if hasattr(provider, "provider")
            else "see AmplifyJobProvider.from_service_token"
        )
        raise ValueError(f"provider must be a provider, received {shown(provider)}: {hint}")
    if isinstance(provider, AmplifyJobProvider):
        region, own = Stack.of(provider).region, stack.region
        if region != own and is_known(region) and is_known(own):
            raise ValueError(f"provider must be of the Region {own} of its job, received one of {region}")
    return provider
