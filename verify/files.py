"""Facts about deploying files, on an app without a repository."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

from verify.amplify import Site, refused
from verify.table import Table


def check_files(site: Site, denied: Callable[[str], Any], table: Table) -> None:
    """Check the facts about deployments.

    :param site: One whose app has no repository.
    :param denied: Makes a client of a service with a role that may do nothing.
    """
    amplify, names = site.amplify, site.names
    with table.checking("denied-create-deployment", "denied-start-deployment"):
        other = denied("amplify")
        refused(table, "denied-create-deployment", other.create_deployment, **names)
        refused(table, "denied-start-deployment", other.start_deployment, **names, jobId="1")
    with table.checking("created", "created-busy", "created-stopped", "upload-signed", "upload-lifetime"):
        created = amplify.create_deployment(**names)
        query = parse_qs(urlsplit(created["zipUploadUrl"]).query)
        table.saw("upload-signed", query.get("X-Amz-SignedHeaders", ["nothing"])[0])
        table.saw("upload-lifetime", f"{query.get('X-Amz-Expires', ['?'])[0]} s")
        summary = site.job(created["jobId"])["summary"]
        table.saw("created", f"{summary['status']}, {'a' if 'startTime' in summary else 'no'} startTime")
        refused(table, "created-busy", amplify.create_deployment, **names)
        table.saw("created-stopped", " ".join(site.stopped(created["jobId"])))
    with table.checking("files-members", "files-steps", "files-started-twice"):
        created = amplify.create_deployment(**names)
        _upload(created["zipUploadUrl"])
        amplify.start_deployment(**names, jobId=created["jobId"])
        job = site.ended(created["jobId"])
        table.saw("files-steps", " ".join(step["stepName"] for step in job["steps"]))
        shown = [name for name in ("commitId", "commitMessage", "commitTime") if name in job["summary"]]
        table.saw("files-members", ", ".join(shown) or "none")
        refused(table, "files-started-twice", amplify.start_deployment, **names, jobId=created["jobId"])


def _upload(url: str) -> None:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("index.html", "hello")
    request = urllib.request.Request(  # noqa: S310 - from Amplify
        url, data=content.getvalue(), method="PUT", headers={"Content-Type": "application/zip"}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
        pass
