"""Facts about CloudFormation and Lambda, seen by a custom resource that logs what it is sent."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.account import Account, settled, status_of
from verify.facts import CLOUDFORMATION
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
        self.service_token = self.other_token = self.denied_role = self._log_group = ""

    def create(self) -> None:
        outputs = self._account.create("probe", _template(self._account))
        self.service_token, self.other_token = outputs["Token"], outputs["OtherToken"]
        self.denied_role, self._log_group = outputs["DeniedRole"], outputs["LogGroup"]

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

    def reasons(self, case: str) -> str:
        """Why resources failed, oldest first."""
        failed = [event for event in self.events(case) if event["ResourceStatus"].endswith("_FAILED")]
        return " / ".join(event.get("ResourceStatusReason", "") for event in reversed(failed))

    def records(self, case: str, enough: Callable[[list[Record]], bool]) -> list[Record]:
        """What the probe logged of a stack's resource Probe, once there is enough of it."""
        logs = self._account.client("logs")
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self._log_group)
            messages = [event["message"] for page in pages for event in page["events"]]
            found = [_record(message) for message in messages if '{"probe":' in message]
            mine = [record for record in found if record["stack"].split("/")[1] == self.stack(case)]
            mine = [record for record in mine if record["resource"] == "Probe"]
            mine.sort(key=lambda record: record["time"])
            if enough(mine):
                return mine
            if time.monotonic() > deadline:
                raise TimeoutError(f"the probe logged only {len(mine)} lines of {case}")
            time.sleep(0.5)

    def records_at_last(self, case: str, enough: Callable[[list[Record]], bool]) -> list[Record]:
        """The same, but too little of it is a finding, too."""
        try:
            return self.records(case, enough)
        except TimeoutError:
            return self.records(case, lambda found: True)

    def resource(self, *, after: str = "", token: str = "", **wished: Any) -> dict[str, Any]:
        """A custom resource that does as wished."""
        properties = {"ServiceToken": token or self.service_token, **wished}
        depends = {"DependsOn": after} if after else {}
        return {"Type": "Custom::Probe", "Properties": properties, **depends}

    def failing(self, *, after: str = "") -> dict[str, Any]:
        return self.resource(after=after, Status="FAILED", PhysicalId="sibling")


def check(probe: Probe, table: Table) -> None:
    """Check all facts about CloudFormation."""
    # First one in which it does not matter that a function starts cold.
    for look in (_failed_create, _basics, _token_change, _replaced, _replaced_kept, _abandoned, _retried):
        look(probe, table)
    for look in (_replaced_without_rollback, _amplify_jobs):
        look(probe, table)
    for look in (_redelivered, _limits, _no_answer, _service_timeout):
        look(probe, table)
    table.skip(CLOUDFORMATION, "not reached")


def _basics(probe: Probe, table: Table) -> None:
    with table.checking("url-date", "url-lifetime", "url-signed", "url-type", "scalars", "events-order"):
        probe.deploy("basics", {"Probe": probe.resource(ContentType="application/json", Number=5, Flag=True)})
        records = probe.records("basics", lambda found: any("answered" in record for record in found))
        first = records[0]
        sent = _sent(first)
        late = first["time"] - sent if sent else 0
        named = "X-Amz-Date" if sent else "Expires" if "Expires" in first["url"] else "nothing"
        # The date has whole seconds.
        table.saw("url-date", f"{named}, {'within 5 s' if -1 <= late <= 5 else f'{late:.0f} s before'}")
        lifetime = first["url"].get("X-Amz-Expires", "not said")
        table.saw("url-lifetime", "7199 or 7200 s" if lifetime in ("7199", "7200") else f"{lifetime} s")
        table.saw("url-signed", first["url"].get("X-Amz-SignedHeaders", "not said"))
        refused = next(record for record in records if "with_content_type" in record)
        table.saw("url-type", str(refused["with_content_type"]))
        table.saw("scalars", "{Number!r} {Flag!r}".format_map(first["properties"]))
        times = [event["Timestamp"] for event in probe.events("basics")]
        newest_first = times == sorted(times, reverse=True) and times[0] != times[-1]
        table.saw("events-order", "newest first" if newest_first else "not sorted so")


def _token_change(probe: Probe, table: Table) -> None:
    with table.checking("token-change"):
        probe.deploy("basics", {"Probe": probe.resource(token=probe.other_token, Number=6)})
        table.saw("token-change", probe.reasons("basics"))


def _failed_create(probe: Probe, table: Table) -> None:
    with table.checking("failed-create"):
        probe.deploy("failed", {"Probe": probe.resource(Status="FAILED", PhysicalId="mine")})
        table.saw("failed-create", _requests(probe, "failed", 2))


def _replaced(probe: Probe, table: Table) -> None:
    with table.checking("replaced"):
        table.saw("replaced", _roll_back_a_replacement(probe, "replaced", expected=4))


def _replaced_kept(probe: Probe, table: Table) -> None:
    with table.checking("replaced-kept"):
        table.saw("replaced-kept", _roll_back_a_replacement(probe, "kept", expected=3, Keeps="true"))


def _roll_back_a_replacement(probe: Probe, case: str, *, expected: int, **wished: str) -> str:
    before = {"Probe": probe.resource(PhysicalId="a", **wished)}
    probe.deploy(case, before)
    after = {"Probe": probe.resource(PhysicalId="b", **wished), "Sibling": probe.failing(after="Probe")}
    probe.deploy(case, after)
    return _requests(probe, case, expected).partition(", ")[2]


def _replaced_without_rollback(probe: Probe, table: Table) -> None:
    with table.checking("replaced-no-rollback"):
        case = "no-rollback"
        probe.deploy_without_rollback(case, {"Probe": probe.resource(PhysicalId="a")})
        try:
            probe.deploy_without_rollback(case, {"Probe": probe.resource(PhysicalId="b")})
        except Exception as error:  # refused as a whole
            table.saw("replaced-no-rollback", str(error))
        else:
            table.saw("replaced-no-rollback", f"{probe.status(case)} {probe.reasons(case)}".strip())


def _amplify_jobs(probe: Probe, table: Table) -> None:
    """It is in the template reference, with an app and a branch that need not exist, and in no schema."""
    with table.checking("amplify-jobs"):
        properties = {"AppId": "d0000000000000", "BranchName": "main"}
        try:
            probe.deploy("jobs", {"Jobs": {"Type": "AWS::Amplify::Jobs", "Properties": properties}})
        except Exception as error:  # refused as a whole
            table.saw("amplify-jobs", str(error))
        else:
            table.saw("amplify-jobs", f"{probe.status('jobs')} {probe.reasons('jobs')}".strip())


def _abandoned(probe: Probe, table: Table) -> None:
    with table.checking("abandoned"):
        probe.deploy("abandoned", {"Probe": probe.resource(PhysicalId="a")})
        slow = probe.resource(PhysicalId="a", LingerSeconds="30")
        probe.deploy("abandoned", {"Probe": slow, "Sibling": probe.failing()})
        records = probe.records_at_last("abandoned", lambda found: len(_updates(found)) >= 2)
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
        failing = probe.resource(PhysicalId="a", Status="FAILED")
        probe.deploy_without_rollback("retried", {"Probe": failing})
        probe.deploy_without_rollback("retried", {"Probe": probe.resource(PhysicalId="a")})
        records = probe.records("retried", lambda found: sum("answered" in record for record in found) >= 2)
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
        probe.deploy("redelivered", {"Probe": probe.resource(Raise="true", PhysicalId="a")})
        records = probe.records("redelivered", lambda found: any("answered" in record for record in found))
        first, second = [record for record in records if "properties" in record][:2]
        event = "the same" if first["event_digest"] == second["event_digest"] else "another"
        pause = second["time"] - first["time"]
        table.saw(
            "redelivered", f"{event} event, {'a minute' if 50 <= pause <= 75 else f'{pause:.0f} s'} later"
        )


def _limits(probe: Probe, table: Table) -> None:
    for name, wished, most in (
        ("physical-id", lambda size: {"PhysicalId": "x" * size}, 1024),
        ("answer-size", lambda size: {"BodyBytes": str(size), "PhysicalId": "a"}, 4096),
    ):
        with table.checking(name):
            verdicts = []
            for size in (most, most + 1):
                case = f"{name}-{size}"
                # What is not accepted counts as no answer, at once or at the timeout.
                probe.deploy(case, {"Probe": probe.resource(ServiceTimeout="30", **wished(size))})
                verdicts.append("accepted" if probe.status(case) == "CREATE_COMPLETE" else "refused")
            table.saw(name, ", ".join(verdicts))


def _no_answer(probe: Probe, table: Table) -> None:
    with table.checking("no-answer"):
        probe.deploy("silent", {"Probe": probe.resource(Silent="true", ServiceTimeout="5")})
        table.saw("no-answer", probe.reasons("silent"))


def _service_timeout(probe: Probe, table: Table) -> None:
    with table.checking("service-timeout"):
        try:
            probe.deploy("timeout", {"Probe": probe.resource(ServiceTimeout="3601")})
        except Exception as error:  # refused as a whole
            table.saw("service-timeout", str(error))
        else:
            table.saw("service-timeout", probe.reasons("timeout") or probe.status("timeout"))


def _requests(probe: Probe, case: str, expected: int) -> str:
    """What the probe was asked: type, physical ID, and the status of the stack at that moment."""
    records = probe.records_at_last(
        case, lambda found: sum("answered" in record for record in found) >= expected
    )
    return ", ".join(
        record["type"]
        + (f"({record['physical_id']})" if record["physical_id"] else "")
        + f" {record['stack_status']}"
        for record in records
        if "stack_status" in record
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
            "Other": function,
            "Denied": _role({"AWS": {"Ref": "AWS::AccountId"}}, []),
        },
        "Outputs": {
            "Token": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}},
            "OtherToken": {"Value": {"Fn::GetAtt": ["Other", "Arn"]}},
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
