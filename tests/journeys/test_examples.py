"""Every request example of the API pages, sent as it stands to a fresh installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.instance import Instance
from deploy.stories.people import StuckError, World
from shared.security.issuer import LocalIssuer
from tests.architecture.operations import Operation
from tests.journeys.preparing import PREPARED, Preparing, at_once, with_papers

HOUSES = ("intake", "routing", "notify")
# What an example speaks of and an installation of its own does not have.
ABSENT = {
    ("hand_over_dispatch", "已预约"): "a carrier that takes bookings",
    ("choose_carrier", "选定"): "a carrier that takes bookings",
    ("receive_carrier_push", "示例"): "a carrier, whose secret signs what it pushes",
    ("receive_partner_webhook", "受理"): "a partner, whose secret signs what it tells",
    ("receive_sms_reports", "示例"): "a gateway, whose secret signs what it reports",
}


@pytest.mark.processes
@pytest.mark.timeout(600)
async def test_every_example_works_as_it_stands(place: Path) -> None:
    async with _installation(place / "data") as preparing:
        pages = [await page_of(preparing, house) for house in HOUSES]
        shown = [
            (operation, name, body)
            for operations in pages
            for operation in operations
            for name, body in operation.examples.items()
            if (operation.name, name) not in ABSENT
        ]
        assert len(shown) > 40
        said = await at_once((each[0].name, partial(_sent, preparing, *each)) for each in shown)
        failed = [each for each in said if each is not None]
    assert not failed, "\n".join(failed)


@asynccontextmanager
async def _installation(folder: Path) -> AsyncIterator[Preparing]:
    instance = Instance(folder)
    try:
        await instance.start()
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        async with httpx.AsyncClient(base_url=instance.origin, timeout=35) as client:
            yield Preparing(World(client, issuer, lambda _: None, "examples"))
    finally:
        await instance.stop()


async def page_of(preparing: Preparing, house: str) -> list[Operation]:
    answer = await preparing.world.client.get(f"/{house}/openapi.json")
    page = answer.json()
    return [
        Operation(house, method.upper(), path, document, page["components"]["schemas"])
        for path, methods in page["paths"].items()
        for method, document in methods.items()
    ]


async def _sent(preparing: Preparing, operation: Operation, name: str, body: Any) -> str | None:
    prepare = PREPARED.get(operation.name)
    if prepare is None:
        return f"{operation} {name}: say in preparing.py how it comes to this"
    try:
        ready = await prepare(preparing)
    except StuckError as error:
        return f"{operation} {name}: not prepared: {error}"
    path = operation.path.format_map({"location": "620102-RS", **ready.path})
    answer = await preparing.world.client.request(
        operation.method,
        path,
        json=with_papers(body, ready.papers),
        headers={**ready.person.headers, "Idempotency-Key": str(uuid4())},
    )
    if answer.is_success:
        return None
    return f"{operation} {name}: {answer.status_code} {answer.text[:400]}"
