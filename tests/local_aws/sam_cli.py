"""Apps by the AWS CLI and stacks by the SAM CLI, as the page of the local AWS says.

`make test-sam` runs it: the SAM CLI needs an environment of its own, so other runs do not collect this file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from amplify_local import LocalAws

ROOT = Path(__file__).resolve().parents[2]
AWS = [sys.executable, "-m", "awscli", "amplify"]
SAM = [str(ROOT / ".venv-sam/bin/sam"), "deploy", "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]


def test_an_app_is_made_and_both_templates_are_deployed(tmp_path: Path) -> None:
    with LocalAws(job_seconds=1, bootstrap=False) as aws:

        def run(*command: str) -> str:
            # Without a HOME of its own the SAM CLI leaves files in the user's.
            env = {**aws.environment, "HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0"}
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        app = {"name": "shop", "repository": "https://github.com/example/shop"}
        made = json.loads(run(*AWS, "create-app", "--cli-input-json", json.dumps(app)))["app"]
        run(*AWS, "create-branch", "--app-id", made["appId"], "--branch-name", "main")
        for template, stack, parameter in (
            ("provider/template.yaml", "Releases", f"Apps={made['appArn']}"),
            ("examples/cloudformation/sam.yaml", "Shop", f"AppId={made['appId']}"),
        ):
            here = ["--template-file", template, "--stack-name", stack, "--parameter-overrides", parameter]
            run(*SAM, *here)

        (job,) = aws.amplify.jobs()
        assert (job.type, job.status_at(aws.amplify.clock())) == ("RELEASE", "SUCCEED")
