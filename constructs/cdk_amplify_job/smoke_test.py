"""``SmokeTest``: what the site must answer before a deployment succeeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration

from .limits import checked, checked_seconds


@dataclass(frozen=True)
class SmokeTest:
    """A page of the site that is requested after the job, until it answers as described here.

    If the branch has basic auth, its credentials are sent to its own address, and to no other.

    :param path: A path on the branch's own address: one slash, then ASCII characters, no spaces. Or the
        https URL of the page, such as one of a custom domain, without user and fragment. At most 1,000
        characters. Default: "/"
    :param status: The HTTP status that the page must answer, 200 to 599, after redirects within the site.
        Default: 200
    :param text: What the page must hold, 1 to 1,000 characters. Default: - nothing
    :param within: How long to try, 10 seconds to 15 minutes. The timeout of the job ends it, too.
        Default: Duration.minutes(2)
    :raises ValueError: An option is out of its limits.
    """

    path: str = "/"
    status: int = 200
    text: str | None = None
    within: Duration | None = None

    def __post_init__(self) -> None:
        self.properties()

    def properties(self) -> dict[str, Any]:
        """Return the properties of ``Custom::AmplifyJob``.

        :raises ValueError: An option is out of its limits.
        """
        return {
            "SmokeTestPath": checked("SmokeTestPath", "/" if self.path is None else self.path, "path"),
            "SmokeTestStatus": checked("SmokeTestStatus", self.status, "status"),
            "SmokeTestText": checked("SmokeTestText", self.text, "text"),
            "SmokeTestSeconds": checked_seconds("SmokeTestSeconds", self.within, "within"),
        }
