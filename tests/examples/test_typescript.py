"""The TypeScript examples, compiled by tsc: against the construct in Python, and deployed by the CDK CLI."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_s3_deployment import Source
from deployed import deploy
from templates import new_app, resolved, resources

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobProviderStack

EXAMPLE = Path(__file__).parents[2] / "examples" / "typescript"
APP_ID = "d1a2b3c4d5e6f7"
TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With a provider, and an app that it may release."""
    assembly = tmp_path_factory.mktemp("releases")
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        aws.amplify.create_app("typescript", app_id=APP_ID)
        aws.amplify.create_branch(APP_ID, "main", enableAutoBuild=False)
        app = cdk.App(outdir=str(assembly), analytics_reporting=False)
        AmplifyJobProviderStack(app, "Releases", app_ids=[APP_ID])
        app.synth()
        assert deploy(aws, assembly, "Releases").succeeded
        yield aws


@pytest.fixture(scope="module", autouse=True)
def first_deploy(aws: LocalAws) -> str:
    """What a user sees of it. It compiles the programs."""
    done = aws.cdk("deploy", "-c", f"app_id={APP_ID}", "-c", "version=1", cwd=EXAMPLE)
    assert done.returncode == 0, done.stdout
    return done.stdout


# The same jobs as those of in_python().
IN_TYPESCRIPT = """
const { App, CfnParameter, Stack } = require('aws-cdk-lib');
const { Key } = require('aws-cdk-lib/aws-kms');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { Source } = require('aws-cdk-lib/aws-s3-deployment');
const { AmplifyJob } = require('./build/lib/amplify-job.js');

const app = new App();
const stack = new Stack(app, 'Site');
const api = new CfnParameter(stack, 'Api').valueAsString;
const bucket = new Bucket(stack, 'Bucket', { encryptionKey: new Key(stack, 'Key') });
const sources = [
  Source.asset('../site'),
  Source.jsonData('config.json', { api }, { escape: true }),
  Source.bucket(bucket, 'more.zip'),
];
const job = (id, options, permitted) => new AmplifyJob(stack, id, {
  provider: { serviceToken: process.env.TOKEN, roleName: 'releases', permitted },
  appId: 'd1a2b3c4d5e6f7',
  branchName: 'main',
  ...options,
});
job('Build', { branchName: '機能/追加', region: 'eu-north-1' });
job('Files', { sources });
job('Role', { assumeRoleArn: 'arn:aws:iam::123456789012:role/web' });
job('PermittedBuild', {}, true);
job('PermittedFiles', { sources }, true);
job('PermittedRole', { sources, assumeRoleArn: 'arn:aws:iam::123456789012:role/web' }, true);
app.synth();
"""


def synthesized(program: list[str], folder: Path, **context: str) -> Path:
    """Run a program as the CDK CLI does."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "TOKEN": TOKEN,
    }
    done = subprocess.run(
        ["node", *program], cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def in_python() -> dict[str, Any]:
    stack = cdk.Stack(new_app(), "Site")
    api = cdk.CfnParameter(stack, "Api").value_as_string
    bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
    sources = [
        Source.asset(str(EXAMPLE.parent / "site")),
        Source.json_data("config.json", {"api": api}, escape=True),
        Source.bucket(bucket, "more.zip"),
    ]
    role = iam.Role.from_role_name(stack, "ProviderRole", "releases")
    providers = [
        AmplifyJobProvider.from_service_token(
            stack, f"Provider{permitted}", TOKEN, role=role, permitted=permitted
        )
        for permitted in (False, True)
    ]

    def job(id: str, *, permitted: bool = False, **options: Any) -> None:
        names = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main", "provider": providers[permitted]}
        AmplifyJob(stack, id, **{**names, **options})

    job("Build", branch_name="機能/追加", region="eu-north-1")
    job("Files", sources=sources)
    job("Role", assume_role="arn:aws:iam::123456789012:role/web")
    job("PermittedBuild", permitted=True)
    job("PermittedFiles", permitted=True, sources=sources)
    job("PermittedRole", permitted=True, sources=sources, assume_role="arn:aws:iam::123456789012:role/web")
    return resources(stack)


def agreed(template: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The policies of a template, and of its jobs what they wait for and deploy."""
    policies, jobs = {}, []
    for name, resource in resolved(template).items():
        if resource["Type"] == "AWS::IAM::Policy":
            policies[name] = resource["Properties"]
            resource["Properties"]["PolicyDocument"]["Statement"].sort(key=str)
        if resource["Type"] == "Custom::AmplifyJob":
            sources = {key: value for key, value in resource["Properties"].items() if "Source" in key}
            jobs.append((resource.get("DependsOn"), sources))
    return policies, jobs


def test_jobs_have_the_policies_and_deploy_the_files_of_those_in_python(tmp_path: Path) -> None:
    assembly = synthesized(["-e", IN_TYPESCRIPT], tmp_path)
    template = json.loads((assembly / "Site.template.json").read_text())
    policies, jobs = agreed(template["Resources"])

    assert (policies, jobs) == agreed(in_python())
    assert [len(waits_for or ()) for waits_for, _ in jobs] == [1, 1, 1, 0, 1, 1]


def test_an_empty_list_of_files_is_refused() -> None:
    # It would be a build.
    program = """
    const { App, Stack } = require('aws-cdk-lib');
    const { AmplifyJob } = require('./build/lib/amplify-job.js');
    new AmplifyJob(new Stack(new App(), 'Site'), 'Job', { provider: {}, sources: [] });
    """
    done = subprocess.run(["node", "-e", program], cwd=EXAMPLE, capture_output=True, text=True, check=False)

    assert "Error: sources must have an item, received []: for a build leave it out" in done.stderr


def test_a_typescript_app_releases_its_branch_and_again_when_a_trigger_changes(
    aws: LocalAws, first_deploy: str, tmp_path: Path
) -> None:
    assert f"Url = https://main.{APP_ID}.amplifyapp.com" in first_deploy
    assert len(aws.amplify.jobs(APP_ID, "main")) == 1

    again = synthesized(["build/bin/site.js"], tmp_path, app_id=APP_ID, version="2")
    assert deploy(aws, again, "Site").succeeded
    assert len(aws.amplify.jobs(APP_ID, "main")) == 2


def test_a_typescript_app_deploys_files(aws: LocalAws, tmp_path: Path) -> None:
    assembly = synthesized(["build/bin/files.js"], tmp_path, version="3")

    assert deploy(aws, assembly, "DeployFiles").succeeded

    (made,) = {*aws.control("apps")} - {APP_ID}
    files = aws.amplify.site(made, "main")
    assert {*files} == {"index.html", "site.js", "config.json", "version.txt"}
    assert files["version.txt"] == b"3"
    (api,) = aws.client("apigatewayv2").get_apis()["Items"]
    assert json.loads(files["config.json"]) == {"api": api["ApiEndpoint"]}
