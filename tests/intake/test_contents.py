"""Files of materials: up and down, checked, sealed, bounded, by grant."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from sqlalchemy import func, select

from services.intake import events
from services.intake.models import ContentRow
from shared.files.headers import write_digest
from shared.messaging.envelope import unseal
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.intake.conftest import Tokens
from tests.intake.window import CASES, submit

PDF = b"%PDF-1.7\n" + b"0123456789abcdef" * 9000 + b"\n%%EOF\n"


def url(number: str, material: str = "M1") -> str:
    return f"{CASES}/{number}/materials/{material}/content"


def digest(content: bytes) -> str:
    return write_digest(hashlib.sha256(content).digest())


async def test_a_file_comes_back_as_it_was_and_lies_sealed(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, tmp_path: Path
) -> None:
    number = (await submit(client, token()))["case_number"]
    headers = token() | {"Content-Type": "application/pdf", "Repr-Digest": digest(PDF)}
    put = await client.put(url(number), content=PDF, headers=headers)
    assert put.status_code == 201, put.text
    assert put.json() == {
        "digest": digest(PDF),
        "size": len(PDF),
        "media_type": "application/pdf",
    }
    got = await client.get(url(number), headers=token())
    assert got.content == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["repr-digest"] == digest(PDF)
    stored = [path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert b"0123456789abcdef" not in stored[0]
    case = (await client.get(f"{CASES}/{number}", headers=token())).json()
    assert case["materials"][0]["content"]["size"] == len(PDF)


async def test_a_range_is_a_part(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    await client.put(url(number), content=PDF, headers=token())
    part = await client.get(url(number), headers=token() | {"Range": "bytes=70000-70099"})
    assert (part.status_code, part.content) == (206, PDF[70000:70100])
    assert part.headers["content-range"] == f"bytes 70000-70099/{len(PDF)}"
    beyond = await client.get(url(number), headers=token() | {"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(PDF)}"


async def test_the_file_is_announced_with_its_sealed_key(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    await client.put(url(number), content=PDF, headers=token())
    async with premises.sessions() as session:
        told = (
            await session.execute(
                OUTBOX.select().where(
                    OUTBOX.c.subject == number, OUTBOX.c.type == events.ContentStored.type
                )
            )
        ).one()
    stored = unseal(told.data, events.ContentStored, id=told.id, keys=premises.carried.keys)
    assert stored.material_code == "M1"
    assert set(stored.file) == {"name", "sealed_key"}
    assert str(stored.file["name"]) not in str(told.data)


async def _refused(
    client: httpx.AsyncClient, premises: Premises, tmp_path: Path, answer: httpx.Response
) -> str:
    async with premises.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ContentRow)) == 0
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    code: str = answer.json()["code"]
    return code


async def test_what_is_refused_leaves_nothing(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, tmp_path: Path
) -> None:
    number = (await submit(client, token()))["case_number"]
    wrong = token() | {"Repr-Digest": digest(b"other")}
    for content, headers, status, code in (
        (b"MZ not a document", token(), 415, "file-type-not-accepted"),
        (PDF, token() | {"Content-Type": "image/png"}, 415, "file-type-mismatch"),
        (PDF, wrong, 422, "digest-mismatch"),
    ):
        answer = await client.put(url(number), content=content, headers=headers)
        assert answer.status_code == status, answer.text
        assert await _refused(client, premises, tmp_path, answer) == code


async def test_an_upload_that_breaks_off_leaves_nothing(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, tmp_path: Path
) -> None:
    number = (await submit(client, token()))["case_number"]

    async def broken() -> AsyncIterator[bytes]:
        yield PDF[:70000]

    answer = await client.put(url(number), content=broken(), headers=token())
    assert await _refused(client, premises, tmp_path, answer) == "file-type-not-accepted"


async def test_more_than_fifty_megabytes_is_413(client: httpx.AsyncClient, token: Tokens) -> None:
    number = (await submit(client, token()))["case_number"]
    headers = token() | {"Content-Length": str(51 * 1024 * 1024)}
    answer = await client.put(url(number), content=b"%PDF-1.7", headers=headers)
    assert answer.status_code == 413


async def test_what_is_streamed_beyond_fifty_megabytes_is_413_and_leaves_nothing(
    client: httpx.AsyncClient, token: Tokens, premises: Premises, tmp_path: Path
) -> None:
    number = (await submit(client, token()))["case_number"]

    async def endless() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n"
        for _ in range(51):
            yield b"0" * 1024 * 1024

    answer = await client.put(url(number), content=endless(), headers=token())
    assert answer.status_code == 413
    await _refused(client, premises, tmp_path, answer)


async def test_a_second_file_replaces_the_first_which_is_kept(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    number = (await submit(client, token()))["case_number"]
    first = await client.put(url(number), content=PDF, headers=token())
    other = PDF.replace(b"0123", b"9999")
    stale = await client.put(url(number), content=other, headers=token() | {"If-Match": '"1"'})
    assert stale.status_code == 412
    headers = token() | {"If-Match": first.headers["etag"]}
    assert (await client.put(url(number), content=other, headers=headers)).status_code == 201
    assert (await client.get(url(number), headers=token())).content == other
    async with premises.sessions() as session:
        rows = (await session.scalars(select(ContentRow).order_by(ContentRow.content_id))).all()
    assert [row.replaced_at is None for row in rows] == [False, True]


async def test_unknown_material_foreign_window_and_missing_file_are_404(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    number = (await submit(client, token()))["case_number"]
    unknown = await client.put(url(number, "M99"), content=PDF, headers=token())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "material-unknown")
    foreign = token(location="630104-C1")
    assert (await client.put(url(number), content=PDF, headers=foreign)).status_code == 404
    missing = await client.get(url(number), headers=token())
    assert (missing.status_code, missing.json()["code"]) == (404, "no-content")
