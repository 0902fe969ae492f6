"""An AWS on your own machine, with Amplify Hosting, for the real CDK CLI: no account, no Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amplify_local.local_aws import LocalAws

__all__ = ["LocalAws"]


def __getattr__(name: str) -> Any:
    """Import late: pytest loads this package in every project that has it installed."""
    if name == "LocalAws":
        from amplify_local.local_aws import LocalAws

        return LocalAws
    raise AttributeError(name)
