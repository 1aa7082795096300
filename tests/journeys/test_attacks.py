"""Forged and revoked tokens at every door of the real houses: refused, and said so in the log."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from deploy.database import EmbeddedDatabase
from shared.clock import utc_now
from shared.security.callers import Role
from shared.security.issuer import ISSUER_URL, LocalIssuer
from tests.installation import Installation, installation

DOORS = ("/intake/v1/items", "/routing/v1/locations", "/notify/v1/deliveries")
WINDOW = "630104-C1"
STRANGER = ec.generate_private_key(ec.SECP256R1())

Claims = dict[str, Any]


def _claims(**changes: Any) -> Claims:
    now = int(utc_now().timestamp())
    claims = {
        "iss": ISSUER_URL,
        "aud": "tongban",
        "sub": "clerk-1",
        "role": "clerk",
        "location": WINDOW,
        "iat": now,
        "exp": now + 600,
    }
    return {**claims, **changes}


def _parts(header: Mapping[str, Any], claims: Claims) -> bytes:
    return b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (header, claims)
    )


def _unsigned(issuer: LocalIssuer) -> str:
    return (_parts({"alg": "none", "typ": "JWT"}, _claims()) + b".").decode()


def _public_key_as_secret(issuer: LocalIssuer) -> str:
    public = issuer._key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = _parts({"alg": "HS256", "typ": "JWT", "kid": issuer._jwk["kid"]}, _claims())
    tag = base64.urlsafe_b64encode(hmac.digest(public, body, "sha256")).rstrip(b"=")
    return (body + b"." + tag).decode()


def _signed(key: Any = None, *, header: Any = (), **claims: Any) -> Callable[[LocalIssuer], str]:
    def make(issuer: LocalIssuer) -> str:
        headers = {"kid": issuer._jwk["kid"], "typ": "at+jwt", **dict(header)}
        return jwt.encode(_claims(**claims), key or issuer._key, "ES256", headers=headers)

    return make


def _offered_key() -> Any:
    return {"jwk": ECAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)}


ATTACKS: Mapping[str, tuple[Callable[[LocalIssuer], str], str]] = {
    "alg none": (_unsigned, "algorithm not agreed"),
    "public key as a shared secret": (_public_key_as_secret, "algorithm not agreed"),
    "a stranger's key": (_signed(STRANGER), "InvalidSignatureError"),
    "wrong audience": (_signed(aud="somebody-else"), "InvalidAudienceError"),
    "another issuer": (_signed(iss="https://elsewhere.example"), "unknown issuer"),
    "expired": (_signed(iat=1_700_000_000, exp=1_700_000_600), "expired"),
    "not valid yet": (_signed(nbf=4_000_000_000, exp=4_000_000_600), "not valid yet"),
    "issued in the future": (_signed(iat=4_000_000_000, exp=4_000_000_600), "not valid yet"),
    "unknown key id": (_signed(header={"kid": "not-ours"}), "unknown key"),
    "jku": (_signed(STRANGER, header={"jku": "https://x.example/k"}), "InvalidSignatureError"),
    "x5u": (_signed(STRANGER, header={"x5u": "https://x.example/c"}), "InvalidSignatureError"),
    "jwk": (_signed(STRANGER, header=_offered_key()), "InvalidSignatureError"),
    "critical extension": (_signed(header={"crit": ["exp"]}), "not a token"),
    "an identity token": (_signed(header={"typ": "id+jwt"}), "not an access token"),
    "a role that is none": (_signed(role="root"), "unknown role"),
    "no token at all": (lambda _: "", "no bearer token"),
    "noise": (lambda _: "a.b.c", "not a token"),
}


@pytest.mark.timeout(240)
async def test_no_forged_token_opens_any_door_and_each_is_logged(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        good = houses.bearer(Role.CLERK, location=WINDOW)
        for door in DOORS:
            assert (await houses.client.get(door, headers=dict(good))).status_code == 200
        for name, (make, reason) in ATTACKS.items():
            for door in DOORS:
                token = make(houses.issuer)
                headers = {"Authorization": f"Bearer {token}"}
                with structlog.testing.capture_logs() as logged:
                    answer = await houses.client.get(door, headers=headers)
                assert answer.status_code == 401, name
                assert answer.json()["code"] == "no-token"
                refused = [each for each in logged if each["event"] == "token_refused"]
                assert [each["reason"] for each in refused] == [reason], name
                assert not [
                    part for part in token.split(".") if len(part) > 8 and part in str(logged)
                ]


@pytest.mark.timeout(240)
async def test_a_token_of_another_place_shows_nothing_of_this_one(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        queue = "/routing/v1/queues/620102-RS/handoffs?wait=0"
        own = houses.bearer(Role.OFFICER, location="620102-RS")
        foreign = houses.bearer(Role.OFFICER, location="610113-RS")
        assert (await houses.client.get(queue, headers=dict(own))).status_code == 200
        assert (await houses.client.get(queue, headers=dict(foreign))).status_code in (403, 404)


@pytest.mark.timeout(240)
async def test_a_revoked_token_is_shut_out_of_every_house_within_seconds(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        lost, kept = (houses.bearer(Role.CLERK, location=WINDOW) for _ in range(2))
        assert await _statuses(houses, lost) == {200}
        token_id = jwt.decode(lost["Authorization"][7:], options={"verify_signature": False})["jti"]
        await _revoke(houses, {"token_id": token_id, "reason": "lost"})
        await _until(houses, lost, {401})
        assert await _statuses(houses, kept) == {200}


@pytest.mark.timeout(240)
async def test_an_account_loses_what_it_was_given_before_and_not_what_it_is_given_after(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        before, other = _of(houses, "clerk-7"), _of(houses, "clerk-8")
        assert await _statuses(houses, before) == {200}
        await _revoke(houses, {"account": "clerk-7", "reason": "misused"})
        await _until(houses, before, {401})
        assert await _statuses(houses, other) == {200}
        assert await _statuses(houses, _of(houses, "clerk-7", seconds=1)) == {200}
        listed = await houses.client.get(
            "/routing/v1/revocations", headers=dict(houses.bearer(Role.AUDITOR))
        )
        assert [each["account"] for each in listed.json()["revocations"]] == ["clerk-7"]


def _of(houses: Installation, account: str, *, seconds: int = 0) -> dict[str, str]:
    token = houses.issuer.issue(
        subject=account,
        role=Role.CLERK,
        location=WINDOW,
        at=utc_now() + timedelta(seconds=seconds),
        ttl=timedelta(hours=1),
    )
    return {"Authorization": f"Bearer {token}"}


async def _statuses(houses: Installation, headers: Mapping[str, str]) -> set[int]:
    return {(await houses.client.get(door, headers=dict(headers))).status_code for door in DOORS}


async def _revoke(houses: Installation, body: dict[str, str]) -> None:
    answer = await houses.client.post(
        "/routing/v1/revocations", json=body, headers=dict(houses.bearer(Role.OPS))
    )
    assert answer.status_code == 201, answer.text


async def _until(houses: Installation, headers: Mapping[str, str], wanted: set[int]) -> None:
    """Within seconds: by message to the other houses, and each looks again every second."""
    for _ in range(100):
        if await _statuses(houses, headers) == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("still let in")
