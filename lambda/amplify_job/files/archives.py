"""The files to deploy: the archives of the sources, merged into one zip; the last source wins.

No file is held in memory: archives are read from S3 piece by piece, and what is made of them lies in /tmp.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import stat
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from lzma import LZMAError
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from botocore.exceptions import ClientError, ParamValidationError

from amplify_job.cloudformation.properties import Source
from amplify_job.contract import shown
from amplify_job.outcomes import AccessDenied, InvalidProperties, NotFound, Throttled

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CHUNK_BYTES = 64 * 1024
_WINDOW_BYTES = 4 * 1024 * 1024  # what is read of an archive at a time
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
        objects = [_S3Object(self._connect(), source) for source in self._sources]
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
            return _chunks(file)

        return Zip(size, chunks)


def replaced(chunks: Iterator[bytes], markers: Mapping[bytes, bytes], seen: set[bytes]) -> Iterator[bytes]:
    """The same bytes with each marker replaced, also one that spans two chunks.

    :param seen: Gets the markers that are in these bytes.
    """
    if not markers:
        yield from chunks
        return
    longest_first = sorted(markers, key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, longest_first)))
    held, held_back = b"", len(longest_first[0]) - 1

    def value_of(found: re.Match[bytes]) -> bytes:
        seen.add(found[0])
        return markers[found[0]]

    for chunk in chunks:
        held += chunk
        out, done = [], 0
        for found in pattern.finditer(held):
            if found.start() + held_back >= len(held):  # with the next chunk, it may be a longer one
                break
            out += [held[done : found.start()], value_of(found)]
            done = found.end()
        complete = max(done, len(held) - held_back)
        yield b"".join([*out, held[done:complete]])
        held = held[complete:]
    yield pattern.sub(value_of, held)


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
            raise InvalidProperties(
                f"no file of the sources holds {shown(marker)}, which a value must replace"
            )


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
            for chunk in replaced(_chunks(file), _replacements(source), seen):
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


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, _CHUNK_BYTES), b"")


def _replacements(source: Source) -> dict[bytes, bytes]:
    return {
        marker.encode(): (_in_json(value) if source.json_escape else value).encode()
        for marker, value in source.markers.items()
    }


def _in_json(value: str) -> str:
    """The value inside a string of JSON. The CDK's own markers bring the quotes of that string along."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return json.dumps(value[1:-1])
    return json.dumps(value)[1:-1]


def _opened(found: _S3Object) -> ZipFile:
    """:raises InvalidProperties: it is no zip, or one with a file that lies outside of it."""
    try:
        archive = ZipFile(io.BufferedReader(found, _CHUNK_BYTES))
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


class _S3Object(io.RawIOBase):
    """An object of S3 as a file. Only what is needed is read, by ranges, all of one version."""

    def __init__(self, s3: S3Client, source: Source) -> None:
        self.source = source
        self._s3 = s3
        self._position = 0
        # GetObject, not HeadObject: only its refusals have S3's own words.
        begun = self._call(self._begin)
        self.size = int(begun["ContentRange"].rpartition("/")[2])
        self._version = {"IfMatch": begun["ETag"]}
        self._window = 0, begun["Body"].read()  # where it begins, and its bytes

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

    def _begin(self, **parameters: Any) -> Any:
        return self._s3.get_object(Range=f"bytes=0-{_WINDOW_BYTES - 1}", **parameters)

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
            said = error.response.get("Error", {}).get("Message", "")
            return AccessDenied(
                f"s3:GetObject on {self.source} was denied: {said}. It is not there any more, or the "
                "function's role must allow that"
            )
        if status == 416:
            return InvalidProperties(f"{self.source} is no zip archive that can be read")
        text = f"{self.source} could not be read: {error}"
        # 412: the object was replaced meanwhile, and is read anew.
        is_passing = status >= 500 or status in (0, 408, 409, 412, 429) or "RequestTimeout" in text
        return Throttled(text) if is_passing else InvalidProperties(text)
