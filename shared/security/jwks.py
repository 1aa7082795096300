"""Where an issuer's public keys come from: a fixed set, or what the issuer publishes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared.security.outbound import AnswerTooLargeError, fetch

COOL_DOWN: Final = timedelta(seconds=30)
MAX_AGE: Final = timedelta(minutes=10)
MAX_BYTES: Final = 256 * 1024
WITHIN_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


class KeySource(Protocol):
    async def find(self, kid: str, at: datetime) -> PyJWK | None: ...

    def holds(self, kid: str) -> bool:
        """Whether the key still counts: a token verified with a withdrawn key does not."""
        ...


class StaticKeys:
    """The embedded installation's own key, or keys handed over on paper."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = read_jwks(jwks)

    async def find(self, kid: str, at: datetime) -> PyJWK | None:  # noqa: ARG002
        return self._keys.get(kid)

    def holds(self, kid: str) -> bool:
        return kid in self._keys


class DiscoveredKeys:
    """Keys by OpenID discovery. Fetched again when ten minutes old, or for an unknown key id, but
    never more than once in thirty seconds: made-up key ids cannot make us call out. An issuer
    that cannot be reached leaves the keys at hand in force."""

    def __init__(self, issuer: str, client: httpx.AsyncClient) -> None:
        self._issuer = issuer
        self._client = client
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def find(self, kid: str, at: datetime) -> PyJWK | None:
        if self._due(kid, at):
            async with self._turn:
                # Another may have fetched them while this one waited for its turn.
                if self._due(kid, at):
                    await self._refetch(at)
        return self._keys.get(kid)

    def holds(self, kid: str) -> bool:
        return kid in self._keys

    def _due(self, kid: str, at: datetime) -> bool:
        if self._tried_at is not None and at - self._tried_at < COOL_DOWN:
            return False
        old = self._fetched_at is None or at - self._fetched_at >= MAX_AGE
        return old or kid not in self._keys

    async def _refetch(self, at: datetime) -> None:
        self._tried_at = at
        try:
            keys = read_jwks(await self._read(await self._jwks_uri()))
        except (httpx.HTTPError, AnswerTooLargeError, TimeoutError, ValueError) as error:
            log.warning("jwks_not_fetched", issuer=self._issuer, error=type(error).__name__)
            return
        self._keys = keys
        self._fetched_at = at

    async def _jwks_uri(self) -> str:
        found = await self._read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        uri = found.get("jwks_uri")
        if found.get("issuer") != self._issuer or not isinstance(uri, str):
            raise ValueError("the discovery document speaks of another issuer")
        if urlsplit(uri).scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise ValueError("keys offered over a weaker channel than the issuer's own")
        return uri

    async def _read(self, url: str) -> Mapping[str, Any]:
        request = self._client.build_request("GET", url, headers={"accept": "application/json"})
        answer = await fetch(self._client, request, limit=MAX_BYTES, within=WITHIN_SECONDS)
        if answer.status != httpx.codes.OK:
            raise ValueError(f"answered {answer.status}")
        document = json.loads(answer.body)
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return document


def read_jwks(jwks: Mapping[str, Any]) -> dict[str, PyJWK]:
    """Public signature keys by id; what is of an unknown kind, or for encryption, is left out."""
    keys: dict[str, PyJWK] = {}
    entries = jwks.get("keys")
    for entry in entries if isinstance(entries, Sequence) else ():
        key = _read_jwk(entry)
        if key is not None and key.key_id:
            keys[key.key_id] = key
    return keys


def _read_jwk(entry: Any) -> PyJWK | None:
    # A symmetric key among published ones would let anybody sign.
    if not isinstance(entry, dict) or entry.get("kty") not in {"EC", "RSA", "OKP"}:
        return None
    if entry.get("use", "sig") != "sig":
        return None
    try:
        return PyJWK(entry)
    except (PyJWTError, ValueError):
        return None
