"""The catalogue: found, read, explained; imported whole or not at all, and announced."""

import copy
import csv
import io
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.intake.actions.catalogue import import_catalogue
from services.intake.api.examples import CATALOGUES
from services.intake.app import load_catalogue
from services.intake.domain import catalogues
from services.intake.events import ItemPublished
from services.intake.models import ItemVersionRow
from shared.errors import InvalidError
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from tests.intake.builders import catalogue
from tests.intake.conftest import AT, CATALOGUE, Tokens

ITEMS = "/intake/v1/items"


@pytest.mark.parametrize(
    "role", ["clerk", "platform", "officer", "supervisor", "dispatcher", "ops", "auditor"]
)
async def test_every_role_reads_the_catalogue(
    client: httpx.AsyncClient, token: Tokens, role: str
) -> None:
    answer = await client.get(ITEMS, params={"limit": "200"}, headers=token(role, None))
    found = answer.json()
    assert {each["code"] for each in found["items"]} == {
        item["code"] for item in catalogue()["items"]
    }
    assert found["next"] is None


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"name": "残疾人证"}, {"CL-001", "CL-002"}),
        ({"mode": "joint_handling"}, {"GA-001", "RS-001"}),
        ({"department": "公安部"}, {"GA-001", "GA-002", "GA-003"}),
        ({"object": "2"}, {"GA-003", "SC-001", "SC-002", "ST-001"}),
        ({"object": "1", "department": "公安部", "name": "无犯罪"}, {"GA-003"}),
        ({"name": "没有这样的事项"}, set()),
    ],
)
async def test_items_are_found_by_name_department_mode_and_object(
    client: httpx.AsyncClient, token: Tokens, params: dict[str, str], codes: set[str]
) -> None:
    found = (await client.get(ITEMS, params=params, headers=token())).json()
    assert {each["code"] for each in found["items"]} == codes


async def test_items_come_in_pages(client: httpx.AsyncClient, token: Tokens) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        params = {"limit": "5"} | ({"after": after} if after else {})
        page = (await client.get(ITEMS, params=params, headers=token())).json()
        seen += [each["code"] for each in page["items"]]
        after = page["next"]
    assert seen == sorted(item["code"] for item in catalogue()["items"])


async def test_an_item_is_read_whole_and_an_unknown_one_is_not_found(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    item = (await client.get(f"{ITEMS}/CL-001", headers=token())).json()
    assert item["materials"][0]["name"] == "有效居住证"
    for url in (f"{ITEMS}/XX-999", f"{ITEMS}/CL-001?version=9"):
        assert (await client.get(url, headers=token())).status_code == 404


@pytest.mark.parametrize(
    ("params", "needed"),
    [
        ({"mode": "full_online"}, {"M1", "M2", "M4"}),
        ({"mode": "remote_collection"}, {"M1", "M2", "M3", "M4"}),
        ({"mode": "full_online", "age": "12"}, {"M1", "M2", "M4", "M5"}),
        ({"mode": "full_online", "form.disability_kind": "mental"}, {"M1", "M2", "M4", "M5"}),
        ({"mode": "full_online", "capacity": "guardian"}, {"M1", "M2", "M4", "M5"}),
    ],
)
async def test_the_checklist_is_for_this_applicant_and_mode(
    client: httpx.AsyncClient, token: Tokens, params: dict[str, str], needed: set[str]
) -> None:
    found = (await client.get(f"{ITEMS}/CL-001/checklist", params=params, headers=token())).json()
    assert {line["code"] for line in found["materials"] if line["needed"]} == needed


async def _announced(premises: Premises) -> list[tuple[str, int]]:
    async with premises.sessions() as session:
        rows = await session.execute(
            select(OUTBOX).where(OUTBOX.c.type == ItemPublished.type).order_by(OUTBOX.c.id)
        )
        return [(row.subject, row.data["version"]) for row in rows]


async def _import(premises: Premises, raw: object) -> Any:
    async with premises.sessions.begin() as session:
        return await import_catalogue(session, catalogues.read(raw), at=AT)


async def test_each_published_version_is_announced_once_however_often_it_is_loaded(
    premises: Premises,
) -> None:
    before = await _announced(premises)
    assert len(before) == len(catalogue()["items"])
    again = await load_catalogue(premises, CATALOGUE)
    assert (again.added, again.changed) == (0, 0)
    assert await _announced(premises) == before


async def test_a_file_with_a_fault_publishes_nothing_and_names_every_fault(
    premises: Premises,
) -> None:
    raw = catalogue()
    raw["items"][0]["version"] = 2
    raw["items"][1]["modes"] = ["by_pigeon"]
    raw["items"][2]["level"] = "99"
    with pytest.raises(InvalidError) as refused:
        await _import(premises, raw)
    pointers = {fault.pointer for fault in refused.value.faults}
    assert {"/items/1/modes/0", "/items/2/level"} <= pointers
    async with premises.sessions() as session:
        versions = await session.scalars(select(ItemVersionRow.version))
        assert set(versions) == {1}


async def test_a_published_version_does_not_change_but_may_end(premises: Premises) -> None:
    raw = catalogue()
    raw["items"][0]["name"] = "改了名称"
    with pytest.raises(InvalidError) as refused:
        await _import(premises, raw)
    assert [fault.code for fault in refused.value.faults] == ["version-published"]
    ended = catalogue()
    ended["items"][0]["valid_to"] = "2026-12-31"
    imported = await _import(premises, ended)
    assert (imported.added, imported.changed) == (0, 1)
    assert (await _announced(premises))[-1] == (f"item:{ended['items'][0]['code']}", 1)


async def test_a_new_version_is_taken_from_its_day_on_without_a_restart(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    assert (await client.get(f"{ITEMS}/CL-001", headers=token())).json()["version"] == 1
    old = next(item for item in catalogue()["items"] if item["code"] == "CL-001")
    new = copy.deepcopy(old) | {"version": 2, "valid_from": AT.date().isoformat()}
    old["valid_to"] = date(2026, 9, 6).isoformat()
    await _import(premises, catalogue() | {"items": [old, new]})
    # As a second would pass: the process then asks whether the catalogue has changed.
    client_app: Any = client._transport
    client_app.app.state.catalogue.forget()
    assert (await client.get(f"{ITEMS}/CL-001", headers=token())).json()["version"] == 2
    pinned = await client.get(f"{ITEMS}/CL-001", params={"version": 1}, headers=token())
    assert pinned.json()["valid_to"] == "2026-09-06"


CATALOGUE_URL = "/intake/v1/catalogue"


async def test_operations_export_and_import_the_catalogue_as_a_table_or_as_json(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    ops = token("ops", None)
    for kind, media_type in (("csv", "text/csv"), ("json", "application/json")):
        exported = await client.get(CATALOGUE_URL, params={"format": kind}, headers=ops)
        assert exported.headers["content-type"].startswith(media_type)
        again = await client.post(
            CATALOGUE_URL, content=exported.content, headers=ops | {"Content-Type": media_type}
        )
        assert again.status_code == 200, again.text
        assert again.json() == {"added": 0, "changed": 0, "unchanged": 13, "dry": False}
        changed = exported.content.replace("残疾人证到期换领".encode(), "换证".encode())
        refused = await client.post(
            CATALOGUE_URL, content=changed, headers=ops | {"Content-Type": media_type}
        )
        assert refused.status_code == 422
        (fault,) = refused.json()["faults"]
        assert fault["code"] == "version-published"
        # In the order of their codes it is the first, below the heading.
        assert fault["pointer"] == {"csv": "/rows/2/name", "json": "/items/0/name"}[kind]


def _records(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_a_table_with_one_fault_publishes_nothing_and_a_dry_run_neither(
    client: httpx.AsyncClient, token: Tokens, premises: Premises
) -> None:
    ops = token("ops", None) | {"Content-Type": "text/csv"}
    rows = _records(
        (await client.get(CATALOGUE_URL, params={"format": "csv"}, headers=ops)).content
    )
    version, level = rows[0].index("version"), rows[0].index("level")
    for row in rows[1:]:
        row[version] = "2"
    good = await client.post(f"{CATALOGUE_URL}?dry=true", content=_table(rows), headers=ops)
    assert (good.json()["added"], good.json()["dry"]) == (13, True)
    rows[1][level] = "99"
    bad = await client.post(CATALOGUE_URL, content=_table(rows), headers=ops)
    assert [fault["pointer"] for fault in bad.json()["faults"]] == ["/rows/2/level"]
    async with premises.sessions() as session:
        assert set(await session.scalars(select(ItemVersionRow.version))) == {1}


def _table(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def test_the_example_of_an_import_is_a_draft_that_nobody_is_offered(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    body = CATALOGUES["draft"]["value"]
    imported = await client.post(CATALOGUE_URL, json=body, headers=token("ops", None))
    assert imported.json()["added"] == 1, imported.text
    listed = (await client.get(ITEMS, params={"limit": 200}, headers=token())).json()
    assert "SL-001" not in {each["code"] for each in listed["items"]}
    assert (await client.post(CATALOGUE_URL, json=body, headers=token())).status_code == 403
