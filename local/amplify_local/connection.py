"""A local AWS as its users see it: environment, clients, the CDK CLI, logs, Amplify's control endpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session

from amplify_local.authorization import OWNER
from amplify_local.cdk_cli import run_cdk
from amplify_local.loopback import request, without_proxy

_MAKING = Lock()  # no two threads may make clients of one session at the same time


@dataclass
class Connection:
    """Where a local AWS listens: ``amplify_url`` for Amplify, ``url`` for the rest. Tools use ``folder``."""

    url: str
    amplify_url: str
    region: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment for the CDK CLI, boto3 and any other AWS tool."""
        # The project's "python3 app.py" shall be the interpreter that runs us.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {**without_aws(os.environ), "PATH": path, **self.settings}

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead AWS tools here, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_AMPLIFY": self.amplify_url,
            "AWS_ACCESS_KEY_ID": OWNER,
            "AWS_SECRET_ACCESS_KEY": OWNER,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **self.isolation,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            # Without it the CLI caches accounts by access key in the home folder.
            "CDK_HOME": str(self.folder / "cdk"),
            # Banners about old releases of Node, which the CDK CLI still supports.
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }

    @property
    def isolation(self) -> dict[str, str]:
        """The variables that hide the user's own profiles, the metadata of a real machine, and proxies."""
        nothing = str(self.folder / "aws-config")
        return {
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            **without_proxy(),
        }

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of this AWS."""
        options = {
            "endpoint_url": self.amplify_url if service == "amplify" else self.url,
            "region_name": self.region,
            "aws_access_key_id": OWNER,
            "aws_secret_access_key": OWNER,
            **options,
        }
        config = Config(proxies={}).merge(options.pop("config", None) or Config())
        with _MAKING:
            return self._session.client(service, config=config, **options)

    @cached_property
    def _session(self) -> Any:
        """It reads the models of services once, and nothing of the user's: no variable, no file."""
        nothing = str(self.folder / "aws-config")
        variables = {
            name: (in_file, None, nothing if name.endswith("_file") else default, kind)
            for name, (in_file, _, default, kind) in Session.SESSION_VARIABLES.items()
        }
        return boto3.session.Session(botocore_session=Session(variables))

    def cdk(
        self,
        *arguments: str,
        cwd: Path | str = ".",
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the CDK CLI: ``aws.cdk("deploy", "-c", "app_id=d123", cwd=project)``.

        :param env: Further variables of its environment.
        :param on_line: Is told each line as it comes.
        :return: With ``returncode``, and both streams in ``stdout``; also a warning for each type of resource
            for which a placeholder stands, when a stack first has it.
        """
        environment = {**self.environment, "TMPDIR": str(self.folder), **(env or {})}
        done = run_cdk(arguments, Path(cwd).resolve(), environment, on_line)
        for kind in _call("GET", f"{self.url}/_ministack/placeholders")["types"]:
            warning = f"warning: a placeholder stands for {kind}, with made-up attributes"
            done.stdout += warning + "\n"
            if on_line:
                on_line(warning)
        return done

    def function_logs(self, name_contains: str = "") -> list[str]:
        """What functions logged, by time; an invocation's lines come at its end.

        :param name_contains: Only of log groups with this in their name. Default: of all
        """
        logs = self.client("logs")
        events = []
        for group in logs.describe_log_groups()["logGroups"]:
            if name_contains in group["logGroupName"]:
                pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
                events += [event for page in pages for event in page["events"]]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]

    def step_log(self, log_path: str) -> str:
        """The log of a job's step, under the ``log_path`` that ``control("jobs")`` tells."""
        return request(f"{self.amplify_url}{log_path}").decode()

    def abandon(self, logical_id: str) -> bool:
        """Let CloudFormation stop waiting for a custom resource, as when another resource of the stack fails.

        The emulator provisions one resource after the other, so no sibling can fail meanwhile.

        :return: Whether CloudFormation was waiting.
        """
        return bool(_call("POST", f"{self.url}/_ministack/cfn-abandon/{logical_id}")["abandoned"])

    def deliver_twice(self) -> None:
        """The next request to a custom resource reaches its function twice at the same time."""
        _call("POST", f"{self.url}/_ministack/cfn-deliver-twice")

    def control(self, action: str, **body: Any) -> Any:
        """Use Amplify's control endpoint: ``aws.control("fail", operation="GetJob", mode="500")``."""
        return _call("POST" if body else "GET", f"{self.amplify_url}/_amplify/{action}", body or None)


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _call(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    try:
        return json.loads(request(url, method, data))
    except urllib.error.HTTPError as error:
        with error:
            raise ValueError(json.load(error)["message"]) from None
