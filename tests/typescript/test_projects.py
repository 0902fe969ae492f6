"""Projects that have installed the package: in TypeScript, the example; and in JavaScript."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError
from deployed import deploy
from templates import ROOT, run_program

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJob

APP_ID = "d1a2b3c4d5e6f7"
IN_JAVASCRIPT = """
import { App, Stack } from 'aws-cdk-lib';
import { AmplifyJob, JobType } from 'cdk-amplify-job';

const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Moved');
new AmplifyJob(stack, 'Release', { appId: 'd1a2b3c4d5e6f7', branchName: 'main', jobType: JobType.RELEASE });
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        aws.amplify.create_app("typescript", app_id=APP_ID)
        aws.amplify.create_branch(APP_ID, "main", enableAutoBuild=False)
        yield aws


@pytest.fixture(scope="module")
def first_deploy(aws: LocalAws, project: Path) -> str:
    """What a user sees of it. It compiles the programs, and what the types must refuse."""
    (project / "bin/types.ts").write_text((Path(__file__).parent / "types.ts").read_text())
    (project.parent / "site").symlink_to(ROOT / "examples/site")
    done = aws.cdk("deploy", "-c", f"app_id={APP_ID}", "-c", "version=1", cwd=project)
    assert done.returncode == 0, done.stdout
    return done.stdout


def synthesized(program: str, project: Path, folder: Path, **context: str) -> Path:
    """Run a program as the CDK CLI does."""
    given = {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    done = subprocess.run(
        ["node", program],
        cwd=project,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_package_holds_what_it_needs_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}

    compiled = {file.stem for file in ROOT.glob("typescript/src/*.ts")}
    of_function = {
        str(file.relative_to(ROOT)) for file in ROOT.glob("lambda/**/*.*") if file.suffix in (".py", ".json")
    }
    assert names == {
        *("package.json", "README.md", "LICENSE", ".jsii", ".jsii.gz"),
        *(f"typescript/lib/{name}.{kind}" for name in compiled for kind in ("js", "d.ts")),
        *of_function,
    }


def test_the_package_is_compiled_against_the_oldest_cdk_that_both_languages_allow() -> None:
    peers = json.loads((ROOT / "package.json").read_text())["peerDependencies"]
    compiled = json.loads((ROOT / "typescript/package.json").read_text())["devDependencies"]
    in_python = dict(re.findall(r'"([a-z-]+)>=([\d.]+),<', (ROOT / "pyproject.toml").read_text()))

    assert peers == {name: f"^{version}" for name, version in in_python.items()}
    assert in_python.items() <= compiled.items()


def test_no_file_of_the_package_holds_a_map_of_its_sources() -> None:
    for file in ROOT.glob("typescript/lib/*.js"):
        assert "sourceMappingURL=data" not in file.read_text(), file.name


def test_the_first_example_of_the_readme_is_the_same_in_both_languages(project: Path, tmp_path: Path) -> None:
    page = (ROOT / "README.md").read_text()
    blocks = [re.findall(rf"```{name}\n(.*?)```", page, re.DOTALL)[0] for name in ("python", "typescript")]
    (tmp_path / "readme.py").write_text(blocks[0])
    (project / "readme.mjs").write_text(blocks[1])

    app = cdk.App(outdir=str(tmp_path / "python"))
    run_program(tmp_path / "readme.py", app)
    synthesized("readme.mjs", project, tmp_path / "javascript")

    template = (tmp_path / "python/Shop.template.json").read_text()
    assert json.loads((tmp_path / "javascript/Shop.template.json").read_text()) == json.loads(template)


def test_a_typescript_project_releases_its_branch_and_again_when_a_trigger_changes(
    aws: LocalAws, first_deploy: str, project: Path, tmp_path: Path
) -> None:
    assert f"Url = https://main.{APP_ID}.amplifyapp.com" in re.sub(r"\x1b\[\d*m", "", first_deploy)
    assert len(aws.amplify.jobs(APP_ID, "main")) == 1

    again = synthesized("build/site.js", project, tmp_path, app_id=APP_ID, version="2")
    assert deploy(aws, again, "Site").succeeded
    assert len(aws.amplify.jobs(APP_ID, "main")) == 2


@pytest.mark.usefixtures("first_deploy")
def test_a_typescript_project_deploys_files(aws: LocalAws, project: Path, tmp_path: Path) -> None:
    assembly = synthesized("build/files.js", project, tmp_path, version="3")

    assert deploy(aws, assembly, "DeployFiles").succeeded

    (made,) = {*aws.control("apps")} - {APP_ID}
    files = aws.amplify.site(made, "main")
    assert {*files} == {"index.html", "site.js", "config.json", "version.txt"}
    assert files["version.txt"] == b"3"
    (api,) = aws.client("apigatewayv2").get_apis()["Items"]
    assert json.loads(files["config.json"]) == {"api": api["ApiEndpoint"]}


def test_a_stack_that_moves_from_python_to_a_project_of_es_modules_deploys_without_a_change(
    aws: LocalAws, project: Path, tmp_path: Path
) -> None:
    app = cdk.App(outdir=str(tmp_path / "python"), analytics_reporting=False)
    AmplifyJob(cdk.Stack(app, "Moved"), "Release", app_id=APP_ID, branch_name="main")
    app.synth()
    assert deploy(aws, tmp_path / "python", "Moved").succeeded
    before = len(aws.amplify.jobs(APP_ID, "main"))

    (project / "esm").mkdir()
    (project / "esm/package.json").write_text('{"type": "module"}')
    (project / "esm/app.js").write_text(IN_JAVASCRIPT)
    moved = synthesized("app.js", project / "esm", tmp_path / "javascript")
    with pytest.raises(ClientError, match="No updates are to be performed"):
        deploy(aws, moved, "Moved")

    assert len(aws.amplify.jobs(APP_ID, "main")) == before
