from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "typescript"


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as npm gets it, of what `make` has compiled."""
    built = (ROOT / ".jsii.gz").stat().st_mtime if (ROOT / ".jsii.gz").exists() else 0
    newer = [file.name for file in ROOT.glob("typescript/src/*.ts") if file.stat().st_mtime > built]
    assert not newer, f"run make build: {newer} are newer than what is compiled"
    folder = tmp_path_factory.mktemp("packed")
    subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder], cwd=ROOT, check=True)
    (file,) = folder.glob("*.tgz")
    return file


@pytest.fixture(scope="session")
def project(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with the package; its other dependencies are those that are installed here."""
    folder = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("build", "node_modules")
    shutil.copytree(EXAMPLE, folder, ignore=ignored, dirs_exist_ok=True)
    installed = shutil.ignore_patterns("cdk-amplify-job", ".package-lock.json")
    modules = (EXAMPLE / "node_modules", folder / "node_modules")
    shutil.copytree(*modules, symlinks=True, ignore=installed, copy_function=os.link)
    for name in ("package.json", "package-lock.json"):
        text = (folder / name).read_text()
        assert "file:../.." in text
        (folder / name).write_text(text.replace("file:../..", f"file:{tarball}"))
    subprocess.run(["npm", "install", "--offline", "--silent"], cwd=folder, check=True)
    # The alpha module, as Python's package brings it along.
    (alpha,) = Path(sysconfig.get_path("purelib")).glob("aws_cdk/aws_amplify_alpha/_jsii/*.jsii.tgz")
    with tarfile.open(alpha) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").rename(folder / "node_modules/@aws-cdk/aws-amplify-alpha")
    return folder
