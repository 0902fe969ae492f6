"""``SmokeTest``: what the site must answer before a deployment succeeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, Token

from .limits import OPTIONS, checked_number, is_known


@dataclass(frozen=True)
class SmokeTest:
    """A page of the branch's site that is requested after the job, until it answers as described here.

    :param path: The path of the page: one slash, then ASCII characters; at most 1,000. Default: "/"
    :param status: The HTTP status that the page must answer, 200 to 599, after redirects within the site.
        Default: 200
    :param text: What the page must hold, at most 1,000 characters. Default: - nothing
    :param within: How long that may take, 10 seconds to 15 minutes. The timeout of the job ends it, too.
        Default: Duration.minutes(2)
    :raises ValueError: An option is out of its limits.
    """

    path: str = "/"
    status: int = 200
    text: str | None = None
    within: Duration | None = None

    def __post_init__(self) -> None:
        limit = OPTIONS["SmokeTestPath"]
        is_path = isinstance(self.path, str) and (
            not is_known(self.path)
            or (re.fullmatch(limit["pattern"], self.path) and len(self.path) <= limit["max"])
        )
        if not is_path:
            raise ValueError(
                "path must be one slash and then ASCII characters without spaces, at most "
                f"{limit['max']:,}, received {self.path!r}"
            )
        checked_number("status", self.status, OPTIONS["SmokeTestStatus"])
        most = OPTIONS["SmokeTestText"]["max"]
        if self.text is not None and (not isinstance(self.text, str) or len(self.text) > most):
            raise ValueError(f"text must be a string of at most {most:,} characters, received {self.text!r}")
        self._seconds()

    def _seconds(self) -> int | None:
        limit = OPTIONS["SmokeTestSeconds"]
        if self.within is None:
            return None
        allowed = f"within must be a Duration of {limit['min']} seconds to {limit['max'] // 60} minutes"
        if not isinstance(self.within, Duration):
            raise ValueError(f"{allowed}, received {self.within!r}")
        if self.within.is_unresolved():
            raise ValueError(f"{allowed}, known at synthesis, received a token")
        seconds = self.within.to_milliseconds() / 1000
        if not limit["min"] <= seconds <= limit["max"]:
            raise ValueError(f"{allowed}, received {self.within.to_human_string()}")
        return round(seconds)

    def properties(self) -> dict[str, Any]:
        """Return the properties of ``Custom::AmplifyJob``."""
        return {
            "SmokeTestPath": self.path,
            "SmokeTestStatus": self.status,
            "SmokeTestText": self.text,
            "SmokeTestSeconds": self._seconds(),
        }


def smoke_test_properties(smoke_test: SmokeTest | None, wait: bool | None) -> dict[str, Any]:
    """Return the properties of the option.

    :raises ValueError: It is no SmokeTest, or does not go with wait=False.
    """
    if smoke_test is None:
        return {}
    if not isinstance(smoke_test, SmokeTest):
        raise ValueError(f"smoke_test must be a SmokeTest, received {smoke_test!r}")
    if wait is not None and not Token.is_unresolved(wait) and not wait:
        raise ValueError("smoke_test looks at the site after the job, so wait must not be False")
    return smoke_test.properties()
