"""The package's API, as jsii has written it down, against the signatures in Python."""

from __future__ import annotations

import gzip
import inspect
import json
import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any

import aws_cdk as cdk
import pytest
from templates import ROOT

import cdk_amplify_job
from cdk_amplify_job import AmplifyJobOptions, AmplifyJobProvider, Commit
from cdk_amplify_job.limits import ATTRIBUTES, ROWS

Types = dict[str, dict[str, Any]]
CLASSES = {name: getattr(cdk_amplify_job, name) for name in cdk_amplify_job.__all__}
ENUMS = [name for name, value in CLASSES.items() if issubclass(value, Enum)]
CONSTRUCTED = [name for name in CLASSES if name not in (*ENUMS, "AmplifyJobOptions", "IAmplifyJobProvider")]


@pytest.fixture(scope="module")
def types() -> Types:
    found = json.loads(gzip.decompress((ROOT / ".jsii.gz").read_bytes()))["types"]
    return {name.partition(".")[2]: type_ for name, type_ in found.items()}


def camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def in_python(signature: Any) -> set[str]:
    """The names of parameters; in place of a dictionary of options, its keys."""
    found = inspect.signature(signature).parameters
    names = {*found} - {"self", "cls", "scope", "id"}
    if "options" in names:
        dictionary = found["options"].annotation.removeprefix("Unpack[").removesuffix("]")
        module = sys.modules[signature.__module__]
        names = names - {"options"} | getattr(module, dictionary).__annotations__.keys()
    return {camel(name) for name in names}


def in_typescript(types: Types, function: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The names of parameters; in place of a struct, its members. Those of the CDK's structs apart."""
    names, of_cdk = set(), set()
    for parameter in function.get("parameters", []):
        own = {name for name, _ in members(types, parameter["type"].get("fqn", ""))}
        names |= own or {parameter["name"]}
        of_cdk |= inherited(types, parameter["type"].get("fqn", ""))
    return names - {"scope", "id"}, of_cdk


def members(types: Types, fqn: str) -> Iterator[tuple[str, dict[str, Any]]]:
    type_ = types.get(fqn.partition(".")[2], {})
    if fqn.startswith("cdk-amplify-job.") and type_.get("datatype"):
        for member in type_.get("properties", []):
            yield member["name"], member
        for base in type_.get("interfaces", []):
            yield from members(types, base)


def inherited(types: Types, fqn: str) -> set[str]:
    bases = types.get(fqn.partition(".")[2], {}).get("interfaces", [])
    return {
        camel(name)
        for base in bases
        if base.startswith("aws-cdk-lib.")
        for name in inspect.signature(getattr(cdk, base.rpartition(".")[2]).__init__).parameters
    }


def test_both_languages_have_the_same_types(types: Types) -> None:
    structs = {name for name, type_ in types.items() if type_.get("datatype")}

    assert types.keys() - structs == CLASSES.keys() - {"AmplifyJobOptions", "SmokeTest"}
    assert "SmokeTest" in structs


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_a_class_takes_the_same_options_in_both_languages(types: Types, name: str) -> None:
    if name == "SmokeTest":
        assert {found for found, _ in members(types, "cdk-amplify-job.SmokeTest")} == in_python(CLASSES[name])
        return
    own, of_cdk = in_typescript(types, types[name]["initializer"])
    python = in_python(CLASSES[name].__init__)

    if name == "Commit":  # it is no construct
        python.add("id")
        own.add("id")
    assert own <= python <= own | of_cdk


@pytest.mark.parametrize(
    "function",
    [
        AmplifyJobProvider.get_or_create,
        AmplifyJobProvider.from_service_token,
        Commit.from_git,
        Commit.from_environment,
    ],
)
def test_a_function_takes_the_same_options_in_both_languages(types: Types, function: Any) -> None:
    owner, _, name = function.__qualname__.partition(".")
    (method,) = [method for method in types[owner]["methods"] if method["name"] == camel(name)]

    assert in_typescript(types, method)[0] == in_python(function)


@pytest.mark.parametrize("name", sorted({*CONSTRUCTED, "IAmplifyJobProvider"} - {"SmokeTest"}))
def test_a_class_has_the_same_members_in_both_languages(types: Types, name: str) -> None:
    of_class = vars(CLASSES[name])
    names = {*of_class, *of_class.get("__annotations__", {})}
    methods, properties = types[name].get("methods", []), types[name].get("properties", [])

    assert {member["name"] for member in [*methods, *properties]} == {
        camel(member) for member in names if not member.startswith("_")
    }


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_same_words_in_both_languages(types: Types, name: str) -> None:
    assert [member["name"] for member in types[name]["members"]] == [word.value for word in CLASSES[name]]


def test_the_attributes_of_a_job_are_those_that_the_function_answers_with(types: Types) -> None:
    names = {member["name"] for member in types["AmplifyJob"]["properties"]}

    assert names == {name[0].lower() + name[1:] for name in ATTRIBUTES}


def test_each_member_is_explained_and_what_may_be_left_out_has_its_default(types: Types) -> None:
    for name, type_ in types.items():
        parts = [part for kind in ("properties", "methods", "members") for part in type_.get(kind, [])]
        for member in [type_, *parts]:
            assert member["docs"]["summary"], (name, member["name"])
            if type_.get("datatype") and member.get("optional"):
                assert member["docs"]["default"], (name, member["name"])


def test_what_is_written_of_an_option_has_its_limits_and_its_default(types: Types) -> None:
    of_job = dict(members(types, "cdk-amplify-job.AmplifyJobProps"))
    of_page = dict(members(types, "cdk-amplify-job.SmokeTest"))
    page = {
        "SmokeTestPath": "path",
        "SmokeTestStatus": "status",
        "SmokeTestText": "text",
        "SmokeTestSeconds": "within",
    }
    for name, row in ROWS.items():
        docs = of_page[page[name]]["docs"] if name in page else of_job[camel(row.option)]["docs"]
        text = " ".join(docs.values())
        if name == "ServiceTimeout":
            continue  # it follows from the timeout
        numbers = {row.most} | ({row.least, row.default} if row.kind == "number" else set())
        numbers |= {row.least} if row.least > 1 else set()
        assert all(says(text, number) for number in numbers - {None}), (name, numbers, text)
        if row.kind in ("flag", "word"):
            assert str(row.default).lower() in docs["default"].lower(), (name, text)


def says(text: str, number: int) -> bool:
    """Whether a text has a number; of seconds also as minutes."""
    forms = {str(number), f"{number:,}"} | ({str(number // 60)} if "inutes" in text else set())
    return any(re.search(rf"(?<![\d,]){form}(?![\d,]*\d)", text) for form in forms)


def test_texts_have_no_option_in_the_words_of_python() -> None:
    for file in ROOT.glob("typescript/src/*.ts"):
        words = set(re.findall(r"\b[a-z]+_[a-z_]+\b", file.read_text()))
        assert not words & AmplifyJobOptions.__annotations__.keys(), file.name
