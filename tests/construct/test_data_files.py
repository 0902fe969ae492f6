import json
import re
from enum import Enum
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape

from cdk_amplify_job import AmplifyJob, JobType, OnRollback, WhenBusy
from cdk_amplify_job.limits import ASSET, ATTRIBUTES, OPTIONS, START_JOB

ROOT = Path(__file__).parents[2]


def model_of(member: Any) -> dict[str, Any]:
    if "enum" in member.metadata:
        return {"enum": member.metadata["enum"]}
    return {key: value for key, value in member.metadata.items() if key in ("min", "max", "pattern")}


def test_the_limits_of_start_job_are_those_of_the_service_model() -> None:
    service = botocore.session.get_session().get_service_model("amplify")
    request = service.shape_for("StartJobRequest")

    assert isinstance(request, StructureShape)
    assert {name: model_of(member) for name, member in request.members.items()} == START_JOB


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (JobType, START_JOB["jobType"]["enum"]),
        (WhenBusy, OPTIONS["WhenBusy"]["enum"]),
        (OnRollback, OPTIONS["OnRollback"]["enum"]),
    ],
)
def test_enums_hold_the_words_of_the_data_files(words: type[Enum], allowed: list[str]) -> None:
    assert [word.value for word in words] == allowed
    assert [word.name for word in words] == allowed


def test_documented_defaults_and_limits_are_those_of_the_data_files() -> None:
    text = re.sub(r"\s+", " ", AmplifyJob.__doc__ or "")
    timeout, lines = OPTIONS["TimeoutSeconds"], OPTIONS["FailureLogLines"]

    assert f"{timeout['min'] // 60} to {timeout['max'] // 60} minutes" in text
    assert f"Default: Duration.minutes({timeout['default'] // 60})" in text
    assert f"{lines['min']} to {lines['max']}." in text
    assert f"Default: {lines['default']} " in text
    assert f"Default: WhenBusy.{OPTIONS['WhenBusy']['default']} " in text
    assert f"Default: OnRollback.{OPTIONS['OnRollback']['default']} " in text


def test_every_attribute_of_the_function_is_a_property_of_the_job() -> None:
    properties = [name for name, value in vars(AmplifyJob).items() if isinstance(value, property)]

    assert [re.sub("_?([a-z]+)", lambda word: word[1].title(), name) for name in properties] == ATTRIBUTES


def test_every_option_is_documented_in_the_order_of_its_definition() -> None:
    from cdk_amplify_job import AmplifyJobOptions

    documented = re.findall(r":param (\w+):", AmplifyJob.__doc__ or "")
    assert documented == list(AmplifyJobOptions.__annotations__)


def test_the_page_of_properties_has_each_option_and_each_property() -> None:
    from cdk_amplify_job import AmplifyJobOptions

    page = (ROOT / "docs" / "properties.md").read_text()
    rows = re.findall(r"^\| (?:from )?`(\w+)` \| `(\w+)` \|", page, re.MULTILINE)
    properties = {name[0].upper() + name[1:] for name in START_JOB} | OPTIONS.keys()
    assert {name for _, name in rows} == properties
    only_here = set(re.findall(r"`(\w+)`", page.partition("The options ")[2].partition(" are for Python")[0]))
    assert {option for option, _ in rows} | only_here == set(AmplifyJobOptions.__annotations__)


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
    assert json.loads((ASSET / "start_job.json").read_text()) == START_JOB
