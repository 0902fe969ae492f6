"""The reference app, run as the CDK command line runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from templates import app_with_our_flags, run_program

import cdk_amplify_job
from cdk_amplify_job import AmplifyJobOptions, AmplifyJobStack

ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str]]
APP = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "main"}


def synthesized(folder: Path, python: str = sys.executable, **context: str) -> tuple[int, str]:
    """The exit code and the errors of the app."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    environ = {
        **os.environ,
        "CDK_VALIDATION": "true",
        # What jsii says of the Node that runs it is no concern of these tests.
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps({**flags, "aws:cdk:version-reporting": False, **context}),
    }
    done = subprocess.run(
        [python, "app.py"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> Run:
    """Does the same in this process, which saves some seconds."""

    def run(folder: Path, **context: str) -> tuple[int, str]:
        try:
            run_program(ROOT / "app.py", app_with_our_flags(outdir=str(folder), context=context))
        except SystemExit as ended:  # Python prints the text then, and exits with 1
            return 1, capfd.readouterr().err + f"{ended.code}\n"
        return 0, capfd.readouterr().err

    return run


def test_every_option_can_come_from_the_context(tmp_path: Path) -> None:
    assert synthesized(
        tmp_path,
        app_id="d1a2b3c4d5e6f7",
        branch_name="feature/x",
        job_type="RETRY",
        job_id="7",
        job_reason="again",
        commit_id="abc1234",
        commit_message="fix",
        commit_time="2026-01-02T03:04:05Z",
        every_deploy="true",
        wait="false",
        timeout_minutes="20",
        when_busy="STOP",
        on_rollback="IGNORE",
        verify_commit="false",
        failure_log_lines="0",
        region="eu-central-1",
        assume_role="arn:aws:iam::210987654321:role/releases",
        external_id="shop-42",
        stack_name="site",
    ) == (0, "")

    (file,) = tmp_path.glob("*.template.json")
    template = json.loads(file.read_text())
    (job,) = (found for found in template["Resources"].values() if found["Type"] == "Custom::AmplifyJob")
    properties = job["Properties"]
    del properties["ServiceToken"]
    assert len(properties.pop("Nonce")) == 16
    assert properties == {
        "ServiceTimeout": 1380,
        "AppId": "d1a2b3c4d5e6f7",
        "BranchName": "feature/x",
        "JobType": "RETRY",
        "JobId": "7",
        "JobReason": "again",
        "CommitId": "abc1234",
        "CommitMessage": "fix",
        "CommitTime": "2026-01-02T03:04:05Z",
        "Wait": False,
        "TimeoutSeconds": 1200,
        "WhenBusy": "STOP",
        "OnRollback": "IGNORE",
        "VerifyCommit": False,
        "FailureLogLines": 0,
        "Region": "eu-central-1",
        "AssumeRoleArn": "arn:aws:iam::210987654321:role/releases",
        "ExternalId": "shop-42",
    }
    assert {"JobId", "Status", "BranchUrl"} < template["Outputs"].keys()


# Their values are constructs, maps or objects, which `-c KEY=VALUE` cannot give.
WITHOUT_A_KEY = {"branch", "execute_after", "provider", "smoke_test", "triggers", "values"}


def test_an_option_of_a_job_has_a_key_unless_its_value_is_no_text(
    tmp_path: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, object] = {}

    def stack(*args: Any, **options: Any) -> AmplifyJobStack:
        given.update(options)
        return AmplifyJobStack(*args, **options)

    monkeypatch.setattr(cdk_amplify_job, "AmplifyJobStack", stack)
    assert run_here(tmp_path, **APP) == (0, "")

    assert AmplifyJobOptions.__annotations__.keys() - given.keys() == WITHOUT_A_KEY


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({}, "the keys app_id and branch_name must be given"),
        ({"timeout_minutes": "soon"}, "timeout_minutes must be a whole number, received 'soon'"),
        ({"app_id": "d1", "branch_name": "main", "stack_name": "-"}, "Stack name must match"),
    ],
)
def test_a_malformed_context_is_one_line_and_a_failure(
    tmp_path: Path, run_here: Run, context: dict[str, str], message: str
) -> None:
    code, errors = run_here(tmp_path, **context)

    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_keys_that_look_misspelt_are_warned_of_and_those_of_others_are_left_alone(
    tmp_path: Path, run_here: Run
) -> None:
    meant = {"comit_id": "commit_id", "timeout": "timeout_minutes", "domain_name": "branch_name"}
    # The feature flags of cdk.json are always there.
    others = {
        "aws:cdk:bundling-stacks": "**",
        "availability-zones:account=123456789012:region=eu-west-1": "",
        "ssm:commit_id": "",
        "app/branch_name": "",
        "cli-telemetry": "false",
        "tenant": "acme",
    }
    code, errors = run_here(tmp_path, **APP, **others, **dict.fromkeys(meant, "x"))

    assert code == 0
    assert errors.splitlines() == [
        f"warning: unknown context key {key!r}, did you mean {name!r}?" for key, name in meant.items()
    ]


def test_files_to_deploy_can_come_from_the_context(tmp_path: Path, run_here: Run) -> None:
    assert run_here(tmp_path, **APP, files="examples/site") == (0, "")

    (file,) = tmp_path.glob("*.template.json")
    assert '"SourceObjectKeys"' in file.read_text()


def test_without_the_environment_one_line_says_so(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    code, errors = synthesized(tmp_path, python=str(tmp_path / "bare" / "bin" / "python"))

    assert code == 1
    (line,) = errors.splitlines()
    assert line.endswith("(activate the environment in which cdk-amplify-job is installed)")
