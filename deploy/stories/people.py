"""The people of a story: each has a place, a token and patience with a house that is away."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from deploy.outside import Outside
from shared.clock import utc_now
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer

Say = Callable[[str], None]

PATIENCE = 120.0
_AWAY = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout)


class StuckError(Exception):
    """The story cannot go on; says at what."""


@dataclass(frozen=True, slots=True)
class World:
    """One installation: where it answers, and who vouches for people there."""

    client: httpx.AsyncClient
    issuer: LocalIssuer
    say: Say
    story: str
    # A carrier and an SMS gateway, where the installation has them.
    outside: Outside | None = None

    def person(self, role: Role, name: str, location: str | None = None) -> "Person":
        token = self.issuer.issue(
            subject=f"{role.value}-{location or 'all'}",
            name=name,
            role=role,
            location=location,
            at=utc_now(),
            ttl=timedelta(hours=2),
        )
        return Person(self, name, {"Authorization": f"Bearer {token}"})

    def passer_by(self) -> "Person":
        """Somebody without a token, with a code in hand."""
        return Person(self, "申请人", {})


@dataclass(frozen=True, slots=True)
class Person:
    world: World
    name: str
    headers: dict[str, str]

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self._ask("GET", path, **options)

    async def post(
        self, path: str, body: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202)
    ) -> Any:
        """Safe to say again: the key follows from the story, person, place and words."""
        content = f"{self.world.story}|{self.name}|{path}|{body!r}"
        key = hashlib.sha256(content.encode()).hexdigest()[:32]
        answer = await self._ask("POST", path, json=body or {}, headers={"Idempotency-Key": key})
        wanted = (expect,) if isinstance(expect, int) else expect
        if answer.status_code not in wanted:
            raise StuckError(f"{self.name} POST {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self._ask(method, path, **options)

    async def fetched(self, path: str, *, what: str) -> bytes:
        """The bytes that lie there, once they do."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            answer = await self.get(path, params={"purpose": "审查申请材料"})
            if answer.status_code == httpx.codes.OK:
                return answer.content
            await asyncio.sleep(0.1)
        raise StuckError(f"{self.name} 等不到{what}（{path}）：{answer.status_code}")

    async def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """An answer that does not come, or a house that is starting, is asked again for a while."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                answer = await self.world.client.request(
                    method, path, headers={**self.headers, **(headers or {})}, **options
                )
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
                reason = "503"
            except _AWAY as error:
                reason = type(error).__name__
            if asyncio.get_running_loop().time() > deadline:
                raise StuckError(f"{self.name} {method} {path}: {reason}")
            await asyncio.sleep(0.2)

    async def until(
        self,
        path: str,
        found: Callable[[Any], Any],
        *,
        what: str,
        ok: int = 200,
    ) -> Any:
        """Look again until `found` says something true of the answer."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        last = ""
        while asyncio.get_running_loop().time() < deadline:
            answer = await self.get(path)
            last = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code == ok and (value := found(answer.json())):
                return value
            await asyncio.sleep(0.1)
        raise StuckError(f"{self.name} 等不到{what}（{path}）：{last}")

    async def claim(self, location: str, case_number: str) -> dict[str, Any]:
        """Wait at the queue until the case is there; then take it."""
        handoff = await self.in_queue(location, case_number)
        claimed: dict[str, Any] = await self.post(f"/routing/v1/handoffs/{handoff['id']}/claim")
        return claimed

    async def in_queue(self, location: str, case_number: str) -> dict[str, Any]:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        tag = ""
        while asyncio.get_running_loop().time() < deadline:
            answer = await self._ask(
                "GET",
                f"/routing/v1/queues/{location}/handoffs",
                params={"wait": 20, "limit": 200},
                headers={"If-None-Match": tag} if tag else None,
            )
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                continue
            if answer.status_code != httpx.codes.OK:
                raise StuckError(f"{self.name} 轮询 {location}：{answer.status_code} {answer.text}")
            tag = answer.headers["ETag"]
            for handoff in answer.json()["handoffs"]:
                if handoff["case_number"] == case_number:
                    found: dict[str, Any] = handoff
                    return found
        raise StuckError(f"{self.name} 在 {location} 的队列里等不到 {case_number}")
