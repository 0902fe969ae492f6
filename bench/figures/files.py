"""Deploying files: from the event to StartDeployment, and the function's memory."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_STORED, ZipFile

from amplify_local import LocalAws
from figures.processes import fresh

SITES: Mapping[str, tuple[int, int]] = {
    "1,000 files, 10 MB": (1000, 10_000),
    "200 files, 200 MB": (200, 1_000_000),
}
MARKER = "<<marker:0xbaba:0>>"
_BUCKET = "sites"
_FUNCTION = """
import json, sys, time
from types import SimpleNamespace
from amplify_job import index
from figures.processes import peak_mb
event = json.loads({event!r})
context = SimpleNamespace(
    get_remaining_time_in_millis=lambda: 900_000, invoked_function_arn="arn:aws:lambda:us-east-1:0:function:f"
)
began = time.time()
index.handler(event, context)
print(json.dumps([began, peak_mb()]))
"""


class Deployed(NamedTuple):
    site: str
    merged: bool
    """Whether there was a second archive with a deploy-time value; else the only one is passed on."""
    start_seconds: float
    peak_mb: float


def deployed() -> list[Deployed]:
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalAws(job_seconds=0.2, enforce_iam=False, bootstrap=False) as aws,
    ):
        aws.client("s3").create_bucket(Bucket=_BUCKET)
        return [_deployed(aws, Path(folder), site, merged) for site in SITES for merged in (False, True)]


def _deployed(aws: LocalAws, folder: Path, site: str, merged: bool) -> Deployed:
    archive = folder / f"{site}.zip"
    if not archive.exists():
        _write(archive, *SITES[site])
        aws.client("s3").upload_file(str(archive), _BUCKET, "site.zip")
        config = folder / "config.zip"
        with ZipFile(config, "w") as made:
            made.writestr("config.json", MARKER)
        aws.client("s3").upload_file(str(config), _BUCKET, "config.zip")
    app_id = aws.amplify.create_app(f"{site}{merged}", repository="").id
    aws.amplify.create_branch(app_id, "main")
    sources: dict[str, object] = {"SourceBucketNames": [_BUCKET], "SourceObjectKeys": ["site.zip"]}
    if merged:
        sources = {
            "SourceBucketNames": [_BUCKET, _BUCKET],
            "SourceObjectKeys": ["site.zip", "config.zip"],
            "SourceMarkers": [{}, {MARKER: "https://api"}],
        }
    before = {**os.environ}
    os.environ |= {"AWS_ENDPOINT_URL": aws.url, "AWS_ENDPOINT_URL_AMPLIFY": aws.amplify_url}
    try:
        began, peak = fresh(_FUNCTION.format(event=_event(aws, app_id, sources)))
    finally:
        os.environ.clear()
        os.environ.update(before)
    (start,) = [
        call.time
        for call in aws.amplify.calls
        if call.operation == "StartDeployment" and call.params["appId"] == app_id
    ]
    files = aws.amplify.site(app_id, "main")
    assert len(files) == SITES[site][0] + merged
    for job in aws.amplify.jobs(app_id):
        job.files = b""  # the server's memory is not what is measured
    return Deployed(site, merged, start - began, peak)


def _event(aws: LocalAws, app_id: str, sources: Mapping[str, object]) -> str:
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return json.dumps(
        {
            "RequestType": "Create",
            "RequestId": f"request-{app_id}",
            # Nobody listens, so that the answer is refused at once: what is measured is over by then.
            "ResponseURL": f"{aws.url}/nothing/here?X-Amz-Date={date}",
            "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/Site/1",
            "LogicalResourceId": "Job",
            "ResourceProperties": {"AppId": app_id, "BranchName": "main", **sources},
        }
    )


def _write(archive: Path, count: int, size: int) -> None:
    """Bytes that do not compress, as pictures do."""
    content = random.Random(1)
    with ZipFile(archive, "w", ZIP_STORED) as made:
        for number in range(count):
            made.writestr(f"assets/{number}.bin", content.randbytes(size))
