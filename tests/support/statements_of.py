"""What a template with an Amplify app holds, and what it allows."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from templates import resolved, resources, statements


def hosting(scope: cdk.Stack, name: str = "", **options: Any) -> tuple[amplify.CfnApp, amplify.CfnBranch]:
    app = amplify.CfnApp(scope, f"{name}App", name="site", repository="https://git.example.com/site")
    branch = amplify.CfnBranch(
        scope, f"{name}Branch", app_id=app.attr_app_id, branch_name="feature/x", **options
    )
    return app, branch


def one_job(stack: cdk.Stack) -> dict[str, Any]:
    (job,) = resolved(list(resources(stack, "Custom::AmplifyJob").values()))
    return dict(job)


def actions(template: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the resources of each action."""
    allowed: dict[str, list[str]] = {}
    for statement in resolved(statements(template)):
        for action in _listed(statement["Action"]):
            allowed.setdefault(action, []).extend(_listed(statement["Resource"]))
    return allowed


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def on_app(arn: str, branch: str = "main") -> list[str]:
    """The resources of a build of a branch."""
    return [arn, f"{arn}/branches/{branch}", f"{arn}/branches/{branch}/jobs/*"]
