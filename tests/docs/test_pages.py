"""What README and docs say can be run, is run; what needs an account is parsed; what they link to exists."""

from __future__ import annotations

import html
import re
import shlex
import string
import subprocess
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
OTHER_PAGES = [
    PROJECT / page for page in ("SECURITY.md", "CHANGELOG.md", "local/README.md", "examples/README.md")
]
# Blocks of these need an account or stay running.
COMMANDS = {"make", "pip", "npm", "npx", "aws", "python3"}


def blocks(language: str) -> Sequence[object]:
    """The fenced blocks of a language, on every page."""
    found = []
    for page in PAGES:
        for number, code in enumerate(
            re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL), 1
        ):
            found.append(pytest.param(code, id=f"{page.name}-{number}"))
    assert found, f"no {language} block on any page"
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))

    namespace: dict[str, object] = {}
    exec(compile(code, "page", "exec"), namespace)

    assert any(isinstance(value, cdk.Stack) for value in namespace.values())


@pytest.mark.parametrize("code", blocks("yaml"))
def test_template_blocks_are_accepted_by_the_function(code: str) -> None:
    # cfn-lint's own loader knows !ImportValue.
    from cfnlint.decode.cfn_yaml import loads

    from amplify_job.cloudformation.properties import Properties

    resources = loads(code)["Resources"].values()
    (resource,) = (resource for resource in resources if resource["Type"] == "Custom::AmplifyJob")

    properties = {name: value for name, value in resource["Properties"].items() if name != "ServiceToken"}
    assert Properties.parse(properties).job_type == ("MANUAL" if "SourceObjectKeys" in code else "RELEASE")


@pytest.mark.parametrize("code", blocks("hcl"))
def test_terraform_blocks_are_whole(code: str) -> None:
    import hcl2

    assert hcl2.loads(code)["resource"]


@pytest.mark.parametrize("code", blocks("console"))
def test_shell_blocks_name_commands_and_targets_that_exist(code: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    app = (PROJECT / "app.py").read_text()

    lines = [line[2:] for line in code.splitlines() if line.startswith("$ ")]

    assert lines
    for line in lines:
        command, *arguments = shlex.split(line, comments=True)
        assert command in COMMANDS, line
        if command == "make":
            assert {word for word in arguments if "=" not in word} <= targets, line
        for key in re.findall(r"-c ([a-z_]+)=", line):
            assert f'"{key}"' in app, line


@pytest.mark.parametrize(
    ("statuses", "exit_code"),
    [
        (["UPDATE_COMPLETE"], 0),
        (["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], 0),
        (["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"], 1),
        ([], 2),
    ],
    ids=["complete", "still deploying", "rolled back", "cdk fails"],
)
def test_the_script_for_ci_waits_for_the_stack_and_ends_as_it_does(
    statuses: list[str], exit_code: int, tmp_path: Path
) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs" / "ci.md").read_text(), re.DOTALL)
    (tmp_path / "statuses").write_text("".join(f"{status}\n" for status in statuses))
    fakes = {
        "sleep": "exit 0" if len(statuses) > 1 else "exec /bin/sleep $1",
        "npx": 'test "$*" = "cdk deploy Shop --require-approval never" && test -s statuses || exit 2',
        "aws": "head -1 statuses && sed -i 1d statuses",
    }
    for name, text in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,  # until every process has ended that the script has started
        timeout=20,
        check=False,
    )

    assert done.returncode == exit_code


def test_the_configurations_for_ci_run_that_script() -> None:
    from cfnlint.decode.cfn_yaml import loads

    configurations = re.findall(r"```yml\n(.*?)```", (PROJECT / "docs" / "ci.md").read_text(), re.DOTALL)

    assert len(configurations) == 3
    for configuration in configurations:
        assert loads(configuration)
        assert "sh deploy.sh" in configuration


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, *OTHER_PAGES], ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    links = [
        link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", page.read_text()) if "://" not in link
    ]

    broken = [
        link
        for link, _, heading in links
        if not (page.parent / link).exists()
        or (heading and heading not in headings(page.parent / link if link else page))
    ]

    assert broken == []


def test_targets_named_in_prose_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))

    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text())}

    assert named <= targets, named - targets


def test_every_context_key_of_the_reference_app_is_on_the_page_of_options() -> None:
    app, page = (PROJECT / "app.py").read_text(), (PROJECT / "docs" / "properties.md").read_text()
    said = page.partition("## Context keys")[2]

    keys = set(re.findall(r'(?:text|word|number)\("([a-z_]+)"', app))

    assert len(keys) > 15
    assert [key for key in sorted(keys) if key not in said] == []


def test_the_readme_names_the_version_and_the_python_that_the_package_needs() -> None:
    package, readme = (PROJECT / "pyproject.toml").read_text(), (PROJECT / "README.md").read_text()

    (version,) = re.findall(r'^version = "(\d+\.\d+)\.', package, re.MULTILINE)
    (python,) = re.findall(r'^requires-python = ">=([\d.]+)"$', package, re.MULTILINE)

    assert f"version {version}." in readme
    assert f"Python {python} or newer" in readme


@pytest.mark.parametrize(
    ("name", "ends"), [("deploy-succeeds", "CREATE_COMPLETE"), ("deploy-fails", "JOB_FAILED")]
)
def test_pictures_are_of_the_first_example_short_and_in_letters_that_every_font_has(
    name: str, ends: str
) -> None:
    example = (PROJECT / "README.md").read_text().partition("```python")[2].partition("```")[0]
    (names,) = re.findall(r'Stack\(app, "(\w+)"\).*AmplifyJob\(stack, "(\w+)"', example, re.DOTALL)
    svg = (PROJECT / "docs" / f"{name}.svg").read_text()

    texts = re.findall(r'<text [^>]*-line-(\d+)\)">([^<]*)</text>', svg)
    shown = html.unescape("".join(text for _, text in texts)).replace("\xa0", " ")

    assert len({line for line, _ in texts}) <= 12
    assert set(shown) <= {*string.printable, "…"}
    assert ends in shown
    assert set(names) <= set(shown.split())
    assert "Synthesis" not in shown


@pytest.mark.parametrize("page", ["ci", "files", "operations", "properties", "security", "limits"])
def test_pages_of_users_use_no_word_of_the_inside(page: str) -> None:
    prose = re.sub(
        r"```.*?```|`[^`]*`|\]\([^)]*\)", "", (PROJECT / f"docs/{page}.md").read_text(), flags=re.DOTALL
    )

    words = "request|deliver(y|ies|ed)|hand(s|ed)?[ -]?over|marks?|adopts?|fingerprints?|invocations?"

    assert [found[0] for found in re.finditer(rf"\b({words})\b", prose, re.IGNORECASE)] == []


@pytest.mark.parametrize("page", ["design", "reliability", "aws-facts"])
def test_pages_of_the_inside_say_first_whom_they_are_for(page: str) -> None:
    first = (PROJECT / f"docs/{page}.md").read_text().splitlines()[2]

    assert first.startswith("For those who change or audit the ")
