"""An AWS on this machine for the real CDK CLI: the emulator, Amplify Hosting beside it, a bootstrap stack."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from amplify_local.amplify import Amplify
from amplify_local.authorization import OWNER, ask_iam
from amplify_local.cdk_cli import bootstrap_template, cdk_command, shipped
from amplify_local.connection import Connection, without_aws
from amplify_local.http.server import serve
from amplify_local.loopback import request

_START_SECONDS = 60.0

# The owner's key is the only one that may do everything without a policy.
_ENFORCE = {"AUTH": "true", "AWS_ACCESS_KEY_ID": OWNER, "AWS_SECRET_ACCESS_KEY": OWNER}


class LocalAws(Connection):
    """A local AWS that runs while its context lasts. Nothing of it is left, however this process ends.

    :param job_seconds: How long an Amplify job takes, in seconds. Default: 5
    :param region: The Region of everything. Default: "us-east-1"
    :param account: The account's ID. Default: "000000000000"
    :param amplify: Your own Amplify, whose account and job_seconds then count. Default: a new one
    :param retry_seconds: Lambda's pause before the first retry of an asynchronous invocation, in seconds.
        Default: 60, as on AWS
    :param enforce_iam: Enforce IAM policies, also in Amplify: a call without a permission is denied.
        Default: True
    :param bootstrap: Find the CDK CLI, and create the stack ``CDKToolkit`` that ``cdk deploy`` needs.
        Default: True
    :param project: Where to look for the CDK CLI. Default: the current folder
    """

    def __init__(
        self,
        *,
        job_seconds: float = 5.0,
        region: str = "us-east-1",
        account: str = "000000000000",
        amplify: Amplify | None = None,
        retry_seconds: float = 60.0,
        enforce_iam: bool = True,
        bootstrap: bool = True,
        project: Path | str = ".",
    ) -> None:
        self.amplify = amplify or Amplify(region=region, account=account, job_seconds=job_seconds)
        self.region = region
        self._retry_seconds = retry_seconds
        self._enforce_iam = enforce_iam
        self._bootstrap = bootstrap
        self._cdk = cdk_command(Path(project).resolve()) if bootstrap else ""
        self._open = ExitStack()

    def __enter__(self) -> LocalAws:
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True)
            self.folder = Path(stack.enter_context(temporary))
            self.amplify_url = stack.enter_context(serve(self.amplify))
            self.url = self._start_emulator(stack)
            if self._enforce_iam:
                self.amplify.authorize = ask_iam(self.url, self.client("iam"))
                stack.callback(setattr, self.amplify, "authorize", None)
            if self._bootstrap:
                self._create_bootstrap_stack()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    @property
    def emulator_log(self) -> str:
        return (self.folder / "emulator.log").read_text(errors="replace")

    def _start_emulator(self, stack: ExitStack) -> str:
        port = _free_port()
        log = stack.enter_context((self.folder / "emulator.log").open("wb"))
        self.emulator = subprocess.Popen(
            [sys.executable, "-m", "amplify_local.emulator"],
            cwd=self.folder,
            env=self._emulator_environment(port),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        stack.callback(_stop, self.emulator)
        url = f"http://127.0.0.1:{port}"
        self._wait_until_healthy(url)
        return url

    def _emulator_environment(self, port: int) -> dict[str, str]:
        (self.folder / "tmp").mkdir()
        (self.folder / "aws-config").touch()
        return {
            **without_aws(os.environ),
            **self.isolation,
            **(_ENFORCE if self._enforce_iam else {}),
            "AMPLIFY_LOCAL_FOLDER": str(self.folder),
            "AMPLIFY_LOCAL_TYPES": str(shipped(self._cdk, "db.json.gz")),
            # Functions inherit it, so that boto3 in them finds Amplify without a change of the stack.
            "AWS_ENDPOINT_URL_AMPLIFY": self.amplify_url,
            # The default is every interface.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(self._retry_seconds),
            "LAMBDA_ASYNC_RETRY_MAX_SECONDS": str(self._retry_seconds * 2),
            "MINISTACK_ACCOUNT_ID": self.amplify.account,
            "MINISTACK_HOST": "127.0.0.1",
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "TMPDIR": str(self.folder / "tmp"),
        }

    def _wait_until_healthy(self, url: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self.emulator.poll() is None and time.monotonic() < deadline:
            try:
                request(f"{url}/_ministack/health", seconds=2)
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the emulator did not start: {self.emulator_log[-2000:]}")

    def _create_bootstrap_stack(self) -> None:
        """What ``cdk bootstrap`` does, in half a second instead of eight."""
        cloudformation = self.client("cloudformation")
        everything = "arn:aws:iam::aws:policy/AdministratorAccess"
        cloudformation.create_stack(
            StackName="CDKToolkit",
            TemplateBody=bootstrap_template(self._cdk),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": "CloudFormationExecutionPolicies", "ParameterValue": everything}],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName="CDKToolkit", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        if self._enforce_iam:
            # It denies plain http, which is all there is here.
            bucket = f"cdk-hnb659fds-assets-{self.amplify.account}-{self.region}"
            self.client("s3").delete_bucket_policy(Bucket=bucket)


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
