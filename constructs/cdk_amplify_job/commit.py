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

from .limits import ROWS

_LONGEST_MESSAGE = ROWS["CommitMessage"].most


class _Variables(NamedTuple):
    id: str
    message: str = ""
    time: str = ""
    ref: str = ""
    """What tells a merge commit that the service has made for itself, which is on no branch."""
    merged: str = ""
    """The pattern of its value then."""
    may_be_other: bool = False
    """Whether the id may be something else than a commit."""


_BUILD_SERVICES = (
    # https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    # It is an S3 version, not a commit, when the source is a bucket.
    _Variables("CODEBUILD_RESOLVED_SOURCE_VERSION", may_be_other=True),
    # https://docs.github.com/actions/reference/workflows-and-actions/variables
    # A merge queue: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
    _Variables("GITHUB_SHA", ref="GITHUB_REF", merged="refs/(pull|heads/gh-readonly-queue)/.+"),
    # https://docs.gitlab.com/ci/variables/predefined_variables/
    _Variables(
        "CI_COMMIT_SHA",
        "CI_COMMIT_MESSAGE",
        "CI_COMMIT_TIMESTAMP",
        ref="CI_MERGE_REQUEST_EVENT_TYPE",
        merged="merged_result|merge_train",
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    _Variables("BITBUCKET_COMMIT"),
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    _Variables(
        "BUILD_SOURCEVERSION",
        "BUILD_SOURCEVERSIONMESSAGE",
        ref="BUILD_SOURCEBRANCH",
        merged="refs/pull/.+",
    ),
)
_SHA = re.compile("[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Commit:
    """A commit, for the option ``commit``.

    :param id: Its SHA, at most 255 characters.
    :param message: Its message, at most 10,000 characters. Default: - none
    :param time: When it was committed: a datetime with a time zone, or ISO 8601 with one. Default: - none
    """

    id: str
    message: str | None = None
    time: datetime | str | None = None

    @classmethod
    def from_git(cls, directory: str | Path = ".", *, revision: str = "HEAD") -> Commit:
        """Read a commit of the git repository around a directory.

        A message that is too long for Amplify is cut.

        :param directory: Any directory of the work tree. Default: the working directory
        :param revision: The commit to read, as git names it. Default: what is checked out
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
        return cls(sha, message.strip()[:_LONGEST_MESSAGE], time)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, directory: str | Path = "."
    ) -> Commit:
        """Read the commit that a build runs for, else the one that is checked out.

        Knows CodeBuild, GitHub Actions, GitLab, Bitbucket and Azure Pipelines. What a service does not
        say of the commit comes from git, if there is a repository.

        :param environ: The variables. Default: os.environ
        :param directory: Where git looks. Default: the working directory
        :raises ValueError: No variable and no repository names a commit, or a variable that names one holds
            something else than a SHA. Or the commit is a merge commit on no branch, which Amplify cannot
            build: that of a pull request in GitHub Actions or Azure Pipelines, of GitHub's merge queue, of
            GitLab's merged results or merge trains.
        """
        environ = os.environ if environ is None else environ
        for service in _BUILD_SERVICES:
            sha = environ.get(service.id, "")
            if not _SHA.fullmatch(sha):
                if sha and not service.may_be_other:
                    raise ValueError(f"{service.id} must be the SHA of a commit, received {sha!r}")
                continue
            ref = environ.get(service.ref, "")
            if service.ref and re.fullmatch(service.merged, ref):
                raise ValueError(
                    f"{service.id} {sha} is the merge commit of a request that is not merged yet, on no "
                    f"branch ({service.ref} is {ref}): release from the branch, or name one of its commits"
                )
            message = environ.get(service.message, "")[:_LONGEST_MESSAGE]
            time = environ.get(service.time)
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
