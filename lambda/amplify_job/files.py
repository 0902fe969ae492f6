"""The files to deploy: the archives of the sources, merged into one zip; the last source wins.

No file is held in memory: archives are read from S3 piece by piece, and what is made of them lies in /tmp.
"""

from __future__ import annotations

import errno
import io
import json
import re
import shutil
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from botocore.exceptions import ClientError, ParamValidationError

from outcomes import AccessDenied, InvalidProperties, NotFound, Throttled
from properties import Source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CHUNK_BYTES = 64 * 1024
_WINDOW_BYTES = 4 * 1024 * 1024  # what is read of an archive at a time
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
        self._merged_zip: Zip | None = None

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_: object) -> None:
        """Free the space in /tmp."""
        self._room.close()

    def zip(self, check: Callable[[], None] = lambda: None) -> Zip:
        """All files. One archive without markers is passed on as it is; others are merged once.

        :param check: Called again and again while files are merged. It raises to end that.
        :raises InvalidProperties: an archive cannot be used, or /tmp is too small.
        :raises AccessDenied, NotFound: an archive cannot be read.
        :raises Throttled: worth another try.
        """
        if self._merged_zip:
            return self._merged_zip
        objects = [_S3Object(self._connect(), source) for source in self._sources]
        archives = [_opened(found) for found in objects]
        if len(objects) == 1 and not self._sources[0].markers:
            return Zip(objects[0].size, objects[0].chunks)
        self._merged_zip = self._merged(archives, check)
        return self._merged_zip

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
            return _chunks(file)

        return Zip(size, chunks)


def replaced(chunks: Iterator[bytes], markers: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """The same bytes with each marker replaced, also one that two chunks share."""
    if not markers:
        yield from chunks
        return
    longest_first = sorted(markers, key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, longest_first)))
    held, held_back = b"", len(longest_first[0]) - 1
    for chunk in chunks:
        held += chunk
        out, done = [], 0
        for found in pattern.finditer(held):
            if found.start() + held_back >= len(held):  # with the next chunk, it may be a longer one
                break
            out += [held[done : found.start()], markers[found[0]]]
            done = found.end()
        complete = max(done, len(held) - held_back)
        yield b"".join([*out, held[done:complete]])
        held = held[complete:]
    yield pattern.sub(lambda found: markers[found[0]], held)


def _merge(
    archives: Sequence[ZipFile], sources: Sequence[Source], file: IO[bytes], check: Callable[[], None]
) -> None:
    """Write all files into one zip; of several with one name, that of the last source."""
    last = {name: archive for archive in archives for name in archive.namelist()}
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_FAST) as merged:
        for source, archive in zip(sources, archives, strict=True):
            for entry in archive.infolist():
                wanted = last[entry.filename] is archive and archive.getinfo(entry.filename) is entry
                if wanted and not entry.is_dir():
                    _copy(entry, archive, merged, source, check)


def _copy(
    entry: ZipInfo, archive: ZipFile, merged: ZipFile, source: Source, check: Callable[[], None]
) -> None:
    is_large = entry.file_size > 1 << 30  # zipfile must know that in advance
    try:
        with archive.open(entry) as file, merged.open(entry.filename, "w", force_zip64=is_large) as copy:
            for chunk in replaced(_chunks(file), _replacements(source)):
                check()
                copy.write(chunk)
    except (
        BadZipFile,
        EOFError,
        RuntimeError,
        zlib.error,
    ) as error:  # damaged, encrypted, an unknown compression
        raise InvalidProperties(f"{entry.filename!r} in {source} cannot be unpacked: {error}") from None


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, _CHUNK_BYTES), b"")


def _replacements(source: Source) -> dict[bytes, bytes]:
    """As BucketDeployment replaces markers, with jsonEscape or without."""
    return {
        marker.encode(): (json.dumps(value)[1:-1] if source.json_escape else value).encode()
        for marker, value in source.markers.items()
    }


def _opened(found: _S3Object) -> ZipFile:
    """:raises InvalidProperties: it is no zip, or one with a file that lies outside of it."""
    try:
        archive = ZipFile(io.BufferedReader(found, _CHUNK_BYTES))
    except (BadZipFile, NotImplementedError):
        raise InvalidProperties(f"{found.source} is no zip archive that can be read") from None
    for entry in archive.infolist():
        parts = re.split(r"[/\\]", entry.filename)
        if parts[0] == "" or parts[0].endswith(":") or ".." in parts:
            raise InvalidProperties(f"{found.source} holds {entry.filename!r}, which lies outside of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InvalidProperties(f"{found.source} holds {entry.filename!r}, which is a link")
    return archive


class _S3Object(io.RawIOBase):
    """An object of S3 as a file. Only what is needed is read, by ranges, all of one version."""

    def __init__(self, s3: S3Client, source: Source) -> None:
        self.source = source
        self._s3 = s3
        self._position = 0
        self._window = -1, b""  # where it begins, and its bytes
        head = self._call(s3.head_object)
        self.size, self._version = head["ContentLength"], {"IfMatch": head["ETag"]}

    def chunks(self) -> Iterator[bytes]:
        """The whole of it."""
        with closing(self._call(self._s3.get_object, **self._version)["Body"]) as body:
            yield from _chunks(body)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self.size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        begin = self._position - self._position % _WINDOW_BYTES
        if self._position < self.size and begin != self._window[0]:
            wanted = f"bytes={begin}-{min(begin + _WINDOW_BYTES, self.size) - 1}"
            self._window = begin, self._call(self._read, Range=wanted, **self._version)
        offset = self._position - begin
        piece = self._window[1][offset : offset + len(buffer)] if self._position < self.size else b""
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _read(self, **parameters: Any) -> bytes:
        return self._s3.get_object(**parameters)["Body"].read()

    def _call(self, call: Callable[..., Any], **parameters: str) -> Any:
        try:
            return call(Bucket=self.source.bucket, Key=self.source.key, **parameters)
        except ClientError as error:
            raise self._meaning(error) from error
        except ParamValidationError as error:
            raise InvalidProperties(f"{self.source} can be no object of S3") from error
        except Exception as error:  # no connection, no answer in time
            raise Throttled(f"{self.source} could not be read: {type(error).__name__}") from error

    def _meaning(self, error: ClientError) -> Exception:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == 404:
            return NotFound(f"{self.source} is not there any more; `cdk deploy` uploads it again")
        if status == 403:
            # S3 answers so, too, where the caller may not list the bucket.
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            return AccessDenied(
                f"s3:GetObject on {self.source} was denied: it is not there any more, or the function's role "
                "must allow that"
            )
        text = f"{self.source} could not be read: {error}"
        # 412: the object was replaced meanwhile, and is read anew.
        is_passing = status >= 500 or status in (0, 408, 409, 412, 416, 429) or "RequestTimeout" in text
        return Throttled(text) if is_passing else InvalidProperties(text)
