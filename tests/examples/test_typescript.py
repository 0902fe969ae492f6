"""The TypeScript example, compiled by tsc and deployed by the CDK CLI; its provider is in Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import aws_cdk as cdk

from amplify_local import LocalAws
from cdk_amplify_job import AmplifyJobProviderStack

EXAMPLE = Path(__file__).parents[2] / "examples" / "typescript"


def test_a_typescript_app_releases_its_branch_and_again_when_a_trigger_changes(tmp_path: Path) -> None:
    tsc = EXAMPLE / "node_modules" / ".bin" / "tsc"
    compiled = subprocess.run([tsc], cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout

    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        app_id = aws.amplify.create_app("typescript").id
        aws.amplify.create_branch(app_id, "main", enableAutoBuild=False)
        app = cdk.App(outdir=str(tmp_path / "releases"), analytics_reporting=False)
        AmplifyJobProviderStack(app, "Releases", app_ids=[app_id])
        app.synth()
        done = aws.cdk("deploy", "--app", str(tmp_path / "releases"), cwd=tmp_path)
        assert done.returncode == 0, done.stdout

        for version in ("1", "2"):
            context = ["-c", f"app_id={app_id}", "-c", f"version={version}"]
            done = aws.cdk("deploy", "--output", str(tmp_path / version), *context, cwd=EXAMPLE)
            assert done.returncode == 0, done.stdout
            assert f"Url = https://main.{app_id}.amplifyapp.com" in done.stdout
            assert len(aws.amplify.jobs(app_id, "main")) == int(version)
