"""AWS in a simulated world: Amplify in memory, S3, presigned URLs; stubs of the rest."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from functools import cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from greenlet import getcurrent

from amplify_job.cloudformation.properties import BranchLocation
from amplify_job.run.aws import ONE_ATTEMPT, Aws
from amplify_local.amplify import attach
from amplify_local.amplify.rest import Request

if TYPE_CHECKING:
    from simulated import World


REGION, ACCOUNT = "us-east-1", "123456789012"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/5a0e2b70-0000-11f0-a1b2-0a1b2c3d4e5f"
CURRENT: list[World] = []
"""The world that the function runs in now."""


class SimulatedAws(Aws):
    """AWS as the function sees it; only Amplify is more than a stub."""

    def __init__(self, world: World) -> None:
        self._world = world

    def amplify(self, location: BranchLocation, session_name: str) -> Any:
        self._credentials(location, session_name)
        return amplify_client(location.region)

    def cloudformation(self) -> Any:
        return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=self._describe_stack_events))

    def lambda_(self) -> Any:
        return SimpleNamespace(invoke=self._invoke)

    def s3(self) -> Any:
        return S3(self._world)

    def _client(self, service: str, region: str = "", **_: str) -> Any:
        assert service == "sts"
        return SimpleNamespace(assume_role=self._answer_assume_role)

    def _describe_stack_events(self, StackName: str) -> Any:  # noqa: N803
        assert StackName == STACK_ID
        if self._world.describe_denied:
            raise error_of("AccessDenied", "DescribeStackEvents")
        # As a paginator: nothing is asked before a page is wanted.
        events = list(self._world.stack_events)
        for start in range(0, max(1, len(events)), 100):
            page = {"StackEvents": events[start : start + 100]}
            yield self._world.stubbed("DescribeStackEvents", partial(dict, page))

    def _invoke(self, FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == (FUNCTION_ARN, "Event")
        if self._world.invoke_denied:
            raise error_of("AccessDeniedException", "Invoke")

        def invoke() -> None:
            self._world.handed_over.append(json.loads(Payload))
            after = self._world.pause if self._world.hands_over_at_every_pause else 0
            self._world.deliver(json.loads(Payload), retries=2, after=after)

        self._world.stubbed("Invoke", invoke)

    def _answer_assume_role(self, **parameters: str) -> Any:
        if self._world.assume_role_error:
            raise error_of(self._world.assume_role_error, "AssumeRole")

        def assume() -> Any:
            self._world.assumed.append(parameters)
            return {"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}}

        return self._world.stubbed("AssumeRole", assume)


def error_of(code: str, operation: str, status: int = 403) -> ClientError:
    error = {"Error": {"Code": code, "Message": f"not authorized to {operation}"}}
    return ClientError({**error, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)  # type: ignore[typeddict-item]


STUBBED = ("DescribeStackEvents", "AssumeRole", "Invoke", "GetObject")


def fault(mode: str, operation: str) -> Exception:
    """What botocore raises when a call goes wrong so."""
    if mode == "timeout":
        return ReadTimeoutError(endpoint_url="https://aws.invalid")
    if mode == "reset":
        return ConnectionClosedError(endpoint_url="https://aws.invalid")
    if mode == "malformed":
        return ResponseParserError("Unable to parse response")
    code, status = {
        "500": ("InternalFailure", 500),
        "429": ("Throttling", 400 if operation.startswith("Describe") else 429),
        "denied": ("AccessDenied", 403),
    }[mode]
    error = {"Error": {"Code": code, "Message": f"{operation}: {code}"}}
    return ClientError({**error, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)  # type: ignore[typeddict-item]


class Presigned:
    """Stands in for the opener of presigned URLs: logs and uploads are those of the world's Amplify."""

    def open(self, request: Any, timeout: float) -> Any:
        world, method, url = CURRENT[0], request.get_method(), urlsplit(request.full_url)
        if (url.hostname or "").endswith((".amplifyapp.com", "www.example.com")):
            assert request.get_header("User-agent") == "cdk-amplify-job"
            world.credentials_shown.append(request.get_header("Authorization"))
            return world.page_of(request.full_url)
        if method == "GET":
            world.log_reads.append(request)
            response = world.amplify.handle(Request("GET", url.path))
        else:
            response = self._upload(world, request, Request(method, url.path, dict(parse_qsl(url.query))))
        if response.broken == "timeout":
            world.clock.sleep(timeout)
        if response.broken:
            raise TimeoutError if response.broken == "timeout" else ConnectionResetError
        if response.status != 200:
            raise HTTPError(request.full_url, response.status, "", None, None)  # type: ignore[arg-type]
        return io.BytesIO(response.body)

    def _upload(self, world: World, sent: Any, request: Request) -> Any:
        world.before_call(f"PUT {request.path}")
        body = b""
        for chunk in sent.data:
            world.clock.sleep(world.chunk_seconds)
            body += chunk
        assert len(body) == int(sent.get_header("Content-length"))
        response = world.amplify.handle(replace(request, body=body))
        world.after_call(f"PUT {request.path}")
        return response


class S3:
    """S3 with the objects of the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_object(self, Bucket: str, Key: str, Range: str = "", IfMatch: str = "") -> Any:  # noqa: N803
        def get() -> Any:
            content = self._content(Bucket, Key, "NoSuchKey", "GetObject")
            if IfMatch not in ("", _etag(content)):
                raise error_of("PreconditionFailed", "GetObject", 412)
            answer = {"ETag": _etag(content), "Body": io.BytesIO(content)}
            if not Range:
                return answer
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            if first >= len(content):
                raise error_of("InvalidRange", "GetObject", 416)
            part = content[first : last + 1]
            content_range = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
            return {**answer, "Body": io.BytesIO(part), "ContentRange": content_range}

        return self._world.stubbed("GetObject", get)

    def _content(self, bucket: str, key: str, code: str, operation: str) -> bytes:
        if (bucket, key) not in self._world.objects:
            raise error_of(code, operation, 404)
        return self._world.objects[bucket, key]


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Routed:
    """Stands in for the world's Amplify, so that one client serves every world."""

    def handle(self, request: Any) -> Any:
        world = CURRENT[0]
        world.clock.called()
        world.before_call(request.method + " " + request.path)
        if world.latency:
            world.clock.sleep(world.latency)
        world.take_time()
        before = {job.id: job.stopped for job in world.jobs()}
        response = world.amplify.handle(request)
        for job in world.jobs():
            if job.id not in before:
                world.started[job.id] = world.amplify.calls[-1].params
                world.asked_by[job.id] = world.workers[getcurrent()]
            elif job.stopped != before[job.id]:
                world.stopped.add(job.id)
        world.after_call(request.method + " " + request.path)
        world.take_time()
        if response.broken == "timeout":
            world.clock.sleep(20)
        return response


@cache
def amplify_client(region: str) -> Any:
    client = boto3.client(
        "amplify",
        region_name=region,
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="test",
        # To build botocore's own text takes a seventh of the time of a call.
        config=ONE_ATTEMPT.merge(Config(user_agent="tests")),
    )
    return attach(client, _Routed())  # type: ignore[arg-type]
