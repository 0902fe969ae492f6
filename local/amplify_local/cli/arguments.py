"""The arguments of the command line, and what is refused in them."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from amplify_local.amplify.faults import MODES
from amplify_local.amplify.plan import STEPS
from amplify_local.cli import commands
from amplify_local.cli.commands import ACCOUNT, REGION, SETTINGS
from amplify_local.http.control import check


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command; ``rest`` is for the CDK CLI, which ignores what it does not know."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    options.rest = rest
    for word in rest:
        meant = get_close_matches(word.partition("=")[0], [*SETTINGS, "--scenario"], cutoff=0.85)
        if meant or not options.takes_cdk_options:
            hint = f"; did you mean {meant[0]}?" if meant else ""
            parser.error(f"unrecognized arguments: {word}{hint}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m amplify_local",
        description="An AWS on this machine, with Amplify Hosting, for the real CDK CLI.",
        epilog="If no local AWS is up, deploy and diff start one, and stop it afterwards. "
        "Unknown options of deploy, diff and destroy go to the CDK CLI.",
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str, takes_cdk_options: bool = False) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.set_defaults(run=getattr(commands, name), takes_cdk_options=takes_cdk_options)
        return added

    for name, text in (
        ("up", "Start a local AWS, print the variables that AWS tools need, and run until Ctrl-C."),
        ("deploy", "Run `cdk deploy` for the app in this folder and show the jobs that start."),
        ("diff", "Run `cdk diff` for the app in this folder."),
    ):
        add = command(name, text, takes_cdk_options=name != "up").add_argument
        add("--job-seconds", type=_seconds, default=5.0, help="how long a job takes, in seconds (default: 5)")
        plans = "a JSON file that plans jobs and faults: see the README"
        add("--scenario", type=_scenario, default=[], metavar="FILE", help=plans)
        add("--account", type=_account, default=ACCOUNT, help=f"the account's ID (default: {ACCOUNT})")
        add("--region", default=REGION, help=f"the Region (default: {REGION})")
        add("--no-iam", dest="enforce_iam", action="store_false", help="check no IAM permissions")
    command("destroy", "Run `cdk destroy` for the app in this folder.", takes_cdk_options=True)
    command("env", "Print the variables that other AWS tools need, for `eval` in a shell.")
    command("events", "Print stack events.").add_argument("stack", nargs="?")
    command("jobs", "List Amplify's jobs.")

    add = command("logs", "Print what functions logged, or the log of an Amplify job.").add_argument
    add("job", nargs="?", metavar="JOB", help="an Amplify job's number")
    add("--branch", help="the job's branch, if several have that number")
    add("--step", choices=STEPS, help="one step only")

    add = command("site", "List the files that a branch serves, and the address to open.").add_argument
    add("branch", metavar="BRANCH")
    add("--app-id", help="the app, if several have a branch of that name")

    add = command("push", "Push a commit to a branch, as somebody else. Auto-build builds it.").add_argument
    add("branch", metavar="BRANCH")
    add("-m", "--message", default="Update", help="the commit's message")
    add("--app-id", help="the app, if several have a branch of that name")

    add = command("fail", "Make the next job fail in a step, or the next requests to Amplify.").add_argument
    add("step", nargs="?", choices=STEPS, default="BUILD", help="the step (default: BUILD)")
    add("--reason", help="Amplify's statusReason of the step")
    add("--line", action="append", default=[], help="a line for the step's log; may be repeated")
    modes = f"fail requests instead, such as `GetJob 500`; modes: {', '.join(MODES)}"
    add("--request", nargs=2, metavar=("OPERATION", "MODE"), help=modes)
    add("--times", type=int, default=1, help="with --request: how many (default: 1)")
    return parser


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
        requests = [(action, body) for request in scenario for action, body in request.items()]
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{file} is no scenario that can be read: {error}") from None
    except (AttributeError, TypeError):
        example = '[{"next-job": {"outcome": "FAILED"}}]'
        raise argparse.ArgumentTypeError(f"{file} is no list of requests, such as {example}") from None
    for action, body in requests:
        try:
            check(f"POST {action}", body)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{file}: {error}") from None
    return requests
