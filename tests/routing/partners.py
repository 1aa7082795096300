"""A partner province for routing's tests: its places, its secret, its voice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from services.routing import app as routing
from services.routing.actions import applying
from services.routing.actions.given import Door, Worker
from services.routing.queries.registry import Known
from shared.http.inner import InnerDoor
from shared.webhooks import secrets, signing
from tests.routing.builders import OFFICE, House
from tests.there import ACCESS, There

PARTNER = "P-620000"
ZHAO = {"id": "zhao", "name": "赵经办"}


async def apply_next(worker: Worker) -> bool:
    """Whichever is due, a step or a file."""
    return await applying.apply_next(worker, files=False) or await applying.apply_next(
        worker, files=True
    )


@dataclass
class Province:
    """What it sends, signed with the secret that it was given."""

    house: House
    secret: str
    door: InnerDoor
    there: There = field(default_factory=There)

    def told(self, kind: str, *, at: datetime | None = None, **data: Any) -> bytes:
        event = {
            **({"time": at.isoformat()} if at else {}),
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "urn:tongban:620000:routing",
            "type": "routing.partner-told.v1",
            "data": {"kind": kind, "actor": ZHAO, **data},
        }
        return json.dumps(event).encode()

    def signed(
        self, body: bytes, *, id_: str | None = None, age: int = 0, secret: str | None = None
    ) -> dict[str, str]:
        at = int(self.house.clock().timestamp()) - age
        key = secrets.decode(secret or self.secret)
        return signing.sign_headers([key], id_ or str(uuid4()), at, body)

    async def post(
        self, body: bytes, headers: Mapping[str, str], *, partner: str = PARTNER
    ) -> httpx.Response:
        return await self.house.client.post(
            f"/routing/webhooks/partners/{partner}", content=body, headers=dict(headers)
        )

    async def say(self, kind: str, *, id_: str | None = None, **data: Any) -> str:
        """Sent and stored; its id."""
        body, id_ = self.told(kind, **data), id_ or str(uuid4())
        answer = await self.post(body, self.signed(body, id_=id_))
        assert answer.status_code == 202, answer.text
        return id_

    async def applied(self) -> int:
        """Everything that is due is worked off; how many there were."""
        done = 0
        while await apply_next(self.worker()):
            done += 1
        return done

    def worker(self, door: Door | None = None) -> Worker:
        premises = self.house.premises
        line = self.there.line(self.house.clock)
        return Worker(
            premises.sessions,
            door or self.door.visit,
            line,
            self.house.clock,
            missing_for=timedelta(days=3),
        )

    async def verdict(self, id_: str) -> tuple[str | None, list[str]]:
        rows = await self.house.rows(
            "SELECT outcome, faults FROM partner_webhook WHERE webhook_id = :id", id=id_
        )
        return rows[0].outcome, [each["code"] for each in rows[0].faults]

    async def does(self, kind: str, **data: Any) -> tuple[str | None, list[str]]:
        """Said, worked off, and what became of it."""
        id_ = await self.say(kind, **data)
        await self.applied()
        return await self.verdict(id_)


async def webhooks(house: House) -> None:
    """Its installation takes webhooks; a case that was here before told what the registry is."""
    known = house.premises.carried.caches[Known]
    assert isinstance(known, Known)
    partner = {**known.documents["partner", PARTNER], "version": 2, "way": "webhooks"}
    answer = await house.client.post(
        "/routing/v1/partners", json=[partner], headers=house.token("ops")
    )
    assert answer.status_code == 200, answer.text


async def province(house: House, place: str = OFFICE) -> Province:
    """The office in Lanzhou becomes a place of its province's own system."""
    door = InnerDoor(lambda passes: routing.create_app(replace(house.premises, verifier=passes)))
    known = house.premises.carried.caches.get(Known)
    assert isinstance(known, Known)
    document = {
        **known.documents["location", place],
        "version": 2,
        "system": f"partner:{PARTNER}",
    }
    answer = await house.client.post(
        "/routing/v1/locations", json=[document], headers=house.token("ops")
    )
    assert answer.status_code == 200, answer.text
    return Province(house, await new_secret(house), door)


async def with_access(house: House) -> None:
    """We may fetch there."""
    answer = await house.post(f"/partners/{PARTNER}/access", house.token("ops"), **ACCESS)
    assert answer.status_code == 200, answer.text


async def new_secret(house: House, **body: Any) -> str:
    answer = await house.post(f"/partners/{PARTNER}/secrets", house.token("ops"), **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])
