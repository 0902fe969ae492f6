"""The contract against what it repeats of others, and what others repeat of it."""

import re
from enum import Enum
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape

from cdk_amplify_job import AmplifyJob, AmplifyJobOptions, JobType, OnRollback, SmokeTest, WhenBusy
from cdk_amplify_job.limits import ASSET, ATTRIBUTES, ROWS, SECONDS_TO_ANSWER

ROOT = Path(__file__).parents[2]


def test_the_limits_of_start_job_are_those_of_the_service_model() -> None:
    service = botocore.session.get_session().get_service_model("amplify")
    request = service.shape_for("StartJobRequest")

    assert isinstance(request, StructureShape)
    for name, member in request.members.items():
        row, model = ROWS[name[0].upper() + name[1:]], member.metadata
        if row.kind == "text":
            # An empty CommitId would build the newest commit without a word.
            least = 1 if name == "commitId" else model.get("min", 0)
            # JavaScript cannot read (?s). These two say no more than the limits do.
            pattern = "" if model["pattern"] in ("(?s).*", "(?s).+") else model["pattern"]
            assert (row.least, row.most) == (least, model["max"]), name
            # Amplify knows its branches by the names of git, which are fewer.
            assert row.pattern == pattern or name == "branchName", name
        else:
            assert list(row.words) == model.get("enum", []), name


@pytest.mark.parametrize("words", [JobType, WhenBusy, OnRollback])
def test_enums_hold_the_words_of_the_contract(words: type[Enum]) -> None:
    assert tuple(word.value for word in words) == ROWS[words.__name__].words
    assert tuple(word.name for word in words) == ROWS[words.__name__].words


def test_the_timeouts_leave_the_function_its_time_to_answer() -> None:
    job, service = ROWS["TimeoutSeconds"], ROWS["ServiceTimeout"]

    assert service.least == job.least + SECONDS_TO_ANSWER
    assert service.most >= job.most + SECONDS_TO_ANSWER
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
    assert service.default == service.most == 3600


def docstrings() -> dict[str, str]:
    """Return what the docstrings say of the option of each property."""
    described = dict(zip(*parameters(AmplifyJob), strict=True))
    page = dict(zip(*parameters(SmokeTest), strict=True))
    of_page = {"Path": "path", "Status": "status", "Text": "text", "Seconds": "within"}
    return {name: described[row.option] for name, row in ROWS.items()} | {
        f"SmokeTest{name}": page[parameter] for name, parameter in of_page.items()
    }


def parameters(documented: type) -> tuple[list[str], list[str]]:
    """Return the names and the texts of the parameters in a docstring."""
    text = " ".join((documented.__doc__ or "").split()).partition(" :raises")[0]
    parts = re.split(r":param (\w+): ", text)
    return parts[1::2], parts[2::2]


def page() -> dict[str, str]:
    """Return what the page of properties says of each: default and meaning."""
    text = (ROOT / "docs" / "properties.md").read_text()
    return dict(re.findall(r"^\| (?:from )?`\w+` \| `(\w+)` \|(.*)\|$", text, re.MULTILINE))


def says(text: str, number: int) -> bool:
    """Whether a text has a number; of seconds also as minutes."""
    forms = {str(number), f"{number:,}"} | ({str(number // 60)} if "inutes" in text else set())
    return any(re.search(rf"(?<![\d,]){form}(?![\d,]*\d)", text) for form in forms)


@pytest.mark.parametrize("described", [docstrings, page])
def test_what_is_written_of_a_property_has_its_limits_its_default_and_its_words(described: Any) -> None:
    for name, text in described().items():
        row = ROWS[name]
        if name == "ServiceTimeout" and described is docstrings:
            continue  # it follows from the timeout, and has no docstring
        numbers = {row.most} | ({row.least, row.default} if row.kind == "number" else set())
        numbers |= {row.least} if row.least > 1 else set()
        assert all(says(text, number) for number in numbers - {None}), (name, numbers, text)
        if row.kind in ("flag", "word"):
            assert str(row.default).lower() in text.lower(), (name, text)
        if row.kind == "word" and described is not docstrings:  # the enums have docstrings of their own
            assert all(word in text for word in row.words), (name, text)


def test_the_page_has_each_property_and_says_which_start_a_job() -> None:
    text = (ROOT / "docs" / "properties.md").read_text()
    said = re.findall(r"`(\w+)`", text.partition("starts a job: ")[2].partition(". ")[0])

    assert page().keys() == ROWS.keys()
    assert said == [name for name, row in ROWS.items() if row.starts]


def test_terraform_waits_longer_than_the_job_and_its_templates_name_properties_that_exist() -> None:
    wait = ROWS["TimeoutSeconds"].default + SECONDS_TO_ANSWER
    snippets = re.findall(r"```hcl\n(.*?)```", (ROOT / "docs" / "properties.md").read_text(), re.DOTALL)

    assert len(snippets) == 2
    for code in snippets:
        properties = dict(re.findall(r"^ {10}(\w+) += (.*)$", code.partition("Custom::")[2], re.MULTILINE))
        assert {"ServiceToken", "AppId", "BranchName"} <= properties.keys() <= ROWS.keys()
        assert properties["ServiceTimeout"] == str(wait)
        minutes = dict(re.findall(r'^    (create|update) = "(\d+)m"$', code, re.MULTILINE))
        assert minutes.keys() == {"create", "update"}
        assert all(60 * int(limit) > wait for limit in minutes.values())


def test_each_option_has_a_property_or_is_said_to_have_none() -> None:
    text = (ROOT / "docs" / "properties.md").read_text()
    only_here = set(
        re.findall(r"`(\w+)`", text.partition("The options ")[2].partition(" have no property")[0])
    )

    assert {row.option for row in ROWS.values()} | only_here == set(AmplifyJobOptions.__annotations__)
    rows = re.findall(r"^\| (?:from )?`(\w+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert {name: option for option, name in rows} == {name: row.option for name, row in ROWS.items()}


def test_the_readme_has_each_option() -> None:
    text = (ROOT / "README.md").read_text().partition("## Options")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", " ".join(cells))) >= set(AmplifyJobOptions.__annotations__)


def test_every_attribute_of_the_function_is_a_property_of_the_job() -> None:
    properties = [name for name, value in vars(AmplifyJob).items() if isinstance(value, property)]

    assert [re.sub("_?([a-z]+)", lambda word: word[1].title(), name) for name in properties] == ATTRIBUTES


def test_every_option_is_documented_in_the_order_of_its_definition() -> None:
    assert parameters(AmplifyJob)[0] == list(AmplifyJobOptions.__annotations__)


def test_the_source_root_is_no_package() -> None:
    # It would shadow the package "constructs" that aws-cdk-lib imports.
    assert not (ROOT / "constructs" / "__init__.py").exists()


def test_no_module_imports_the_folder_lambda() -> None:
    # It is a keyword, and an asset.
    sources = [*ROOT.glob("constructs/**/*.py"), *ROOT.glob("lambda/**/*.py"), *ROOT.glob("local/**/*.py")]
    for source in sources:
        assert not re.search(
            r"^\s*(from|import) lambda\b|import_module\(.lambda", source.read_text(), re.M
        ), source


def test_the_asset_holds_plain_source_and_data() -> None:
    kept = {file.suffix for file in ASSET.rglob("*") if file.is_file() and "__pycache__" not in file.parts}

    assert kept <= {".py", ".json"}
