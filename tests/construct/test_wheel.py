"""The package as its users get it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import aws_cdk as cdk
import pytest
from templates import resources

from cdk_amplify_job import AmplifyJob

ROOT = Path(__file__).parents[2]

SCRIPT = """
import json, sys
import aws_cdk as cdk
import cdk_amplify_job

app = cdk.App(analytics_reporting=False, context={"@aws-cdk/core:validateAgainstDefaultRules": False})
stack = cdk.Stack(app, "Site")
cdk_amplify_job.AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main")
template = app.synth().get_stack_by_name("Site").template
print(json.dumps([cdk_amplify_job.__file__, template["Resources"]]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; its dependencies are those that are installed here."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    # What a .pth file adds comes after the environment's own packages, so after the wheel.
    (packages,) = folder.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_a_wheel_holds_the_function_beside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "cdk_amplify_job/py.typed" in names
    assert "cdk_amplify_job/lambda/amplify_job/start_job.json" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_installed_wheel_makes_the_same_template_as_the_checkout(
    environment: Path, tmp_path: Path, stack: cdk.Stack
) -> None:
    done = subprocess.run(
        [environment / "bin" / "python", "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    file, template = json.loads(done.stdout)
    AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main")
    assert Path(file).is_relative_to(environment)
    # The name of the asset is the hash of its content.
    assert template == resources(stack)


def test_pyright_finds_nothing_in_what_users_of_the_wheel_write(environment: Path, tmp_path: Path) -> None:
    for example in ROOT.glob("examples/*.py"):
        shutil.copy(example, tmp_path)

    pyright = ROOT / "node_modules" / ".bin" / "pyright"
    done = subprocess.run(
        [pyright, "--pythonpath", environment / "bin" / "python", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("0 errors"), done.stdout
