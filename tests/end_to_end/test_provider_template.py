"""The provider for people without the CDK: the AWS CLI deploys it, and the template that the README shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aws_cdk as cdk
import pytest
from deployed import deploy, deploy_template

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJobProviderStack

ROOT = Path(__file__).parents[2]
CONNECTED, FOR_FILES = APPS = ["d1a2b3c4d5e6f7", "d7f6e5d4c3b2a1"]
# What differs between any two functions.
_ONE_S_OWN = {"CodeSha256", "CodeSize", "LastModified", "RevisionId"}


@pytest.fixture(scope="module")
def releases() -> Iterator[LocalAws]:
    """A local AWS with the stack "Releases", deployed by the README's commands."""
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        aws.amplify.create_app("site", app_id=CONNECTED)
        aws.amplify.create_app("files", app_id=FOR_FILES, repository="")
        for app_id in APPS:
            aws.amplify.create_branch(app_id, "main")
        aws.client("s3").create_bucket(Bucket="my-bucket")
        package = ["--template-file", "provider/template.yaml", "--s3-bucket", "my-bucket"]
        cloudformation(aws, "package", *package, "--output-template-file", packaged(aws))
        apps = ",".join(aws.client("amplify").get_app(appId=app_id)["app"]["appArn"] for app_id in APPS)
        options = ["--stack-name", "Releases", "--capabilities", "CAPABILITY_IAM"]
        options += ["--parameter-overrides", f"Apps={apps}"]
        cloudformation(aws, "deploy", "--template-file", packaged(aws), *options)
        yield aws


def packaged(aws: LocalAws) -> Path:
    """Where the template is that can be deployed."""
    return aws.folder / "packaged.yaml"


def cloudformation(aws: LocalAws, command: str, *arguments: str | Path) -> None:
    """Run the AWS CLI of this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "cloudformation", command, *arguments],
        cwd=ROOT,
        env=aws.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def provider(aws: LocalAws, stack: str) -> dict[str, Any]:
    """What a provider's stack has made, its names replaced by the types of their resources."""
    listed = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    names = {item["ResourceType"]: item["PhysicalResourceId"] for item in listed}
    role, function = names["AWS::IAM::Role"], names["AWS::Lambda::Function"]
    iam = aws.client("iam")
    policies = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=names["AWS::Logs::LogGroup"])
    settings = aws.client("lambda").get_function_configuration(FunctionName=function)
    exports = aws.client("cloudformation").list_exports()["Exports"]
    made = {
        "types": sorted({*names} - {"AWS::CDK::Metadata"}),
        "permissions": sorted(permissions(policies)),
        "trust": iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
        "function": {key: value for key, value in settings.items() if key not in _ONE_S_OWN},
        "retention": [group["retentionInDays"] for group in groups["logGroups"]],
        "exports": {item["Name"]: item["Value"] for item in exports if item["Name"].startswith(f"{stack}-")},
    }
    del made["function"]["ResponseMetadata"]
    text = json.dumps(made, sort_keys=True).replace(f"{stack}-ServiceToken", "ServiceToken")
    for type_, name in names.items():
        text = text.replace(name, f"{{{type_}}}")
    return dict(json.loads(text.replace(f"{stack}-RoleName", "RoleName")))


def permissions(policies: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Each action and resource that policies allow, but for those that ``…/branches/*`` covers."""
    allowed = {
        (action, resource)
        for policy in policies
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    return {
        (action, resource)
        for action, resource in allowed
        if (action, re.sub(r"/branches/\*/.+", "/branches/*", resource)) not in allowed - {(action, resource)}
    }


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_it_is_what_the_stack_of_the_cdk_makes(releases: LocalAws, tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path / "out"), analytics_reporting=False)
    AmplifyJobProviderStack(app, "Releases2", app_ids=APPS)
    app.synth()
    assert deploy(releases, tmp_path / "out", "Releases2").succeeded

    own, of_the_cdk = provider(releases, "Releases"), provider(releases, "Releases2")

    assert own == of_the_cdk
    assert len(own["permissions"]) > 10
    assert len(own["exports"]) == 2


@pytest.fixture(scope="module")
def without_apps(releases: LocalAws) -> str:
    """A provider without apps, as the README's first command deploys it."""
    assert deploy_template(releases, "WithoutApps", packaged(releases)).succeeded
    return "WithoutApps"


def test_without_apps_it_may_work_on_none(releases: LocalAws, without_apps: str) -> None:
    own, with_apps = provider(releases, without_apps), provider(releases, "Releases")

    assert own["permissions"] == [
        [action, on] for action, on in with_apps["permissions"] if not action.startswith("amplify:")
    ]


@pytest.mark.parametrize("of", ["Releases", "WithoutApps"])
@pytest.mark.usefixtures("without_apps")
def test_the_template_of_the_readme_releases_its_branch(of: str, releases: LocalAws, tmp_path: Path) -> None:
    template = template_of("README.md", tmp_path)
    template.write_text(template.read_text().replace("Releases-", f"{of}-"))
    before = len(releases.amplify.jobs(CONNECTED, "main"))

    done = deploy_template(releases, f"SiteOf{of}", template)

    assert done.succeeded, done.output
    now = releases.amplify.clock()
    jobs = releases.amplify.jobs(CONNECTED, "main")
    assert [job.status_at(now) for job in jobs[: len(jobs) - before]] == ["SUCCEED"]


def test_the_template_about_files_deploys_its_archive(releases: LocalAws, tmp_path: Path) -> None:
    template = template_of("docs/files.md", tmp_path)
    with ZipFile(tmp_path / "site.zip", "w") as site:
        site.writestr("index.html", "<h1>Shop</h1>")
    s3 = releases.client("s3")
    s3.create_bucket(Bucket="shop-builds")
    s3.upload_file(str(tmp_path / "site.zip"), "shop-builds", "site/42.zip")

    done = deploy_template(releases, "Files", template)

    assert done.succeeded, done.output
    assert releases.amplify.site(FOR_FILES, "main") == {"index.html": b"<h1>Shop</h1>"}


def template_of(page: str, folder: Path) -> Path:
    """The last template that a page shows."""
    *_, template = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    file = folder / "template.yaml"
    file.write_text(template)
    return file
