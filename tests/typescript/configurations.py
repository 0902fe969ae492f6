"""Apps in Python. Those in `configurations.js` are the same ones, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_amplify_alpha as alpha
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_s3_deployment import Source
from aws_cdk.interfaces import aws_amplify as interfaces
from constructs import Construct

from cdk_amplify_job import (
    AmplifyJob,
    AmplifyJobProvider,
    AmplifyJobProviderStack,
    AmplifyJobRole,
    AmplifyJobStack,
    AmplifyJobStage,
    Commit,
    JobType,
    OnRollback,
    SmokeTest,
    WhenBusy,
)
from cdk_amplify_job.limits import ATTRIBUTES

SITE = str(Path(__file__).parents[2] / "examples" / "site")
APP: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}
ROLE_ARN = "arn:aws:iam::210987654321:role/site/releases"
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"
IRELAND = cdk.Environment(account="123456789012", region="eu-west-1")


def _app(stack: cdk.Stack) -> Any:
    return stack.node.root


def one_job(stack: cdk.Stack) -> None:
    job = AmplifyJob(stack, "Release", **APP)
    for name in ATTRIBUTES:
        attribute = re.sub("(?<!^)([A-Z])", r"_\1", name).lower()
        cdk.CfnOutput(stack, name, value=getattr(job, attribute))


def each_option(stack: cdk.Stack) -> None:
    AmplifyJob(
        stack,
        "Job",
        **APP,
        job_reason="🎉" * 255,
        commit_id="abc1234",
        commit_message="two\nlines 🎉",
        commit_time=datetime(2026, 1, 2, 3, 4, 5, 60_000, timezone(timedelta(hours=1))),
        triggers={"api": "v1", "2": "v2"},
        wait=False,
        timeout=cdk.Duration.minutes(20),
        when_busy=WhenBusy.STOP,
        on_rollback=OnRollback.IGNORE,
        verify_commit=False,
        failure_log_lines=0,
        region="eu-central-1",
    )


def each_default(stack: cdk.Stack) -> None:
    AmplifyJob(
        stack,
        "Job",
        **APP,
        job_type=JobType.RELEASE,
        triggers={},
        execute_after=[],
        every_deploy=False,
        wait=True,
        timeout=cdk.Duration.minutes(45),
        when_busy=WhenBusy.WAIT,
        on_rollback=OnRollback.RESTORE,
        verify_commit=True,
        smoke_test=SmokeTest("/", 200, None, cdk.Duration.minutes(2)),
        failure_log_lines=10,
    )


def job_types(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Retry", **APP, job_type=JobType.RETRY, job_id="7")
    AmplifyJob(stack, "Webhook", **APP, job_type=JobType.WEB_HOOK)


def tokens(stack: cdk.Stack) -> None:
    text = cdk.CfnParameter(stack, "Anything").value_as_string
    number: Any = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    AmplifyJob(
        stack,
        "Job",
        app_id=text,
        branch_name=text,
        job_type=text,
        job_id=text,
        job_reason=text,
        commit_id=text,
        commit_message=text,
        triggers={"api": text},
        when_busy=text,
        on_rollback=text,
        failure_log_lines=number,
        region=text,
        assume_role=iam.Role.from_role_arn(stack, "Role", text),
        external_id=text,
        smoke_test=SmokeTest(f"/{text}", number, text),
    )


def known_later(stack: cdk.Stack) -> None:
    shop = cdk.Stack(_app(stack), "Shop", env=IRELAND)
    AmplifyJob(
        shop,
        "Job",
        app_id=ssm.StringParameter.value_from_lookup(shop, "/site/app-id"),
        branch_name="{{resolve:ssm:/site/branch}}",
    )


def commits(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Id", **APP, commit=Commit("abc1234"))
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    AmplifyJob(stack, "All", **APP, commit=Commit("abc1234", "fix", time))


def a_commit_of_a_build_service(stack: cdk.Stack) -> None:
    environ = {
        "CI_COMMIT_SHA": "0123456789abcdef0123456789abcdef01234567",
        "CI_COMMIT_MESSAGE": "🎉" * 10_001,
        "CI_COMMIT_TIMESTAMP": "2026-01-02T03:04:05+01:00",
    }
    AmplifyJob(stack, "Job", **APP, commit=Commit.from_environment(environ))


def a_commit_of_git(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", **APP, commit=Commit.from_git(SITE))


def an_l1_branch(stack: cdk.Stack) -> None:
    app = amplify.CfnApp(stack, "App", name="shop")
    branch = amplify.CfnBranch(stack, "Branch", app_id=app.attr_app_id, branch_name="release/機能")
    AmplifyJob(stack, "Job", branch=branch, triggers={"api": "v1"})


def an_l1_branch_of_a_repository(stack: cdk.Stack) -> None:
    app = amplify.CfnApp(
        stack, "App", name="shop", repository="https://example.com/shop", platform="WEB_COMPUTE"
    )
    for name, value in (("on", "true"), ("off", "false")):
        variables = [{"name": "AMPLIFY_DIFF_DEPLOY", "value": value}]
        branch = amplify.CfnBranch(
            stack,
            name,
            app_id=app.attr_app_id,
            branch_name=name,
            enable_auto_build=False,
            environment_variables=variables,
        )
        AmplifyJob(branch, "Job", branch=branch, triggers={"api": "v1"})
    AmplifyJob(stack, "Files", branch=branch, sources=[Source.asset(SITE)])


def an_alpha_branch(stack: cdk.Stack) -> None:
    branch = alpha.App(stack, "App").add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch)


def build_settings(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Queue")
    app = amplify.CfnApp(
        stack,
        "App",
        name="site",
        repository="https://git.example.com/site",
        build_spec="of the app",
        custom_headers="headers",
        compute_role_arn="role of the app",
        environment_variables=[{"name": "A", "value": "1"}],
    )
    secret = secretsmanager.Secret(stack, "Secret").secret_value.unsafe_unwrap()
    secure = "{{resolve:ssm-secure:/a:1}} and {{resolve:secretsmanager:b}}, {{resolve:ssm:/c}}"
    condition = cdk.CfnCondition(stack, "Always", expression=cdk.Fn.condition_equals("a", "a"))
    chosen: Any = cdk.Fn.condition_if(condition.logical_id, {"Name": "C", "Value": "1"}, cdk.Aws.NO_VALUE)
    branch = amplify.CfnBranch(
        stack,
        "Branch",
        app_id=app.attr_app_id,
        branch_name="main",
        description="not built by",
        enable_auto_build=False,
        compute_role_arn="role of the branch",
        environment_variables=[
            {"name": "QUEUE", "value": queue.queue_url},
            {"name": "SECRET", "value": secret},
            {"name": "SECURE", "value": secure},
            chosen,
        ],
    )
    AmplifyJob(stack, "Job", branch=branch, triggers={"api": "v1"})
    AmplifyJob(stack, "Names", app_id=app.attr_app_id, branch_name=branch.attr_branch_name)
    AmplifyJob(stack, "Files", branch=branch, sources=[Source.asset(SITE)])
    branch.build_spec = cdk.Fn.sub("${name}", {"name": "x"})
    elsewhere = amplify.CfnBranch(
        cdk.Stack(_app(stack), "Other"),
        "Branch",
        app_id="d2",
        branch_name="main",
        build_spec="of another stack",
    )
    AmplifyJob(stack, "Elsewhere", branch=elsewhere)


def build_settings_that_come_later(stack: cdk.Stack) -> None:
    app = alpha.App(stack, "App", build_spec=codebuild.BuildSpec.from_object({"version": 1}))
    branch = app.add_branch("main", auto_build=False)
    AmplifyJob(stack, "Job", branch=branch)
    branch.add_environment("A", "1")
    branch.add_environment("AMPLIFY_DIFF_DEPLOY", "true")
    app.add_environment("B", "2")


class WrappedBranch(cdk.Resource):
    """An IBranchRef that is made of an L1, under another ID than the default child."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Wrapped")
        inner = amplify.CfnBranch(self, "Inner", app_id="d2", branch_name="main", build_spec="wrapped")
        self.branch_ref = interfaces.BranchReference(branch_arn=inner.attr_arn)


def a_wrapped_branch(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", branch=WrappedBranch(stack))


class NamedBranch(cdk.Resource):
    """Any other IBranchRef."""

    def __init__(self, scope: Construct, id: str, arn: str) -> None:
        super().__init__(scope, id, region="eu-west-1")
        self.branch_ref = interfaces.BranchReference(branch_arn=arn)


def other_branches(stack: cdk.Stack) -> None:
    arn = "arn:aws:amplify:eu-west-1:123456789012:apps/d1a2b3c4d5e6f7/branches/fix/branches/x"
    token = cdk.CfnParameter(stack, "Arn").value_as_string
    AmplifyJob(stack, "Literal", branch=NamedBranch(stack, "B", arn))
    AmplifyJob(stack, "Token", branch=NamedBranch(stack, "T", token))


def files(stack: cdk.Stack) -> None:
    api = cdk.CfnParameter(stack, "Api").value_as_string
    bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
    AmplifyJob(
        stack,
        "Job",
        **APP,
        sources=[
            Source.asset(SITE),
            Source.json_data("config.json", {"api": api}, escape=True),
            Source.data("robots.txt", "none"),
            Source.bucket(bucket, "more.zip"),
            Source.bucket(bucket, "other.zip"),
        ],
    )


def files_with_values(stack: cdk.Stack) -> None:
    api = cdk.CfnParameter(stack, "Api").value_as_string
    sources = [Source.asset(SITE), Source.data("config.txt", api)]
    values = {"https://api.placeholder.invalid": api, "%VERSION%": "1"}
    AmplifyJob(stack, "Job", **APP, sources=sources, values=values)
    AmplifyJob(stack, "None", **APP, sources=sources, values={})


def files_without_values(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", **APP, sources=[Source.asset(SITE), Source.asset(SITE)], job_type=JobType.MANUAL)


def apps_of_a_provider(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "App").value_as_string
    AmplifyJobProvider.get_or_create(stack, app_ids=["d1a2b3c4d5e6f7", "d2", parameter])
    AmplifyJob(stack, "Known", **APP)
    AmplifyJob(stack, "Token", app_id=parameter, branch_name="main", sources=[Source.asset(SITE)])
    AmplifyJob(stack, "Other", app_id="d3", branch_name="main")
    AmplifyJob(stack, "OtherRegion", **APP, region="eu-north-1")


def a_shared_provider(stack: cdk.Stack) -> None:
    provider = AmplifyJobProvider(stack, "Provider", shared=True, app_ids=["d1a2b3c4d5e6f7"])
    for name in ("Shop", "Blog"):
        other = cdk.Stack(_app(stack), name)
        AmplifyJob(other, "Job", **APP, provider=provider)
        AmplifyJob(
            other, "Files", app_id="d2", branch_name="main", sources=[Source.asset(SITE)], provider=provider
        )


def a_provider_of_another_stack(stack: cdk.Stack) -> None:
    provider = AmplifyJobProvider.get_or_create(stack)
    AmplifyJob(cdk.Stack(_app(stack), "Shop"), "Job", **APP, provider=provider)


def a_provider_stack(stack: cdk.Stack) -> None:
    AmplifyJobProviderStack(
        _app(stack),
        "Releases",
        env=IRELAND,
        stack_name="releases",
        description="releases",
        tags={"team": "shop"},
        termination_protection=True,
        app_ids=["d1a2b3c4d5e6f7"],
        ephemeral_storage_size=cdk.Size.gibibytes(2),
    )


def imported_providers(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_name(stack, "ProviderRole", cdk.Fn.import_value("Releases-RoleName"))
    for name, options in (
        ("Role", {"role": role}),
        ("Permitted", {"role": role, "permitted": True}),
        ("Unknown", {}),
        ("PermittedUnknown", {"permitted": True}),
    ):
        provider = AmplifyJobProvider.from_service_token(stack, f"{name}Provider", TOKEN, **options)
        AmplifyJob(stack, name, **APP, provider=provider)
        AmplifyJob(stack, f"{name}Assumed", **APP, provider=provider, assume_role=ROLE_ARN)
        AmplifyJob(stack, f"{name}Files", **APP, provider=provider, sources=[Source.asset(SITE)])


def roles_that_take_no_policies(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "ProviderRole", ROLE_ARN, mutable=False)
    AmplifyJobProvider.get_or_create(stack, role=role, app_ids=["d1a2b3c4d5e6f7"])
    AmplifyJob(stack, "Job", **APP)
    AmplifyJob(stack, "Other", app_id="d2", branch_name="main", sources=[Source.asset(SITE)])
    bucket = s3.Bucket(stack, "Bucket")
    key = cdk.Fn.import_value("Key")
    imported = AmplifyJobProvider.from_service_token(stack, "Imported", TOKEN, role=role)
    AmplifyJob(stack, "Files", **APP, provider=imported, sources=[Source.bucket(bucket, key)])


def another_account(stack: cdk.Stack) -> None:
    web = cdk.Stack(_app(stack), "Web", env=cdk.Environment(account="210987654321", region="eu-west-1"))
    AmplifyJobRole(
        web,
        "Access",
        app_id="d1a2b3c4d5e6f7",
        branch_names=["main", "機能/追加"],
        trusted_role_arn="arn:aws:iam::123456789012:role/Releases-*",
        role_name="releases",
        region="eu-north-1",
        deploys_files=True,
    )
    plain = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)
    AmplifyJob(stack, "Job", **APP, assume_role=plain, external_id="shop-42")
    AmplifyJob(stack, "Files", **APP, assume_role=plain, sources=[Source.asset(SITE)])


def _figures_of_refusal(define: Callable[[int], Any]) -> str:
    """The figures in the words that refuse the first one that is too much."""
    for number in range(100):
        try:
            define(number)
        except ValueError as error:
            return " ".join([str(number), *re.findall("[0-9,]+", str(error))])
    raise AssertionError("it was not refused")


def full_roles(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "App").value_as_string
    app_ids = ("d1a2b3c4d5e6f7", parameter)

    def job(number: int) -> None:
        AmplifyJob(stack, f"Job{number}", app_id=app_ids[number % 2], branch_name=f"b{number}ö機")

    def role(number: int) -> None:
        names = [f"a long name of a branch {name}" for name in range(number + 1)]
        AmplifyJobRole(
            cdk.Stack(_app(stack), f"Web{number}"),
            "Access",
            app_id=parameter,
            branch_names=names,
            trusted_role_arn=ROLE_ARN,
        )

    cdk.CfnOutput(stack, "Jobs", value=_figures_of_refusal(job))
    cdk.CfnOutput(stack, "Branches", value=_figures_of_refusal(role))


def a_vpc(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    AmplifyJobProvider.get_or_create(
        stack,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
    )
    AmplifyJob(stack, "Job", **APP)


def provider_options(stack: cdk.Stack) -> None:
    AmplifyJobProvider.get_or_create(
        stack, log_retention=logs.RetentionDays.ONE_WEEK, runtime=lambda_.Runtime.PYTHON_3_12
    )
    AmplifyJob(stack, "Job", **APP)


def a_prescribed_role_and_log(stack: cdk.Stack) -> None:
    for name in ("First", "Second"):
        provider = AmplifyJobProvider(
            stack,
            name,
            role=iam.Role.from_role_name(stack, f"{name}Role", "functions"),
            log_group=logs.LogGroup.from_log_group_name(stack, f"{name}Logs", "/site/releases"),
            app_ids=["d1a2b3c4d5e6f7"],
        )
        AmplifyJob(stack, f"{name}Job", **APP, provider=provider)
        AmplifyJob(stack, f"{name}Other", app_id="d2", branch_name="main", provider=provider)


def a_stack(stack: cdk.Stack) -> None:
    AmplifyJobStack(
        _app(stack),
        "Release",
        env=IRELAND,
        stack_name="release",
        description="releases the shop",
        tags={"team": "shop"},
        termination_protection=True,
        cross_region_references=True,
        notification_arns=["arn:aws:sns:eu-west-1:123456789012:deploys"],
        permissions_boundary=cdk.PermissionsBoundary.from_name("boundary"),
        synthesizer=cdk.DefaultStackSynthesizer(qualifier="shop"),
        **APP,
        triggers={"api": "v1"},
    )


def a_stage(stack: cdk.Stack) -> None:
    AmplifyJobStage(_app(stack), "Production", env=IRELAND, stage_name="live", stack_name="release", **APP)
    AmplifyJobStage(
        _app(stack),
        "Staging",
        permissions_boundary=cdk.PermissionsBoundary.from_name("boundary"),
        **APP,
    )


def smoke_tests(stack: cdk.Stack) -> None:
    whole = SmokeTest("/health", 401, "sign in", cdk.Duration.seconds(90))
    AmplifyJob(stack, "Whole", **APP, smoke_test=whole)
    AmplifyJob(stack, "Default", **APP, smoke_test=SmokeTest())
    AmplifyJob(stack, "Domain", **APP, smoke_test=SmokeTest("https://www.example.com/health"))


def warnings(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Preview", app_id="d1a2b3c4d5e6f7", branch_name="pr-7")
    for region in ("eu-wets-1", "us-gov-west-1", "xx-nowhere-9", "us-easst-1", "ap-sotheast-2"):
        AmplifyJob(stack, region, **APP, region=region)


def many_jobs(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Queue")
    parent = Construct(Construct(stack, "A scope whose name is long " * 3), "機能")
    for branch in ("main", "feature/a b", "機能/追加"):
        job = AmplifyJob(
            parent,
            f"Release {branch}".replace("/", "-"),
            app_id="d1a2b3c4d5e6f7",
            branch_name=branch,
            triggers={"queue": queue.queue_arn},
            execute_after=[queue],
        )
        cdk.CfnOutput(job, "Status", value=job.attribute("Status"))


def every_deploy(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", **APP, every_deploy=True)


def timeouts(stack: cdk.Stack) -> None:
    for milliseconds in (60_000, 90_400, 90_500, 91_500, 90_600, 3_300_000):
        AmplifyJob(stack, f"Job{milliseconds}", **APP, timeout=cdk.Duration.millis(milliseconds))


def an_environment(stack: cdk.Stack) -> None:
    shop = cdk.Stack(_app(stack), "Shop", env=IRELAND)
    AmplifyJob(shop, "Same", **APP, region="eu-west-1")
    AmplifyJob(shop, "Other", **APP, region="eu-central-1")
