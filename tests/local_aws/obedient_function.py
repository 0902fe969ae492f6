"""A custom resource's function that does what its properties tell it, and prints what it was sent.

``Create``, ``Update`` and ``Delete`` in the properties each hold a JSON list of steps: ``mark`` (make a
marker of that name), ``await`` (wait for one), ``raise``, ``once`` (steps for the first invocation of a
request only), ``put`` (changes to an ordinary answer; null removes), ``put_raw``, ``content_type``,
``unsigned``.
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

AWAIT_SECONDS = 60
# Made before the first event, whose handling is what a function's time limit counts.
cloudformation: Any = boto3.client("cloudformation")


def handler(event: Event, context: object) -> None:
    at = time.time()
    stack = cloudformation.describe_stacks(StackName=event["StackId"])["Stacks"][0]
    print("EVENT " + json.dumps({**event, "StackStatus": stack["StackStatus"], "At": at}), flush=True)
    steps = json.loads(event["ResourceProperties"].get(event["RequestType"], '[{"put": {}}]'))
    for step in steps:
        perform(event, **step)


def perform(event: Event, **step: Any) -> None:
    if "mark" in step:
        open(marker(event, step["mark"]), "w").close()
    if "await" in step:
        wait_for(marker(event, step["await"]))
    if "raise" in step:
        raise RuntimeError("told to")
    if "once" in step:
        done = marker(event, event["RequestId"])
        if not os.path.exists(done):
            open(done, "w").close()
            for first in step["once"]:
                perform(event, **first)
    if "put" in step:
        put(event, json.dumps(answer(event, step["put"])).encode(), step)
    if "put_raw" in step:
        put(event, step["put_raw"].encode(), step)


def marker(event: Event, name: str) -> str:
    """A file that invocations of one stack, and the test, know by its name."""
    return os.path.join(tempfile.gettempdir(), f"{event['StackId'].split('/')[1]}-{name}")


def wait_for(path: str) -> None:
    deadline = time.monotonic() + AWAIT_SECONDS
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {path} after {AWAIT_SECONDS} s")
        time.sleep(0.02)


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
    print(f"PUT {status} {event['RequestType']} {event['StackId']}", flush=True)
