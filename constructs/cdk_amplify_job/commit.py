"""The commit that a job reports, read from git or from the variables of a build service."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from .limits import START_JOB


class _Variables(NamedTuple):
    id: str
    message: str | None = None
    time: str | None = None


_BUILD_SERVICES = (
    # https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    _Variables("CODEBUILD_RESOLVED_SOURCE_VERSION"),
    # https://docs.github.com/actions/reference/workflows-and-actions/variables
    _Variables("GITHUB_SHA"),
    # https://docs.gitlab.com/ci/variables/predefined_variables/
    _Variables("CI_COMMIT_SHA", "CI_COMMIT_MESSAGE", "CI_COMMIT_TIMESTAMP"),
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    _Variables("BITBUCKET_COMMIT"),
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    _Variables("BUILD_SOURCEVERSION", "BUILD_SOURCEVERSIONMESSAGE"),
)
# CodeBuild gives an S3 version, not a commit, when its source is a bucket.
_SHA = re.compile("[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Commit:
    """A commit, for the option ``commit``.

    :param id: Its SHA, at most 255 characters.
    :param message: Its message, at most 10,000 characters. Default: - none
    :param time: When it was committed, with a time zone. Default: - none
    """

    id: str
    message: str | None = None
    time: datetime | str | None = None

    @classmethod
    def from_git(cls, directory: str | Path = ".", *, revision: str = "HEAD") -> Commit:
        """Read a commit of the git repository around a directory.

        A message that is too long for Amplify is cut.

        :param directory: Any directory of the work tree. Default: the working directory
        :param revision: What to read. Default: what is checked out
        :raises ValueError: There is no git, no repository or no such commit.
        """
        # Whatever the settings of the user's git.
        plain = ["--format=%H%n%cI%n%B", "--no-show-signature", "--encoding=UTF-8"]
        command = ["git", "-C", str(directory), "log", "-1", *plain, revision, "--"]
        try:
            done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 (no shell)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", b"").decode(errors="replace") or str(error)).strip()
            raise ValueError(f"no commit could be read from git in {str(directory)!r}: {reason}") from None
        sha, time, message = done.stdout.decode(errors="replace").split("\n", 2)
        return cls(sha, message.strip()[: START_JOB["commitMessage"]["max"]], time)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, directory: str | Path = "."
    ) -> Commit:
        """Read the commit that a build runs for, else the one that is checked out.

        Knows CodeBuild, GitHub Actions, GitLab, Bitbucket and Azure Pipelines. What a service does not
        say of the commit comes from git, if there is a repository.

        :param environ: The variables. Default: os.environ
        :param directory: Where git looks. Default: the working directory
        :raises ValueError: No variable and no repository names a commit, or GitHub Actions runs for a pull
            request: its merge commit is on no branch, and Amplify cannot build it.
        """
        environ = os.environ if environ is None else environ
        for service in _BUILD_SERVICES:
            sha = environ.get(service.id, "")
            if not _SHA.fullmatch(sha):
                continue
            if service.id == "GITHUB_SHA" and environ.get("GITHUB_REF", "").startswith("refs/pull/"):
                raise ValueError(
                    f"GITHUB_SHA {sha} is the merge commit of a pull request, which is on no branch: "
                    "release from the branch, or read the commit with Commit.from_git"
                )
            message = environ.get(service.message or "", "")[: START_JOB["commitMessage"]["max"]]
            time = environ.get(service.time or "")
            if message and time:
                return cls(sha, message, time)
            try:
                known = cls.from_git(directory, revision=sha)
            except ValueError:
                known = cls(sha)
            return cls(sha, message or known.message, time or known.time)
        try:
            return cls.from_git(directory)
        except ValueError as error:
            looked_for = ", ".join(service.id for service in _BUILD_SERVICES)
            raise ValueError(f"no commit in the variables {looked_for}, and {error}") from None
