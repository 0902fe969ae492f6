"""The local AWS as a whole: what it isolates, what it enforces, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from waiting import eventually

from amplify_local import LocalAws

LOCAL = Path(__file__).resolve().parents[2] / "local"


def test_it_is_bootstrapped_and_listens_on_this_machine_only(aws: LocalAws) -> None:
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert "CDKToolkit" in [stack["StackName"] for stack in stacks]
    for url in (aws.url, aws.amplify_url):
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(ConnectionRefusedError):
            # Another address of the loopback interface: a server on every interface would accept it.
            socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_condition_knows_the_region_and_the_account(aws: LocalAws) -> None:
    values = {"Region": ("us-east-1", "eu-west-1"), "AccountId": ("000000000000", "111111111111")}
    conditions = {
        f"{name}{i}": {"Fn::Equals": [{"Ref": f"AWS::{name}"}, value]}
        for name, pair in values.items()
        for i, value in enumerate(pair)
    }
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    resources = {name: {**handle, "Condition": name} for name in conditions}
    cloudformation = aws.client("cloudformation")
    template = json.dumps({"Conditions": conditions, "Resources": resources})
    cloudformation.create_stack(StackName="conditions", TemplateBody=template)
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="conditions", WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})

    made = cloudformation.describe_stack_resources(StackName="conditions")["StackResources"]
    assert {resource["LogicalResourceId"] for resource in made} == {"Region0", "AccountId0"}


def test_the_users_own_aws_settings_stay_out(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    assert "AWS_PROFILE" not in aws.environment
    assert "AWS_SESSION_TOKEN" not in aws.environment
    assert aws.environment["AWS_ENDPOINT_URL"] == aws.url
    assert Path(aws.environment["AWS_CONFIG_FILE"]).read_text() == ""


def test_amplify_asks_iam_what_a_role_may_do(aws: LocalAws) -> None:
    aws.amplify.create_app("site", app_id="diam")
    aws.amplify.create_branch("diam", "main")
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    allow = {
        "Effect": "Allow",
        "Action": "amplify:ListJobs",
        "Resource": "arn:aws:amplify:us-east-1:*:apps/diam/*",
    }
    role = iam.create_role(
        RoleName="lister",
        Path="/some/path/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    iam.put_role_policy(
        RoleName="lister",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    session = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    amplify = boto3.client(
        "amplify",
        endpoint_url=aws.amplify_url,
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert amplify.list_jobs(appId="diam", branchName="main")["jobSummaries"] == []
    with pytest.raises(ClientError, match="assumed-role/lister/me is not authorized") as denied:
        amplify.get_branch(appId="diam", branchName="main")
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_permission_that_a_template_forgets_is_missed(
    aws: LocalAws, tmp_path: Path, write_site: Any
) -> None:
    aws.amplify.create_app("site", app_id="d123")
    aws.amplify.create_branch("d123", "main")
    # The function raises, and never answers: shorten CloudFormation's wait for it. Whether the function has
    # the time to answer the Delete does not matter.
    app = write_site(tmp_path, allowed="amplify:GetJob", timeout=2)
    deploy = aws.cdk("deploy", "--app", str(app), "--method", "direct")
    assert deploy.returncode == 1
    assert "did not receive a response" in deploy.stdout
    denied = "is not authorized to perform: amplify:StartJob"
    assert eventually(lambda: denied in "".join(aws.function_logs("Site")))
    assert aws.amplify.jobs("d123") == []


OWNER_OF_A_LOCAL_AWS = """
import time
from amplify_local import LocalAws

with LocalAws(bootstrap=False) as aws:
    print(aws.emulator.pid, aws.folder, flush=True)
    {ending}
"""


def _is_gone(process_group: int) -> bool:
    try:
        os.killpg(process_group, 0)
    except ProcessLookupError:
        return True
    return False


def _members(process_group: int) -> list[int]:
    members = []
    for process in (int(path.name) for path in Path("/proc").glob("[0-9]*")):
        with suppress(ProcessLookupError):
            members += [process] if os.getpgid(process) == process_group else []
    return members


@pytest.mark.parametrize(
    ("ending", "kill"),
    [
        ("pass", None),
        ("raise RuntimeError", None),
        ("time.sleep(600)", signal.SIGINT),
        ("time.sleep(600)", signal.SIGTERM),
        ("time.sleep(600)", signal.SIGKILL),
    ],
)
@pytest.mark.usefixtures("ctrl_c")
def test_nothing_is_left_however_the_owner_ends(ending: str, kill: signal.Signals | None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER_OF_A_LOCAL_AWS.format(ending=ending)],
        env={**os.environ, "PYTHONPATH": str(LOCAL)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout
        pid, folder = owner.stdout.readline().split()
        if kill:
            assert not _is_gone(int(pid))
            owner.send_signal(kill)
        owner.wait()
        assert eventually(lambda: _is_gone(int(pid)))
        assert eventually(lambda: not Path(folder).exists())


def test_a_running_function_ends_with_the_emulator() -> None:
    function = "import time\ndef handler(event, context):\n    time.sleep(600)\n"
    with LocalAws(bootstrap=False, enforce_iam=False) as aws:
        stack = {
            "Resources": {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "FunctionName": "sleeper",
                        "Runtime": "python3.13",
                        "Handler": "index.handler",
                        "Role": "arn:aws:iam::000000000000:role/r",
                        "Timeout": 900,
                        "Code": {"ZipFile": function},
                    },
                }
            }
        }
        aws.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(stack))
        functions = aws.client("lambda")
        assert eventually(lambda: functions.list_functions()["Functions"])
        functions.invoke(FunctionName="sleeper", InvocationType="Event")
        group = aws.emulator.pid
        assert eventually(lambda: len(_members(group)) > 1)
    assert eventually(lambda: _is_gone(group))


def test_another_ministack_than_the_exact_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from amplify_local.emulator import __main__ as emulator

    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.5.34")
    with pytest.raises(SystemExit, match=r"needs ministack 1\.5\.33, got 1\.5\.34"):
        emulator.main()
