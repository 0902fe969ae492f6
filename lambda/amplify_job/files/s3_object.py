"""An archive in S3, read piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from amplify_job.cloudformation.properties import Source
from amplify_job.outcomes import AccessDenied, InvalidProperties, NotFound, Throttled

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHUNK_BYTES = 64 * 1024
_WINDOW_BYTES = 4 * 1024 * 1024  # what is read of an archive at a time


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, CHUNK_BYTES), b"")


class S3Object(io.RawIOBase):
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
            yield from chunks_of(body)

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
