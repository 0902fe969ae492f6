"""What a run of verify/ has told, and left in a local AWS."""

from __future__ import annotations

import re

from amplify_local import LocalAws


def rows(output: str) -> dict[str, tuple[str, str]]:
    """What was seen, and the verdict, by the name of the fact."""
    table = re.findall(r"^\| .* \(`([\w-]+)`\) \| .* \| (.*) \| ([\w ]+) \|$", output, re.MULTILINE)
    return {name: (seen, verdict) for name, seen, verdict in table}


def stacks(aws: LocalAws) -> list[str]:
    described = aws.client("cloudformation").describe_stacks()["Stacks"]
    return [stack["StackName"] for stack in described if stack["StackName"] != "CDKToolkit"]


def is_clean(aws: LocalAws) -> bool:
    return stacks(aws) == [] and aws.amplify.apps() == []
