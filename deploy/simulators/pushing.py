"""Signed webhooks towards whoever listens, by the published standard rather than by our own code.

Written apart from the product's signing on purpose: a far side has read the standard too, and
two readings that agree are worth more than one.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import BaseModel

from shared.chance import new_id
from shared.clock import Clock

_ATTEMPTS = 6
_FIRST_WAIT = 0.2


class Subscription(BaseModel):
    url: str
    secret: str  # whsec_ and base64


class Pushed(BaseModel):
    """One attempt, as the simulator remembers it; status 0: no answer."""

    webhook_id: str
    subject: str
    attempt: int
    status: int
    events: int


class Pusher:
    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self.subscription: Subscription | None = None
        self.pushed: list[Pushed] = []
        self._client = client
        self._clock = clock

    async def push(self, subject: str, body: Mapping[str, Any], *, events: int) -> None:
        """Tries a few times, each with the same id, as carriers do; then it is left to pulling."""
        to = self.subscription
        if to is None:
            return
        webhook_id = f"msg_{new_id()}"
        for attempt in range(_ATTEMPTS):
            status = await self._try(to, webhook_id, json.dumps(body, ensure_ascii=False).encode())
            self.pushed.append(
                Pushed(
                    webhook_id=webhook_id,
                    subject=subject,
                    attempt=attempt + 1,
                    status=status,
                    events=events,
                )
            )
            if 200 <= status < 300:
                return
            await asyncio.sleep(_FIRST_WAIT * 2**attempt)

    async def _try(self, to: Subscription, webhook_id: str, body: bytes) -> int:
        timestamp = int(self._clock().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(to.secret, webhook_id, timestamp, body),
        }
        try:
            answer = await self._client.post(to.url, content=body, headers=headers)
        except httpx.HTTPError:
            return 0
        return answer.status_code


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
