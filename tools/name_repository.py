"""Writes the repository's address into the packages, before they are built for a release.

python tools/name_repository.py OWNER/NAME REF    (at GitHub; REF is the tag that is released)

The registries show a README without its repository: so each of its links gets a whole address.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent
# The folder of each Python package, and its page.
_PACKAGES = {".": "README.md", "local": "local/README.md"}


def main(repository: str, ref: str, project: Path = _PROJECT) -> None:
    """Change pyproject.toml, package.json and the READMEs of a checkout."""
    address = f"https://github.com/{repository}"
    for folder, page in _PACKAGES.items():
        readme, package = project / page, project / folder / "pyproject.toml"
        readme.write_text(with_whole_addresses(readme.read_text(), posixpath.dirname(page), repository, ref))
        package.write_text(with_urls(package.read_text(), page, repository, ref))
    package = project / "package.json"
    described = json.loads(package.read_text())
    described |= {
        "repository": {"type": "git", "url": f"git+{address}.git"},
        "homepage": f"{address}#readme",
        "bugs": {"url": f"{address}/issues"},
    }
    package.write_text(json.dumps(described, indent=2) + "\n")


def with_whole_addresses(page: str, folder: str, repository: str, ref: str) -> str:
    """A page in Markdown, whose links and pictures lead to the repository.

    :param folder: That of the page; empty for the top.
    """

    def whole(found: re.Match[str]) -> str:
        sign, text, path, heading = found.groups()
        path = posixpath.normpath(posixpath.join(folder, path))
        if sign:
            return f"![{text}](https://raw.githubusercontent.com/{repository}/{ref}/{path})"
        return f"[{text}](https://github.com/{repository}/blob/{ref}/{path}{heading})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)#]+)(#[^)]*|)\)", whole, page)


def with_urls(package: str, page: str, repository: str, ref: str) -> str:
    """A pyproject.toml with the addresses that the registry shows beside the package."""
    address, (owner, name) = f"https://github.com/{repository}", repository.split("/")
    urls = {
        "Documentation": f"{address}/blob/{ref}/{page}",
        "API reference": f"https://{owner}.github.io/{name}/",
        "Source": address,
        "Changelog": f"{address}/blob/{ref}/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }
    table = "".join(f'"{label}" = "{url}"\n' for label, url in urls.items())
    begin, end = package.split("\n[project.", 1)
    return f"{begin}\n[project.urls]\n{table}\n[project.{end}"


if __name__ == "__main__":
    if len(sys.argv) != 3 or not re.fullmatch(r"[\w.-]+/[\w.-]+", sys.argv[1]):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
