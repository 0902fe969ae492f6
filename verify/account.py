"""The account that is named, and what is made and deleted there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PREFIX = "verify-amplify-job"
# As the function does: the SDK would take "branch busy" for throttling.
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})
_CLEAN_UP_SECONDS = 1_800
BASE = ("probe", "app")
"""The stacks on which the others rely."""


class WrongAccount(Exception):
    """The credentials belong to another account than the one that was named, or to none."""


@dataclass(frozen=True)
class Account:
    """:param run: A word that all names of this run hold."""

    id: str
    region: str
    run: str

    @property
    def name(self) -> str:
        """What all names of this run begin with."""
        return f"{PREFIX}-{self.run}"

    def check(self) -> None:
        """:raises WrongAccount: nothing was made, and nothing shall be."""
        try:
            found = self.client("sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise WrongAccount(f"the credentials cannot be used: {error}") from None
        if found != self.id:
            raise WrongAccount(f"the credentials are of account {found}, and --account names {self.id}")

    def client(self, service: str, **credentials: str) -> Any:
        make: Any = boto3.client
        config = _ONE_ATTEMPT if service == "amplify" else None
        return make(service, region_name=self.region, config=config, **credentials)

    def create(self, case: str, template: dict[str, Any], **parameters: str) -> dict[str, str]:
        """Create a stack that others build on; its outputs."""
        cloudformation, name = self.client("cloudformation"), f"{self.name}-{case}"
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        status = settled(cloudformation, name)
        if status != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
            why = failed[-1].get("ResourceStatusReason", "") if failed else ""
            raise RuntimeError(f"{name} is {status}: {why}")
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}

    def clean_up(self) -> list[str]:
        """Delete this run's stacks, which hold all that it made; those that could not be deleted are left."""
        cloudformation = self.client("cloudformation")
        deadline = time.monotonic() + _CLEAN_UP_SECONDS
        mine = self._stacks()
        base = {f"{self.name}-{case}" for case in BASE}
        # Those on which the others rely, last.
        for stacks in ([stack for stack in mine if stack not in base], [s for s in mine if s in base]):
            pending = dict.fromkeys(stacks, 0)
            while pending and time.monotonic() < deadline:
                for stack in [*pending]:
                    if _is_gone(cloudformation, stack, pending):
                        print(f"deleted {stack}", flush=True)
                        del pending[stack]
                time.sleep(1)
        return self._stacks()

    def _stacks(self) -> list[str]:
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        names = [stack["StackName"] for page in pages for stack in page["Stacks"]]
        return [name for name in names if name.startswith(f"{self.name}-")]


def _is_gone(cloudformation: Any, stack: str, tries: dict[str, int]) -> bool:
    """Whether a stack is deleted; asks for that, three times at most."""
    try:
        status = status_of(cloudformation, stack)
        if status == "UPDATE_IN_PROGRESS" and not tries[stack]:
            tries[stack] += 1
            cloudformation.cancel_update_stack(StackName=stack)
        elif _can_be_deleted(status) and (tries[stack] < 3 or status != "DELETE_FAILED"):
            tries[stack] += 1
            cloudformation.delete_stack(StackName=stack)
        return not status
    except ClientError as error:  # throttled, or the status has just changed: look again
        print(f"{stack}: {error}", flush=True)
        return False


def _can_be_deleted(status: str) -> bool:
    begun = ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS")
    return bool(status) and (status in begun or not status.endswith("_IN_PROGRESS"))


def settled(cloudformation: Any, stack: str) -> str:
    """The status of a stack once nothing is in progress."""
    while (status := status_of(cloudformation, stack)).endswith("_IN_PROGRESS"):
        time.sleep(0.5)
    return status


def status_of(cloudformation: Any, stack: str) -> str:
    """The status of a stack; nothing when there is none."""
    try:
        return str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in str(error):
            return ""
        raise


def said(error: ClientError) -> str:
    """An error as the facts have it: code, HTTP status, text."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return f"{error.response['Error']['Code']} ({status}): {error.response['Error'].get('Message', '')}"
