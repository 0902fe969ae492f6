"""CloudFormation's protocol for custom resources, where the emulator alone is laxer than AWS."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from waiting import SECONDS, eventually

from amplify_local import LocalAws

FUNCTION = Path(__file__).with_name("obedient_function.py").read_text()
ASSUMED_BY_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
_numbers = count()


def function(timeout: int = 2 * SECONDS) -> dict[str, Any]:
    """A role and the obedient function, as resources of a template."""
    allow = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": "*"}
    policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": ASSUMED_BY_LAMBDA, "Policies": [policy]},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": timeout,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": FUNCTION},
            },
        },
    }


@dataclass
class Stack:
    """A stack of one custom resource ``R``, and what its function was sent."""

    aws: LocalAws
    token: Any
    name: str

    @cached_property
    def cloudformation(self) -> Any:
        return self.aws.client("cloudformation")

    def template(self, others: dict[str, Any] | None = None, **props: Any) -> str:
        steps = {k: json.dumps(v) if k in ("Create", "Update", "Delete") else v for k, v in props.items()}
        resource = {
            "Type": "Custom::R",
            "Properties": {"ServiceToken": self.token, "ServiceTimeout": SECONDS, **steps},
        }
        return json.dumps({"Resources": {**(others or {}), "R": resource}})

    def create(self, others: dict[str, Any] | None = None, rollback: bool = True, **props: Any) -> str:
        self.cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=self.template(others, **props),
            Capabilities=["CAPABILITY_IAM"],
            DisableRollback=not rollback,
        )
        return self.wait()

    def update(self, others: dict[str, Any] | None = None, **props: Any) -> str:
        self.cloudformation.update_stack(
            StackName=self.name,
            TemplateBody=self.template(others, **props),
            Capabilities=["CAPABILITY_IAM"],
        )
        return self.wait()

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        self.wait()

    def wait(self) -> str:
        """The status in which the stack comes to rest."""
        while True:
            try:
                stacks = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
            except Exception as error:
                if "does not exist" in str(error):
                    return "DELETE_COMPLETE"
                raise
            status: str = stacks[0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.05)

    def events(self) -> list[tuple[str, str]]:
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self.raw_events()]

    def raw_events(self) -> list[dict[str, Any]]:
        newest_first = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return list(reversed(newest_first))

    def reason(self) -> str:
        """Why R failed."""
        reasons = [
            event["ResourceStatusReason"]
            for event in self.raw_events()
            if event["LogicalResourceId"] == "R" and event["ResourceStatus"].endswith("FAILED")
        ]
        return str(reasons[0])

    def sent(self, at_least: int = 1) -> list[dict[str, Any]]:
        """The requests that the function was sent, in order."""
        lines = self.logged("EVENT ", at_least)
        requests = [json.loads(line.removeprefix("EVENT ")) for line in lines]
        return sorted(requests, key=lambda request: request["At"])

    def logged(self, start: str, at_least: int = 1) -> list[str]:
        """Lines of this stack's requests; logs come when an invocation ends."""

        def lines() -> list[str]:
            mine = f":stack/{self.name}/"
            return [line for line in self.aws.function_logs() if line.startswith(start) and mine in line]

        assert eventually(lambda: len(lines()) >= at_least), lines()
        return lines()

    def marker(self, name: str) -> Path:
        """What the function's steps ``mark`` and ``await``."""
        return self.aws.folder / "tmp" / f"{self.name}-{name}"


@pytest.fixture(scope="module")
def token(aws: LocalAws) -> str:
    """The obedient function, in a stack of its own."""
    provider = Stack(aws, None, "provider")
    resources = {
        "Resources": function(),
        "Outputs": {"Token": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}},
    }
    provider.cloudformation.create_stack(
        StackName="provider", TemplateBody=json.dumps(resources), Capabilities=["CAPABILITY_IAM"]
    )
    assert provider.wait() == "CREATE_COMPLETE"
    described = provider.cloudformation.describe_stacks(StackName="provider")
    return str(described["Stacks"][0]["Outputs"][0]["OutputValue"])


@pytest.fixture
def stack(aws: LocalAws, token: str) -> Iterator[Stack]:
    stack = Stack(aws, token, f"s{next(_numbers)}")
    yield stack
    stack.delete()


def test_the_function_is_invoked_again_when_it_fails(stack: Stack) -> None:
    assert stack.create(Create=[{"once": [{"raise": True}]}, {"put": {}}]) == "CREATE_COMPLETE"
    first, second = stack.sent(2)
    assert first["RequestId"] == second["RequestId"]


def test_the_function_is_invoked_three_times_at_most(stack: Stack) -> None:
    # A fourth invocation would come a second after the third, which is well within these.
    assert stack.create(rollback=False, ServiceTimeout=5, Create=[{"raise": True}]) == "CREATE_FAILED"
    stack.sent(3)
    stack.delete()
    assert [request["RequestType"] for request in stack.sent(4)] == ["Create"] * 3 + ["Delete"]


# Tests that need a timeout to pass do without a rollback: its Delete would have to be answered as quickly.


def test_the_service_timeout_counts_from_the_invocation(stack: Stack) -> None:
    waiting = [{"await": "the end of the wait"}, {"put": {}}]
    assert stack.create(rollback=False, ServiceTimeout=1, Create=waiting) == "CREATE_FAILED"
    assert "did not receive a response from your Custom Resource" in stack.reason()
    stack.marker("the end of the wait").touch()
    # It went on after that, so that it had not ended before.
    assert stack.logged("PUT 200 Create")


@pytest.mark.parametrize("timeout", [0, 3601, "soon"])
def test_a_service_timeout_out_of_range_is_refused(stack: Stack, timeout: Any) -> None:
    assert stack.create(ServiceTimeout=timeout) == "ROLLBACK_COMPLETE"
    assert "ServiceTimeout" in stack.reason()


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"put": {"Data": {"x": "y" * 4096}}}, "Response object is too long."),
        ({"put_raw": "<html>"}, "not valid JSON"),
        ({"put_raw": "[]"}, "not valid JSON"),
        ({"put": {"Status": None}}, "Invalid Status"),
        ({"put": {"Status": "OK"}}, "Invalid Status"),
        ({"put": {"PhysicalResourceId": None}}, "Invalid PhysicalResourceId"),
        ({"put": {"PhysicalResourceId": "x" * 1025}}, "Invalid PhysicalResourceId"),
        ({"put": {"RequestId": "another"}}, "Invalid RequestId"),
        ({"put": {"StackId": "another"}}, "Invalid StackId"),
        ({"put": {"LogicalResourceId": "another"}}, "Invalid LogicalResourceId"),
        ({"put": {"Data": "text"}}, "Invalid Data"),
    ],
)
def test_an_answer_that_is_not_one_fails_the_resource(stack: Stack, step: Any, reason: str) -> None:
    assert stack.create(Create=[step]) == "ROLLBACK_COMPLETE"
    assert reason in stack.reason()


SUCCESS: dict[str, Any] = {"put": {}}
FAILURE = {"put": {"Status": "FAILED", "Reason": "because"}}


def test_the_first_answer_counts(stack: Stack) -> None:
    assert stack.create(Create=[SUCCESS, FAILURE]) == "CREATE_COMPLETE"


def test_a_second_answer_cannot_mend_a_failure(stack: Stack) -> None:
    assert stack.create(Create=[FAILURE, SUCCESS]) == "ROLLBACK_COMPLETE"
    assert stack.reason().startswith("Received response status [FAILED] from custom resource. Message ")
    assert "because" in stack.reason()
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stack.cloudformation.create_change_set(
            StackName=stack.name, ChangeSetName="late", TemplateBody=stack.template()
        )


@pytest.mark.parametrize("wrong", [{"unsigned": True}])
def test_an_answer_breaks_the_signature_without_a_query(stack: Stack, wrong: dict[str, Any]) -> None:
    wrongly = [{"put": {}, **wrong}]
    assert stack.create(rollback=False, ServiceTimeout=2, Create=wrongly) == "CREATE_FAILED"
    assert "did not receive a response" in stack.reason()
    assert stack.logged("PUT 403 Create")


def test_the_response_url_is_signed_for_two_hours(stack: Stack) -> None:
    stack.create()
    url = stack.sent()[0]["ResponseURL"]
    assert re.search(r"[?&]X-Amz-Date=\d{8}T\d{6}Z&", url)
    assert "X-Amz-Expires=7200" in url
    assert re.search(r"X-Amz-Signature=[0-9a-f]{64}", url)


def test_values_are_handed_over_as_strings(stack: Stack) -> None:
    stack.create(Flag=False, Number=7, Nested={"List": [True, 1.5]})
    properties = stack.sent()[0]["ResourceProperties"]
    assert (properties["Flag"], properties["Number"]) == ("false", "7")
    assert properties["Nested"] == {"List": ["true", "1.5"]}
    assert properties["ServiceTimeout"] == str(SECONDS)


def test_a_failed_create_is_deleted_under_the_id_of_its_answer(stack: Stack) -> None:
    failure = {"put": {"Status": "FAILED", "Reason": "because", "PhysicalResourceId": "half-made"}}
    assert stack.create(Create=[failure]) == "ROLLBACK_COMPLETE"
    create, delete = stack.sent(2)
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "half-made")
    assert (create["StackStatus"], delete["StackStatus"]) == ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def test_a_failed_create_without_an_answer_is_deleted_under_an_invented_id(stack: Stack) -> None:
    assert stack.create(rollback=False, ServiceTimeout=2, Create=[]) == "CREATE_FAILED"
    stack.sent()
    stack.delete()
    (delete,) = [request for request in stack.sent(2) if request["RequestType"] == "Delete"]
    assert re.fullmatch(rf"{stack.name}-R-[A-Z0-9]{{13}}", delete["PhysicalResourceId"])


def test_a_failed_create_that_is_not_rolled_back_is_deleted_with_its_stack(stack: Stack) -> None:
    assert stack.create(rollback=False, Create=[{"put": {"Status": "FAILED"}}]) == "CREATE_FAILED"
    assert len(stack.sent()) == 1
    stack.delete()
    assert [request["RequestType"] for request in stack.sent(2)] == ["Create", "Delete"]


def test_a_replaced_resource_is_deleted_in_the_cleanup(stack: Stack) -> None:
    stack.create(Create=[{"put": {"PhysicalResourceId": "old"}}])
    assert stack.update(Update=[{"put": {"PhysicalResourceId": "new"}}]) == "UPDATE_COMPLETE"
    create, update, delete = stack.sent(3)
    assert (update["PhysicalResourceId"], delete["PhysicalResourceId"]) == ("old", "old")
    assert update["StackStatus"] == "UPDATE_IN_PROGRESS"
    assert delete["StackStatus"] == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    assert delete["ResourceProperties"] == create["ResourceProperties"]
    assert stack.events()[-4:] == [
        (stack.name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("R", "DELETE_IN_PROGRESS"),
        ("R", "DELETE_COMPLETE"),
        (stack.name, "UPDATE_COMPLETE"),
    ]


def test_a_failed_update_is_followed_by_one_with_the_properties_swapped(stack: Stack) -> None:
    stack.create(Value="old", Create=[{"put": {"PhysicalResourceId": "id"}}])
    failing = stack.update(Value="new", Update=[{"put": {"Status": "FAILED", "Reason": "because"}}])
    assert failing == "UPDATE_ROLLBACK_COMPLETE"
    _, update, back = stack.sent(3)
    assert update["OldResourceProperties"] == back["ResourceProperties"]
    assert update["ResourceProperties"] == back["OldResourceProperties"]
    assert back["PhysicalResourceId"] == "id"
    assert back["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"


# Depends on R, so that it comes after it, and cannot be made.
FAILING_SIBLING = {
    "Sibling": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "DependsOn": "R",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1", "Count": 1},
    },
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
}


def test_a_rolled_back_replacement_is_sent_an_update_and_then_a_delete(stack: Stack) -> None:
    stack.create(Create=[{"put": {"PhysicalResourceId": "old"}}])
    replacing = [{"put": {"PhysicalResourceId": "new"}}]
    assert stack.update(FAILING_SIBLING, Update=replacing) == "UPDATE_ROLLBACK_COMPLETE"
    assert [
        (request["RequestType"], request["PhysicalResourceId"], request["StackStatus"])
        for request in stack.sent(4)[1:]
    ] == [
        ("Update", "old", "UPDATE_IN_PROGRESS"),
        ("Update", "new", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("Delete", "new", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
    ]
    assert stack.events().count((stack.name, "UPDATE_ROLLBACK_IN_PROGRESS")) == 1
    resources = stack.cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    assert {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}["R"] == "old"


def test_a_changed_service_token_is_refused_and_nothing_is_sent(stack: Stack, aws: LocalAws) -> None:
    stack.create()
    other = function()
    stack.token = {"Fn::GetAtt": ["Function", "Arn"]}
    assert stack.update(other) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.reason() == "Modifying service token is not allowed."
    assert len(stack.sent()) == 1


def test_a_create_that_is_abandoned_is_deleted_while_its_function_still_runs(
    stack: Stack, aws: LocalAws
) -> None:
    outliving = [{"mark": "created"}, {"await": "deleted"}, {"put": {}}]
    body = stack.template(Create=outliving, Delete=[{"put": {}}, {"mark": "deleted"}])
    stack.cloudformation.create_stack(StackName=stack.name, TemplateBody=body)
    assert eventually(stack.marker("created").exists)
    assert aws.abandon("R")
    assert stack.wait() == "ROLLBACK_COMPLETE"
    assert stack.reason() == "Resource creation cancelled"
    # The Create's function went on when the Delete was answered; nobody listened to it any more.
    assert stack.logged("PUT 200 Create")
    create, delete = stack.sent(2)
    assert (create["RequestType"], delete["RequestType"]) == ("Create", "Delete")
    assert delete["PhysicalResourceId"].startswith(f"{stack.name}-R-")


def test_a_request_is_abandoned_only_while_somebody_waits_for_its_answer(stack: Stack, aws: LocalAws) -> None:
    assert stack.create(rollback=False, ServiceTimeout=1, Create=[]) == "CREATE_FAILED"
    assert not aws.abandon("R")


def test_the_time_limit_of_a_function_is_enforced(stack: Stack, aws: LocalAws) -> None:
    stack.token = {"Fn::GetAtt": ["Function", "Arn"]}
    hanging = [{"once": [{"await": "nothing"}]}, {"put": {}}]
    assert stack.create(function(timeout=3), Create=hanging) == "CREATE_COMPLETE"
    # The second invocation answered, as the first was ended.
    assert [request["RequestType"] for request in stack.sent(2)] == ["Create", "Create"]
    assert "Task timed out after 3.00 seconds" in aws.function_logs(f"{stack.name}-Function")


def test_an_unchanged_resource_has_no_events(stack: Stack) -> None:
    stack.create()
    stack.update({"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})
    assert [status for name, status in stack.events() if name == "R"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    assert len(stack.sent()) == 1


def test_a_stack_has_one_operation_at_a_time(stack: Stack) -> None:
    def change_set(name: str) -> dict[str, str]:
        names = {"StackName": stack.name, "ChangeSetName": name}
        stack.cloudformation.create_change_set(**names, TemplateBody=stack.template(A=name))
        return names

    stack.create()
    early = change_set("early")
    lasting = stack.template(Update=[{"mark": "begun"}, {"await": "refused"}, {"put": {}}])
    stack.cloudformation.update_stack(StackName=stack.name, TemplateBody=lasting)
    assert eventually(stack.marker("begun").exists)

    refusal = r"\(ValidationError\) .*Stack:arn:.* is in UPDATE_IN_PROGRESS state and can not be updated"
    with pytest.raises(ClientError, match=refusal):
        change_set("late")
    with pytest.raises(ClientError, match=refusal):
        stack.cloudformation.execute_change_set(**early)

    stack.marker("refused").touch()
    assert stack.wait() == "UPDATE_COMPLETE"
    assert [request["RequestType"] for request in stack.sent(2)] == ["Create", "Update"]


def test_what_a_resource_depends_on_is_in_the_template(stack: Stack) -> None:
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle", "DependsOn": ["R", "Permission"]}
    words = "Unresolved resource dependencies [Permission] in the Resources block of the template"
    refusal = rf"\(ValidationError\) .*Template format error: {re.escape(words)}"
    with pytest.raises(ClientError, match=refusal):
        stack.create({"Handle": handle})

    stack.create()
    body = {"StackName": stack.name, "TemplateBody": stack.template({"Handle": handle})}
    with pytest.raises(ClientError, match=refusal):
        stack.cloudformation.update_stack(**body)
    with pytest.raises(ClientError, match=refusal):
        stack.cloudformation.create_change_set(**body, ChangeSetName="lacking")


def test_a_retried_create_has_the_same_request_id_and_another_url(stack: Stack) -> None:
    assert stack.create(rollback=False, Create=[{"put": {"Status": "FAILED"}}]) == "CREATE_FAILED"
    # UpdateStack is refused by the emulator in this state; the CDK CLI makes a change set anyway.
    names = {"StackName": stack.name, "ChangeSetName": "retry"}
    body = stack.template(Create=[{"put": {}}])
    stack.cloudformation.create_change_set(**names, TemplateBody=body, ChangeSetType="UPDATE")
    stack.cloudformation.get_waiter("change_set_create_complete").wait(
        **names, WaiterConfig={"Delay": 0.1, "MaxAttempts": 10 * SECONDS}
    )
    stack.cloudformation.execute_change_set(**names)
    assert stack.wait() == "UPDATE_COMPLETE"
    first, second = stack.sent(2)
    assert (first["RequestType"], second["RequestType"]) == ("Create", "Create")
    assert first["RequestId"] == second["RequestId"]
    assert first["ResponseURL"] != second["ResponseURL"]


def test_a_request_can_be_delivered_twice(stack: Stack, aws: LocalAws) -> None:
    aws.deliver_twice()
    assert stack.create(Create=[{"put": {}}]) == "CREATE_COMPLETE"
    first, second = stack.sent(2)
    assert first["ResponseURL"] == second["ResponseURL"]
