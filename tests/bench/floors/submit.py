"""A submission by hand: FastAPI, pydantic, asyncpg; sealed and stored like ours, one statement a
table, in a transaction. No token, no rules, no item: what is left is the least that must be done.

Its tables are copies of intake's, with the same indexes, checks and references.
"""

import hashlib
import hmac
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Header, Request, Response
from pydantic import BaseModel

from shared.chance import new_id, new_tracking_code
from shared.clock import utc_now

_CIPHER = AESGCM(os.urandom(32))
_MAC = os.urandom(32)
_NUMBERS = itertools.count(1)


class Applicant(BaseModel):
    kind: str
    name: str
    id_type: str
    id_number: str
    phone: str | None = None


class Material(BaseModel):
    code: str
    form: str
    count: int = 1


class Submission(BaseModel):
    item_code: str
    mode: str
    channel: str
    applicant: Applicant
    basis: dict[str, str]
    form: dict[str, Any]
    materials: list[Material]
    delivery: dict[str, str]


def seal(data: bytes, context: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + _CIPHER.encrypt(nonce, data, context.encode())


def blind(kind: str, value: str) -> bytes:
    return hmac.digest(_MAC, f"{kind}\0{value}".encode(), "sha256")[:16]


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@asynccontextmanager
async def _pool(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        host=os.environ["FLOOR_SOCKET"],
        database=os.environ["FLOOR_DATABASE"],
        user="postgres",
        min_size=20,
        max_size=20,
        server_settings={"search_path": "floor", "jit": "off"},
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_pool, openapi_url=None)

_KEY = "INSERT INTO idempotency VALUES ($1, 'submit', $2, $3, NULL, NULL, $4)"
_CASE = """
INSERT INTO case_file (case_number, tracking_index, tracking_sealed, item_code, item_version, mode,
    channel, receiving_location, receiving_division, received_by, received_at, priority, basis,
    delivery_method, applicant_kind, name_index, id_number_index, phone_index, application_sealed,
    status, next_actor, changed_at)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, 'normal', $11, $12, $13, $14, $15, $16, $17,
    'received', 'routing', $10)
"""
_MATERIALS = """
INSERT INTO case_material (material_id, case_number, code, form, count, given_at)
SELECT id, $2, code, form, count, $6
FROM unnest($1::uuid[], $3::text[], $4::text[], $5::int[]) AS given (id, code, form, count)
"""
_ORIGINALS = """
INSERT INTO case_original (original_id, case_number, material_code)
SELECT id, $2, code FROM unnest($1::uuid[], $3::text[]) AS given (id, code)
"""
_STEP = """
INSERT INTO case_step (step_id, case_number, at, what, location)
VALUES ($1, $2, $3, 'received', $4)
"""
_AUDIT = """
INSERT INTO audit (id, at, actor, actor_role, actor_location, action, case_number, outcome, address,
    request_id, facts, proof)
VALUES ($1, $2, $3, 'clerk', $4, 'case-received', $5, 'done', '127.0.0.1', $6, $7, $8)
"""
_SEQUENCE = "INSERT INTO subject_sequence VALUES ($1, 1)"
_OUTBOX = """
INSERT INTO outbox (id, subject, sequence, type, lane, at, data)
VALUES ($1, $2, 1, 'intake.case-received.v1', 'interactive', $3, $4)
"""
_REPLY = """
UPDATE idempotency SET status = 201, reply = $3
WHERE caller = $1 AND operation = 'submit' AND key = $2
"""


@app.post("/cases", status_code=201)
async def submit(
    body: Submission, request: Request, key: str = Header(alias="Idempotency-Key")
) -> Response:
    at, caller, place = utc_now(), "clerk-1", "630104-C1"
    number = f"{next(_NUMBERS):017}"
    code, who = new_tracking_code(), body.applicant
    raw = await request.body()
    written = body.model_dump_json().encode()
    digest = hmac.digest(_MAC, raw, "sha256")
    ids = [new_id() for _ in body.materials]
    kept = [each.code for each in body.materials if each.form == "original"]
    originals = [new_id() for _ in kept]
    audit_id, message_id = new_id(), new_id()
    facts = {"item": body.item_code, "version": 1, "mode": body.mode, "originals": len(kept)}
    proof = hmac.digest(_MAC, _dumps([str(audit_id), number, facts]).encode(), "sha256")
    event = {
        "case_number": number,
        "item_code": body.item_code,
        "mode": body.mode,
        "receiving_location": place,
        "basis": body.basis,
        "received_at": at.isoformat(),
        "materials": [each.model_dump() for each in body.materials],
        "originals": [
            {"original_id": str(id_), "material_code": code}
            for id_, code in zip(originals, kept, strict=True)
        ],
        "application": {"sealed": seal(written, f"{message_id}:application").hex()},
        "tracking_code": {"sealed": seal(code.encode(), f"{message_id}:tracking").hex()},
    }
    reply = _dumps(
        {
            "case_number": number,
            "tracking_code": code,
            "status": "received",
            "received_at": at.isoformat(),
            "item": {"code": body.item_code, "version": 1},
            "originals": event["originals"],
            "receipt_url": f"/cases/{number}/documents/receipt",
            "faults": [],
        }
    ).encode()
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(_KEY, caller, key, digest, at + timedelta(days=7))
        await connection.execute(
            _CASE,
            number,
            blind("tracking", code),
            seal(code.encode(), f"tracking:{number}"),
            body.item_code,
            body.mode,
            body.channel,
            place,
            place[:6],
            caller,
            at,
            _dumps(body.basis),
            body.delivery["method"],
            who.kind,
            blind("name", who.name),
            blind("id_number", who.id_number),
            blind("phone", who.phone or ""),
            seal(written, f"application:{number}"),
        )
        await connection.execute(
            _MATERIALS,
            ids,
            number,
            [each.code for each in body.materials],
            [each.form for each in body.materials],
            [each.count for each in body.materials],
            at,
        )
        await connection.execute(_ORIGINALS, originals, number, kept)
        await connection.execute(_STEP, new_id(), number, at, place)
        await connection.execute(
            _AUDIT, audit_id, at, caller, place, number, key, _dumps(facts), proof
        )
        await connection.execute(_SEQUENCE, number)
        await connection.execute(_OUTBOX, message_id, number, at, _dumps(event))
        await connection.execute(_REPLY, caller, key, seal(reply, f"{caller}:{key}"))
    return Response(
        reply,
        201,
        {"Location": f"/cases/{number}", "ETag": hashlib.sha256(b"1").hexdigest()[:8]},
        "application/json",
    )


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False)
