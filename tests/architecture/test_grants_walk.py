"""Every operation, every role, at home, abroad and nowhere: the answer is what the table says.

The three real applications, on a migrated database in which cases have been carried from a window
to an office and back; the same sentences for every operation there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.database import EmbeddedDatabase
from deploy.stories import full_online, remote_collection
from deploy.stories.people import World
from shared.security.callers import Role
from shared.security.grants import Relation
from tests.architecture.operations import GRANTS, Operation, operations
from tests.architecture.places import (
    ABROAD,
    NOWHERE,
    Standing,
    at_home,
    needs_a_place,
    relations_of,
)
from tests.installation import Installation, installation

# Where the things are whose ids stand in paths.
_THINGS = {
    "case_number": "SELECT case_number FROM routing.routed_case ORDER BY 1",
    "handoff_id": "SELECT id FROM routing.handoff ORDER BY 1",
    "parcel_id": "SELECT id FROM routing.parcel ORDER BY 1",
    "discrepancy_id": "SELECT id FROM routing.discrepancy ORDER BY 1",
    "approval_id": "SELECT id FROM routing.approval ORDER BY 1",
    "appointment_id": "SELECT id FROM routing.appointment ORDER BY 1",
    "delivery_id": "SELECT id FROM notify.delivery ORDER BY 1",
    "dispatch_id": "SELECT id FROM notify.dispatch ORDER BY 1",
    "message_id": "SELECT id FROM notify.message ORDER BY 1",
    "subscription_id": "SELECT id FROM notify.subscription ORDER BY 1",
}
# The first of these belong to the first story, at whose places one is at home.
_OF_THE_FIRST = {"case_number", "handoff_id", "delivery_id", "subscription_id"}
# Places in a path are somebody's: those of the cases, which are foreign to who stands abroad.
_PLACES = {"location": full_online.OFFICE}
# A partner's token always says which; one that does not is no token at all.
_PARTNERS: Mapping[Role | None, dict[str, str]] = {Role.PARTNER: {"partner": "P-620000"}}
_UNKNOWN = str(uuid4())
_POLLS_AT_ONCE = {"wait": "0"}


@dataclass(frozen=True, slots=True)
class Walk:
    houses: Installation
    offered: Sequence[Operation]
    things: Mapping[str, Sequence[str]]

    def path(self, operation: Operation, *, real: bool = True) -> str:
        filled = operation.path
        for name, parameter in operation.parameters.items():
            filled = filled.replace(f"{{{name}}}", self._value(name, parameter, real=real))
        return filled

    def _value(self, name: str, parameter: Mapping[str, Any], *, real: bool) -> str:
        if real and self.things.get(name):
            return self.things[name][0]
        if name in _PLACES:
            return _PLACES[name]
        schema = parameter["schema"]
        shown = [parameter.get("example"), *parameter.get("examples", {}).values()]
        shown += [*schema.get("examples", ()), schema.get("example"), *schema.get("enum", ())]
        first = next((each for each in shown if each is not None), _UNKNOWN)
        return str(first["value"] if isinstance(first, dict) else first)

    def about(self) -> Iterator[str]:
        """What nobody abroad may read anywhere: ids of the cases and of their parts."""
        for ids in self.things.values():
            yield from ids

    async def ask(
        self, operation: Operation, role: Role | None, standing: Standing, **sent: Any
    ) -> httpx.Response:
        claims = _PARTNERS.get(role, {}) | dict(standing.claims)
        headers = dict(self.houses.bearer(role, **claims)) if role else {}
        headers["Idempotency-Key"] = str(uuid4())
        query = _POLLS_AT_ONCE | sent.pop("query", {})
        return await self.houses.client.request(
            operation.method, sent.pop("path"), headers=headers, params=query, **sent
        )

    async def on_the_trail(self, house: str, purpose: str) -> int:
        connection = await asyncpg.connect(
            host=self.houses.database.socket_folder,
            user="postgres",
            database=self.houses.database.name,
        )
        try:
            return int(
                await connection.fetchval(
                    f"SELECT count(*) FROM {house}.audit WHERE facts->>'purpose' = $1", purpose
                )
            )
        finally:
            await connection.close()

    async def nonsense(
        self, operation: Operation, role: Role | None, standing: Standing
    ) -> httpx.Response:
        """A body that nobody could read, at an address where nothing is."""
        return await self.ask(
            operation, role, standing, path=self.path(operation, real=False), content=b"{"
        )

    async def earnest(self, operation: Operation, role: Role, standing: Standing) -> httpx.Response:
        """A real thing, and the body that the page shows."""
        body: Any = next(iter(operation.examples.values()), {})
        sent = {"json": body} if operation.takes_json else {}
        return await self.ask(operation, role, standing, path=self.path(operation), **sent)


@pytest.mark.timeout(400)
async def test_the_table_is_what_happens(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        walk = await _prepared(houses)
        breaches = [
            breach
            for operation in walk.offered
            if not GRANTS[operation.house].is_anonymous(operation.name)
            for breach in [
                *await _without_token(walk, operation),
                *await _not_granted(walk, operation),
                *await _without_place(walk, operation),
                *await _abroad(walk, operation),
            ]
        ]
        breaches += [breach for each in walk.offered for breach in await _unmasked(walk, each)]
        # At home last: what is granted is done, and cases move on.
        breaches += [
            breach for operation in walk.offered for breach in await _at_home(walk, operation)
        ]
    assert not breaches, "\n".join(breaches)


async def _prepared(houses: Installation) -> Walk:
    for name, story in (
        ("walk-online", full_online.tell),
        ("walk-papers", remote_collection.tell),
    ):
        await story(World(houses.client, houses.issuer, lambda _: None, name))
    await _subscribe(houses)
    connection = await asyncpg.connect(
        host=houses.database.socket_folder, user="postgres", database=houses.database.name
    )
    try:
        things = {
            name: [str(row[0]) for row in await connection.fetch(statement)]
            for name, statement in _THINGS.items()
        }
    finally:
        await connection.close()
    assert things["case_number"]
    assert things["handoff_id"]
    assert things["delivery_id"]
    apps = houses.street._apps
    return Walk(houses, list(operations(apps)), things)


async def _subscribe(houses: Installation) -> None:
    """The partner at home has an endpoint."""
    made = await houses.client.post(
        "/notify/v1/subscriptions",
        json={"name": "示例", "url": "https://hooks.example.gov.cn/walk"},
        headers={
            **houses.bearer(Role.PARTNER, **_PARTNERS[Role.PARTNER]),
            "Idempotency-Key": str(uuid4()),
        },
    )
    assert made.status_code == httpx.codes.CREATED, made.text


def _said(
    operation: Operation, who: str, standing: Standing, answer: httpx.Response, wanted: str
) -> str:
    return (
        f"{operation} {who} {standing.name}: wanted {wanted},"
        f" got {answer.status_code} {answer.text[:150]}"
    )


async def _without_token(walk: Walk, operation: Operation) -> Sequence[str]:
    answer = await walk.nonsense(operation, None, NOWHERE)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return []
    return [_said(operation, "nobody", NOWHERE, answer, "401")]


async def _not_granted(walk: Walk, operation: Operation) -> Sequence[str]:
    """Refused before anything else: nothing is read, nothing is looked up."""
    found = []
    entry = GRANTS[operation.house][operation.name]
    for role in Role:
        if relations_of(entry, role):
            continue
        for standing in (at_home(set()), ABROAD, NOWHERE):
            answer = await walk.nonsense(operation, role, standing)
            if _code(answer) != (403, "role-not-granted"):
                found.append(_said(operation, role.value, standing, answer, "role-not-granted"))
    return found


async def _without_place(walk: Walk, operation: Operation) -> Sequence[str]:
    found = []
    entry = GRANTS[operation.house][operation.name]
    for role in Role:
        relations = relations_of(entry, role)
        # A partner stands with its partner wherever it stands.
        if set(relations) == {Relation.OWN_PARTNER}:
            continue
        if not relations or not needs_a_place(relations):
            continue
        answer = await walk.nonsense(operation, role, NOWHERE)
        if answer.status_code != httpx.codes.FORBIDDEN:
            found.append(_said(operation, role.value, NOWHERE, answer, "403"))
    return found


async def _abroad(walk: Walk, operation: Operation) -> Sequence[str]:
    """Granted, but not for this: it is not there; and no list or answer tells of it."""
    found = []
    entry = GRANTS[operation.house][operation.name]
    for role in Role:
        relations = relations_of(entry, role)
        if not relations or not needs_a_place(relations):
            continue
        answer = await walk.earnest(operation, role, ABROAD)
        told = [thing for thing in walk.about() if thing in _without_echo(answer, operation, walk)]
        somebodys = set(operation.parameters) & (set(_THINGS) | set(_PLACES))
        if told or (somebodys and answer.is_success) or answer.is_server_error:
            found.append(_said(operation, role.value, ABROAD, answer, "403 or 404, nothing told"))
    return found


def _without_echo(answer: httpx.Response, operation: Operation, walk: Walk) -> str:
    """A problem may name the address that was asked for; that is the caller's own word."""
    text = answer.text
    for name in operation.parameters:
        for thing in walk.things.get(name, ())[:1]:
            text = text.replace(thing, "")
    return text if answer.status_code >= 400 else answer.text


async def _at_home(walk: Walk, operation: Operation) -> Sequence[str]:
    """Whatever the state of the case says: the table does not refuse it."""
    found = []
    entry = GRANTS[operation.house][operation.name]
    for role in Role:
        relations = relations_of(entry, role)
        if not relations:
            continue
        standing = at_home(relations)
        answer = await walk.earnest(operation, role, standing)
        refused = _code(answer)[1] in ("role-not-granted", "no-location", "no-division")
        hidden = (
            operation.method == "GET"
            and answer.status_code == httpx.codes.NOT_FOUND
            and len(operation.parameters) > 0
            and set(operation.parameters) <= _OF_THE_FIRST
        )
        if refused or hidden or answer.status_code == 401 or answer.is_server_error:
            found.append(_said(operation, role.value, standing, answer, "no refusal"))
    return found


def _takes_a_purpose(operation: Operation) -> bool:
    """Unmasks, or gives out what is personal as it is: the purpose must be said."""
    return any(
        each["in"] == "query" and each["name"] == "purpose"
        for each in operation.document.get("parameters", ())
    )


# They give out files, and the cases of the walk have none: tests/routing/test_transfers.py and
# test_handed_documents.py show the rows that they leave.
_OF_FILES = {"read_material_content", "read_handed_document"}
# What is posted belongs to the second story.
_WITH_PAPERS = Standing(
    "own", {"location": remote_collection.OFFICE, "division": remote_collection.OFFICE[:6]}
)


async def _unmasked(walk: Walk, operation: Operation) -> Sequence[str]:
    """Whoever reads personal data leaves a row on the trail, with what it was for."""
    if not _takes_a_purpose(operation) or operation.name in _OF_FILES:
        return []
    entry = GRANTS[operation.house][operation.name]
    purpose = f"查阅 {operation.name}"
    read = 0
    query = {"purpose": purpose, "unmask": "true"}
    for role in Role:
        relations = relations_of(entry, role)
        for standing in (at_home(relations), _WITH_PAPERS) if relations else ():
            path = walk.path(operation)
            answer = await walk.ask(operation, role, standing, path=path, query=query)
            read += answer.is_success
    told = await walk.on_the_trail(operation.house, purpose)
    if read and told == read:
        return []
    return [f"{operation}: read {read} times with a purpose, {told} times on the trail"]


def _code(answer: httpx.Response) -> tuple[int, str]:
    try:
        return answer.status_code, str(answer.json().get("code"))
    except (ValueError, AttributeError):
        return answer.status_code, ""
