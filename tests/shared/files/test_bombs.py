"""Files that are more than they seem: refused where that can be told, and never opened."""

import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from shared.files.arriving import FileTypeError
from shared.files.media import PDF
from shared.files.store import FileStore
from shared.security.keys import Keyring
from tests.shared.files.samples import in_pieces, jpeg, pdf, png
from tests.shared.files.test_media import probe

MB = 1024 * 1024
_START, _END = b"%PDF-1.7\n", b"\nstartxref\n0\n%%EOF\n"


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _inflating() -> bytes:
    """Sixty megabytes of nothing, and once more around it."""
    once = zlib.compress(bytes(60 * MB), 9)
    twice = zlib.compress(once, 9)
    filters = b"/Filter [/FlateDecode /FlateDecode] /Length %d" % len(twice)
    return _START + b"1 0 obj <<%s>> stream\n%s\nendstream endobj" % (filters, twice) + _END


def _pages() -> bytes:
    """A few pages that say they are two thousand million."""
    tree = b"1 0 obj <</Type /Pages /Count 2147483647 /Kids [1 0 R 1 0 R 1 0 R]>> endobj"
    return _START + tree + _END


def _nested() -> bytes:
    return _START + b"1 0 obj " + b"[" * MB + b"]" * MB + b" endobj" + _END


def _acting() -> bytes:
    actions = b"1 0 obj <</OpenAction <</S /JavaScript /JS (app.launchURL(x))>>>> endobj"
    return _START + actions + _END


@pytest.mark.parametrize("make", [_inflating, _pages, _nested, _acting])
async def test_a_document_is_kept_as_it_is_and_not_opened(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    """Its size as it travels is what it costs; what it would become in a viewer costs us nothing,
    and runs nowhere."""
    content = make()
    store = FileStore.open(tmp_path.as_uri(), Keyring.new(), owner="intake")
    tracemalloc.start()
    record = await store.put(in_pieces(content, 64 * 1024))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (record.media_type, record.size) == (PDF, len(content))
    assert peak < 16 * MB
    assert b"".join([part async for part in store.read(record)]) == content


def _behind(padding: int, *, height: int = 50_000) -> bytes:
    """A picture of 50,000 by 50,000, its frame header behind so much of something else."""
    whole = jpeg(50_000, height)
    segments = [b"\xff\xe1\xff\xff" + bytes(65_533)] * (padding // 65_535)
    return whole[:2] + b"".join(segments) + whole[2:]


@pytest.mark.parametrize(
    "content",
    [
        png(50_000, 50_000),
        png(2**31 - 1, 1),
        jpeg(50_000, 50_000),
        _behind(1 * MB),
        _behind(5 * MB),
        jpeg(50_000, 0),
        jpeg().replace(b"\xff\xc0", b"\xff\xe0"),
    ],
    ids=["png", "a long png", "jpeg", "late", "later", "of no height", "of no frame"],
)
@pytest.mark.parametrize("piece", [1000, 10**6])
async def test_a_picture_that_would_fill_the_memory_is_refused(
    content: bytes, piece: int, tmp_path: Path
) -> None:
    store = FileStore.open(tmp_path.as_uri(), Keyring.new(), owner="intake")
    with pytest.raises(FileTypeError):
        await store.put(in_pieces(content, piece))
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("padding", [0, 3 * MB])
@pytest.mark.parametrize("piece", [1, 700, 10**6])
def test_a_photograph_with_much_before_its_frame_is_still_a_picture(
    padding: int, piece: int
) -> None:
    if piece == 1 and padding:
        return
    segments = [b"\xff\xe1\xff\xff" + bytes(65_533)] * (padding // 65_535)
    whole = jpeg(4000, 3000)
    assert probe(whole[:2] + b"".join(segments) + whole[2:], piece).confirm() == "image/jpeg"


def _package() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil")
    return out.getvalue()


def _with_package(cover: bytes, comment: bytes) -> bytes:
    """What begins as one thing and can be opened from its end as another."""
    out = BytesIO(cover)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil")
        package.comment = comment
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        _with_package(pdf(), b"%%EOF"),
        _with_package(pdf(5000), b"\n%%EOF\n"),
        _with_package(jpeg(), b"\xff\xd9"),
        _with_package(png(), b"\x00\x00\x00\x00IEND\xaeB`\x82"),
        _package() + pdf(),
        b"GIF89a" + pdf(),
        b"<html>" + pdf(),
        _package(),
    ],
)
def test_what_is_two_things_at_once_is_neither(content: bytes) -> None:
    assert probe(content).confirm() is None


async def test_no_name_that_was_sent_becomes_a_path(tmp_path: Path) -> None:
    """The store draws its own names; there is nothing to climb out of."""
    folder = tmp_path / "files"
    store = FileStore.open(folder.as_uri(), Keyring.new(), owner="intake")
    records = [await store.put(in_pieces(pdf())) for _ in range(3)]
    for record in records:
        owner, first, rest = record.name.split("/")
        assert owner == "intake"
        assert set(first + rest) <= set("0123456789abcdef")
        assert len(first + rest) == 32
    kept = files_in(tmp_path)
    assert len(kept) == 3
    assert all(path.is_relative_to(folder / "intake") for path in kept)
