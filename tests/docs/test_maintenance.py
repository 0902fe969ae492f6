"""Workflows, versions and the changelog agree with the package and with the Makefile."""

from __future__ import annotations

import json
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE, LOCAL = ((PROJECT / folder / "pyproject.toml").read_text() for folder in ("", "local"))
CI, RELEASE, SEARCH, REFERENCE = WORKFLOWS = [
    (PROJECT / ".github" / "workflows" / f"{name}.yml").read_text()
    for name in ("ci", "release", "search", "reference")
]


def named(field: str, text: str) -> str:
    (value,) = re.findall(rf'^{field} = "(.+)"$', text, re.MULTILINE)
    return str(value)


def test_workflows_run_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))

    run = set(re.findall(r"run: make ([\w-]+)", "".join(WORKFLOWS)))

    assert run == {"test-all", "test", "dist", "fuzz", "mutation", "docs"}
    assert run <= targets


def test_tests_run_on_every_python_that_the_package_supports() -> None:
    supported = re.findall(r"Programming Language :: Python :: (3\.\d+)", PACKAGE)
    (older,) = re.findall(r"python: \[(.+)\]", CI)
    (both,) = re.findall(r"python-version: \|\n((?: +3\.\d+\n)+)", CI)

    assert [*re.findall(r"3\.\d+", older), both.split()[-1]] == supported
    assert both.split()[0] == supported[0]
    assert f'python-version: "{supported[-1]}"' in RELEASE


def test_actions_are_pinned_by_their_commit() -> None:
    uses = re.findall(r"uses: (.+)", "".join(WORKFLOWS))

    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)] == []


def test_a_release_publishes_the_packages_and_only_what_publishes_may_do_more_than_read() -> None:
    (packages,) = re.findall(r"package: \[(.+)\]", RELEASE)

    assert packages.split(", ") == [named("name", PACKAGE), named("name", LOCAL)]
    assert re.findall(r"[\w-]+: write", CI + SEARCH) == []
    assert re.findall(r"[\w-]+: write", RELEASE) == ["id-token: write"] * 2
    assert re.findall(r"[\w-]+: write", REFERENCE) == ["pages: write", "id-token: write"]
    assert "npm publish dist/*.tgz --provenance" in RELEASE
    assert all("permissions:\n  contents: read\n" in workflow for workflow in WORKFLOWS)


def test_the_packages_and_the_changelog_have_the_same_version() -> None:
    version = named("version", PACKAGE)

    newest = re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]

    assert named("version", LOCAL) == version
    assert f'local = ["amplify-local=={version}"]' in PACKAGE
    assert newest == version
    for name in ("package.json", "package-lock.json"):
        assert json.loads((PROJECT / name).read_text())["version"] == version


def test_updates_are_proposed_for_every_file_that_pins_something() -> None:
    updates = (PROJECT / ".github" / "dependabot.yml").read_text()

    found = {
        file.parent.relative_to(PROJECT).as_posix()
        for name in ("requirements.txt", "pyproject.toml", "package.json")
        for depth in ("", "*/", "*/*/")
        for file in PROJECT.glob(depth + name)
        if re.search("ependencies|==", file.read_text())
    }
    # What was installed is no place of this project's.
    own = {folder for folder in found if not re.search(r"(^|/)(node_modules|dist|\.\w)", folder)}

    assert {".", "local", "bench", "examples/typescript"} <= own
    assert own == {folder or "." for folder in re.findall(r"^ +- /([\w/]*)$", updates, re.MULTILINE)}


def test_forms_and_policy_name_no_address() -> None:
    files = [PROJECT / "SECURITY.md", *(PROJECT / ".github").rglob("*.yml")]

    named = re.findall(
        r"\S+://\S+|\S+@\S+\.\w+", "".join(re.sub("uses: .+", "", file.read_text()) for file in files)
    )

    assert len(files) == 9
    assert named == []
