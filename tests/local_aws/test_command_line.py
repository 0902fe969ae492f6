"""``python -m amplify_local``: one command that does everything, and the commands around ``up``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import SECONDS, eventually

from amplify_local import cdk_cli
from amplify_local.cli import commands, main

ROOT = Path(__file__).resolve().parents[2]
# Without a change set the CDK CLI waits five seconds less.
SITE = ["--app", "assembly", "--method", "direct", "-c", "app_id=d123", "-c", "branch_name=main"]


# What many people have set, and what would lead every request astray. Nobody listens there.
ASTRAY = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "secret",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "no_proxy": "intranet.example",
    "NO_PROXY": "intranet.example",
    **{f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")},
    **{f"{scheme}_PROXY": "http://127.0.0.1:9" for scheme in ("HTTP", "HTTPS")},
}


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "node_modules/.bin"), os.environ["PATH"]])
    return {**os.environ, **ASTRAY, "PYTHONPATH": str(ROOT / "local"), "PATH": path, "COLUMNS": "200"}


def command(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "amplify_local", *arguments],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str, cwd: Path) -> tuple[int, str]:
    with command(*arguments, cwd=cwd) as process:
        output, _ = process.communicate(timeout=5 * SECONDS)
    return process.returncode, output


@pytest.fixture
def project(tmp_path: Path, write_site: Any) -> Path:
    write_site(tmp_path)
    return tmp_path


def test_deploy_starts_an_aws_shows_the_job_and_the_outputs_and_stops(project: Path) -> None:
    code, output = run("deploy", "--job-seconds", "2", *SITE, cwd=project)
    assert code == 0, output
    assert "CREATE_COMPLETE" in output
    # Whether it also says that steps are running depends on when it looks; see the test of an interruption.
    for line in ("BUILD succeeded after", "VERIFY succeeded", "job 1 of main: succeeded"):
        assert line in output
    assert "Site.Released = site" in output
    assert output.rstrip().endswith("The local AWS has stopped; nothing is left of it.")


def test_a_failing_deploy_shows_the_reason_and_fails(project: Path) -> None:
    plan = {"outcome": "FAILED", "step": "DEPLOY", "status_reason": "disk full"}
    (project / "scenario.json").write_text(json.dumps([{"next-job": plan}]))
    code, output = run(
        "deploy",
        *("--job-seconds", "1", "--scenario", "scenario.json"),
        *SITE,
        cwd=project,
    )
    assert code == 1
    assert "✗ job 1 of main: DEPLOY failed after" in output
    assert "disk full" in output
    assert "ROLLBACK_COMPLETE" in output


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupted_deploy_leaves_no_process(project: Path) -> None:
    (project / "scenario.json").write_text(json.dumps([{"next-job": {"never_ends": True}}]))
    with command("deploy", "--scenario", "scenario.json", *SITE, cwd=project) as deploy:
        assert deploy.stdout
        for line in deploy.stdout:
            if "BUILD running" in line:
                break
        children = descendants(deploy.pid)
        assert children
        deploy.send_signal(signal.SIGINT)
        assert "nothing is left of it" in deploy.stdout.read()
    assert deploy.returncode == 130
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def descendants(pid: int) -> set[int]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@pytest.fixture
def up(project: Path) -> Iterator[Path]:
    with command("up", "--job-seconds", "1", cwd=project) as process:
        assert process.stdout
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        yield project
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert not (project / ".local-aws/up.json").exists()


@pytest.fixture
def here(up: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process, in the folder of what is up."""
    monkeypatch.chdir(up)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)

    def run_here(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run_here


def test_commands_use_the_aws_that_is_up(up: Path, here: Any, write_site: Any) -> None:
    assert here("up") == (1, "error: a local AWS runs for this folder already\n")
    assert here("deploy", *SITE, "--job-seconds", "9", "--no-iam") == (
        1,
        "error: a local AWS runs for this folder: give --job-seconds, --no-iam to its `up`\n",
    )

    code, output = here("deploy", *SITE, "--require-approval", "never", "--progress", "events", "--no-ci")
    assert code == 0, output
    assert "The local AWS is up" not in output

    assert here("push", "main", "-m", "Hotfix") == (0, "job 2 of main\n")
    assert eventually(lambda: here("jobs")[1].count("SUCCEED") == 2)
    code, site = here("site", "main")
    assert code == 0
    assert re.search(r"index\.html +\d+ *\nhttp://main\.d123\.localhost:\d+/\n", site)
    _, jobs = here("jobs")
    assert [line.split()[:4] for line in jobs.splitlines()[1:]] == [
        ["d123/main", "1", "RELEASE", "SUCCEED"],
        ["d123/main", "2", "RELEASE", "SUCCEED"],
    ]
    assert "Hotfix" in jobs
    port = site.split(":")[-1].split("/")[0]
    _, variables = here("env")
    assert f"export AWS_ENDPOINT_URL_AMPLIFY=http://127.0.0.1:{port}\n" in variables
    assert "unset AWS_ENDPOINT_URL_S3\nunset AWS_PROFILE\nunset AWS_SESSION_TOKEN\n" in variables
    assert "export no_proxy=intranet.example,127.0.0.1,localhost\n" in variables

    assert eventually(lambda: "job 1 ended: SUCCEED" in here("logs")[1])
    assert "# Executing command: npm run build" in here("logs", "1", "--step", "BUILD")[1]

    assert here("fail", "BUILD", "--reason", "no space") == (0, "the next job fails in BUILD\n")
    write_site(up, nonce="2")
    _, diff = here("diff", "--app", "assembly")
    assert "[~] Custom::Site Site" in diff
    assert "replaced" not in diff
    assert "no space" in here("deploy", *SITE)[1]
    _, events = here("events")
    assert "UPDATE_ROLLBACK_COMPLETE" in events

    assert here("events", "Nope") == (1, "error: there is no stack Nope; there are CDKToolkit, Site\n")
    assert here("push", "nope") == (
        1,
        "error: no app has a branch 'nope'; there is d123/main\n",
    )
    for wrong, message in (
        (["Foo", "500"], "error: operation must be one of CreateApp, "),
        (["GetJob", "501"], "error: mode must be one of 500, "),
    ):
        code, output = here("fail", "--request", *wrong)
        assert (code, output.count("\n"), output.startswith(message)) == (1, 1, True), output
    assert here("fail", "--request", "GetApp", "denied") == (0, "the next 1 GetApp requests get denied\n")
    code, _ = here("destroy", "--app", "assembly")
    assert code == 0
    assert "Site" not in here("events")[1]


def test_commands_that_need_one_say_so_when_none_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("jobs", "events", "logs", "destroy"):
        assert main([name]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: no local AWS runs for this folder: start one with ")
        assert error.endswith(", or go to the folder where `up` runs\n")


@pytest.mark.parametrize(
    ("context", "options", "branch", "of_app"),
    [
        ({"app_id": "d1own", "branch_name": "production"}, [], ("d1own", "production"), {}),
        ({"app_id": "d1own", "branch_name": "production"}, ["-c", "branch_name=dev"], ("d1own", "dev"), {}),
        ({"app_id": "d1own"}, ["--context=app_id=d1other"], ("d1other", "main"), {}),
        ({"app_id": "d1own"}, ["-c", "files=site"], ("d1own", "main"), {"repository": ""}),
        ({"app_id": "d1own", "files": "site"}, [], ("d1own", "main"), {"repository": ""}),
        ({"branch_name": "production"}, ["--all"], None, {}),
    ],
)
def test_deploy_makes_the_app_and_the_branch_that_the_context_names_and_no_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    context: dict[str, str],
    options: list[str],
    branch: tuple[str, str] | None,
    of_app: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cdk.json").write_text(json.dumps({"context": context}))
    made: list[Any] = []

    class Aws:
        def control(self, action: str, **body: str) -> list[Any]:
            made.append((action, body)) if body else None
            return []

    commands._make_branch(Aws(), options)  # type: ignore[arg-type]
    assert made == (
        [
            ("apps", {"name": "site", "app_id": branch[0], **of_app}),
            ("branches", {"app_id": branch[0], "branch_name": branch[1]}),
        ]
        if branch
        else []
    )


@pytest.mark.parametrize("columns", [80, None])
def test_jobs_are_shown_in_columns_and_cut_where_a_terminal_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int | None
) -> None:
    message = "A message of a commit that is quite long, " * 3
    job: dict[str, Any] = {"app_id": "d1a2b3c4d5e6f7", "branch_name": "feature/x", "job_id": "123"}
    job |= {"job_type": "RELEASE", "status": "FAILED", "started": 0.0, "ended": 60.0}
    job |= {"commit": "a" * 40, "commit_message": message}
    monkeypatch.setattr(commands, "_running", lambda: SimpleNamespace(control=lambda action: [job]))
    if columns:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))

    assert main(["jobs"]) == 0

    header, line = capsys.readouterr().out.splitlines()
    whole = f"d1a2b3c4d5e6f7/feature/x  123  RELEASE  FAILED  60.0     aaaaaaa  {message.strip()}"
    assert line == (f"\x1b[31m{whole[:columns]}\x1b[0m" if columns else whole)
    assert header.split()[:6] == ["branch", "job", "type", "status", "seconds", "commit"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, " is no scenario that can be read: "),
        ("{", " is no scenario that can be read: "),
        ('{"next-job": {}}', " is no list of requests, such as "),
        ('["next-job"]', " is no list of requests, such as "),
        ('[{"next-job": 1}]', ": the body must be a JSON object, got 1"),
        ('[{"next-jb": {"step": "DEPLOY"}}]', ": there is no POST next-jb; there is POST push, "),
        ('[{"next-job": {"stop": "DEPLOY"}}]', ": unknown key: stop; there is branch, outcome, step, "),
    ],
)
def test_a_scenario_is_read_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    file = tmp_path / "scenario.json"
    if text:
        file.write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main(["deploy", "--scenario", str(file)])
    error = capsys.readouterr().err
    assert f"{file}{message}" in error
    assert "is up" not in error


def test_without_node_or_with_npm_out_of_reach_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(cdk_cli, "__file__", str(tmp_path / "cdk_cli.py"))
    monkeypatch.chdir(tmp_path)
    npm = tmp_path / "npx"
    npm.write_text(
        "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\necho 'npm error syscall getaddrinfo' >&2\n"
        "echo 'npm error network request to https://registry.example/aws-cdk failed, reason: …' >&2\nexit 1\n"
    )
    npm.chmod(0o700)
    reason = "network request to https://registry.example/aws-cdk failed, reason: …"
    for path, message in (
        (tmp_path / "empty", "the CDK CLI needs Node.js, and there is no npx on the PATH"),
        (tmp_path, f"npx cannot fetch {cdk_cli.CLI}: {reason}"),
    ):
        monkeypatch.setenv("PATH", str(path))

        assert main(["deploy"]) == 1

        assert capsys.readouterr().err == f"error: {message}\n"


def test_a_branch_that_several_apps_have_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    branches = [{"app_id": app_id, "branch_name": "main"} for app_id in ("d1", "d2")]
    monkeypatch.setattr(commands, "_running", lambda: SimpleNamespace(control=lambda action: branches))
    assert main(["push", "main"]) == 1
    assert capsys.readouterr().err == ("error: 2 apps have a branch 'main', d1, d2: name one with --app-id\n")


def test_unknown_options_are_refused_where_the_cdk_cli_does_not_take_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments, message in (
        (["jobs", "--colour"], "unrecognized arguments: --colour\n"),
        (["deploy", "--acount", "1"], "unrecognized arguments: --acount; did you mean --account?\n"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *(
            (f"--job-seconds={wrong}", f"{wrong} is no number of seconds: give 0 or more")
            for wrong in ("-1", "nan", "x")
        ),
        ("--account=12", "12 is no account's ID: give 12 digits"),
    ],
)
def test_what_an_aws_cannot_be_started_with_is_refused_in_a_line(
    given: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["up", given])

    assert message in capsys.readouterr().err
