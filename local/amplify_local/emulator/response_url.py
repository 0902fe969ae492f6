"""Where a custom resource's function answers: a presigned URL, as S3 treats the ones of CloudFormation."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

PATH = "/_ministack/cfn-response/"
_EXPIRES_SECONDS = 7200


@dataclass
class Answer:
    """The answer to one request: the first body that is put; later ones are taken and ignored."""

    signature: str
    created: float = field(default_factory=time.time)
    body: bytes | None = None
    is_awaited: bool = True
    _decided: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds at most. Return whether the request was answered or abandoned by then."""
        decided = self._decided.wait(seconds)
        self.is_awaited = False
        return decided

    def decide(self, body: bytes | None) -> None:
        """Answered; or abandoned, as when a sibling fails: the function is not told."""
        if not self._decided.is_set():
            self.body = body
            self._decided.set()


class ResponseUrls:
    """All response URLs handed out; they outlive their requests, as presigned URLs do."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def new(self, base: str, region: str, key: str) -> tuple[str, Answer]:
        """A URL as CloudFormation's, signed for two hours.

        :param key: The stack, the resource and the request, with ``|`` between them.
        """
        second = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        answer = self._answers[key] = Answer(hashlib.sha256(f"{key}{time.time()}".encode()).hexdigest())
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": second,
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": _EXPIRES_SECONDS,
            "X-Amz-Credential": f"AKIALOCALCLOUDFORMAT/{second[:8]}/{region}/s3/aws4_request",
            "X-Amz-Signature": answer.signature,
        }
        return f"{base}{PATH}{quote(key, safe='')}?{urlencode(query)}", answer

    def put(self, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Status and error code of S3. The signature covers the host only, as in URLs of 2021 to 2024."""
        answer = self._answers.get(path.removeprefix(PATH))
        if answer is None or query.get("X-Amz-Signature") != answer.signature:
            return 403, "SignatureDoesNotMatch"
        if time.time() > answer.created + _EXPIRES_SECONDS:
            return 403, "AccessDenied"
        answer.decide(body)
        return 200, ""

    def abandon(self, logical_id: str) -> bool:
        """Stop waiting for a resource's answer; return whether anybody waited."""
        waiting = [
            answer
            for key, answer in self._answers.items()
            if key.split("|")[1] == logical_id and answer.is_awaited
        ]
        for answer in waiting:
            answer.decide(None)
        return bool(waiting)
