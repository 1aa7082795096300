"""Routing on a real database, as it is wired: fed with messages, asked over HTTP."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from pydantic_core import to_json
from sqlalchemy import text

from deploy.database import EmbeddedDatabase
from services.routing import app as routing
from services.routing.consumers import HANDLERS
from shared.chance import new_id
from shared.configuration import IssuerSettings
from shared.identity import case_numbers
from shared.messaging import inbox
from shared.messaging.apply import Applier
from shared.messaging.envelope import Message
from shared.premises import Premises, open_premises
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from shared.security.keys import Keyring

DEPLOY = Path(__file__).parents[2] / "deploy"
MORNING = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
WINDOW, OFFICE = "630104-C1", "620102-CL"
PERSONAL = {"application", "reason", "file", "form"}


@dataclass
class Bench:
    premises: Premises
    client: httpx.AsyncClient
    issuer: LocalIssuer
    keyring: Keyring
    time: list[datetime]
    sequences: dict[str, int] = field(default_factory=dict)
    serial: int = 0

    @property
    def now(self) -> datetime:
        return self.time[0]

    @now.setter
    def now(self, at: datetime) -> None:
        self.time[0] = at

    def person(self, role: str, location: str | None, **claims: Any) -> "Person":
        token = self.issuer.issue(
            subject=claims.pop("subject", f"{role}-{location}"),
            name="示例人员",
            role=Role(role),
            location=location,
            at=self.now,
            ttl=timedelta(days=400),
            **claims,
        )
        return Person(self.client, {"Authorization": f"Bearer {token}"})

    async def tell(self, type_: str, subject: str, data: dict[str, Any]) -> None:
        """A message from another house, stored and applied."""
        await self.store(type_, subject, data)
        await self.apply()

    async def store(self, type_: str, subject: str, data: dict[str, Any]) -> None:
        id_, house = new_id(), type_.partition(".")[0]
        plain = json.loads(to_json(data))
        for name in PERSONAL & set(plain):
            sealed = self.keyring.seal("events", to_json(plain[name]), context=f"{id_}:{name}")
            plain[name] = {"sealed": base64.b64encode(sealed).decode()}
        key = f"{house}:{subject}"
        self.sequences[key] = self.sequences.get(key, 0) + 1
        message = Message(
            id=id_,
            type=type_,
            source=f"urn:tongban:630000:{house}",
            subject=subject,
            sequence=self.sequences[key],
            time=self.now,
            data=plain,
            standalone=subject.startswith("item:"),
        )
        async with self.premises.sessions.begin() as session:
            await inbox.store(session, [message])

    async def apply(self) -> None:
        premises = self.premises
        applier = Applier(
            premises.engine,
            premises.sessions,
            HANDLERS,
            carried=premises.carried,
            clock=lambda: self.now,
        )
        while await applier.apply_next():
            pass
        async with premises.sessions() as session:
            rows = await session.execute(
                text("SELECT type, last_error FROM inbox WHERE applied_at IS NULL")
            )
            assert rows.all() == []

    async def receive(self, originals: Sequence[str] = (), **changes: Any) -> "Taken":
        """A case comes from the window; `originals` are the materials of its papers."""
        self.serial += 1
        number = case_numbers.compose("630000", 2026, self.serial)
        papers = [(new_id(), code) for code in originals]
        data: dict[str, Any] = {
            "case_number": number,
            "item_code": "CL-001",
            "item_version": 1,
            "mode": "remote_collection",
            "channel": "window",
            "receiving_location": WINDOW,
            "basis": {"household_registration": "620102"},
            "received_at": self.now,
            "priority": "normal",
            "delivery_method": "post",
            "materials": [{"code": "M3", "form": "original", "count": 1}],
            "originals": [{"original_id": str(id_), "material_code": code} for id_, code in papers],
            "application": {"applicant": {"kind": "person", "name": "李示例"}, "form": {}},
        }
        await self.tell("intake.case-received.v1", number, {**data, **changes})
        return Taken(number, [str(id_) for id_, _ in papers])

    async def told(self, type_: str) -> list[dict[str, Any]]:
        """What routing has announced of this type."""
        async with self.premises.sessions() as session:
            rows = await session.scalars(
                text("SELECT data FROM outbox WHERE type = :type ORDER BY id"), {"type": type_}
            )
            return list(rows)

    async def rows(self, query: str, **given: Any) -> list[Any]:
        async with self.premises.sessions() as session:
            return list((await session.execute(text(query), given)).all())

    async def handoffs(self, number: str) -> list[Any]:
        return await self.rows(
            "SELECT * FROM handoff WHERE case_number = :n ORDER BY stage, id", n=number
        )


@dataclass(frozen=True)
class Taken:
    number: str
    originals: list[str]

    def label(self, place: int) -> str:
        return f"{self.number}-{place:02}"


@dataclass(frozen=True)
class Person:
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str, *, status: int = 200, **given: Any) -> Any:
        answer = await self.client.get(f"/routing/v1{path}", headers=self.headers, **given)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(
        self, path: str, body: Any = None, *, status: int = 200, key: str | None = None
    ) -> Any:
        headers = {**self.headers, "Idempotency-Key": key or str(new_id())}
        answer = await self.client.post(f"/routing/v1{path}", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def claim(self, location: str, number: str, *, status: str | None = None) -> str:
        """The id of the case's handoff in this queue, claimed."""
        found = await self.get(f"/queues/{location}/handoffs")
        own = next(each for each in found["handoffs"] if each["case_number"] == number)
        assert status is None or own["status"] == status
        await self.post(f"/handoffs/{own['id']}/claim")
        return str(own["id"])


@asynccontextmanager
async def open_bench(
    database: str, postgres: EmbeddedDatabase, folder: Path, *items: str
) -> AsyncIterator[Bench]:
    """`items` are codes of the catalogue that this test needs."""
    keyring = Keyring.create(folder / "keyring.json")
    issuer = LocalIssuer.new()
    (folder / "jwks.json").write_text(json.dumps(issuer.jwks()))
    settings = routing.Settings(
        served=False,
        transport="embedded",
        database_url=SecretStr(postgres.url("tongban_routing", database)),
        sealer_database_url=SecretStr(postgres.url("tongban_routing_sealer", database)),
        keyring_file=folder / "keyring.json",
        files_url=(folder / "files").as_uri(),
        issuers=(IssuerSettings(issuer=issuer.url, jwks_file=folder / "jwks.json"),),
        division="630000",
    )
    time = [MORNING]
    async with open_premises("routing", settings, lambda: time[0]) as premises:
        await routing.load_directory(premises, DEPLOY / "directory.json")
        app = routing.create_app(premises)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://routing.test") as client:
            bench = Bench(premises, client, issuer, keyring, time)
            for item in json.loads((DEPLOY / "catalogue.json").read_text("utf-8"))["items"]:
                if item["code"] in items:
                    await bench.store("intake.item-published.v1", f"item:{item['code']}", item)
            await bench.apply()
            yield bench


def uuids(values: Sequence[str]) -> list[UUID]:
    return [UUID(each) for each in values]
