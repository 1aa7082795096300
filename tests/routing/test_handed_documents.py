"""What one step made goes to the others: what, digest, from, to, sent, received, verified there."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.database import EmbeddedDatabase
from shared.chance import new_id
from shared.files.headers import write_digest
from tests.routing.bench import Bench, Person, Taken, open_bench

LEAD, BRANCH = "630104-GA", "620102-GA"
PERMIT = b"%PDF-1.4\n" + b"permit " * 10_000 + b"\n%%EOF\n"


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "GA-001") as opened:
        yield opened


async def permitted(bench: Bench, lead: Person) -> Taken:
    """The lead has accepted its first step, and can answer it."""
    case = await bench.receive(
        item_code="GA-001",
        mode="joint_handling",
        basis={"move_in": "630104", "move_out": "620102"},
        materials=[{"code": "M1", "form": "electronic", "count": 1}],
    )
    permit = await lead.claim(LEAD, case.number)
    await lead.post(f"/handoffs/{permit}/acceptance")
    return case


async def answered(
    bench: Bench, lead: Person, case: Taken, *documents: dict[str, Any], status: int = 200
) -> Any:
    permit = (await bench.handoffs(case.number))[0].id
    body = {"answer": "done", "documents": list(documents)}
    return await lead.post(f"/handoffs/{permit}/answer", body, status=status)


async def uploaded(person: Person, case: Taken, content: bytes = PERMIT) -> str:
    answer = await person.client.post(
        f"/routing/v1/cases/{case.number}/attachments",
        headers={**person.headers, "Content-Type": "application/pdf"},
        content=content,
    )
    assert answer.status_code == 201, answer.text
    digest: str = answer.json()["digest"]
    return digest


async def fetched(person: Person, handoff: Any, document: str) -> httpx.Response:
    return await person.client.get(
        f"/routing/v1/handoffs/{handoff}/documents/{document}/content", headers=person.headers
    )


async def test_a_permit_with_its_file_is_received_and_verified_at_the_other_end(
    bench: Bench,
) -> None:
    lead, branch = bench.person("officer", LEAD), bench.person("officer", BRANCH)
    case = await permitted(bench, lead)
    digest = await uploaded(lead, case)
    unknown = {"name": "准迁证", "number": "1", "file": write_digest(b"0" * 32)}
    refused = await answered(bench, lead, case, unknown, status=422)
    assert [(each["pointer"], each["code"]) for each in refused["faults"]] == [
        ("/documents/0/file", "unknown-file")
    ]
    await answered(bench, lead, case, {"name": "准迁证", "number": "2026-001", "file": digest})
    out = (await bench.handoffs(case.number))[1]
    (sent,) = (await branch.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert (sent["what"], sent["from_location"], sent["to_location"]) == ("document", LEAD, BRANCH)
    assert sent["digest"] == "sha-256:" + hashlib.sha256(PERMIT).hexdigest()
    assert (sent["received_at"] is not None, sent["verified_at"]) == (True, None)
    (document,) = (await branch.get(f"/handoffs/{out.id}"))["documents"]
    assert (document["id"], document["file"]) == (sent["subject_id"], digest)

    bench.now += timedelta(hours=1)
    answer = await fetched(branch, out.id, document["id"])
    assert (answer.status_code, answer.content == PERMIT) == (200, True)
    assert answer.headers["repr-digest"] == digest
    (sent,) = (await lead.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert sent["verified_at"] == bench.now.isoformat().replace("+00:00", "Z")
    trail = await bench.rows(
        "SELECT action, outcome FROM audit WHERE action LIKE 'document-%' ORDER BY id"
    )
    assert [tuple(each) for each in trail] == [
        ("document-fetched", "done"),
        ("document-verified", "whole"),
    ]


async def test_a_document_without_a_file_is_its_own_record(bench: Bench) -> None:
    lead, branch = bench.person("officer", LEAD), bench.person("officer", BRANCH)
    case = await permitted(bench, lead)
    await answered(bench, lead, case, {"name": "准迁登记", "number": "2026-001"})
    out = (await bench.handoffs(case.number))[1]
    (document,) = (await branch.get(f"/handoffs/{out.id}"))["documents"]
    assert document["file"] is None
    answer = await fetched(branch, out.id, document["id"])
    assert answer.json() == {
        "id": document["id"],
        "name": "准迁登记",
        "number": "2026-001",
        "file": None,
    }
    (sent,) = (await branch.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert sent["digest"] == "sha-256:" + hashlib.sha256(answer.content).hexdigest()
    assert sent["verified_at"] is not None


async def test_what_was_changed_on_the_way_is_not_handed_out(bench: Bench) -> None:
    lead, branch = bench.person("officer", LEAD), bench.person("officer", BRANCH)
    case = await permitted(bench, lead)
    digest = await uploaded(lead, case)
    other = await uploaded(lead, case, PERMIT.replace(b"permit", b"PERMIT"))
    await answered(bench, lead, case, {"name": "准迁证", "number": "1", "file": digest})
    out = (await bench.handoffs(case.number))[1]
    # Somebody puts another file under the same digest.
    await _swap_files(bench)
    (document,) = (await branch.get(f"/handoffs/{out.id}"))["documents"]
    answer = await fetched(branch, out.id, document["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "content-damaged")
    (sent,) = (await branch.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert sent["verified_at"] is None
    assert other != digest


async def _swap_files(bench: Bench) -> None:
    engine = bench.premises.engine
    async with engine.begin() as connection:
        rows = (
            await connection.exec_driver_sql("SELECT id, store_key, key_sealed FROM attachment")
        ).all()
        first, second = rows
        move = "UPDATE attachment SET store_key = $1, key_sealed = $2 WHERE id = $3"
        await connection.exec_driver_sql(move, ("apart", first.key_sealed, first.id))
        await connection.exec_driver_sql(move, (first.store_key, first.key_sealed, second.id))
        await connection.exec_driver_sql(move, (second.store_key, second.key_sealed, first.id))


async def test_a_record_that_is_not_what_was_sent_is_not_handed_out(bench: Bench) -> None:
    lead, branch = bench.person("officer", LEAD), bench.person("officer", BRANCH)
    case = await permitted(bench, lead)
    await answered(bench, lead, case, {"name": "准迁登记", "number": "1"})
    out = (await bench.handoffs(case.number))[1]
    async with bench.premises.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE transfer SET digest = 'sha-256:00'")
    (document,) = (await branch.get(f"/handoffs/{out.id}"))["documents"]
    for _ in range(2):
        answer = await fetched(branch, out.id, document["id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "content-damaged")


async def test_it_goes_to_the_places_of_the_matter_and_to_nobody_else(bench: Bench) -> None:
    lead, branch = bench.person("officer", LEAD), bench.person("officer", BRANCH)
    case = await permitted(bench, lead)
    await answered(bench, lead, case, {"name": "准迁登记", "number": "1"})
    out = await branch.claim(BRANCH, case.number)
    (document,) = (await branch.get(f"/handoffs/{out}"))["documents"]
    record = {"name": "迁出登记", "number": "2"}
    await branch.post(f"/handoffs/{out}/answer", {"answer": "done", "documents": [record]})
    settle = (await bench.handoffs(case.number))[2].id
    moved = (await lead.get(f"/cases/{case.number}/transfers"))["transfers"]
    assert [(each["from_location"], each["to_location"]) for each in moved] == [
        (LEAD, BRANCH),
        (BRANCH, LEAD),
    ]
    answer = await fetched(lead, settle, moved[1]["subject_id"])
    assert answer.json()["name"] == "迁出登记"
    # One's own from an earlier step too; but no stranger, and nobody without business in it.
    for person, handoff, found, status in (
        (lead, settle, document["id"], 200),
        (lead, settle, str(new_id()), 404),
        (bench.person("officer", "620102-CL"), settle, moved[1]["subject_id"], 404),
        (bench.person("ops", None), settle, moved[1]["subject_id"], 403),
    ):
        assert (await fetched(person, handoff, found)).status_code == status
