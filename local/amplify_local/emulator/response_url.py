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

# A pair of status and error code, as S3 answers.
Verdict = tuple[int, str]


@dataclass
class Answer:
    """The answer to one request: the first body that is put; later ones are taken and ignored."""

    created: float = field(default_factory=time.time)
    body: bytes | None = None
    abandoned: bool = False
    signature: str = ""
    _decided: threading.Event = field(default_factory=threading.Event)
    _given_up: bool = False

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds at most. Return whether the request was answered or abandoned by then."""
        self._given_up = not self._decided.wait(seconds)
        return not self._given_up

    @property
    def is_awaited(self) -> bool:
        return not self._given_up and not self._decided.is_set()

    def put(self, body: bytes) -> None:
        if not self._decided.is_set():
            self.body = body
            self._decided.set()

    def abandon(self) -> None:
        """CloudFormation stops waiting, as when a sibling fails; the function is not told."""
        if not self._decided.is_set():
            self.abandoned = True
            self._decided.set()


class ResponseUrls:
    """All response URLs handed out; they outlive their requests, as presigned URLs do."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def new(
        self, base: str, region: str, stack_id: str, logical_id: str, request_id: str
    ) -> tuple[str, Answer]:
        """A URL as CloudFormation's: the stack, the resource and the request, signed for two hours."""
        answer = Answer()
        day, second = time.strftime("%Y%m%d", time.gmtime()), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        key = f"{stack_id}|{logical_id}|{request_id}"
        answer.signature = hashlib.sha256(f"{key}{answer.created}".encode()).hexdigest()
        self._answers[key] = answer
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": second,
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": _EXPIRES_SECONDS,
            "X-Amz-Credential": f"AKIALOCALCLOUDFORMAT/{day}/{region}/s3/aws4_request",
            "X-Amz-Signature": answer.signature,
        }
        return f"{base}{PATH}{quote(key, safe='')}?{urlencode(query)}", answer

    def put(self, path: str, query: Mapping[str, str], body: bytes) -> Verdict:
        """What S3 says to a PUT. The signature covers the host only, as in recorded URLs of 2021 to 2024."""
        answer = self._answers.get(path.removeprefix(PATH))
        if answer is None or query.get("X-Amz-Signature") != answer.signature:
            return 403, "SignatureDoesNotMatch"
        if time.time() > answer.created + _EXPIRES_SECONDS:
            return 403, "AccessDenied"
        answer.put(body)
        return 200, ""

    def abandon(self, logical_id: str) -> int:
        """Stop waiting for a resource's answer; returns how many requests were waited for."""
        waiting = [
            answer
            for key, answer in self._answers.items()
            if key.split("|")[1] == logical_id and answer.is_awaited
        ]
        for answer in waiting:
            answer.abandon()
        return len(waiting)
