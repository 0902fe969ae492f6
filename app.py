"""The reference app: one stack with one job, whose options come from the context.

cdk deploy -c app_id=d1a2b3c4d5e6f7 -c branch_name=main -c timeout_minutes=20
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

try:
    import aws_cdk as cdk
    from aws_cdk.aws_s3_deployment import Source

    from cdk_amplify_job import AmplifyJobOptions, AmplifyJobProvider, AmplifyJobStack, Commit
except ImportError as error:
    sys.exit(f"error: {error} (activate the environment in which cdk-amplify-job is installed)")

_FLAGS = {"true": True, "false": False}
_COMMITS: Mapping[str, Callable[[], Commit]] = {
    "git": Commit.from_git,
    "environment": Commit.from_environment,
}


def main() -> None:
    """Synthesize the app."""
    app = cdk.App()
    known: list[str] = []

    def text(key: str) -> str | None:
        known.append(key)
        value = app.node.try_get_context(key)
        return value if value is None else str(value)

    def word(key: str, words: Mapping[str, Any]) -> Any:
        value = text(key)
        if value is not None and value.lower() not in words:
            raise ValueError(f"{key} must be one of {', '.join(words)}, received {value!r}")
        return None if value is None else words[value.lower()]

    def number(key: str) -> int | None:
        value = text(key)
        if value is not None and not (value.isascii() and value.isdigit()):
            raise ValueError(f"{key} must be a whole number, received {value!r}")
        return None if value is None else int(value)

    minutes = number("timeout_minutes")
    commit = word("commit", _COMMITS)
    files = text("files")
    stack_name = text("stack_name")
    options: AmplifyJobOptions = {
        "app_id": text("app_id"),
        "branch_name": text("branch_name"),
        "job_type": text("job_type"),
        "job_id": text("job_id"),
        "job_reason": text("job_reason"),
        "commit_id": text("commit_id"),
        "commit_message": text("commit_message"),
        "commit_time": text("commit_time"),
        "commit": commit and commit(),
        "every_deploy": word("every_deploy", _FLAGS),
        "wait": word("wait", _FLAGS),
        "timeout": None if minutes is None else cdk.Duration.minutes(minutes),
        "when_busy": text("when_busy"),
        "on_rollback": text("on_rollback"),
        "verify_commit": word("verify_commit", _FLAGS),
        "failure_log_lines": number("failure_log_lines"),
        "region": text("region"),
        "assume_role": text("assume_role"),
        "external_id": text("external_id"),
        "sources": [Source.asset(files)] if files else None,
    }
    if not (options["app_id"] and options["branch_name"]):
        raise ValueError("the keys app_id and branch_name must be given: -c app_id=… -c branch_name=…")
    # Other tools have keys of their own, so only a key that resembles one of these is reported. The CDK's
    # keys hold a colon or a slash.
    for key in app.node.get_all_context():
        close = get_close_matches(key, known, n=1)
        if close and key not in known and not {":", "/"} & set(key):
            print(f"warning: unknown context key {key!r}, did you mean {close[0]!r}?", file=sys.stderr)

    stack = AmplifyJobStack(app, "AmplifyJob", stack_name=stack_name, **options)
    log_group = AmplifyJobProvider.get_or_create(stack).log_group.log_group_name
    cdk.CfnOutput(stack, "LogGroup", value=log_group, description="aws logs tail <LogGroup> --follow")
    app.synth()


if __name__ == "__main__":
    try:
        main()
    # What aws-cdk-lib itself refuses comes as a RuntimeError.
    except (ValueError, RuntimeError) as error:
        sys.exit(f"error: {error}")
