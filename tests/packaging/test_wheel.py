"""The package as its users get it."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import aws_cdk as cdk
import pytest
from templates import new_app, resources

import cdk_amplify_job
from cdk_amplify_job import AmplifyJob, AmplifyJobOptions, IAmplifyJobProvider
from cdk_amplify_job.provider_options import AmplifyJobProviderOptions
from cdk_amplify_job.provider_stack import AmplifyJobProviderStackOptions
from cdk_amplify_job.stack import AmplifyJobStackOptions

ROOT = Path(__file__).parents[2]

SCRIPT = """
import json, sys
import aws_cdk as cdk
import cdk_amplify_job

app = cdk.App(analytics_reporting=False)
stack = cdk.Stack(app, "Site")
cdk_amplify_job.AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main")
template = app.synth().get_stack_by_name("Site").template
print(json.dumps([cdk_amplify_job.__file__, template["Resources"]]))
"""

# For a consumer, mypy reads all of aws-cdk-lib: 73 s without a cache, as in CI. The modules that the
# annotations of this package need take it 4 s, so no cache is kept. The others are Any: that the examples use
# them rightly is for pyright to say. Were a module missing here, options or attributes would be Any, too, and
# their wrong use no error: the last test would fail.
MYPY = """
[mypy]
strict = True
[mypy-aws_cdk.*]
follow_imports = skip
[mypy-aws_cdk,aws_cdk.aws_amplify,aws_cdk.aws_ec2,aws_cdk.aws_iam,aws_cdk.aws_lambda,aws_cdk.aws_logs]
follow_imports = normal
[mypy-aws_cdk.interfaces,aws_cdk.interfaces.aws_amplify,aws_cdk.interfaces.aws_iam,aws_cdk.interfaces.aws_logs]
follow_imports = normal
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
    assert {f"cdk_amplify_job/lambda/amplify_job/contract.{kind}" for kind in ("py", "json")} <= names
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_installed_wheel_makes_the_same_template_as_the_checkout(
    environment: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [environment / "bin" / "python", "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "CDK_VALIDATION": "false"},
    )

    file, template = json.loads(done.stdout)
    stack = cdk.Stack(new_app(), "Site")
    AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main")
    assert Path(file).is_relative_to(environment)
    # The name of the asset is the hash of its content.
    assert template == resources(stack)


def findings_of_mypy(environment: Path, folder: Path) -> list[str]:
    """Return the errors that a user of the wheel sees in a folder of theirs."""
    (folder / "mypy.ini").write_text(MYPY)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file=mypy.ini", f"--cache-dir={os.devnull}"),
            *("--python-executable", environment / "bin" / "python", "."),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode < 2, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def options_of(name: str) -> type:
    """The options of a class that takes them by ``**options``."""
    classes = {
        "AmplifyJobStack": AmplifyJobStackOptions,
        "AmplifyJobProvider": AmplifyJobProviderOptions,
        "AmplifyJobProviderStack": AmplifyJobProviderStackOptions,
    }
    return classes.get(name, AmplifyJobOptions)


def mistakes() -> Iterator[tuple[str, str]]:
    """Yield a wrong use of each parameter and each attribute of the API, and the code of mypy's error."""
    job = 'AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main", {})'.format
    yield job("tiemout=cdk.Duration.minutes(5)"), "call-arg"
    yield job("timeout=5"), "arg-type"
    yield job("when_busy=WhenBusy.STPO"), "attr-defined"
    for name in cdk_amplify_job.__all__:
        class_ = getattr(cdk_amplify_job, name)
        is_made = class_ is not IAmplifyJobProvider  # an interface has no __init__ of its own
        if class_ is AmplifyJobOptions or issubclass(class_, Enum) or not is_made:
            continue
        public = {key: value for key, value in vars(class_).items() if key[0] != "_"}
        functions = {f"{name}.{key}": value for key, value in public.items() if inspect.isroutine(value)}
        for called, function in {name: class_.__init__, **functions}.items():
            parameters = inspect.signature(getattr(function, "__func__", function)).parameters.keys()
            further = options_of(name).__annotations__.keys() if "options" in parameters else set()
            for parameter in sorted((parameters | further) - {"self", "cls", "options"}):
                yield f"{called}({parameter}=wrong)", "arg-type"
        values = {key for key, value in public.items() if not inspect.isroutine(value)}
        for attribute in sorted(values | inspect.get_annotations(class_).keys()):
            yield f"def _(it: {name}) -> Wrong: return it.{attribute}", "return-value"


def test_mypy_finds_what_users_of_the_wheel_write_wrongly_and_nothing_else(
    environment: Path, tmp_path: Path
) -> None:
    for example in ROOT.glob("examples/*.py"):
        shutil.copy(example, tmp_path)
    beginning = [
        "import aws_cdk as cdk",
        "from cdk_amplify_job import *",
        "class Wrong: ...",
        "wrong, stack = Wrong(), cdk.Stack()",
    ]
    wrong = list(mistakes())
    (tmp_path / "use.py").write_text("\n".join([*beginning, *(line for line, _ in wrong)]))

    findings = findings_of_mypy(environment, tmp_path)
    assert [line for line in findings if not line.startswith("use.py:")] == []
    found = [re.sub(r"^use\.py:(\d+): .*\[([a-z-]+)\]$", r"\1 \2", line) for line in findings]
    missed = [line for number, (line, code) in enumerate(wrong, 5) if f"{number} {code}" not in found]
    assert len(wrong) > 100
    assert missed == []
