"""What every provider is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from .permissions import Statement


@runtime_checkable
class IAmplifyJobProvider(Protocol):
    """Any provider: an :class:`AmplifyJobProvider`, or one that is defined elsewhere.

    :class:`AmplifyJob` calls its methods.
    """

    service_token: str
    """The ARN of the function, which ``Custom::AmplifyJob`` names as its ``ServiceToken``."""

    def permit(self, job: Construct, resource: CfnResource, statements: Sequence[Statement]) -> None:
        """Let the function do the work of a job.

        :param job: The construct in whose scope the policy is made.
        :param resource: The custom resource, which waits for its permission.
        :param statements: The IAM statements that the job needs.
        :raises ValueError: The inline policies of the role are full.
        """

    def reader(self, job: Construct) -> iam.IRole:
        """Return the role that reads the files of a job, as one that ignores grants.

        :param job: The construct in whose scope it is made.
        """
        ...


def reader_of(job: Construct, role: iam.IRole | iam.Role | None) -> iam.IRole:
    """Return a role for a job's sources that ignores grants: theirs are wider than needed.

    :param role: The role that reads them; None if it is not known.
    """
    # By its name: the ARN of a role in another stack would look like one of another account.
    return iam.Role.from_role_name(job, "Reader", role.role_name if role else "unknown", mutable=False)
