"""The examples that need nothing but Amplify, deployed to the local AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from deployed import deploy, deploy_template, destroy
from templates import app_with_our_flags, run_program

from amplify_local import LocalAws

ROOT = Path(__file__).parents[2]
PLAIN = ROOT / "examples" / "cloudformation"
# Apps that examples name.
NAMED = ["d1a2b3c4d5e6f7", "d2b3c4d5e6f7a8"]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With the provider that other examples use."""
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        for app_id in NAMED:
            aws.amplify.create_app("site", app_id=app_id)
            aws.amplify.create_branch(app_id, "main", enableAutoBuild=False)
        assembly = synthesized("shared_provider.py", tmp_path_factory.mktemp("assembly"))
        assert deploy(aws, assembly, "Releases").succeeded
        yield aws


@pytest.fixture
def app_id(aws: LocalAws, request: pytest.FixtureRequest) -> str:
    app_id = aws.amplify.create_app(request.node.name).id
    for branch in ("main", "blog", "docs"):
        aws.amplify.create_branch(app_id, branch)
    return app_id


def jobs(aws: LocalAws, app_id: str, branch: str = "main") -> list[str]:
    return [f"{job.type} {job.status_at(aws.amplify.clock())}" for job in aws.amplify.jobs(app_id, branch)]


def synthesized(example: str, folder: Path, **context: str) -> Path:
    app = app_with_our_flags(outdir=str(folder), context=context)
    run_program(ROOT / "examples" / example, app)
    return folder


def plain(aws: LocalAws, template: str, **parameters: str) -> dict[str, str]:
    """Deploy a template of CloudFormation's own, and return its outputs."""
    done = deploy_template(aws, template.partition(".")[0], PLAIN / template, parameters)
    assert done.succeeded, done.output
    return done.outputs


def test_a_plain_template_releases_its_branch_and_a_changed_commit(aws: LocalAws, app_id: str) -> None:
    created = plain(aws, "template.yaml", AppId=app_id)
    assert created["Status"] == "SUCCEED"
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"]

    commit = aws.amplify.branch(app_id, "main").tip
    updated = plain(aws, "template.yaml", AppId=app_id, CommitId=commit)
    assert updated["JobId"] == "2"
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"] * 2


def test_a_sam_template_releases_its_branch_after_the_backend(aws: LocalAws, app_id: str) -> None:
    created = plain(aws, "sam.yaml", AppId=app_id)

    assert created["Site"].startswith("https://main.")
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"]


def test_stacks_of_this_app_and_of_others_share_a_provider(
    aws: LocalAws, app_id: str, tmp_path: Path
) -> None:
    assembly = synthesized("shared_provider.py", tmp_path, app_id=app_id)

    for stack, branch in (("Shop", "main"), ("Blog", "blog"), ("Docs", "docs")):
        done = deploy(aws, assembly, stack)
        assert done.succeeded, done.output
        assert jobs(aws, app_id, branch) == ["RELEASE SUCCEED"]


def test_an_app_of_a_monorepo_whose_folder_is_as_before_is_not_built_again(
    aws: LocalAws, tmp_path: Path
) -> None:
    before = [len(jobs(aws, app_id)) for app_id in NAMED]
    first = synthesized("monorepo.py", tmp_path / "first")
    assert deploy(aws, first, "Monorepo").succeeded
    assert [len(jobs(aws, app_id)) - count for app_id, count in zip(NAMED, before, strict=True)] == [1, 1]

    again = synthesized("monorepo.py", tmp_path / "again")

    template = "Monorepo.template.json"
    assert (again / template).read_text() == (first / template).read_text()


def test_a_preview_branch_is_built_and_deleted_with_its_stack(aws: LocalAws, tmp_path: Path) -> None:
    done = deploy(aws, synthesized("preview_branch.py", tmp_path), "Preview")
    assert done.succeeded, done.output
    assert jobs(aws, NAMED[0], "feature/basket") == ["RELEASE SUCCEED"]

    assert destroy(aws, "Preview").succeeded

    left = [(branch["app_id"], branch["branch_name"]) for branch in aws.control("branches")]
    assert (NAMED[0], "feature/basket") not in left
