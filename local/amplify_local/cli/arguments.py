"""The arguments of the command line, and what is refused in them."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from amplify_local.amplify.faults import MODES
from amplify_local.amplify.plan import STEPS
from amplify_local.cli import commands
from amplify_local.cli.commands import ACCOUNT, REGION


def parser() -> argparse.ArgumentParser:
    described = argparse.ArgumentParser(
        prog="python -m amplify_local",
        description="An AWS on this machine, with Amplify Hosting, for the real CDK CLI.",
        epilog="If no local AWS is up, deploy and diff start one, and stop it afterwards. "
        "Unknown options of deploy, diff and destroy go to the CDK CLI.",
    )
    described.set_defaults(takes_cdk_options=False)
    subparsers = described.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str, **defaults: Any) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.set_defaults(run=run, **defaults)
        return added

    for name, run, text in (
        (
            "up",
            commands.up,
            "Start a local AWS, print the variables that AWS tools need, and run until Ctrl-C.",
        ),
        (
            "deploy",
            commands.deploy,
            "Run `cdk deploy` for the app in this folder and show the jobs that start.",
        ),
        ("diff", commands.diff, "Run `cdk diff` for the app in this folder."),
    ):
        starts = command(name, run, text, takes_cdk_options=name != "up")
        starts.add_argument(
            "--job-seconds",
            type=_seconds,
            default=5.0,
            help="how many seconds an Amplify job takes (default: 5)",
        )
        starts.add_argument(
            "--scenario",
            type=_scenario,
            default=[],
            metavar="FILE",
            help="a JSON file that plans jobs and faults: see the README",
        )
        starts.add_argument(
            "--account", type=_account, default=ACCOUNT, help=f"the account's ID (default: {ACCOUNT})"
        )
        starts.add_argument("--region", default=REGION, help=f"the Region (default: {REGION})")
        starts.add_argument(
            "--commit-ids",
            choices=["honoured", "ignored"],
            default="honoured",
            help="whether a RELEASE builds its commitId: users of AWS reported both (default: honoured)",
        )
        no_iam = starts.add_argument("--no-iam", dest="enforce_iam", action="store_false")
        no_iam.help = "check no IAM permissions"
    command(
        "destroy", commands.destroy, "Run `cdk destroy` for the app in this folder.", takes_cdk_options=True
    )
    command("env", commands.env, "Print the variables that other AWS tools need, for `eval` in a shell.")
    command("events", commands.events, "Print stack events.").add_argument("stack", nargs="?")
    command("jobs", commands.jobs, "List Amplify's jobs.")

    logs = command("logs", commands.logs, "Print what functions logged, or the log of an Amplify job.")
    logs.add_argument("job", nargs="?", metavar="JOB", help="an Amplify job's number")
    logs.add_argument("--branch", help="the job's branch, if several have that number")
    logs.add_argument("--step", choices=STEPS, help="one step only")

    site = command("site", commands.site, "List the files that a branch serves, and the address to open.")
    site.add_argument("branch", metavar="BRANCH")
    site.add_argument("--app-id", help="the app, if several have a branch of that name")

    push = command(
        "push", commands.push, "Push a commit to a branch, as somebody else. Auto-build builds it."
    )
    push.add_argument("branch", metavar="BRANCH")
    push.add_argument("-m", "--message", default="Update", help="the commit's message")
    push.add_argument("--app-id", help="the app, if several have a branch of that name")

    fail = command(
        "fail", commands.fail, "Make the next job fail in a step, or the next requests to Amplify."
    )
    fail.add_argument("step", nargs="?", choices=STEPS, default="BUILD", help="the step (default: BUILD)")
    fail.add_argument("--reason", help="Amplify's statusReason of the step")
    fail.add_argument(
        "--line", action="append", default=[], help="a line for the step's log; may be repeated"
    )
    fail.add_argument(
        "--request",
        nargs=2,
        metavar=("OPERATION", "MODE"),
        help=f"fail requests instead, such as `GetJob 500`; modes: {', '.join(MODES)}",
    )
    fail.add_argument("--times", type=int, default=1, help="with --request: how many (default: 1)")
    return described


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds: give 0 or more")
    return float(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text} is no account's ID: give 12 digits")
    return text


def _scenario(file: str) -> list[tuple[str, dict[str, Any]]]:
    """Requests to the control endpoint: ``[{"next-job": {"outcome": "FAILED"}}]``."""
    try:
        scenario = json.loads(Path(file).read_text())
        return [(action, dict(body)) for request in scenario for action, body in request.items()]
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{file} is no scenario that can be read: {error}") from None
    except (AttributeError, TypeError):
        example = '[{"next-job": {"outcome": "FAILED"}}]'
        raise argparse.ArgumentTypeError(f"{file} is no list of requests, such as {example}") from None
