"""Messages and clocks for routing's tests, with sensible defaults."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic_core import to_json
from sqlalchemy import CursorResult, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from services.routing.consumers import HANDLERS
from shared.chance import new_id
from shared.clock import SHANGHAI
from shared.messaging import inbox
from shared.messaging.apply import Applier
from shared.messaging.envelope import Message
from shared.premises import Premises
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

CATALOGUE = Path("deploy/catalogue.json")
WINDOW = "630104-C1"
# Where RS-002 of somebody from 620102 is handled, by the demo directory.
OFFICE = "620102-RS"

_ITEMS: dict[str, dict[str, Any]] = {
    item["code"]: item for item in json.loads(CATALOGUE.read_text("utf-8"))["items"]
}


def item_document(code: str = "RS-002", **changes: Any) -> dict[str, Any]:
    """An item of the demo catalogue, with `limits` merged and the rest replaced."""
    document = json.loads(json.dumps(_ITEMS[code]))
    document["limits"] |= changes.pop("limits", {})
    return {**document, **changes}


class MovableClock:
    """Asked like any clock; moved by the test, never by waiting."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def set(self, day: date | str, hour: int = 10) -> None:
        """That hour of a local day."""
        on = date.fromisoformat(day) if isinstance(day, str) else day
        self.at = datetime.combine(on, time(hour), SHANGHAI).astimezone(UTC)

    def forward(self, **span: int) -> None:
        self.at += timedelta(**span)


@dataclass
class House:
    """Routing on a database of its own, with a client and a hand that feeds it messages."""

    premises: Premises
    app: FastAPI
    client: httpx.AsyncClient
    issuer: LocalIssuer
    clock: MovableClock
    _applier: Applier = field(init=False)
    _sequences: dict[str, int] = field(default_factory=dict)
    _cases: int = 0

    def __post_init__(self) -> None:
        premises = self.premises
        self._applier = Applier(
            premises.engine, premises.sessions, HANDLERS, carried=premises.carried, clock=self.clock
        )

    def token(self, role: str, location: str | None = None, **claims: Any) -> dict[str, str]:
        subject = claims.pop("subject", f"{role}-1")
        token = self.issuer.issue(
            subject=subject,
            name=claims.pop("name", "李官员"),
            role=Role(role),
            at=self.clock(),
            ttl=timedelta(days=400),
            location=location,
            **claims,
        )
        return {"authorization": f"Bearer {token}"}

    def officer(self, location: str = OFFICE, number: int = 1) -> dict[str, str]:
        return self.token("officer", location, subject=f"officer-{number}")

    def supervisor(self, location: str = OFFICE) -> dict[str, str]:
        return self.token("supervisor", location, division=location[:6])

    async def feed(
        self,
        type_: str,
        subject: str,
        data: Mapping[str, Any],
        *,
        personal: Sequence[str] = (),
        standalone: bool = False,
    ) -> None:
        """As if intake had said it; applied before this returns."""
        await self.feed_many([(type_, subject, data, personal, standalone)])

    async def feed_many(
        self, said: Sequence[tuple[str, str, Mapping[str, Any], Any, bool]]
    ) -> None:
        messages = [self._message(*each) for each in said]
        async with self.premises.sessions.begin() as session:
            await inbox.store(session, messages)
        await self._applier.apply_due()
        async with self.premises.sessions() as session:
            left = await session.execute(
                text("SELECT type, last_error FROM inbox WHERE applied_at IS NULL")
            )
            unapplied = left.all()
        assert not unapplied, unapplied

    def _message(
        self, type_: str, subject: str, data: Mapping[str, Any], personal: Any, standalone: bool
    ) -> Message:
        sequence = self._sequences[subject] = self._sequences.get(subject, 0) + 1
        id_, sealed = new_id(), dict(data)
        for name in personal:
            content = self.premises.carried.keys.seal(
                "events", to_json(sealed[name]), context=f"{id_}:{name}"
            )
            sealed[name] = {"sealed": base64.b64encode(content).decode()}
        return Message(
            id=id_,
            type=type_,
            source="urn:tongban:630000:intake",
            subject=subject,
            sequence=sequence,
            time=self.clock(),
            data=json.loads(to_json(sealed)),
            standalone=standalone,
        )

    async def publish(self, document: Mapping[str, Any]) -> None:
        subject = f"item:{document['code']}"
        await self.feed("intake.item-published.v1", subject, document, standalone=True)

    def case(self, **changes: Any) -> dict[str, Any]:
        self._cases += 1
        number = f"630000{26:02}{self._cases:08}1"
        basis = changes.pop("basis", {"household_registration": "620102"})
        return {
            "case_number": number,
            "item_code": "RS-002",
            "item_version": 1,
            "mode": "full_online",
            "channel": "window",
            "receiving_location": WINDOW,
            "basis": basis,
            "chosen_basis": "household_registration",
            "received_at": self.clock().isoformat(),
            "priority": "normal",
            "delivery_method": "electronic",
            "materials": [{"code": "M1", "form": "electronic", "count": 1}],
            "originals": [],
            "application": {
                "applicant": {
                    "kind": "person",
                    "name": "张三丰",
                    "id_number": "620102199001011234",
                    "phone": "13800000000",
                },
                "form": {"reason": "示例"},
            },
            **changes,
        }

    async def receive(self, **changes: Any) -> str:
        """A case taken at the window now; its number."""
        given = self.case(**changes)
        await self.receive_many([given])
        return str(given["case_number"])

    async def receive_many(self, cases: Sequence[Mapping[str, Any]]) -> None:
        await self.feed_many(
            [
                ("intake.case-received.v1", each["case_number"], each, ("application",), False)
                for each in cases
            ]
        )

    async def supplement(self, case_number: str, *codes: str, **changes: Any) -> None:
        await self.feed(
            "intake.supplement-given.v1",
            case_number,
            {
                "case_number": case_number,
                "supplement_id": str(new_id()),
                "given_at": self.clock().isoformat(),
                "materials": [{"code": code, "form": "electronic", "count": 1} for code in codes],
                "originals": [],
                "application": {},
                **changes,
            },
            personal=("application",),
        )

    async def withdraw(self, case_number: str) -> None:
        data = {
            "case_number": case_number,
            "withdrawal_id": str(new_id()),
            "at": self.clock().isoformat(),
            "reason": "示例",
        }
        await self.feed("intake.withdrawal-requested.v1", case_number, data, personal=("reason",))

    async def handoff_of(self, case_number: str) -> str:
        rows = await self.rows(
            "SELECT id FROM handoff WHERE case_number = :number AND outcome IS NULL ORDER BY id",
            number=case_number,
        )
        return str(rows[0].id)

    async def rows(self, query: str, **values: Any) -> Sequence[Any]:
        async with self.premises.sessions.begin() as session:
            found = await session.execute(text(query), values)
            return found.all() if isinstance(found, CursorResult) and found.returns_rows else []

    async def told(self, case_number: str) -> list[tuple[str, dict[str, Any]]]:
        """What routing has announced of a case, in order."""
        rows = await self.rows(
            "SELECT type, data FROM outbox WHERE subject = :number ORDER BY sequence",
            number=case_number,
        )
        return [(row.type, row.data) for row in rows]

    async def post(self, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
        return await self.client.post(f"/routing/v1{path}", headers=headers, json=body)

    async def get(self, path: str, headers: dict[str, str], **query: Any) -> httpx.Response:
        return await self.client.get(f"/routing/v1{path}", headers=headers, params=query)

    async def claimed(self, case_number: str, who: dict[str, str] | None = None) -> str:
        """Its handoff, claimed by the officer."""
        handoff = await self.handoff_of(case_number)
        answer = await self.post(f"/handoffs/{handoff}/claim", who or self.officer())
        assert answer.status_code == 200, answer.text
        return handoff

    async def accepted(self, **changes: Any) -> tuple[str, str]:
        """A case received, claimed and accepted now: its number and its handoff."""
        number = await self.receive(**changes)
        handoff = await self.claimed(number)
        answer = await self.post(f"/handoffs/{handoff}/acceptance", self.officer())
        assert answer.status_code == 200, answer.text
        return number, handoff


@asynccontextmanager
async def counted(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    """The statements that are sent meanwhile."""
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


@asynccontextmanager
async def captured(engine: AsyncEngine) -> AsyncIterator[list[tuple[str, Any]]]:
    """The statements with what is given to them: what is really asked, to be asked about."""
    statements: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def plans(
    house: House, ask: Callable[[AsyncSession], Awaitable[Any]], *, about: str = "handoff"
) -> str:
    """How the database goes about what this function asks of a table, in its own words."""
    async with captured(house.premises.engine) as statements, house.premises.sessions() as session:
        await ask(session)
        await session.rollback()
    own = [each for each in statements if about in each[0] and "pg_snapshot" not in each[0]]
    assert own, statements
    found = []
    async with house.premises.engine.connect() as connection:
        for statement, parameters in own:
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", tuple(parameters))
            found += [row[0] for row in plan]
    return "\n".join(found)
