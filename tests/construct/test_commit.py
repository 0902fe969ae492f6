import subprocess
from pathlib import Path

import pytest

from cdk_amplify_job import Commit

SHA = "1234567890abcdef1234567890abcdef12345678"
COMMITTED = "2026-01-02T03:04:05+01:00"


def git(directory: Path, *arguments: str) -> str:
    settings = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_DATE": COMMITTED,
        "GIT_COMMITTER_DATE": COMMITTED,
    }
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", "-C", str(directory), *identity, *arguments],
        env=settings,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Fix the größe\n\nof it\n")
    (tmp_path / "below").mkdir()
    return tmp_path


def test_git_tells_the_commit_that_is_checked_out(repository: Path) -> None:
    commit = Commit.from_git(repository / "below")

    assert commit == Commit(git(repository, "rev-parse", "HEAD"), "Fix the größe\n\nof it", COMMITTED)


def test_a_message_longer_than_amplify_takes_is_cut(repository: Path) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "m" * 10_001)

    assert Commit.from_git(repository).message == "m" * 10_000


def test_settings_of_git_do_not_garble_the_commit(repository: Path) -> None:
    gpg = repository / "gpg"
    gpg.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "*--verify*) echo Good signature >&2 ;;\n"
        "*) cat > /dev/null; echo '[GNUPG:] SIG_CREATED ' >&2; echo '-----BEGIN PGP SIGNATURE-----' ;;\n"
        "esac\n"
    )
    gpg.chmod(0o755)
    for name, value in (
        ("gpg.program", str(gpg)),
        ("log.showSignature", "true"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
    ):
        git(repository, "config", name, value)
    git(repository, "commit", "--quiet", "--allow-empty", "--gpg-sign", "--message", "größe")
    assert git(repository, "log", "-1", "--format=%H").startswith("Good signature")

    assert Commit.from_git(repository) == Commit(git(repository, "rev-parse", "HEAD"), "größe", COMMITTED)


def test_without_a_repository_there_is_one_clear_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no commit could be read from git in '.*': fatal: not a git repo"):
        Commit.from_git(tmp_path)


def test_without_git_there_is_one_clear_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ValueError, match=r"no commit could be read from git in '.*No such file"):
        Commit.from_git(tmp_path)


@pytest.mark.parametrize(
    "variable",
    [
        "CODEBUILD_RESOLVED_SOURCE_VERSION",
        "GITHUB_SHA",
        "CI_COMMIT_SHA",
        "BITBUCKET_COMMIT",
        "BUILD_SOURCEVERSION",
    ],
)
def test_a_build_service_tells_the_commit_without_a_repository(tmp_path: Path, variable: str) -> None:
    assert Commit.from_environment({variable: SHA}, directory=tmp_path) == Commit(SHA)


def test_gitlab_tells_message_and_time_too(tmp_path: Path) -> None:
    environ = {"CI_COMMIT_SHA": SHA, "CI_COMMIT_MESSAGE": "Fix", "CI_COMMIT_TIMESTAMP": COMMITTED}

    assert Commit.from_environment(environ, directory=tmp_path) == Commit(SHA, "Fix", COMMITTED)


def test_azure_pipelines_tells_the_message_too(tmp_path: Path) -> None:
    environ = {"BUILD_SOURCEVERSION": SHA, "BUILD_SOURCEVERSIONMESSAGE": "Fix"}

    assert Commit.from_environment(environ, directory=tmp_path) == Commit(SHA, "Fix")


def test_git_adds_what_a_build_service_does_not_say(repository: Path) -> None:
    checked_out = Commit.from_git(repository)

    assert Commit.from_environment({"GITHUB_SHA": checked_out.id}, directory=repository) == checked_out


@pytest.mark.parametrize(
    ("variable", "ref", "value"),
    [
        ("GITHUB_SHA", "GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_SHA", "GITHUB_REF", "refs/heads/gh-readonly-queue/main/pr-7-1a2b3c"),
        ("CI_COMMIT_SHA", "CI_MERGE_REQUEST_EVENT_TYPE", "merged_result"),
        ("CI_COMMIT_SHA", "CI_MERGE_REQUEST_EVENT_TYPE", "merge_train"),
        ("BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCH", "refs/pull/7/merge"),
    ],
)
def test_a_merge_commit_on_no_branch_is_refused(
    repository: Path, variable: str, ref: str, value: str
) -> None:
    said = f"^{variable} {SHA} is the merge commit of .* on no branch \\({ref} is {value}\\): release from"
    with pytest.raises(ValueError, match=said):
        Commit.from_environment({variable: SHA, ref: value}, directory=repository)


@pytest.mark.parametrize(
    ("variable", "ref", "value"),
    [
        ("GITHUB_SHA", "GITHUB_REF", "refs/heads/main"),
        ("GITHUB_SHA", "GITHUB_REF", "refs/tags/v1"),
        ("CI_COMMIT_SHA", "CI_MERGE_REQUEST_EVENT_TYPE", "detached"),
        ("BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCH", "refs/heads/main"),
    ],
)
def test_a_commit_of_a_branch_is_taken(tmp_path: Path, variable: str, ref: str, value: str) -> None:
    assert Commit.from_environment({variable: SHA, ref: value}, directory=tmp_path) == Commit(SHA)


def test_the_version_of_a_bucket_is_no_commit(repository: Path) -> None:
    environ = {"CODEBUILD_RESOLVED_SOURCE_VERSION": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"}

    assert Commit.from_environment(environ, directory=repository) == Commit.from_git(repository)


@pytest.mark.parametrize("sha", ["not-a-sha", "abc123", "HEAD", "v1.0"])
def test_a_variable_that_is_no_sha_is_refused(repository: Path, sha: str) -> None:
    # It would release what is checked out, or nothing new.
    with pytest.raises(ValueError, match=f"^GITHUB_SHA must be the SHA of a commit, received '{sha}'$"):
        Commit.from_environment({"GITHUB_SHA": sha}, directory=repository)


def test_on_a_laptop_git_tells_the_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)

    assert Commit.from_environment({}) == Commit.from_git()


def test_neither_a_variable_nor_git_is_one_clear_reason(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="no commit in the variables CODEBUILD_.*, and no commit could be read"
    ):
        Commit.from_environment({}, directory=tmp_path)
