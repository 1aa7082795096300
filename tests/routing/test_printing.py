"""What the papers desk prints: manifests, labels of bags, labels of papers."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from deploy.database import EmbeddedDatabase
from tests.routing.bench import OFFICE, WINDOW, Bench, Person, open_bench


@pytest.fixture
async def bench(database: str, postgres: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(database, postgres, tmp_path, "CL-001") as opened:
        yield opened


@pytest.fixture
def sender(bench: Bench) -> Person:
    return bench.person("dispatcher", WINDOW)


async def fetched(person: Person, path: str, status: int = 200) -> httpx.Response:
    answer = await person.client.get(f"/routing/v1{path}", headers=person.headers)
    assert answer.status_code == status, answer.text
    return answer


async def text_of(person: Person, path: str) -> str:
    answer = await fetched(person, path)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pages))


async def test_a_manifest_is_printed_once_the_bag_is_sealed(bench: Bench, sender: Person) -> None:
    case = await bench.receive(["M2", "M3"])
    given = {"from": WINDOW, "to": OFFICE, "originals": case.originals}
    bag = await sender.post("/parcels", given, status=201)
    refused = (await fetched(sender, f"/parcels/{bag['id']}/manifest", 409)).json()
    assert (refused["code"], refused["current_status"]) == ("manifest-open", "open")
    await sender.post(f"/parcels/{bag['id']}/sealing", {"seal_number": "0045821"})
    handed = {"carrier": "EMS", "waybill": "EA123456789CN"}
    await sender.post(f"/parcels/{bag['id']}/handover", handed)
    for end in (sender, bench.person("dispatcher", OFFICE)):
        text = await text_of(end, f"/parcels/{bag['id']}/manifest")
        for wanted in (bag["number"], case.label(1), case.label(2), "残疾人证原件", "共2件"):
            assert wanted in text
        assert "EA123456789CN" in text
        assert "李示例" not in text
    stranger = bench.person("dispatcher", "513201-CL")
    await fetched(stranger, f"/parcels/{bag['id']}/manifest", 404)


async def test_a_bags_label_says_where_it_goes(bench: Bench, sender: Person) -> None:
    case = await bench.receive(["M3"])
    given = {"from": WINDOW, "to": OFFICE, "originals": case.originals}
    bag = await sender.post("/parcels", given, status=201)
    text = await text_of(sender, f"/parcels/{bag['id']}/label")
    for wanted in (bag["number"], "送往", "兰州市城关区残疾人联合会", "材料：1件", "电话："):
        assert wanted in text


async def test_every_original_of_a_case_gets_its_label(bench: Bench, sender: Person) -> None:
    case = await bench.receive(["M2", "M3"])
    text = await text_of(sender, f"/cases/{case.number}/labels?skip=3")
    for wanted in (case.label(1), case.label(2), "送往甘肃省兰州市城关区残疾人联合会"):
        assert wanted in text
    (printed,) = await bench.rows(
        "SELECT actor, facts FROM audit WHERE action = 'original-labels-printed'"
    )
    assert printed.facts == {"count": 2}
    await fetched(sender, f"/cases/{case.number}/labels?skip=24", 422)


async def test_a_case_without_originals_has_nothing_to_label(bench: Bench, sender: Person) -> None:
    case = await bench.receive([])
    assert (await fetched(sender, f"/cases/{case.number}/labels", 409)).json()["code"] == (
        "no-originals"
    )
