"""Which local AWS ``up`` runs for a folder: a small file under ``.local-aws/`` there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amplify_local.connection import Connection
from amplify_local.loopback import request

FOLDER = Path(".local-aws")
_FILE = FOLDER / "up.json"


@contextmanager
def announced(aws: Connection) -> Iterator[None]:
    """Let other commands in this folder find ``aws`` while the context lasts."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    fields = {"url": aws.url, "amplify_url": aws.amplify_url, "region": aws.region, "folder": str(aws.folder)}
    _FILE.write_text(json.dumps({**fields, "pid": os.getpid()}, indent=2) + "\n")
    try:
        yield
    finally:
        _FILE.unlink(missing_ok=True)


def running() -> Connection | None:
    """The local AWS that ``up`` runs for this folder, if it answers."""
    try:
        fields = json.loads(_FILE.read_text())
        aws = Connection(fields["url"], fields["amplify_url"], fields["region"], Path(fields["folder"]))
        request(f"{aws.url}/_ministack/health", seconds=2)
        return aws
    except (OSError, ValueError, KeyError):
        return None
