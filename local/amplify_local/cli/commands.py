"""What each command does: it returns the exit code."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from amplify_local.cli.progress import JobProgress
from amplify_local.cli.running import announced, running
from amplify_local.cli.terminal import show, show_table
from amplify_local.connection import Connection
from amplify_local.http.server import site_address
from amplify_local.local_aws import LocalAws

ACCOUNT, REGION = "000000000000", "us-east-1"
_CDK_JSON = Path("cdk.json")
# What the CDK CLI assumes first, as it names it where that fails.
_ROLE_OF_BOOTSTRAP = re.compile(r"iam::(\d{12}):role/cdk-\w+-deploy-role-\d{12}-([a-z0-9-]+)")
_NOT_UP = (
    "no local AWS runs for this folder: start one with `python -m amplify_local up`, "
    "or go to the folder where `up` runs"
)

# What a local AWS is started with: the option, its name here, its default.
SETTINGS: Mapping[str, tuple[str, Any]] = {
    "--account": ("account", ACCOUNT),
    "--region": ("region", REGION),
    "--job-seconds": ("job_seconds", 5.0),
    "--no-iam": ("enforce_iam", True),
}


# Commands.


def up(options: argparse.Namespace) -> int:
    if running():
        raise ValueError("a local AWS runs for this folder already")
    with _own_aws(options) as aws, announced(aws):
        _print_settings(aws)
        print("# Up. Ctrl-C stops it.", flush=True)
        threading.Event().wait()
    return 0


def env(options: argparse.Namespace) -> int:
    _print_settings(_running())
    return 0


def _print_settings(aws: Connection) -> None:
    # Whatever else of AWS this shell has set, such as AWS_PROFILE, would win over it.
    for name in sorted(name for name in os.environ if name.startswith("AWS_") and name not in aws.settings):
        print(f"unset {name}")
    for name, value in aws.settings.items():
        print(f"export {name}={shlex.quote(value)}")


def deploy(options: argparse.Namespace) -> int:
    with _aws(options) as aws:
        _make_branch(aws, options.rest)
        return _cdk(aws, "deploy", options.rest)


def diff(options: argparse.Namespace) -> int:
    with _aws(options) as aws:
        return _cdk(aws, "diff", options.rest)


def destroy(options: argparse.Namespace) -> int:
    return _cdk(_running(), "destroy", options.rest)


def events(options: argparse.Namespace) -> int:
    cloudformation = _running().client("cloudformation")
    stacks = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
    if options.stack and options.stack not in stacks:
        raise ValueError(f"there is no stack {options.stack}; there are {', '.join(sorted(stacks))}")
    for name in [options.stack] if options.stack else [name for name in stacks if name != "CDKToolkit"]:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        for event in reversed([event for page in pages for event in page["StackEvents"]]):
            status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
            resource = f"{event['ResourceType']:<28} {event['LogicalResourceId']}"
            show(f"{event['Timestamp']:%H:%M:%S} {status:<28} {resource}  {reason}".rstrip(), status)
    return 0


def jobs(options: argparse.Namespace) -> int:
    rows = [("branch", "job", "type", "status", "seconds", "commit", "message")]
    for job in _running().control("jobs"):
        seconds = f"{job['ended'] - job['started']:.1f}" if job["ended"] else ""
        names = f"{job['app_id']}/{job['branch_name']}", job["job_id"], job["job_type"], job["status"]
        commit = (job["commit"] or "")[:7], (job["commit_message"] or "").split("\n")[0]
        rows.append((*names, seconds, *commit))
    show_table(rows, status_column=3)
    return 0


def logs(options: argparse.Namespace) -> int:
    aws = _running()
    if not options.job:
        for line in aws.function_logs():
            show(line)
        return 0
    jobs = [job for job in aws.control("jobs") if job["job_id"] == options.job]
    jobs = [job for job in jobs if options.branch in (None, job["branch_name"])]
    if not jobs:
        raise ValueError(f"there is no job {options.job}")
    for step in jobs[-1]["steps"]:
        if step["log_path"] and options.step in (None, step["name"]):
            show(aws.step_log(step["log_path"]))
    return 0


def site(options: argparse.Namespace) -> int:
    aws = _running()
    app_id = options.app_id or _app_of(aws, options.branch)
    files = aws.control("site", app_id=app_id, branch_name=options.branch)
    if not files:
        print(f"branch {options.branch} serves nothing yet: no job has succeeded")
        return 0
    show_table([("file", "bytes"), *((name, f"{size:,}") for name, size in sorted(files.items()))])
    print(site_address(aws.amplify_url, app_id, options.branch))
    return 0


def push(options: argparse.Namespace) -> int:
    aws = _running()
    app_id = options.app_id or _app_of(aws, options.branch)
    job = aws.control("push", app_id=app_id, branch_name=options.branch, message=options.message)
    print(f"job {job['job_id']} of {options.branch}" if job else "pushed; auto-build is off")
    return 0


def fail(options: argparse.Namespace) -> int:
    aws = _running()
    if options.request:
        operation, mode = options.request
        aws.control("fail", operation=operation, mode=mode, times=options.times)
        print(f"the next {options.times} {operation} requests get {mode}")
    else:
        plan = {"outcome": "FAILED", "step": options.step, "log": options.line}
        aws.control("next-job", **plan, **({"status_reason": options.reason} if options.reason else {}))
        print(f"the next job fails in {options.step}")
    return 0


# What commands share.


@contextmanager
def _aws(options: argparse.Namespace) -> Iterator[Connection]:
    """The running local AWS, else one of this command's own."""
    aws = running()
    if aws:
        given = [option for option, (name, default) in SETTINGS.items() if vars(options)[name] != default]
        if given:
            raise ValueError(f"a local AWS runs for this folder: give {', '.join(given)} to its `up`")
        _play(aws, options.scenario)
        yield aws
    else:
        with _own_aws(options) as own:
            yield own


@contextmanager
def _own_aws(options: argparse.Namespace) -> Iterator[LocalAws]:
    started = time.monotonic()
    own = LocalAws(**{name: vars(options)[name] for name, _ in SETTINGS.values()})
    try:
        with own as aws:
            print(f"The local AWS is up after {time.monotonic() - started:.1f} s.", file=sys.stderr)
            _play(aws, options.scenario)
            yield aws
    finally:
        print("The local AWS has stopped; nothing is left of it.", file=sys.stderr)


def _running() -> Connection:
    aws = running()
    if aws is None:
        raise ValueError(_NOT_UP)
    return aws


def _play(aws: Connection, scenario: list[tuple[str, dict[str, Any]]]) -> None:
    for action, body in scenario:
        aws.control(action, **body)


def _make_branch(aws: Connection, cdk_options: list[str]) -> None:
    """Make the app and the branch that the context names, where Amplify does not have them."""
    context = _context(cdk_options)
    if "app_id" not in context:
        return
    app_id, branch_name = context["app_id"], context.get("branch_name", "main")
    if app_id not in aws.control("apps"):
        # An app with a repository refuses files.
        of_files = {"repository": ""} if context.get("files") else {}
        aws.control("apps", name="site", app_id=app_id, **of_files)
    if (app_id, branch_name) not in _branches(aws):
        aws.control("branches", app_id=app_id, branch_name=branch_name)


def _branches(aws: Connection) -> list[tuple[str, str]]:
    return [(branch["app_id"], branch["branch_name"]) for branch in aws.control("branches")]


def _context(cdk_options: list[str]) -> dict[str, str]:
    """What ``-c key=value`` and ``--context key=value`` say, else the app's own ``cdk.json``."""
    flags = ("-c", "--context")
    own = json.loads(_CDK_JSON.read_text()).get("context", {}) if _CDK_JSON.is_file() else {}
    own = {name: own[name] for name in ("app_id", "branch_name", "files") if isinstance(own.get(name), str)}
    pairs = [value for flag, value in pairwise(cdk_options) if flag in flags]
    pairs += [word.removeprefix("--context=") for word in cdk_options if word.startswith("--context=")]
    return own | {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _app_of(aws: Connection, branch_name: str) -> str:
    apps = [app_id for app_id, name in _branches(aws) if name == branch_name]
    if len(apps) == 1:
        return apps[0]
    if apps:
        listed = ", ".join(apps)
        raise ValueError(f"{len(apps)} apps have a branch {branch_name!r}, {listed}: name one with --app-id")
    listed = ", ".join("/".join(branch) for branch in _branches(aws)) or "none"
    raise ValueError(f"no app has a branch {branch_name!r}; there is {listed}")


def _cdk(aws: Connection, command: str, options: list[str]) -> int:
    colour = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    with JobProgress(lambda: list(aws.control("jobs"))) as progress:
        done = aws.cdk(command, *options, env=colour, on_line=progress.say)
    wanted = _ROLE_OF_BOOTSTRAP.search(done.stdout) if done.returncode else None
    if wanted and wanted.groups() != (aws.client("sts").get_caller_identity()["Account"], aws.region):
        account, region = wanted.groups()
        raise ValueError(
            f"the app is for account {account} and Region {region}: start the local AWS with "
            f"--account {account} --region {region}"
        )
    return done.returncode
