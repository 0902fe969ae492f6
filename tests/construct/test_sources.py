"""The option ``sources``: what is rendered, what the function may read, what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_s3_deployment import Source
from templates import new_app, resolved, resources, statements, warnings

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobRole

APP: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}
ASSETS = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"


@pytest.fixture
def site(tmp_path: Path) -> str:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text("hello")
    return str(folder)


def properties(stack: cdk.Stack, **options: Any) -> dict[str, Any]:
    AmplifyJob(stack, "Job", **{**APP, **options})
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    return dict(job["Properties"])


def test_a_folder_is_uploaded_and_named_as_bucket_deployment_names_it(stack: cdk.Stack, site: str) -> None:
    found = properties(stack, sources=[Source.asset(site)])
    assert found.keys() == {
        "ServiceToken",
        "ServiceTimeout",
        "AppId",
        "BranchName",
        "SourceBucketNames",
        "SourceObjectKeys",
    }
    assert found["SourceBucketNames"] == [{"Fn::Sub": ASSETS}]
    assert found["SourceObjectKeys"][0].endswith(".zip")


def test_values_of_the_deployment_are_markers(stack: cdk.Stack, site: str) -> None:
    api = cdk.CfnParameter(stack, "Api").value_as_string
    found = properties(
        stack,
        sources=[
            Source.asset(site),
            Source.json_data("config.json", {"api": api}, escape=True),
            Source.data("robots.txt", "none"),
        ],
    )
    assert resolved(found["SourceMarkers"]) == [{}, {"<<marker:0xbaba:0>>": '"${Api}"'}, {}]
    assert found["SourceMarkersConfig"] == [{}, {"jsonEscape": True}, {}]


def test_values_are_markers_of_each_source_beside_its_own(stack: cdk.Stack, site: str) -> None:
    api = cdk.CfnParameter(stack, "Api").value_as_string
    found = properties(
        stack,
        sources=[Source.asset(site), Source.data("config.txt", api)],
        values={"https://api.placeholder.invalid": api, "%VERSION%": "1"},
    )
    values = {"https://api.placeholder.invalid": "${Api}", "%VERSION%": "1"}
    assert resolved(found["SourceMarkers"]) == [values, {"<<marker:0xbaba:0>>": "${Api}", **values}]
    assert "SourceMarkersConfig" not in found


@pytest.mark.parametrize("values", [None, {}])
def test_without_values_a_folder_has_no_markers(stack: cdk.Stack, site: str, values: Any) -> None:
    assert "SourceMarkers" not in properties(stack, sources=[Source.asset(site)], values=values)


def test_other_files_are_another_job_and_the_same_ones_are_not(site: str) -> None:
    def template() -> Any:
        stack = cdk.Stack(new_app(), "Site")
        return properties(stack, sources=[Source.asset(site)])

    before = template()
    assert template() == before
    (Path(site) / "index.html").write_text("hello again")
    assert template() != before


def test_a_first_job_with_files_takes_six_resources_and_a_further_one_two(
    stack: cdk.Stack, site: str
) -> None:
    for number in range(3):
        AmplifyJob(
            stack,
            f"Job{number}",
            app_id=APP["app_id"],
            branch_name=f"b{number}",
            sources=[Source.asset(site)],
        )
    assert len(resources(stack)) == 6 + 2 * 2
    assert len(resources(stack, "AWS::IAM::Policy")) == 1 + 3


def test_the_function_may_read_these_objects_only_and_before_the_job_runs(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Builds", encryption_key=key)
    AmplifyJob(
        stack, "Job", **APP, sources=[Source.bucket(bucket, "site/1.zip"), Source.bucket(bucket, "more.zip")]
    )
    template = resources(stack)
    name = "JobPolicy2F084D14"
    _, on_objects, on_key = resolved(template[name]["Properties"]["PolicyDocument"]["Statement"])
    bucket_arn = f"${{{bucket_id(template)}.Arn}}"
    assert on_objects == {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": [f"{bucket_arn}/site/1.zip", f"{bucket_arn}/more.zip"],
    }
    assert on_key == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [resolved(stack.resolve(key.key_arn))],
    }
    (job,) = resources(stack, "Custom::AmplifyJob").values()
    assert name in job["DependsOn"]
    # What Source.bucket would grant by itself: all objects, and actions that are not needed.
    assert "s3:GetObject*" not in str(template)
    assert "s3:List*" not in str(template)


def bucket_id(template: dict[str, Any]) -> str:
    (name,) = [name for name, found in template.items() if found["Type"] == "AWS::S3::Bucket"]
    return name


def test_the_function_may_deploy_on_this_branch_only(stack: cdk.Stack, site: str) -> None:
    AmplifyJob(stack, "Job", **APP, sources=[Source.asset(site)])
    app = "arn:${AWS::Partition}:amplify:${AWS::Region}:${AWS::AccountId}:apps/d1a2b3c4d5e6f7"
    (on_app,) = (
        found
        for found in resolved(statements(resources(stack)))
        if "amplify:CreateDeployment" in found["Action"]
    )
    assert on_app["Resource"] == [
        app,
        f"{app}/branches/main",
        f"{app}/branches/main/jobs/*",
        f"{app}/branches/main/deployments/*",
    ]


def test_a_build_may_not_deploy_files(stack: cdk.Stack) -> None:
    AmplifyJob(stack, "Job", **APP)
    assert "Deployment" not in str(statements(resources(stack)))


def test_a_provider_for_whole_apps_may_deploy_files_too(stack: cdk.Stack, site: str) -> None:
    provider = AmplifyJobProvider(stack, "Shared", shared=True, app_ids=[APP["app_id"]])
    other = cdk.Stack(cdk.App.of(stack), "Other")
    AmplifyJob(other, "Job", **APP, provider=provider, sources=[Source.asset(site)])
    assert "amplify:CreateDeployment" in str(statements(resources(stack)))
    (policy,) = resources(other, "AWS::IAM::Policy").values()
    assert "amplify" not in str(policy["Properties"]["PolicyDocument"])


def test_the_role_of_a_provider_from_elsewhere_may_read_the_files(stack: cdk.Stack, site: str) -> None:
    role = iam.Role.from_role_name(stack, "Role", "provider")
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", TOKEN, role=role)
    AmplifyJob(stack, "Job", **APP, provider=provider, sources=[Source.asset(site)])
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    assert "s3:GetObject" in str(policy)
    assert warnings(stack) == []


def test_whoever_owns_the_role_of_a_permitted_provider_must_let_it_read_the_files(stack: cdk.Stack) -> None:
    s3.Bucket(stack, "Builds", encryption_key=kms.Key(stack, "Key"))
    before = resources(stack)
    stack = cdk.Stack(new_app(), "Site")
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Builds", encryption_key=key)
    role = iam.Role.from_role_name(stack, "Role", "provider")
    provider = AmplifyJobProvider.from_service_token(stack, "Provider", TOKEN, role=role, permitted=True)
    sources = [Source.bucket(bucket, "site.zip"), Source.data("robots.txt", "none")]
    AmplifyJob(stack, "Job", **APP, provider=provider, sources=sources)

    (job,) = resources(stack).keys() - before.keys()
    assert job == "JobB9D00F9F"  # nothing else is made, and nothing is written into the key
    assert {name: resources(stack)[name] for name in before} == before
    (warning,) = warnings(stack)
    bucket_arn, key_arn = (resolved(stack.resolve(arn)) for arn in (bucket.bucket_arn, key.key_arn))
    assert re.sub("[0-9a-f]{64}", "hash", warning.partition(" [ack")[0]) == (
        "no policy is attached to the role of the provider, so its owner must allow:\n"
        f"- s3:GetObject on {bucket_arn}/site.zip, arn:${{AWS::Partition}}:s3:::{ASSETS}/hash.zip\n"
        f"- kms:Decrypt on {key_arn}"
    )


def test_a_role_for_another_account_may_deploy_files_where_that_is_wanted(stack: cdk.Stack) -> None:
    trusted = "arn:aws:iam::123456789012:role/provider*"
    for deploys_files in (False, True):
        AmplifyJobRole(
            stack,
            f"Role{deploys_files}",
            app_id=APP["app_id"],
            branch_names=["main"],
            trusted_role_arn=trusted,
            deploys_files=deploys_files,
        )
    allowed = [
        "amplify:CreateDeployment" in str(role) for role in resources(stack, "AWS::IAM::Role").values()
    ]
    assert allowed == [False, True]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, []),
        ({"platform": "WEB"}, []),
        ({"repository": "https://github.com/example/site"}, ["is connected to a repository"]),
        ({"platform": "WEB_COMPUTE"}, ["has the platform WEB_COMPUTE"]),
    ],
)
def test_an_app_that_takes_no_files_is_warned_of(
    stack: cdk.Stack, site: str, settings: dict[str, str], said: list[str]
) -> None:
    app = amplify.CfnApp(stack, "App", name="site", **settings)  # type: ignore[arg-type]
    branch = amplify.CfnBranch(stack, "Main", app_id=app.attr_app_id, branch_name="main")
    AmplifyJob(stack, "Job", branch=branch, sources=[Source.asset(site)])
    found = warnings(stack)
    assert len(found) == len(said)
    assert all(text in warning for text, warning in zip(said, found, strict=True))


def test_the_room_for_files_is_an_option_of_the_provider(stack: cdk.Stack) -> None:
    AmplifyJobProvider(stack, "Provider", ephemeral_storage_size=cdk.Size.gibibytes(2))
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["EphemeralStorage"] == {"Size": 2048}


def test_an_archive_may_lie_in_another_stacks_bucket_with_a_key(app: cdk.App) -> None:
    env = cdk.Environment(account="123456789012", region="eu-west-1")
    builds, stack = cdk.Stack(app, "Builds", env=env), cdk.Stack(app, "Site", env=env)
    bucket = s3.Bucket(builds, "Bucket", encryption_key=kms.Key(builds, "Key"))
    AmplifyJob(stack, "Job", **APP, sources=[Source.bucket(bucket, "site.zip")])

    # Reading the template raises when the stacks depend on each other.
    assert "kms:Decrypt" in str(statements(resources(stack)))
    (key,) = resources(builds, "AWS::KMS::Key").values()
    assert len(key["Properties"]["KeyPolicy"]["Statement"]) == 1  # nothing is written into it


@jsii.implements(cdk.ILocalBundling)
class Build:
    """A build of the site that counts how often it runs."""

    def __init__(self) -> None:
        self.runs = 0

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        self.runs += 1
        Path(output_dir, "index.html").write_text("hello")
        return True


def test_a_build_runs_once_for_all_stages_of_an_app(site: str) -> None:
    app, build = new_app(), Build()
    image = cdk.DockerImage.from_registry("never-used")
    for stage in ("Test", "Live"):
        stack = cdk.Stack(cdk.Stage(app, stage), "Shop")
        bundling = cdk.BundlingOptions(image=image, local=build)
        AmplifyJob(stack, "Job", **APP, sources=[Source.asset(site, bundling=bundling)])
    assert build.runs == 1
