"""The command line: names the account, says what it would make, makes it, looks, and deletes it."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from verify import amplify, cloudformation
from verify.account import PREFIX, Account, WrongAccount
from verify.amplify import Site
from verify.cloudformation import Probe
from verify.facts import AMPLIFY, BUILDS, CLOUDFORMATION, FILES, RELEASES
from verify.files import check_files
from verify.table import AS_EXPECTED, DIFFERS, NOT_CHECKED, Table

TOKEN = "VERIFY_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
_PARTS = {
    "amplify": AMPLIFY,
    "builds": BUILDS,
    "files": FILES,
    "cloudformation": CLOUDFORMATION,
    "releases": RELEASES,
}

_STACKS = """\
In account {account}, Region {region}, this creates (with --only, the stacks of these parts):

  {name}-probe      a stack: a function, two roles, a log group
  {name}-…          5 stacks, one after the other, each with a custom resource of that function
  {name}-files      a stack: an Amplify app without a repository, to which a page is deployed
  {name}-app        a stack: an Amplify app with the branch {branch}"""
_ENDING = """
It deletes all of these stacks, also after errors and Ctrl-C."""
_WITHOUT_BUILDS = f"""\
{_STACKS}
{_ENDING}
Cost: less than a cent. Time: about 10 minutes. Without --repository nothing is built: much stays unchecked.
"""
_WITH_BUILDS = f"""\
{_STACKS},
                    connected to {{repository}}, where Amplify adds a webhook and a deploy key
  {{name}}-release    a stack: what cdk-amplify-job consists of; about 11 jobs, most of them short
{_ENDING} What stays: an archive of some 30 kB in the bucket
of cdk bootstrap, and whatever Amplify leaves in the repository: look at its webhooks and deploy keys.
Cost: about 15 build minutes of Amplify (USD 0.15), else less than a cent. Time: about 40 minutes.
"""


def main() -> int:
    arguments = _arguments()
    account = Account(arguments.account, arguments.region, arguments.run)
    if arguments.clean_up:
        account.check()
        return _report_left(account.clean_up())
    plan = _WITH_BUILDS if arguments.repository else _WITHOUT_BUILDS
    # Before an error, which goes to the other stream.
    print(plan.format(**vars(arguments), name=account.name), flush=True)
    if not arguments.yes:
        print("Nothing was created, and AWS was not called. Run this again with --yes to do it.")
        return 0
    account.check()
    return _run(arguments, account)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verify",
        description="Checks, on an account of yours, how AWS behaves where this project relies on it.",
        epilog=f"The repository's token is read from the variable {TOKEN}: for GitHub a personal access token"
        " with admin:repo_hook. It goes into the app, and nowhere else.",
    )
    parser.add_argument("--account", required=True, help="12 digits; the credentials must be of this account")
    parser.add_argument("--region", required=True, help="where the stacks are created")
    parser.add_argument("--yes", action="store_true", help="create the stacks, and check; else only say so")
    parser.add_argument("--repository", default="", help="a repository of yours with a commit, for jobs")
    parser.add_argument("--branch", default="main", help="its branch; nothing is pushed to it")
    parser.add_argument("--older-commit", default="", help="a commit of it that is not its newest")
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=[*_PARTS], help="check only these parts")
    parser.add_argument("--clean-up", action="store_true", help="delete what an earlier --run has left")
    parser.add_argument("--run", default="", help="a word for the names of the stacks; default: random")
    arguments = parser.parse_args()
    if not re.fullmatch("[0-9]{12}", arguments.account):
        parser.error("--account must have 12 digits")
    if arguments.clean_up and not arguments.run:
        parser.error(f"--clean-up needs --run: the word after {PREFIX}- in the names of its stacks")
    if arguments.yes and arguments.repository and not os.environ.get(TOKEN):
        parser.error(f"--repository needs its token in the variable {TOKEN}")
    if not re.fullmatch("[a-z0-9]{0,12}", arguments.run):
        parser.error("--run must be at most 12 small letters and digits")
    arguments.run = arguments.run or secrets.token_hex(3)
    return arguments


def _run(arguments: argparse.Namespace, account: Account) -> int:
    table = Table({name: fact for part in arguments.only for name, fact in _PARTS[part].items()})
    signal.signal(signal.SIGTERM, _interrupt)
    interrupted = False
    try:
        _check(arguments, account, table)
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted", flush=True)
    except Exception as error:
        print(f"error: {type(error).__name__}: {error}", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        print("cleaning up: this cannot be interrupted", flush=True)
        left = _cleaned_up(account)
    # Denials name the account; an issue with this table is public.
    print(f"\n{table.markdown().replace(account.id, '<account>')}\n")
    verdicts = [finding.verdict for finding in table.findings().values()]
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in (AS_EXPECTED, DIFFERS, NOT_CHECKED)]
    print(f"account {account.id}, Region {account.region}: {', '.join(counts)}")
    code = _report_left(left) or int(DIFFERS in verdicts)
    return 130 if interrupted else code


def _check(arguments: argparse.Namespace, account: Account, table: Table) -> None:
    site = Site(account, arguments.branch, arguments.repository, os.environ.get(TOKEN, ""))
    probe, wanted = Probe(account), set(arguments.only)
    probe.create()
    if "cloudformation" in wanted:
        cloudformation.check(probe, table)
    if wanted == {"cloudformation"}:
        return
    if "files" in wanted:
        without_repository = Site(account, "main", stack="files")
        without_repository.create()
        check_files(without_repository, lambda service: _denied(account, probe, service), table)
    site.create()
    if "amplify" in wanted:
        amplify.check(site, lambda service: _denied(account, probe, service), table)
    if not arguments.repository:
        table.skip([*BUILDS, *RELEASES], "no --repository was given")
        return
    if "builds" in wanted:
        amplify.check_builds(site, table, arguments.older_commit)
    if "releases" in wanted:
        from verify.releases import Releases  # only here, as aws-cdk-lib takes seconds to import

        with tempfile.TemporaryDirectory() as folder:
            Releases(account, site, probe, Path(folder)).check(table)


def _denied(account: Account, probe: Probe, service: str) -> Any:
    """A client that may do nothing."""
    role = {"RoleArn": probe.denied_role, "RoleSessionName": "verify"}
    credentials = account.client("sts").assume_role(**role)["Credentials"]
    return account.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _cleaned_up(account: Account) -> list[str]:
    try:
        return account.clean_up()
    except Exception as error:
        return [f"{account.name}-* ({error}), or run this again with --clean-up --run {account.run}"]


def _report_left(left: list[str]) -> int:
    if left:
        print("LEFT BEHIND, delete by hand: " + ", ".join(left))
    return int(bool(left))


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        try:
            sys.exit(main())
        except WrongAccount as error:
            sys.exit(f"error: {error}")
