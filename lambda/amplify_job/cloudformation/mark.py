"""Which job belongs to which resource: the mark in a job's commit message, and the physical ID."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

_MARK = re.compile(r"\[cfn ([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)\.([A-Z_]+)\]")
NO_VERSION = "0"
"""The fingerprint of a job that serves no version of its resource: one that a Delete started."""
_STACK_DIGITS = 8
_MESSAGE_LIMIT = 10_000  # characters of StartJob's commitMessage


def digest(*parts: Any, length: int) -> str:
    """A short digest of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def resource_digest(stack_id: str, logical_id: str) -> str:
    """The digest of a stack, then that of the logical ID of a resource in it."""
    return digest(stack_id, length=_STACK_DIGITS) + digest(logical_id, length=8)


def physical_id(resource: str) -> str:
    """The physical ID of a resource. It never changes, so that CloudFormation never replaces the resource.

    Stacks whose rollback is disabled refuse replacements, and a changed ID may count as one.

    :param resource: The digests that also mark the jobs of the resource.
    """
    return f"amplify-job-{resource}"


class Mark(NamedTuple):
    """The last line of a job's commit message. It tells which request started the job.

    StartJob has no client token, and `commitMessage` is the one writable field that reads back
    (https://github.com/aws-amplify/amplify-hosting/issues/599; not verified on AWS).
    """

    resource: str
    """The digest of its stack, then its own."""
    fingerprint: str
    """The version of the resource."""
    request: str
    job_type: str

    def __str__(self) -> str:
        return f"[cfn {self.resource}.{self.fingerprint}.{self.request}.{self.job_type}]"

    @property
    def stack(self) -> str:
        """The digest of the stack."""
        return self.resource[:_STACK_DIGITS]

    @classmethod
    def parse(cls, message: str) -> Mark | None:
        match = _MARK.fullmatch(message.rstrip().rpartition("\n")[2])
        return cls(*match.groups()) if match else None

    def sign(self, message: str) -> str:
        """The message with this mark as its last line, cut to Amplify's limit."""
        line = f"\n{self}"
        return message[: _MESSAGE_LIMIT - len(line)] + line


def unsigned(message: str) -> str:
    """The message without any line that is a mark."""
    if "[cfn " not in message:
        return message
    return "\n".join(line for line in message.split("\n") if not _MARK.fullmatch(line.strip()))
