"""What a clerk and the other houses do in tests: submit a case, tell the window something."""

import copy
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from services.intake.api import examples
from services.intake.consumers import HANDLERS
from shared.chance import new_id
from shared.messaging import inbox
from shared.messaging.apply import Applier
from shared.messaging.envelope import Event, Message, seal
from shared.premises import Premises

CASES = "/intake/v1/cases"
EXAMPLES: dict[str, dict[str, Any]] = {
    name: dict(example["value"] or {}) for name, example in examples.SUBMISSIONS.items()
}


def submission(like: str = "remote_collection", /, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(EXAMPLES[like]), **changes}


async def submit(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    body: dict[str, Any] | None = None,
    *,
    key: str | None = None,
) -> dict[str, Any]:
    keyed = headers | {"Idempotency-Key": key or str(uuid4())}
    answer = await client.post(CASES, json=body or submission(), headers=keyed)
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


class OtherHouse:
    """Speaks to the window as routing or notify does: in sequence, personal fields sealed."""

    def __init__(self, premises: Premises, name: str) -> None:
        self._premises = premises
        self._name = name
        self._sequences: dict[str, int] = {}
        self._applier = Applier(
            premises.engine,
            premises.sessions,
            HANDLERS,
            carried=premises.carried,
            clock=premises.clock,
        )

    async def tell(self, *events: Event, subject: str, at: datetime) -> None:
        """Stored in the inbox and applied; fails where a handler failed."""
        await self.store(*(self.message(event, subject, at) for event in events))
        await self.apply()

    def message(self, event: Event, subject: str, at: datetime) -> Message:
        id_ = new_id()
        self._sequences[subject] = self._sequences.get(subject, 0) + 1
        return Message(
            id=id_,
            type=event.type,
            source=f"urn:tongban:630000:{self._name}",
            subject=subject,
            sequence=self._sequences[subject],
            time=at,
            data=seal(event, id=id_, keys=self._premises.carried.keys),
            standalone=event.standalone,
        )

    async def store(self, *messages: Message) -> None:
        async with self._premises.sessions.begin() as session:
            await inbox.store(session, messages)

    async def apply(self) -> None:
        await self._applier.apply_due()
