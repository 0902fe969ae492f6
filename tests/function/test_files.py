"""The archives of sources become one zip: in their order, with values for markers, in little memory."""

from __future__ import annotations

import io
import json
import stat
import tempfile
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import Mock
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from simulated import World
from simulated_aws import S3, SimulatedAws

from amplify_job.cloudformation.properties import Source
from amplify_job.files import archives, s3_object
from amplify_job.files.archives import Files
from amplify_job.files.markers import replaced
from amplify_job.outcomes import Failure, InvalidProperties, Throttled

MARKER = "<<marker:0xbaba:0>>"


def test_one_archive_is_passed_on_as_it_is(world: World) -> None:
    archive = world.archive("site.zip", {"index.html": "hello"})
    made = zip_of(world, Source("assets", "site.zip", {}, False))
    assert made == archive
    # it is looked into, and then passed on, here twice
    assert world.asked == ["GetObject"] * 3


@pytest.mark.parametrize("size", [5_000, 9_876, 10_000])
def test_an_archive_that_is_larger_than_what_is_read_at_a_time_is_read_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(s3_object, "_WINDOW_BYTES", 1000)
    monkeypatch.setattr(archives, "CHUNK_BYTES", 64)  # else zipfile reads past the windows
    random = Random(1)
    sent = {f"{number}.bin": random.randbytes(size // 5) for number in range(5)}
    archive = world.archive("1.zip", {**sent, "marker.txt": MARKER})
    made = zip_of(world, Source("assets", "1.zip", {MARKER: "merged"}, False))
    assert content(made) == {**sent, "marker.txt": b"merged"}
    # each window once, and some again: zipfile goes forth and back
    assert len(archive) // 1000 <= world.asked.count("GetObject") <= 3 * len(archive) // 1000


def test_later_sources_lie_over_earlier_ones(world: World) -> None:
    world.archive("1.zip", {"index.html": "old", "a/b.txt": "b", "a/": ""})
    world.archive("2.zip", {"index.html": "new", "c.txt": ""})
    made = zip_of(world, Source("assets", "1.zip", {}, False), Source("assets", "2.zip", {}, False))
    assert content(made) == {"a/b.txt": b"b", "index.html": b"new", "c.txt": b""}


def test_the_markers_of_a_source_are_replaced_in_all_of_its_files(world: World) -> None:
    world.archive("1.zip", {"untouched.txt": MARKER})
    world.archive("2.zip", {"config.json": f'{{"api": "{MARKER}"}}', "other.txt": f"{MARKER}{MARKER} end"})
    made = zip_of(
        world,
        Source("assets", "1.zip", {}, False),
        Source("assets", "2.zip", {MARKER: 'https://api/"ü"'}, False),
    )
    assert content(made) == {
        "untouched.txt": MARKER.encode(),
        "config.json": '{"api": "https://api/"ü""}'.encode(),
        "other.txt": 'https://api/"ü"https://api/"ü" end'.encode(),
    }


def test_values_are_escaped_for_json_where_the_source_asks_for_it(world: World) -> None:
    world.archive("1.zip", {"config.json": f'{{"api": "{MARKER}"}}'})
    made = zip_of(world, Source("assets", "1.zip", {MARKER: '"hello"\n'}, True))
    assert content(made) == {"config.json": b'{"api": "\\"hello\\"\\n"}'}


def test_the_cdk_s_own_markers_bring_the_quotes_of_their_string_along(world: World) -> None:
    # as Source.json_data("config.json", {"api": api.url}, escape=True) makes them
    world.archive("1.zip", {"config.json": f'{{"api": {MARKER}}}'})
    made = zip_of(world, Source("assets", "1.zip", {MARKER: '"https://api/?q="x""'}, True))
    assert json.loads(content(made)["config.json"]) == {"api": 'https://api/?q="x"'}


def test_a_marker_of_several_sources_is_replaced_in_each_and_need_be_in_one_only(world: World) -> None:
    world.archive("1.zip", {"app.js": 'fetch("https://api.placeholder.invalid/a")', "other.js": ""})
    world.archive("2.zip", {"config.json": f'{{"v": {MARKER}, "api": "https://api.placeholder.invalid"}}'})
    world.archive("3.zip", {"robots.txt": "none"})
    values = {"https://api.placeholder.invalid": 'https://api.example/?q="x"'}
    made = zip_of(
        world,
        Source("assets", "1.zip", values, False),
        Source("assets", "2.zip", {MARKER: '"1"', **values}, True),
        Source("assets", "3.zip", values, False),
    )
    assert content(made)["app.js"] == b'fetch("https://api.example/?q="x"/a")'
    assert json.loads(content(made)["config.json"]) == {"v": "1", "api": 'https://api.example/?q="x"'}


def test_a_marker_that_no_file_holds_is_told_with_its_text(world: World) -> None:
    world.archive("1.zip", {"app.js": 'fetch("https://api.placeholder.invalid/a")'})
    world.archive("2.zip", {"config.json": MARKER})
    values = {"https://api.placeholder.invalid": "a", "https://misspelt.invalid": "b"}
    sources = [
        Source("assets", "1.zip", values, False),
        Source("assets", "2.zip", {MARKER: "1", **values}, False),
    ]
    with pytest.raises(InvalidProperties) as refused:
        Files(sources, SimulatedAws(world).s3).zip()
    said = "no file of the sources holds 'https://misspelt.invalid', which a value must replace"
    assert refused.value.reason == f"VALIDATION_ERROR: {said}"


def test_a_marker_may_be_in_a_file_that_a_later_source_replaces(world: World) -> None:
    world.archive("1.zip", {"config.json": MARKER, "index.html": ""})
    world.archive("2.zip", {"config.json": "static"})
    made = zip_of(
        world, Source("assets", "1.zip", {MARKER: "1"}, False), Source("assets", "2.zip", {}, False)
    )
    assert content(made) == {"index.html": b"", "config.json": b"static"}


# What other tools write


def with_sizes_behind(*compressions: int) -> bytes:
    """An archive with data descriptors, as archiver 5.3 and others write it."""
    made = io.BytesIO()

    class Unseekable(io.RawIOBase):
        """zipfile writes data descriptors where it cannot seek."""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return made.write(data)

    with ZipFile(Unseekable(), "w") as archive:
        for number, compression in enumerate(compressions):
            archive.writestr(ZipInfo(f"{number}.html"), b"hello", compression)
    return made.getvalue()


def test_a_stored_file_with_its_size_behind_it_is_written_anew(world: World) -> None:
    # https://github.com/aws/aws-cdk/issues/24758
    world.objects["assets", "1.zip"] = with_sizes_behind(ZIP_STORED, ZIP_DEFLATED)
    made = zip_of(world, Source("assets", "1.zip", {}, False))
    assert content(made) == {"0.html": b"hello", "1.html": b"hello"}
    with ZipFile(io.BytesIO(made)) as opened:
        kinds = {(entry.compress_type, entry.flag_bits & 0x8) for entry in opened.infolist()}
    assert kinds == {(ZIP_DEFLATED, 0)}


def test_other_files_with_their_size_behind_them_and_other_stored_files_are_passed_on(world: World) -> None:
    deflated = world.objects["assets", "1.zip"] = with_sizes_behind(ZIP_DEFLATED)
    assert zip_of(world, Source("assets", "1.zip", {}, False)) == deflated
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("index.html", b"hello", ZIP_STORED)
    stored = world.objects["assets", "2.zip"] = made.getvalue()
    assert zip_of(world, Source("assets", "2.zip", {}, False)) == stored


def test_backslashes_in_names_become_folders(world: World) -> None:
    world.archive("1.zip", {"index.html": "hello", "css\\site.css": "a"})
    made = zip_of(world, Source("assets", "1.zip", {}, False))
    assert content(made) == {"index.html": b"hello", "css/site.css": b"a"}


def test_names_that_need_no_repair_stay(world: World) -> None:
    names = [".well-known/security.txt", ".nojekyll", "größe & mehr.html", "index.html"]
    archive = world.archive("1.zip", dict.fromkeys(names, "a"))
    assert zip_of(world, Source("assets", "1.zip", {}, False)) == archive
    merged = zip_of(world, Source("assets", "1.zip", {"a": "b"}, False))
    assert sorted(content(merged)) == sorted(names)


@pytest.mark.parametrize("files", [{}, {"folder/": ""}])
def test_an_archive_without_a_file_would_empty_the_site(world: World, files: dict[str, str]) -> None:
    world.archive("1.zip", files)
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "VALIDATION_ERROR: s3://assets/1.zip holds no file, and would empty the site"


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        (
            ["dist/index.html", "dist/a/b.js"],
            "all files are in the folder 'dist', and the site has no index.html",
        ),
        (["index.html", "deploy-manifest.json"], "the files are a bundle for server-side rendering"),
        (["index.html", "dist/a.js"], ""),
        (["dist/index.html", "other/a.js"], ""),
        (["about.html"], ""),
    ],
)
def test_files_that_look_wrong_are_told(world: World, files: list[str], warning: str) -> None:
    world.archive("1.zip", dict.fromkeys(files, "a"))
    used = Files([Source("assets", "1.zip", {}, False)], SimulatedAws(world).s3)
    used.zip()
    assert used.warning.startswith(warning)
    assert bool(used.warning) is bool(warning)


@pytest.mark.parametrize("method", [ZIP_DEFLATED, ZIP_LZMA])
def test_a_damaged_entry_is_told_with_its_name(world: World, method: int) -> None:
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr(ZipInfo("index.html"), bytes(range(256)) * 40, method)
    damaged = bytearray(made.getvalue())
    damaged[60:75] = b"\xff" * 15
    world.objects["assets", "1.zip"] = bytes(damaged)
    said = refusal(world, Source("assets", "1.zip", {MARKER: ""}, False))
    assert said.startswith("VALIDATION_ERROR: 'index.html' in s3://assets/1.zip cannot be unpacked: ")


def test_a_name_that_is_no_utf_8_is_refused(world: World) -> None:
    archive = world.archive("1.zip", {"é.html": "a"})
    world.objects["assets", "1.zip"] = archive.replace("é.html".encode(), b"\xff\xfe.html")
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "VALIDATION_ERROR: s3://assets/1.zip is no zip archive that can be read"


@given(
    text=st.lists(st.sampled_from([b"<<m:0>>", b"<<m:0>>0", b"<<", b"m", b">", b"<<m:", b"\n", b"x"])),
    cuts=st.lists(st.sampled_from(range(1, 9)), min_size=1),
)
def test_a_marker_is_found_wherever_the_chunks_are_cut(text: list[bytes], cuts: list[int]) -> None:
    markers = {b"<<m:0>>": b"ONE", b"<<m:0>>0": b"TWO"}
    whole, chunks, position = b"".join(text), [], 0
    for cut in cuts * len(whole):
        chunks.append(whole[position : position + cut])
        position += cut
    expected = whole.replace(b"<<m:0>>0", b"TWO").replace(b"<<m:0>>", b"ONE")
    seen: set[bytes] = set()
    assert b"".join(replaced(iter(chunks), markers, seen)) == expected
    assert seen == {marker for marker, value in markers.items() if value in expected}


@pytest.mark.parametrize("name", ["../up.txt", "a/../../up.txt", "/etc/passwd", "C:/x", "..\\up.txt", "\\x"])
@pytest.mark.parametrize("markers", [{}, {MARKER: "x"}])
def test_a_file_outside_of_its_archive_is_refused(world: World, name: str, markers: dict[str, str]) -> None:
    world.archive("1.zip", {name: "x"})
    assert refusal(world, Source("assets", "1.zip", markers, False)) == (
        f"VALIDATION_ERROR: s3://assets/1.zip holds {name!r}, which lies outside of it"
    )


def test_a_link_is_refused(world: World) -> None:
    link = ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    world.archive("1.zip", {link: "/etc/passwd"})
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "VALIDATION_ERROR: s3://assets/1.zip holds 'link', which is a link"


def test_what_is_no_archive_is_refused(world: World) -> None:
    world.objects["assets", "1.zip"] = b"no archive at all"
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "VALIDATION_ERROR: s3://assets/1.zip is no zip archive that can be read"


def test_an_archive_that_is_damaged_is_refused(world: World) -> None:
    archive = bytearray(world.archive("1.zip", {"a.txt": "some text"}))
    archive[35] ^= 0xFF
    world.objects["assets", "1.zip"] = bytes(archive)
    said = refusal(world, Source("assets", "1.zip", {MARKER: "x"}, False))
    assert said.startswith("VALIDATION_ERROR: 'a.txt' in s3://assets/1.zip cannot be unpacked: ")


def test_an_object_that_is_gone_is_told(world: World) -> None:
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "NOT_FOUND: s3://assets/1.zip is not there any more; `cdk deploy` uploads it again"


def test_an_object_that_may_not_be_read_is_told_with_the_statement_that_is_missing(world: World) -> None:
    world.archive("1.zip", {"a.txt": "a"})
    world.fail("GetObject", "denied")
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == (
        "ACCESS_DENIED: s3:GetObject on s3://assets/1.zip was denied: GetObject: AccessDenied. It is not "
        "there any more, or the function's role must allow that"
    )


@pytest.mark.parametrize("mode", ["timeout", "reset", "500", "429"])
def test_reading_that_fails_is_worth_another_try(world: World, mode: str) -> None:
    world.archive("1.zip", {"a.txt": "a"})
    world.fail("GetObject", mode)
    source = Source("assets", "1.zip", {"a": "b"}, False)
    assert refusal(world, source).startswith("AMPLIFY_ERROR: s3://assets/1.zip could not be read")
    assert content(zip_of(world, source)) == {"a.txt": b"b"}


@pytest.mark.parametrize(("code", "status"), [("InvalidRequest", 400), ("PermanentRedirect", 301)])
def test_a_request_that_s3_refuses_for_good_is_told_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    refused = ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "GetObject",
    )
    monkeypatch.setattr(S3, "get_object", Mock(side_effect=refused))
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said.startswith("VALIDATION_ERROR: s3://assets/1.zip could not be read: ")
    assert code in said


def test_an_archive_of_an_unknown_version_is_refused(world: World) -> None:
    archive = bytearray(world.archive("1.zip", {"a.txt": "a"}))
    archive[archive.index(b"PK\x01\x02") + 6] = 99  # the version that is needed to read it
    world.objects["assets", "1.zip"] = bytes(archive)
    said = refusal(world, Source("assets", "1.zip", {}, False))
    assert said == "VALIDATION_ERROR: s3://assets/1.zip is no zip archive that can be read"


def test_a_name_that_no_bucket_can_have_is_told_at_once() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106
    with pytest.raises(InvalidProperties, match="^s3://my bucket/1.zip can be no object of S3$"):
        Files([Source("my bucket", "1.zip", {}, False)], lambda: s3).zip()


def test_merging_ends_when_it_is_told_to(world: World) -> None:
    world.archive("1.zip", {f"{number}.txt": "" for number in range(9)})
    check = Mock(side_effect=[None] * 5 + [Throttled])
    with pytest.raises(Throttled):
        Files([Source("assets", "1.zip", {MARKER: ""}, False)], SimulatedAws(world).s3).zip(check)


def test_an_object_that_changes_while_it_is_read_is_read_again(world: World) -> None:
    world.archive("1.zip", {"a.txt": "a"})
    used = Files([Source("assets", "1.zip", {}, False)], SimulatedAws(world).s3)
    made = used.zip()
    world.archive("1.zip", {"a.txt": "other"})
    with pytest.raises(Throttled, match="could not be read: .*PreconditionFailed"):
        list(made.chunks())
    used.close()
    assert content(b"".join(used.zip().chunks())) == {"a.txt": b"other"}


def test_files_that_do_not_fit_are_told_with_the_option_that_helps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.archive("1.zip", {"a.txt": "a"})

    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    said = refusal(world, Source("assets", "1.zip", {MARKER: ""}, False))
    assert said.startswith("VALIDATION_ERROR: the files of the sources need more than the ")
    assert said.endswith(" MB that the function has: raise the provider's option ephemeral_storage_size")


def test_nothing_is_left_in_tmp(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    world.archive("1.zip", {"a.txt": "a"})
    used = Files([Source("assets", "1.zip", {"a": "b"}, False)], SimulatedAws(world).s3)
    used.zip()
    used.close()
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_held_in_memory(world: World) -> None:
    # given 60 MB in one file, which compress to little
    world.archive("1.zip", {"large.bin": bytes(60_000_000), "marker.txt": MARKER})
    tracemalloc.start()
    try:
        used = Files([Source("assets", "1.zip", {MARKER: ""}, False)], SimulatedAws(world).s3)
        used.zip()
        used.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def zip_of(world: World, *sources: Source) -> bytes:
    used = Files(sources, SimulatedAws(world).s3)
    made = used.zip()
    whole = b"".join(made.chunks())
    assert b"".join(made.chunks()) == whole
    assert len(whole) == made.size
    used.close()
    return whole


def refusal(world: World, source: Source) -> str:
    with pytest.raises(Failure) as refused:
        Files([source], SimulatedAws(world).s3).zip()
    return refused.value.reason


def content(archive: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
