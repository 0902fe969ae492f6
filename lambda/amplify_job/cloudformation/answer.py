"""The answer to CloudFormation: one JSON body, PUT to the request's ResponseURL.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from amplify_job.cloudformation.request import Request
from amplify_job.log import log

_LIMIT_BYTES = 4096
_PAUSES = (1, 2, 4, 8, 15)
_SECONDS = 10
_FORBIDDEN = (
    "the URL has expired, or the policy of the VPC's endpoint of S3 does not allow "
    "cloudformation-custom-resource-response-*"
)
_NEVER_CUT = ("JobId", "JobArn")


class NotDelivered(Exception):
    """Lambda gets this error; its retry answers again."""


def send(request: Request, sleep: Callable[[float], None], status: str, **fields: Any) -> None:
    """Answer a request, with several tries.

    :raises NotDelivered: CloudFormation could not be reached.
    """
    body = encode(
        {
            "Status": status,
            "PhysicalResourceId": request.physical_id,
            "StackId": request.stack_id,
            "RequestId": request.id,
            "LogicalResourceId": request.logical_id,
            **fields,
        }
    )
    for pause in (*_PAUSES, None):
        try:
            _put(request.response_url, body)
        except urllib.error.HTTPError as error:
            hint = {"may_mean": _FORBIDDEN} if error.code == 403 else {}
            log("answer refused", http_status=error.code, **hint)
            if not _is_worth_another_try(error):  # a URL that has expired stays so
                return
        except Exception as error:  # the text of an error may hold the URL
            log("answer not delivered", error=type(error).__name__)
        else:
            log("answered", status=status, physical_id=request.physical_id, reason=fields.get("Reason", ""))
            return
        if pause is not None:
            sleep(pause)
    raise NotDelivered("CloudFormation could not be reached")


def _is_worth_another_try(error: urllib.error.HTTPError) -> bool:
    """Whether S3 says that a client may try again.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if error.code == 400:
        with suppress(Exception):
            return b"<Code>RequestTimeout</Code>" in error.read(_LIMIT_BYTES)
    # urllib follows no redirect of a PUT: S3 sends one while a new bucket becomes known.
    return error.code in (301, 307, 408, 429) or error.code >= 500


def encode(answer: Mapping[str, Any]) -> bytes:
    """The answer, within CloudFormation's 4,096 bytes: the longest texts are cut, never JobId and JobArn."""
    answer = {**answer, "Data": dict(answer.get("Data") or {})}
    while len(body := _json(answer)) > _LIMIT_BYTES:
        texts = [(answer, "Reason")] if answer.get("Reason") else []
        texts += [(answer["Data"], name) for name in answer["Data"] if name not in _NEVER_CUT]
        longest = max(texts, key=lambda text: len(text[0][text[1]].encode(errors="replace")), default=None)
        if longest is None or not longest[0][longest[1]]:  # nothing is left to cut
            break
        owner, name = longest
        owner[name] = _cut(owner[name], len(body) - _LIMIT_BYTES)
    return body


def _cut(text: str, excess: int) -> str:
    """Shorten a text by about so many bytes of JSON. A URL is left out: half of one is of no use."""
    if text.startswith("https://"):
        return ""
    raw, in_json = text.encode(errors="replace"), len(_json(text)) - len('""')
    kept = raw[: -math.ceil(excess * len(raw) / in_json) - len("…".encode())]
    return kept.decode(errors="ignore") + "…" if kept else ""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _put(url: str, body: bytes) -> None:
    # An empty content type: the signature of older URLs covers it.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - from CloudFormation
    with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 - as above
        pass
