"""An AWS on this machine for the real CDK CLI: the emulator, Amplify Hosting beside it, a bootstrap stack."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3

from amplify_local.amplify import Amplify
from amplify_local.cdk_cli import bootstrap_template, cdk_command, run_cdk
from amplify_local.server import serve

_ACCOUNT = "000000000000"
_START_SECONDS = 60.0


class LocalAws:
    """A local AWS while its context lasts; nothing of it is left afterwards, however this process ends.

    :param job_seconds: How long an Amplify job takes.
    :param region: The Region of everything.
    :param amplify: An Amplify of your own, instead of a new one.
    :param retry_seconds: What Lambda waits before the first retry of an asynchronous invocation: 60 on AWS.
    :param bootstrap: Create the stack ``CDKToolkit`` that `cdk deploy` needs.
    :param project: Where to look for the CDK CLI. Default: the current folder.
    """

    url: str
    amplify_url: str

    def __init__(
        self,
        *,
        job_seconds: float = 5.0,
        region: str = "us-east-1",
        amplify: Amplify | None = None,
        retry_seconds: float = 60.0,
        bootstrap: bool = True,
        project: Path | str = ".",
    ) -> None:
        self.amplify = amplify or Amplify(region=region, account=_ACCOUNT, job_seconds=job_seconds)
        self.region = region
        self._retry_seconds = retry_seconds
        self._bootstrap = bootstrap
        self._project = Path(project).resolve()
        self._open = ExitStack()

    def __enter__(self) -> LocalAws:
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True)
            self._folder = Path(stack.enter_context(temporary))
            self.amplify_url = stack.enter_context(serve(self.amplify))
            self.url = self._start_emulator(stack)
            if self._bootstrap:
                self._create_bootstrap_stack()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def environment(self) -> dict[str, str]:
        """The environment for the CDK CLI, boto3 and any other AWS tool."""
        return {
            **_without_aws(os.environ),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_AMPLIFY": self.amplify_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **self._isolation(),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            # Without it the CLI caches accounts by access key in the home folder.
            "CDK_HOME": str(self._folder / "cdk"),
            # `python3 app.py` of a cdk.json means this environment's Python, activated or not.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of this AWS."""
        options = {
            "endpoint_url": self.amplify_url if service == "amplify" else self.url,
            "region_name": self.region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            **options,
        }
        session: Any = boto3.session.Session()
        return session.client(service, **options)

    def cdk(
        self,
        *arguments: str,
        cwd: Path | str = ".",
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the CDK CLI: ``aws.cdk("deploy", "-c", "app_id=d123", cwd=project)``."""
        environment = {**self.environment, "TMPDIR": str(self._folder), **(env or {})}
        return run_cdk(arguments, Path(cwd).resolve(), environment, on_line)

    def function_logs(self, name_contains: str = "") -> list[str]:
        """What functions logged, in order of time."""
        logs = self.client("logs")
        events = []
        for group in logs.describe_log_groups()["logGroups"]:
            if name_contains in group["logGroupName"]:
                for page in logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group["logGroupName"]
                ):
                    events += [(event["timestamp"], event["message"]) for event in page["events"]]
        return [message for _, message in sorted(events, key=lambda event: event[0])]

    def abandon(self, logical_id: str) -> bool:
        """CloudFormation stops waiting for a custom resource, as when a sibling fails; whether it waited.

        The emulator provisions one resource after the other, so that no sibling can fail meanwhile.
        """
        order = urllib.request.Request(  # noqa: S310 (our own URL)
            f"{self.url}/_ministack/cfn-abandon/{logical_id}", method="POST"
        )
        with urllib.request.urlopen(order, timeout=10) as response:  # noqa: S310
            return bool(json.load(response)["abandoned"])

    @property
    def emulator_log(self) -> str:
        return (self._folder / "emulator.log").read_text(errors="replace")

    def _start_emulator(self, stack: ExitStack) -> str:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        log = stack.enter_context((self._folder / "emulator.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "amplify_local.emulator"],
            cwd=self._folder,
            env=self._emulator_environment(port),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        stack.callback(_stop, process)
        self._wait_until_healthy(process, url)
        return url

    def _emulator_environment(self, port: int) -> dict[str, str]:
        temporary = self._folder / "tmp"
        temporary.mkdir()
        (self._folder / "aws-config").touch()
        return {
            **_without_aws(os.environ),
            "AMPLIFY_LOCAL_FOLDER": str(self._folder),
            "AWS_ENDPOINT_URL_AMPLIFY": self.amplify_url,
            **self._isolation(),
            # The default is every interface.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(self._retry_seconds),
            "LAMBDA_ASYNC_RETRY_MAX_SECONDS": str(self._retry_seconds * 2),
            "MINISTACK_HOST": "127.0.0.1",
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "TMPDIR": str(temporary),
        }

    def _isolation(self) -> dict[str, str]:
        """Keeps the user's own AWS profiles, and the metadata of a real machine, out of the picture."""
        nothing = str(self._folder / "aws-config")
        return {
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], url: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):  # noqa: S310 (our own URL)
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the emulator did not start: {self.emulator_log[-2000:]}")

    def _create_bootstrap_stack(self) -> None:
        """What ``cdk bootstrap`` does, in half a second instead of eight."""
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName="CDKToolkit",
            TemplateBody=bootstrap_template(cdk_command(self._project)),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {
                    "ParameterKey": "CloudFormationExecutionPolicies",
                    "ParameterValue": "arn:aws:iam::aws:policy/AdministratorAccess",
                }
            ],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName="CDKToolkit", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        cloudformation.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Closing its standard input ends the emulator and its functions; see ``amplify_local.emulator``."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}
