"""The examples that need nothing but Amplify, deployed to the local AWS: by the CDK CLI, and by boto3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from amplify_local import LocalAws

ROOT = Path(__file__).parents[2]
PLAIN = ROOT / "examples" / "cloudformation"
# Apps that examples name.
NAMED = ["d1a2b3c4d5e6f7", "d2b3c4d5e6f7a8"]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(job_seconds=1, retry_seconds=1) as aws:
        for app_id in NAMED:
            aws.amplify.create_app("site", app_id=app_id)
            aws.amplify.create_branch(app_id, "main", enableAutoBuild=False)
        cdk_deploy(aws, "shared_provider.py", tmp_path_factory.mktemp("assembly"), "Releases")
        yield aws


@pytest.fixture
def app_id(aws: LocalAws, request: pytest.FixtureRequest) -> str:
    app_id = aws.amplify.create_app(request.node.name).id
    for branch in ("main", "develop", "feature/basket", "blog", "docs"):
        aws.amplify.create_branch(app_id, branch)
    return app_id


def jobs(aws: LocalAws, app_id: str, branch: str = "main") -> list[str]:
    return [f"{job.type} {job.status_at(aws.amplify.clock())}" for job in aws.amplify.jobs(app_id, branch)]


def cdk_deploy(aws: LocalAws, example: str, assembly: Path, *arguments: str) -> None:
    """Deploy stacks of an example as its third line says."""
    program = f"python3 examples/{example}"
    done = aws.cdk("deploy", "--app", program, "--output", str(assembly), *arguments, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def deploy(aws: LocalAws, verb: str, template: str, **parameters: str) -> dict[str, str]:
    """Create or update a stack, and return its outputs."""
    cloudformation = aws.client("cloudformation")
    name = template.partition(".")[0]
    getattr(cloudformation, f"{verb}_stack")(
        StackName=name,
        TemplateBody=(PLAIN / template).read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    waiter = cloudformation.get_waiter(f"stack_{verb}_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 0.5, "MaxAttempts": 600})
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def test_a_plain_template_releases_its_branch_and_a_changed_commit(aws: LocalAws, app_id: str) -> None:
    created = deploy(aws, "create", "template.yaml", AppId=app_id)
    assert created["Status"] == "SUCCEED"
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"]

    commit = aws.amplify.branch(app_id, "main").tip
    updated = deploy(aws, "update", "template.yaml", AppId=app_id, CommitId=commit)
    assert updated["JobId"] == "2"
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"] * 2


def test_a_sam_template_releases_its_branch_after_the_backend(aws: LocalAws, app_id: str) -> None:
    created = deploy(aws, "create", "sam.yaml", AppId=app_id)

    assert created["Site"].startswith("https://main.")
    assert jobs(aws, app_id) == ["RELEASE SUCCEED"]


def test_stacks_of_this_app_and_of_others_share_a_provider(
    aws: LocalAws, app_id: str, tmp_path: Path
) -> None:
    cdk_deploy(aws, "shared_provider.py", tmp_path, "--all", "-c", f"app_id={app_id}")

    for branch in ("main", "blog", "docs"):
        assert jobs(aws, app_id, branch) == ["RELEASE SUCCEED"]


def test_an_app_of_a_monorepo_whose_folder_is_as_before_is_not_built_again(
    aws: LocalAws, tmp_path: Path
) -> None:
    before = [len(jobs(aws, app_id)) for app_id in NAMED]

    for _ in range(2):
        cdk_deploy(aws, "monorepo.py", tmp_path)

    assert [len(jobs(aws, app_id)) - count for app_id, count in zip(NAMED, before, strict=True)] == [1, 1]


def test_a_preview_branch_is_built_and_deleted_with_its_stack(aws: LocalAws, tmp_path: Path) -> None:
    cdk_deploy(aws, "preview_branch.py", tmp_path)
    assert jobs(aws, NAMED[0], "feature/basket") == ["RELEASE SUCCEED"]

    program = "python3 examples/preview_branch.py"
    done = aws.cdk("destroy", "--app", program, "--output", str(tmp_path), cwd=ROOT)

    assert done.returncode == 0, done.stdout
    left = [(branch["app_id"], branch["branch_name"]) for branch in aws.control("branches")]
    assert (NAMED[0], "feature/basket") not in left
