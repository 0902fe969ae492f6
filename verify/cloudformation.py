"""Facts about CloudFormation and Lambda, seen by a custom resource that logs what it is sent."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.account import Account, settled, status_of
from verify.table import Table

_PROBE = Path(__file__).with_name("probe.py")
_LOG_SECONDS = 90
_BEGIN_SECONDS = 10
Record = dict[str, Any]
Resources = dict[str, dict[str, Any]]


class Probe:
    """The stack with the probe's function, and stacks whose custom resources it serves.

    :param denied_role: The ARN of a role that may do nothing.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.cloudformation = account.client("cloudformation")
        self.service_token = self.denied_role = self._log_group = ""

    def create(self) -> None:
        outputs = self._account.create("probe", _template(self._account))
        self.service_token, self.denied_role = outputs["Token"], outputs["DeniedRole"]
        self._log_group = outputs["LogGroup"]

    def stack(self, case: str) -> str:
        return f"{self._account.name}-{case}"

    def deploy(self, case: str, resources: dict[str, Any]) -> None:
        """Create or update a stack, and wait for its end, whatever that is."""
        exists = bool(self.status(case))
        act = self.cloudformation.update_stack if exists else self.cloudformation.create_stack
        act(StackName=self.stack(case), TemplateBody=json.dumps({"Resources": resources}))
        settled(self.cloudformation, self.stack(case))

    def deploy_without_rollback(self, case: str, resources: dict[str, Any]) -> None:
        """As cdk deploy --no-rollback does: by a change set, which may follow on a failure."""
        name, change = self.stack(case), f"change-{time.time_ns()}"
        self.cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=change,
            ChangeSetType="UPDATE" if self.status(case) else "CREATE",
            TemplateBody=json.dumps({"Resources": resources}),
        )
        waiter = self.cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(StackName=name, ChangeSetName=change, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        before, deadline = self.status(case), time.monotonic() + _BEGIN_SECONDS
        self.cloudformation.execute_change_set(StackName=name, ChangeSetName=change, DisableRollback=True)
        while self.status(case) == before and time.monotonic() < deadline:
            time.sleep(0.5)
        settled(self.cloudformation, name)

    def status(self, case: str) -> str:
        return status_of(self.cloudformation, self.stack(case))

    def events(self, case: str) -> list[dict[str, Any]]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(
            StackName=self.stack(case)
        )
        return [event for page in pages for event in page["StackEvents"]]

    def records(self, case: str, enough: Callable[[list[Record]], bool]) -> list[Record]:
        """What the probe logged of a stack's resource Probe, once there is enough of it, or time is over."""
        logs = self._account.client("logs")
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self._log_group)
            messages = [event["message"] for page in pages for event in page["events"]]
            found = [_record(message) for message in messages if '{"probe":' in message]
            mine = [record for record in found if record["stack"].split("/")[1] == self.stack(case)]
            mine = [record for record in mine if record["resource"] == "Probe"]
            mine.sort(key=lambda record: record["time"])
            if enough(mine) or time.monotonic() > deadline:
                return mine
            time.sleep(0.5)

    def resource(self, **wished: Any) -> dict[str, Any]:
        """A custom resource that does as wished."""
        return {"Type": "Custom::Probe", "Properties": {"ServiceToken": self.service_token, **wished}}


def check(probe: Probe, table: Table) -> None:
    """Check all facts about CloudFormation."""
    # First one in which it does not matter that a function starts cold.
    for look in (_failed_create, _basics, _abandoned, _retried, _redelivered):
        look(probe, table)


def _basics(probe: Probe, table: Table) -> None:
    with table.checking("url-date", "events-order"):
        probe.deploy("basics", {"Probe": probe.resource()})
        first = probe.records("basics", _answered(1))[0]
        sent = _sent(first)
        late = first["time"] - sent if sent else 0
        named = "X-Amz-Date" if sent else "Expires" if "Expires" in first["url"] else "nothing"
        # The date has whole seconds.
        table.saw("url-date", f"{named}, {'within 5 s' if -1 <= late <= 5 else f'{late:.0f} s before'}")
        times = [event["Timestamp"] for event in probe.events("basics")]
        newest_first = times == sorted(times, reverse=True) and times[0] != times[-1]
        table.saw("events-order", "newest first" if newest_first else "not sorted so")


def _failed_create(probe: Probe, table: Table) -> None:
    with table.checking("failed-create"):
        probe.deploy("failed", {"Probe": probe.resource(Status="FAILED")})
        records = probe.records("failed", _answered(2))
        asked = [record for record in records if "stack_status" in record]
        table.saw("failed-create", ", ".join(_request(record) for record in asked))


def _answered(requests: int) -> Callable[[list[Record]], bool]:
    return lambda found: sum("answered" in record for record in found) >= requests


def _request(record: Record) -> str:
    """What the probe was asked: type, physical ID, and the status of the stack at that moment."""
    physical_id = f"({record['physical_id']})" if record["physical_id"] else ""
    return f"{record['type']}{physical_id} {record['stack_status']}"


def _abandoned(probe: Probe, table: Table) -> None:
    with table.checking("abandoned"):
        probe.deploy("abandoned", {"Probe": probe.resource()})
        slow, failing = probe.resource(LingerSeconds="30"), probe.resource(Status="FAILED")
        probe.deploy("abandoned", {"Probe": slow, "Sibling": failing})
        records = probe.records("abandoned", lambda found: len(_updates(found)) >= 2)
        updates = _updates(records)
        if len(updates) < 2:
            table.saw("abandoned", f"{len(updates)} Update")
            return
        first = next(record["request"] for record in updates if "LingerSeconds" in record["properties"])
        back = next(record["time"] for record in updates if record["request"] != first)
        ended = [record["done"] for record in records if "done" in record and record["request"] == first]
        early = not ended or back < ended[0]
        when = "before the first has ended" if early else f"{back - ended[0]:.0f} s after the first has ended"
        table.saw("abandoned", f"the Update back comes {when}")


def _sent(record: Record) -> int:
    """When CloudFormation sent the request, as its URL says, or 0."""
    sent = record["url"].get("X-Amz-Date")
    return calendar.timegm(time.strptime(sent, "%Y%m%dT%H%M%SZ")) if sent else 0


def _updates(records: list[Record]) -> list[Record]:
    """What the probe logged first of each Update."""
    return [record for record in records if record["type"] == "Update" and "properties" in record]


def _retried(probe: Probe, table: Table) -> None:
    with table.checking("retried", "operation-end"):
        probe.deploy_without_rollback("retried", {"Probe": probe.resource(Status="FAILED")})
        probe.deploy_without_rollback("retried", {"Probe": probe.resource()})
        records = probe.records("retried", _answered(2))
        creates = [record for record in records if record["type"] == "Create" and "answered" in record]
        first, second = creates
        request = "the same" if first["request"] == second["request"] else "another"
        url = "the same" if first["url_digest"] == second["url_digest"] else "another"
        table.saw("retried", f"{request} RequestId, {url} ResponseURL")
        sent, sent_again = (_sent(record) for record in records if "properties" in record)
        end = min(
            event["Timestamp"].timestamp()
            for event in probe.events("retried")
            if event["PhysicalResourceId"] == event["StackId"]
            and event["ResourceStatus"].endswith(("_COMPLETE", "_FAILED"))
        )
        # The dates have whole seconds.
        after = "after" if end >= sent > 0 else "not after"
        before = "before" if end < sent_again + 1 else "not before"
        table.saw("operation-end", f"{after} its request, {before} the next")


def _redelivered(probe: Probe, table: Table) -> None:
    with table.checking("redelivered"):
        probe.deploy("redelivered", {"Probe": probe.resource(Raise="true")})
        records = probe.records("redelivered", _answered(1))
        first, second = [record for record in records if "properties" in record][:2]
        event = "the same" if first["event_digest"] == second["event_digest"] else "another"
        pause = second["time"] - first["time"]
        table.saw(
            "redelivered", f"{event} event, {'a minute' if 50 <= pause <= 75 else f'{pause:.0f} s'} later"
        )


def _record(message: str) -> Record:
    return dict(json.loads(message[message.index('{"probe":') :])["probe"])


def _template(account: Account) -> dict[str, Any]:
    log_group = f"/{account.name}"
    stacks = {"Fn::Sub": f"arn:${{AWS::Partition}}:cloudformation:*:*:stack/{account.name}-*"}
    allowed = [
        {"Effect": "Allow", "Action": ["cloudformation:DescribeStacks"], "Resource": stacks},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["Log", "Arn"]},
        },
    ]
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": _PROBE.read_text()},
            "Handler": "index.handler",
            "Runtime": "python3.13",
            "Timeout": 120,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "LoggingConfig": {"LogGroup": {"Ref": "Log"}},
        },
    }
    return {
        "Resources": {
            "Log": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": log_group, "RetentionInDays": 1},
            },
            "Role": _role({"Service": "lambda.amazonaws.com"}, allowed),
            "Function": function,
            "Denied": _role({"AWS": {"Ref": "AWS::AccountId"}}, []),
        },
        "Outputs": {
            "Token": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}},
            "DeniedRole": {"Value": {"Fn::GetAtt": ["Denied", "Arn"]}},
            "LogGroup": {"Value": {"Ref": "Log"}},
        },
    }


def _role(principal: dict[str, Any], statements: list[dict[str, Any]]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    policy = {
        "PolicyName": "Probe",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            **({"Policies": [policy]} if statements else {}),
        },
    }
