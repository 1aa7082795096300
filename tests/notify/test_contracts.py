"""What notify publishes keeps to tests/contracts/; who may do what keeps to the grants table."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from services.notify import events
from services.notify.actions import tracking
from services.notify.grants import GRANTS
from shared.messaging.envelope import Event
from shared.messaging.outbox import OUTBOX
from shared.premises import Premises
from shared.security.callers import Role
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, Post

CONTRACTS = Path(__file__).parents[1] / "contracts"


def contract(type_: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((CONTRACTS / f"{type_}.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("event", events.PUBLISHED, ids=lambda event: event.type)
def test_the_contract_names_every_field(event: type[Event]) -> None:
    schema = contract(event.type)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(event.model_fields)


async def test_what_is_published_is_what_the_contract_says(
    post: Post, premises: Premises, client: httpx.AsyncClient, token: Tokens
) -> None:
    await post.tell(town.case_received())
    await post.tell(town.case_decided())
    sealed, handed = town.parcel_sealed(), town.parcel_handed_over("EA000000013CN")
    await post.tell(sealed, handed, subject=town.PARCEL_SUBJECT)
    async with premises.sessions.begin() as session:
        await tracking.hear(session, town.PARCEL, town.trace("BACK"), at=town.AT)
    page = await client.get("/notify/v1/deliveries", params={"case_number": CASE}, headers=token())
    await client.get(town.result_path(page.json()["deliveries"][0]["link"]))
    async with premises.sessions() as session:
        rows = (await session.execute(select(OUTBOX))).all()
    assert {row.type for row in rows} == {event.type for event in events.PUBLISHED}
    for row in rows:
        assert row.subject == (
            town.PARCEL_SUBJECT if row.type == "notify.parcel-tracked.v1" else CASE
        )
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.validate(row.data, contract(row.type), format_checker=checker)


async def test_every_operation_is_granted_and_explained(app: FastAPI) -> None:
    schema = app.openapi()
    found = {
        operation["operationId"]: operation
        for path in schema["paths"].values()
        for operation in path.values()
    }
    assert set(found) == set(GRANTS)
    for name, operation in found.items():
        assert operation["summary"] != name
        assert any("\u4e00" <= each <= "\u9fff" for each in operation["description"]), name


async def test_who_has_no_grant_is_refused_before_the_body_is_read(
    post: Post, client: httpx.AsyncClient, token: Tokens, app: FastAPI
) -> None:
    """Every operation and every role; the body is nonsense on purpose."""
    some = "01890000-0000-7000-8000-000000000001"
    schema = app.openapi()
    for path, methods in schema["paths"].items():
        filled = path
        for name in ("delivery_id", "dispatch_id", "message_id", "code", "carrier"):
            filled = filled.replace(f"{{{name}}}", some)
        for method, operation in methods.items():
            grants = GRANTS[operation["operationId"]]
            if GRANTS.is_anonymous(operation["operationId"]):
                continue
            unknown = await client.request(method, filled, content=b"{")
            assert unknown.status_code == 401
            for role in Role:
                headers = token(role.value, division="630000", partner="gs")
                answer = await client.request(
                    method,
                    filled,
                    content=b"{",
                    headers=headers,
                )
                granted = role in grants  # type: ignore[operator]  # not an anonymous row
                assert (answer.status_code != 403) is granted, (role, operation["operationId"])
