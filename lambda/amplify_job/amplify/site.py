"""What Amplify says of the site of a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amplify_job.amplify.job import text_of


@dataclass(frozen=True)
class Site:
    """What is known of a branch's site."""

    url: str
    platform: str
    """WEB for a static site."""
    performance_mode: bool
    """Whether pages stay at the edge for up to ten minutes."""
    credentials: str = field(repr=False)
    """What basic auth asks for, the base64 of `user:password`; empty if the site is not protected."""

    @classmethod
    def read(cls, branch: Mapping[str, Any], app: Mapping[str, Any]) -> Site:
        protected = next((by for by in (branch, app) if by.get("enableBasicAuth")), {})
        return cls(
            f"https://{branch['displayName']}.{app['defaultDomain']}",
            text_of(app, "platform"),
            branch.get("enablePerformanceMode") is True,
            text_of(protected, "basicAuthCredentials"),
        )
