"""Who is who: the physical ID of the resource, and the token that marks the jobs it started."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

FAILED = "failed"
"""Stands for the fingerprint in the physical ID of a Create that failed, and equals none."""
NO_JOB = "0"
"""Stands for the job in the physical ID of a Create that started none."""

_TOKEN = re.compile(r"\[cfn ([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)\.([A-Z_]+)\]")
_MESSAGE_LIMIT = 10_000  # characters of StartJob's commitMessage


def digest(*parts: Any, length: int) -> str:
    """A short digest of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


class PhysicalId(NamedTuple):
    """`{appId}/{branchName}/{jobId}/{fingerprint}`; a branch name may hold slashes of its own."""

    app_id: str
    branch_name: str
    job_id: str
    fingerprint: str

    @property
    def number(self) -> tuple[int, str]:
        """Sorts by age, as `Job.number`."""
        return len(self.job_id), self.job_id

    def __str__(self) -> str:
        return f"{self.app_id}/{self.branch_name}/{self.job_id}/{self.fingerprint}"

    @classmethod
    def parse(cls, text: str) -> PhysicalId | None:
        """Read a physical ID; None for one that CloudFormation invented."""
        match = re.fullmatch(r"([^/]+)/(.+)/([0-9]+)/([0-9a-z]+)", text, re.DOTALL)
        return cls(*match.groups()) if match else None


class Token(NamedTuple):
    """The last line of a job's commit message. It tells which request started the job.

    StartJob has no client token, and `commitMessage` is the one writable field that reads back
    (https://github.com/aws-amplify/amplify-hosting/issues/599; not verified on AWS).
    """

    resource: str
    fingerprint: str
    request: str
    job_type: str

    def __str__(self) -> str:
        return f"[cfn {self.resource}.{self.fingerprint}.{self.request}.{self.job_type}]"

    @classmethod
    def parse(cls, message: str) -> Token | None:
        match = _TOKEN.fullmatch(message.rstrip().rpartition("\n")[2])
        return cls(*match.groups()) if match else None

    def sign(self, message: str) -> str:
        """The message with this token as its last line, cut to Amplify's limit."""
        line = f"\n{self}"
        return message[: _MESSAGE_LIMIT - len(line)] + line


def unsigned(message: str) -> str:
    """The message without any token line."""
    lines = message.split("\n")
    return (
        "\n".join(line for line in lines if not _TOKEN.fullmatch(line.strip()))
        if "[cfn " in message
        else message
    )
