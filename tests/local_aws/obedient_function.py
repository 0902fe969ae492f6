"""A custom resource's function that does what its properties tell it, and prints what it was sent.

``Create``, ``Update`` and ``Delete`` in the properties each hold a JSON list of steps: ``sleep``,
``raise``, ``raise_once``, ``put`` (changes to an ordinary answer; null removes), ``put_raw``,
``content_type``, ``unsigned``.
"""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any

import boto3

Event = dict[str, Any]


def handler(event: Event, context: object) -> None:
    stack = boto3.client("cloudformation").describe_stacks(StackName=event["StackId"])["Stacks"][0]
    print(
        "EVENT " + json.dumps({**event, "StackStatus": stack["StackStatus"], "At": time.time()}), flush=True
    )
    steps = json.loads(event["ResourceProperties"].get(event["RequestType"], '[{"put": {}}]'))
    for step in steps:
        perform(event, **step)


def perform(event: Event, **step: Any) -> None:
    if "sleep" in step:
        time.sleep(step["sleep"])
    if "raise" in step:
        raise RuntimeError("told to")
    if "raise_once" in step:
        marker = os.path.join(tempfile.gettempdir(), event["RequestId"])
        if not os.path.exists(marker):
            open(marker, "w").close()
            raise RuntimeError("told to, once")
    if "put" in step:
        put(event, json.dumps(answer(event, step["put"])).encode(), step)
    if "put_raw" in step:
        put(event, step["put_raw"].encode(), step)


def answer(event: Event, changes: Event) -> Event:
    ordinary = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId", "made-by-" + event["RequestId"]),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {},
    }
    return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}


def put(event: Event, body: bytes, step: Event) -> None:
    url = event["ResponseURL"].split("?")[0] if step.get("unsigned") else event["ResponseURL"]
    headers = {"Content-Type": step.get("content_type", "")}
    try:
        status = urllib.request.urlopen(
            urllib.request.Request(url, data=body, method="PUT", headers=headers)
        ).status
    except urllib.error.HTTPError as error:
        status = error.code
    print(f"PUT {status}", flush=True)
