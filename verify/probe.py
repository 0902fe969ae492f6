"""A custom resource's function that does as its properties say, and logs what CloudFormation sent.

Never the ResponseURL itself, which is as good as a credential.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3

_REPEATED_SECONDS = 20
# Made before the first event, so that a look at the stack is quick.
_CLOUDFORMATION: Any = boto3.client("cloudformation")


def handler(event: dict[str, Any], context: Any) -> None:
    wished = event["ResourceProperties"]
    say(event, properties=wished, stack_status=stack_status(event))
    if wished.get("Raise") and not repeated(event):
        raise RuntimeError("as wished")
    if event["RequestType"] != "Delete":
        linger(event, float(wished.get("LingerSeconds", 0)))
    say(event, done=time.time())
    say(event, answered=put(event, answer(event, wished)))


def answer(event: dict[str, Any], wished: dict[str, str]) -> bytes:
    is_delete = event["RequestType"] == "Delete"
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body["Status"] = "SUCCESS" if is_delete else wished.get("Status", "SUCCESS")
    body["Reason"] = "as wished"
    body["PhysicalResourceId"] = event.get("PhysicalResourceId", "mine")
    return json.dumps(body).encode()


def put(event: dict[str, Any], body: bytes) -> int:
    request = urllib.request.Request(  # noqa: S310 - from CloudFormation
        event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            return int(response.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


def repeated(event: dict[str, Any]) -> bool:
    """Whether this event was delivered before, to this sandbox or long enough ago."""
    mark = Path(tempfile.gettempdir()) / f"probe-{event['RequestId']}"
    known = mark.exists()
    mark.touch()
    sent = dict(parse_qsl(urlsplit(event["ResponseURL"]).query)).get("X-Amz-Date", "")
    age = time.time() - calendar.timegm(time.strptime(sent, "%Y%m%dT%H%M%SZ")) if sent else 0
    return known or age > _REPEATED_SECONDS


def linger(event: dict[str, Any], seconds: float) -> None:
    """Let time pass, but once the stack has come to rest there is nothing more to see."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and stack_status(event).endswith("_IN_PROGRESS"):
        time.sleep(0.5)


def stack_status(event: dict[str, Any]) -> str:
    stacks = _CLOUDFORMATION.describe_stacks(StackName=event["StackId"])["Stacks"]
    return str(stacks[0]["StackStatus"])


def say(event: dict[str, Any], **more: Any) -> None:
    query = dict(parse_qsl(urlsplit(event["ResponseURL"]).query))
    shown = {name: query[name] for name in ("X-Amz-Date", "Expires") if name in query}
    record = {
        "stack": event["StackId"],
        "resource": event["LogicalResourceId"],
        "type": event["RequestType"],
        "request": event["RequestId"],
        "physical_id": event.get("PhysicalResourceId", ""),
        "url": shown,
        "url_digest": digest(event["ResponseURL"]),
        "event_digest": digest(json.dumps(event, sort_keys=True)),
        "time": time.time(),
        **more,
    }
    print(json.dumps({"probe": record}), flush=True)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
