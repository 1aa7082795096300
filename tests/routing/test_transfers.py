"""Files that travel without paper: recorded when sent, received, verified; fetched and audited."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.database import EmbeddedDatabase
from shared.chance import new_id
from shared.files.store import FileStore
from tests.routing.bench import WINDOW, Bench, Taken, open_bench

OFFICE = "620102-RS"
PDF = b"%PDF-1.4\n" + b"0123456789" * 20_000 + b"\n%%EOF\n"


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "RS-002") as opened:
        yield opened


@pytest.fixture
def files(bench: Bench, tmp_path: Path) -> FileStore:
    return FileStore.open((tmp_path / "files").as_uri(), bench.keyring, owner="intake")


async def taken(bench: Bench) -> Taken:
    return await bench.receive(
        item_code="RS-002",
        mode="full_online",
        chosen_basis="household_registration",
        delivery_method="electronic",
    )


async def stored(
    bench: Bench, files: FileStore, case: Taken, content: bytes = PDF, *, digest: str | None = None
) -> str:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    record = await files.put(stream(), declared="application/pdf")
    await bench.tell(
        "intake.content-stored.v1",
        case.number,
        {
            "case_number": case.number,
            "material_code": "M1",
            "content_id": str(new_id()),
            "digest": digest or f"sha-256:{record.sha256.hex()}",
            "size": record.size,
            "media_type": record.media_type,
            "stored_at": bench.now,
            "file": {
                "name": record.name,
                "sealed_key": base64.b64encode(record.sealed_key).decode(),
            },
        },
    )
    return record.name


async def test_a_file_is_recorded_when_sent_received_and_verified(
    bench: Bench, files: FileStore
) -> None:
    case = await taken(bench)
    (row,) = await bench.handoffs(case.number)
    officer = bench.person("officer", OFFICE)
    path = f"/handoffs/{row.id}/materials/M1/content"
    await officer.get(path, status=404)
    await stored(bench, files, case)
    (sent,) = (await officer.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert (sent["from_location"], sent["to_location"]) == (WINDOW, OFFICE)
    assert sent["verified_at"] is None
    bench.now += timedelta(minutes=5)
    url = f"/routing/v1{path}"
    answer = await bench.client.get(url, headers=officer.headers)
    assert (answer.status_code, answer.content == PDF) == (200, True)
    assert answer.headers["content-type"] == "application/pdf"
    part = await bench.client.get(url, headers={**officer.headers, "Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"%PDF")
    (sent,) = (await officer.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert sent["verified_at"] is not None
    trail = await bench.rows(
        "SELECT action, outcome FROM audit WHERE case_number = :n AND action LIKE 'content%' "
        "ORDER BY id",
        n=case.number,
    )
    assert [tuple(each) for each in trail] == [
        ("content-fetched", "done"),
        ("content-verified", "whole"),
        ("content-fetched", "done"),
    ]


async def test_what_is_not_what_was_sent_is_not_handed_out(bench: Bench, files: FileStore) -> None:
    case = await taken(bench)
    (row,) = await bench.handoffs(case.number)
    await stored(bench, files, case, digest="sha-256:" + "0" * 64)
    officer = bench.person("officer", OFFICE)
    answer = await officer.get(f"/handoffs/{row.id}/materials/M1/content", status=409)
    assert answer["code"] == "content-damaged"
    (sent,) = (await officer.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert sent["verified_at"] is None


async def test_only_the_office_that_works_on_it_fetches_the_newest_file(
    bench: Bench, files: FileStore
) -> None:
    case = await taken(bench)
    (row,) = await bench.handoffs(case.number)
    await stored(bench, files, case)
    bench.now += timedelta(minutes=5)
    newer = PDF.replace(b"0123", b"9999")
    await stored(bench, files, case, newer)
    officer, url = bench.person("officer", OFFICE), f"/handoffs/{row.id}/materials/M1/content"
    answer = await bench.client.get(f"/routing/v1{url}", headers=officer.headers)
    assert answer.content == newer
    # What there is to fetch stands in the case itself, by name.
    seen = (await officer.get(f"/handoffs/{row.id}"))["materials"]
    assert [(each["code"], each["name"], each["file"] is None) for each in seen] == [
        ("M3", None, True),
        ("M1", "有效身份证件(居民身份证或社会保障卡)", False),
    ]
    file = seen[1]["file"]
    assert (file["size"], file["media_type"]) == (len(newer), "application/pdf")
    await bench.person("officer", "620102-CL").get(url, status=404)
    await bench.person("ops", None).get(url, status=403)


async def test_the_right_office_gets_the_files_with_the_case(
    bench: Bench, files: FileStore
) -> None:
    case = await taken(bench)
    await stored(bench, files, case)
    officer = bench.person("officer", OFFICE)
    handoff = await officer.claim(OFFICE, case.number)
    body = {"location": "620000-RS", "reason": "属于省级"}
    await officer.post(f"/handoffs/{handoff}/transfer-on", body)
    follower = next(row for row in await bench.handoffs(case.number) if row.location == "620000-RS")
    other = bench.person("officer", "620000-RS")
    url = f"/routing/v1/handoffs/{follower.id}/materials/M1/content"
    answer = await bench.client.get(url, headers=other.headers)
    assert (answer.status_code, answer.content == PDF) == (200, True)
