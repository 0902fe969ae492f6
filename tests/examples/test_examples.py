"""Every example is synthesized as it stands, linted, checked by cdk-nag and compared with its snapshot."""

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk.cx_api import CloudFormationStackArtifact
from cfnlint.api import ManualArgs, lint_file
from templates import app_with_our_flags, documents, matches_snapshot, resolved, run_program

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PLAIN = sorted((ROOT / "examples" / "cloudformation").glob("*.yaml"))
TYPESCRIPT = sorted((ROOT / "examples" / "typescript" / "bin").glob("*.ts"))
SNAPSHOTS = Path(__file__).parent / "snapshots"

# The pipeline is CDK Pipelines' own, with permissions of its own; what it deploys is this project's.
NOT_OURS = "Delivery"


@dataclass(frozen=True)
class Example:
    name: str
    stacks: list[CloudFormationStackArtifact]


def synthesized(file: Path, monkeypatch: pytest.MonkeyPatch) -> Example:
    """Run an example with the feature flags of cdk.json, and with cdk-nag."""
    app = app_with_our_flags()
    synth = app.synth

    def checked() -> None:
        for stack in app.node.children:
            if stack.node.id != NOT_OURS:
                cdk.Aspects.of(stack).add(cdk_nag.AwsSolutionsChecks())

    monkeypatch.setattr(app, "synth", checked)
    monkeypatch.setenv("CODEBUILD_RESOLVED_SOURCE_VERSION", "1234567890abcdef1234567890abcdef12345678")
    run_program(file, app)
    assembly = synth()
    stages = [assembly, *(nested.nested_assembly for nested in assembly.nested_assemblies)]
    stacks = [
        stack for stage in stages for stack in stage.stacks if not stack.stack_name.startswith(NOT_OURS)
    ]
    return Example(file.stem, stacks)


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda file: file.stem)
def example(request: pytest.FixtureRequest) -> Iterator[Example]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield synthesized(request.param, monkeypatch)


def test_it_is_the_known_one(example: Example) -> None:
    for stack in example.stacks:
        file = SNAPSHOTS / example.name / f"{stack.stack_name}.json"
        assert matches_snapshot(stack.template["Resources"], file), file.name


def test_cfn_lint_finds_nothing(example: Example) -> None:
    # W3005: aws-cdk-lib lets a function depend on its role twice.
    templates = [Path(stack.template_full_path) for stack in example.stacks]
    assert lint(templates, "W3005") == []


def test_nothing_is_warned_of_and_cdk_nag_finds_nothing(example: Example) -> None:
    found = [str(message.entry.data) for stack in example.stacks for message in stack.messages]
    assert found == []


def test_no_permission_is_for_everything(example: Example) -> None:
    for stack in example.stacks:
        for document in documents(resolved(stack.template["Resources"])):
            for statement in document["Statement"]:
                assert statement["Resource"] != "*"
                assert isinstance(statement["Resource"], str) or "*" not in statement["Resource"]
                assert "*" not in "".join(statement["Action"])


@pytest.mark.parametrize("template", PLAIN, ids=lambda file: file.stem)
def test_cfn_lint_finds_nothing_in_a_plain_template(template: Path) -> None:
    assert lint([template]) == []


def test_cfn_lint_finds_nothing_in_the_template_of_the_provider() -> None:
    # W3002: `package` of the AWS CLI replaces the folder of the function's code.
    assert lint([ROOT / "provider" / "template.yaml"], "W3002") == []


@pytest.mark.parametrize("file", [*EXAMPLES, *PLAIN, *TYPESCRIPT], ids=lambda file: file.stem)
def test_three_lines_say_what_why_and_how(file: Path) -> None:
    lines = file.read_text().splitlines()

    for line, word in zip(lines, ("What", "Why", "How"), strict=False):
        assert re.match(rf"(#|//) {word}: .+[^ ]$", line)
    assert not lines[3].startswith(("#", "//"))


def test_the_index_lists_every_example() -> None:
    index = (ROOT / "examples" / "README.md").read_text()
    listed = set(re.findall(r"\]\(([^)]+\.(?:py|yaml|ts))\)", index))

    assert listed == {str(file.relative_to(ROOT / "examples")) for file in [*EXAMPLES, *PLAIN, *TYPESCRIPT]}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_uses_the_public_names_only(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cdk_amplify_job"):
            assert node.module == "cdk_amplify_job"


def test_an_app_of_a_monorepo_is_built_for_its_own_files_and_shared_ones_and_for_no_installed_ones(
    tmp_path: Path,
) -> None:
    shutil.copy(ROOT / "examples" / "monorepo.py", tmp_path)
    root = Path(shutil.copytree(ROOT / "examples" / "monorepo", tmp_path / "monorepo"))

    def changed(*files: str) -> list[str]:
        """The apps that a deploy builds after a change of these files."""
        before = triggers(tmp_path / "monorepo.py")
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(f"changed: {file}")
        after = triggers(tmp_path / "monorepo.py")
        return [name for name in before if before[name] != after[name]]

    assert changed("apps/shop/main.js") == ["shop"]
    assert changed("apps/blog/src/new.js") == ["blog"]
    assert changed("packages/ui/index.js") == ["shop", "blog"]
    assert changed("pnpm-workspace.yaml") == ["shop", "blog"]
    assert changed("apps/shop/node_modules/a/index.js", "packages/ui/node_modules/b.js") == []
    assert changed("node_modules/a/index.js", "apps/blog/.next/cache", "apps/shop/dist/index.html") == []


def triggers(example: Path) -> dict[str, Any]:
    """The triggers of each job, by the last part of its name."""
    app = app_with_our_flags()
    run_program(example, app)
    template = app.synth().stacks[0].template
    jobs = [value for value in template["Resources"].values() if value["Type"] == "Custom::AmplifyJob"]
    return dict(zip(("shop", "blog"), (job["Properties"]["Triggers"] for job in jobs), strict=True))


def lint(templates: list[Path], *ignored: str) -> list[str]:
    config = ManualArgs(ignore_checks=[*ignored])
    return [str(match) for template in templates for match in lint_file(template, config=config)]
