"""The files to deploy: the archives of the sources, merged into one zip; the last source wins.

No file is held in memory: archives are read from S3 piece by piece, and what is made of them lies in /tmp.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import stat
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from lzma import LZMAError
from typing import IO, TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from amplify_job.cloudformation.properties import Source
from amplify_job.files.markers import replaced, replacements
from amplify_job.files.s3_object import CHUNK_BYTES, S3Object, chunks_of
from amplify_job.outcomes import InvalidProperties

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# What zipfile and its decompressors raise for what is damaged, encrypted, or of a kind that they do not know.
# A Failure, such as an archive that cannot be read, is none of these.
_DAMAGED = (
    BadZipFile,
    EOFError,
    LZMAError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
_FAST = 1  # most of a site's bytes are compressed already: images, fonts


class Zip(NamedTuple):
    size: int
    chunks: Callable[[], Iterator[bytes]]
    """Gives its bytes from the beginning, each time it is called."""


class Files:
    """:param connect: Gives the client of S3."""

    def __init__(self, sources: Sequence[Source], connect: Callable[[], S3Client]) -> None:
        self._sources = sources
        self._connect = connect
        self._room = ExitStack()
        self._zip: Zip | None = None
        self.warning = ""
        """Why the site will probably be wrong; empty if nothing looks wrong."""

    def zip(self, check: Callable[[], None] = lambda: None) -> Zip:
        """All files. One sound archive without markers is passed on as it is; others are merged, once.

        :param check: Called again and again while files are merged. It raises to end that.
        :raises InvalidProperties: an archive cannot be used, or /tmp is too small.
        :raises AccessDenied, NotFound: an archive cannot be read.
        :raises Throttled: worth another try.
        """
        if not self._zip:
            self._zip = self._made(check)
        return self._zip

    def close(self) -> None:
        """Free the space in /tmp. `zip` would read the archives anew."""
        self._room.close()
        self._zip = None

    def _made(self, check: Callable[[], None]) -> Zip:
        objects = [S3Object(self._connect(), source) for source in self._sources]
        archives = [_opened(found) for found in objects]
        self.warning = _warning({_path(entry) for archive in archives for entry in archive.infolist()})
        if len(objects) == 1 and not self._sources[0].markers and not _needs_repair(archives[0]):
            return Zip(objects[0].size, objects[0].chunks)
        return self._merged(archives, check)

    def _merged(self, archives: Sequence[ZipFile], check: Callable[[], None]) -> Zip:
        with ExitStack() as room:
            file = room.enter_context(tempfile.TemporaryFile())
            try:
                _merge(archives, self._sources, file, check)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                megabytes = shutil.disk_usage(tempfile.gettempdir()).total // 1_000_000
                raise InvalidProperties(
                    f"the files of the sources need more than the {megabytes} MB that the function has: "
                    "raise the provider's option ephemeral_storage_size"
                ) from None
            self._room = room.pop_all()
        size = file.tell()

        def chunks() -> Iterator[bytes]:
            file.seek(0)
            return chunks_of(file)

        return Zip(size, chunks)


def _merge(
    archives: Sequence[ZipFile], sources: Sequence[Source], file: IO[bytes], check: Callable[[], None]
) -> None:
    """Write all files into one zip; of several with one name, that of the last source.

    :raises InvalidProperties: no file holds one of the markers. A file that is not written counts, too, as a
        later source may have one of the same name.
    """
    seen: set[bytes] = set()
    last = {_path(entry): (archive, entry) for archive in archives for entry in archive.infolist()}
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_FAST) as merged:
        for source, archive in zip(sources, archives, strict=True):
            for entry in archive.infolist():
                is_last = last[_path(entry)] == (archive, entry)
                if not entry.is_dir() and (is_last or source.markers):
                    _copy(entry, archive, merged if is_last else None, source, check, seen)
    for marker in (marker for source in sources for marker in source.markers):
        if marker.encode() not in seen:
            raise InvalidProperties(f"no file of the sources holds {marker!r}, which a value must replace")


def _copy(
    entry: ZipInfo,
    archive: ZipFile,
    merged: ZipFile | None,
    source: Source,
    check: Callable[[], None],
    seen: set[bytes],
) -> None:
    """Copy a file; without `merged`, only look for markers in it."""
    is_large = entry.file_size > 1 << 30  # zipfile must know that in advance
    try:
        with (
            archive.open(entry) as file,
            merged.open(_path(entry), "w", force_zip64=is_large)
            if merged
            else open(os.devnull, "wb") as copy,
        ):
            for chunk in replaced(chunks_of(file), replacements(source), seen):
                check()
                copy.write(chunk)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # bz2 gives none for damaged data
            raise
        raise InvalidProperties(f"{entry.filename!r} in {source} cannot be unpacked: {error}") from None


def _path(entry: ZipInfo) -> str:
    """The path of a file in the site. Tools on Windows write backslashes."""
    return entry.filename.replace("\\", "/")


def _needs_repair(archive: ZipFile) -> bool:
    """Whether Amplify would not take the archive as it is.

    It reads archives from their beginning, and refuses a file that is stored with its size behind it: "only
    DEFLATED entries can have EXT descriptor" (https://github.com/aws/aws-cdk/issues/24758).
    """
    return any(
        "\\" in entry.filename or (entry.compress_type == ZIP_STORED and entry.flag_bits & 0x8)
        for entry in archive.infolist()
    )


def _warning(paths: set[str]) -> str:
    if "deploy-manifest.json" in paths:
        return "the files are a bundle for server-side rendering (deploy-manifest.json), which WEB apps lack"
    folders = {path.partition("/")[0] for path in paths}
    if "index.html" not in paths and len(folders) == 1 and all("/" in path for path in paths):
        return f"all files are in the folder {folders.pop()!r}, and the site has no index.html at its root"
    return ""


def _opened(found: S3Object) -> ZipFile:
    """:raises InvalidProperties: it is no zip, or one with a file that lies outside of it."""
    try:
        archive = ZipFile(io.BufferedReader(found, CHUNK_BYTES))
    except _DAMAGED:
        raise InvalidProperties(f"{found.source} is no zip archive that can be read") from None
    if all(entry.is_dir() for entry in archive.infolist()):
        raise InvalidProperties(f"{found.source} holds no file, and would empty the site")
    for entry in archive.infolist():
        parts = re.split(r"[/\\]", entry.filename)
        if parts[0] == "" or parts[0].endswith(":") or ".." in parts:
            raise InvalidProperties(f"{found.source} holds {entry.filename!r}, which lies outside of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InvalidProperties(f"{found.source} holds {entry.filename!r}, which is a link")
    return archive
