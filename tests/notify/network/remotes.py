"""The admin side of a simulator, and the secret it signs with."""

from typing import Any

import httpx

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Remote:
    """The admin side of a simulator."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def post(self, path: str, body: Any = None) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.url + path, json=body)
        assert answer.status_code == 200, answer.text

    async def order(self, operation: str, *faults: dict[str, Any]) -> None:
        body = {"operation": operation, "key": "*", "faults": list(faults)}
        await self.post("/admin/faults", body)

    async def records(self) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False) as client:
            found: dict[str, Any] = (await client.get(f"{self.url}/admin/records")).json()
        return found
