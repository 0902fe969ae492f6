"""A release names its repository: in the metadata of the packages, and in the links of their pages."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ADDRESS, RAW = "https://github.com/someone/shop", "https://raw.githubusercontent.com/someone/shop"
NAMED = ("README.md", "local/README.md", "pyproject.toml", "local/pyproject.toml", "package.json")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A checkout after the tool, for the tag v1.2.3."""
    (tmp_path / "local").mkdir()
    for file in NAMED:
        shutil.copy(PROJECT / file, tmp_path / file)
    runpy.run_path(str(PROJECT / "tools" / "name_repository.py"))["main"]("someone/shop", "v1.2.3", tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", NAMED[:2])
def test_every_link_of_a_page_is_whole_and_leads_to_a_file_of_the_release(page: str, released: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (released / page).read_text())

    own = [link for link in links if link.startswith((ADDRESS, RAW))]
    paths = {re.sub(rf"({ADDRESS}/blob|{RAW})/v1\.2\.3/([^#]+).*", r"\2", link) for link in own}

    assert own or page != "README.md"
    assert [path for path in sorted(paths) if not (PROJECT / path).exists()] == []
    assert [link for link in links if not re.match("https?://|#", link)] == []


def test_pictures_are_read_as_they_are(released: Path) -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (released / "README.md").read_text())

    assert f"{RAW}/v1.2.3/docs/who-calls-whom.svg" in pictures
    assert all(picture.startswith(RAW) for picture in pictures)


@pytest.mark.parametrize("package", NAMED[2:4])
def test_a_python_package_names_the_repository_and_keeps_the_rest(package: str, released: Path) -> None:
    text = (released / package).read_text()

    table = text.partition("[project.urls]\n")[2].partition("\n\n")[0]

    assert text.replace(f"[project.urls]\n{table}\n\n", "") == (PROJECT / package).read_text()
    assert f'"Source" = "{ADDRESS}"' in table.splitlines()
    assert f'"Changelog" = "{ADDRESS}/blob/v1.2.3/CHANGELOG.md"' in table.splitlines()


def test_the_npm_package_names_the_repository_and_keeps_the_rest(released: Path) -> None:
    before = json.loads((PROJECT / "package.json").read_text())
    after = json.loads((released / "package.json").read_text())

    assert after["repository"]["url"] == f"git+{ADDRESS}.git"
    assert {**after, **before} == {
        **before,
        "homepage": f"{ADDRESS}#readme",
        "bugs": {"url": f"{ADDRESS}/issues"},
    }
