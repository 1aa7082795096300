"""What the OpenAPI pages allow and what they forbid, made up and sent as every role: no answer that
a page does not announce, and never a 5xx. `make fuzz` sends more of it: so many of both for each
operation and role, also those who may not (FUZZ_EXAMPLES), for so long (FUZZ_SECONDS)."""

import asyncio
import itertools
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from deploy.instance import Instance
from deploy.ops import attached
from deploy.stories import full_online, remote_collection
from deploy.stories.people import World
from shared.clock import utc_now
from shared.files.media import ACCEPTED, JPEG, OFD, PDF, PNG
from shared.security.callers import Role
from shared.security.issuer import LocalIssuer
from tests.architecture.operations import GRANTS
from tests.architecture.places import OFFICE, at_home, relations_of
from tests.architecture.test_grants_walk import _THINGS
from tests.shared.files import samples

Described = APIOperation[Any, Any, Any, Any]
THOROUGH = "FUZZ_EXAMPLES" in os.environ
SECONDS = float(os.environ.get("FUZZ_SECONDS", "36000" if THOROUGH else "60"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
# Shape says little about a case: what fits the page may still meet a rule of the law.
_CONFIG = {
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "304", "400", "401", "403", "404", "409", "412", "422"]
        },
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    },
    "operations": [
        {
            # Its answer to what is wrong is a list of what is wrong, with 200.
            "include-operation-id": "check_case",
            "checks": {"negative_data_rejection": {"expected-statuses": ["200", "4xx"]}},
        },
        {
            # An address has no types: a list of one text, made up in its place, is that text.
            "include-method": "GET",
            "checks": {"negative_data_rejection": {"expected-statuses": ["2xx", "4xx"]}},
        },
    ],
}
# A page says no more of a file than its type: what fits it is a file of that type, and what does
# not is cut short, another's, or noise. None is longer than this.
_LONGEST = 4096
_FILES: Mapping[str, st.SearchStrategy[bytes]] = {
    PDF: st.integers(0, _LONGEST).map(samples.pdf),
    PNG: st.builds(samples.png, st.integers(1, 2000), st.integers(1, 2000)),
    JPEG: st.builds(samples.jpeg, st.integers(1, 2000), st.integers(1, 2000)),
    OFD: st.builds(samples.ofd),
}
_DAMAGED = st.one_of(
    st.binary(max_size=_LONGEST),
    st.one_of(*_FILES.values()),
    st.one_of(*_FILES.values()).map(lambda content: content[: len(content) // 2]),
)


def _make_files(mode: GenerationMode) -> None:
    """Schemathesis asks these whatever the mode is, and sends what they give as it stands."""
    for media_type, sound in _FILES.items():
        made = sound if mode is GenerationMode.POSITIVE else _DAMAGED
        schemathesis.openapi.media_type(media_type, made)


@dataclass(frozen=True, slots=True)
class Fuzz:
    origin: str
    issuer: LocalIssuer
    things: Mapping[str, Sequence[str]]
    found: dict[str, str] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)

    def headers(self, role: Role | None, operation: Described) -> dict[str, str]:
        if role is None:
            return {}
        claims = dict(_home(operation, role).claims)
        if role is Role.PARTNER:
            claims["partner"] = "P-620000"
        token = self.issuer.issue(
            subject=f"fuzz-{role.value}",
            role=role,
            at=utc_now(),
            ttl=timedelta(hours=6),
            **claims,
        )
        return {"Authorization": f"Bearer {token}"}

    def real(self, operation: Described) -> dict[str, str]:
        """Addresses of what is there, where the path names such things."""
        names = [each.name for each in operation.path_parameters]
        known = {name: self.things[name][0] for name in names if self.things.get(name)}
        return known | ({"location": OFFICE} if "location" in names else {})


def _home(operation: Described, role: Role) -> Any:
    house = operation.path.split("/")[1]
    name = str(operation.definition.raw["operationId"])
    return at_home(relations_of(GRANTS[house][name], role))


@pytest.mark.processes
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(0 if THOROUGH else 300)
def test_no_answer_that_its_page_does_not_announce(place: Path) -> None:
    load_all_checks()
    assert set(_FILES) == ACCEPTED
    with _installation(place / "data") as fuzz, requests.Session() as session:
        walk = []
        for house in GRANTS:
            page = _without_security(httpx.get(f"{fuzz.origin}/{house}/openapi.json").json())
            config = SchemathesisConfig.from_dict(_CONFIG)
            schema = schemathesis.openapi.from_dict(page, config=config)
            for result in schema.get_all_operations():
                assert isinstance(result, Ok)
                walk.append((house, result.ok()))
        # What there is no time for today comes first some other day.
        random.shuffle(walk)
        until = monotonic() + SECONDS
        for house, operation in walk:
            if monotonic() < until:
                _walk(fuzz, session, operation, house)
    assert sum(fuzz.sent.values()) > 20
    assert not fuzz.found, f"{fuzz.sent}\n" + "\n\n".join(fuzz.found.values())


def _without_security(page: dict[str, Any]) -> dict[str, Any]:
    """What happens without a token is walked in tests/architecture; here every request has one."""
    for path in page["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    page["components"].pop("securitySchemes", None)
    return page


def _walk(fuzz: Fuzz, session: requests.Session, operation: Described, house: str) -> None:
    name = str(operation.definition.raw["operationId"])
    entry = GRANTS[house][name]
    granted = [role for role in Role if relations_of(entry, role)]
    roles: Sequence[Role | None] = [*Role, None] if THOROUGH else granted or [None]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _make_files(mode)
        # Where there is nothing to get wrong, nothing can be made up that is wrong.
        with nullcontext() if mode is GenerationMode.POSITIVE else suppress(Unsatisfiable):
            _send(fuzz, session, operation, f"{mode.name} {house}:{name}", mode, roles)


def _send(
    fuzz: Fuzz,
    session: requests.Session,
    operation: Described,
    what: str,
    mode: GenerationMode,
    roles: Sequence[Role | None],
) -> None:
    """Each made-up request goes out as the next of those who may; nobody is left out."""
    turn = itertools.cycle(roles)

    @settings(
        max_examples=EXAMPLES * len(roles) if THOROUGH else max(EXAMPLES, len(roles)),
        phases=[Phase.generate],
        derandomize=not THOROUGH,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters=fuzz.real(operation) or None))
    def once(case: Case[Any]) -> None:
        role = next(turn)
        headers = fuzz.headers(role, operation)
        if "wait" in (case.query or {}):
            case.query["wait"] = 0
        answer = case.call(base_url=fuzz.origin, headers=headers, session=session, timeout=30)
        fuzz.sent[answer.status_code] = fuzz.sent.get(answer.status_code, 0) + 1
        try:
            case.validate_response(answer, headers=headers)
        except FailureGroup as failed:
            for each in failed.exceptions:
                key = f"{what} {type(each).__name__} {answer.status_code}"
                said = f"{key} as {role}: {each}\n{case.as_curl_command()[:600]}"
                fuzz.found.setdefault(key, said)

    once()


@contextmanager
def _installation(folder: Path) -> Iterator[Fuzz]:
    instance = Instance(folder)
    asyncio.run(instance.start())
    try:
        issuer = LocalIssuer.load_or_create(folder / "keys" / "issuer.pem")
        asyncio.run(_stories(instance, issuer))
        with attached(folder) as database:
            things = asyncio.run(_things(database.socket_folder))
        yield Fuzz(instance.origin, issuer, things)
    finally:
        asyncio.run(instance.stop())


async def _stories(instance: Instance, issuer: LocalIssuer) -> None:
    async with httpx.AsyncClient(base_url=instance.origin, timeout=35) as client:
        for name, story in (("a", full_online.tell), ("b", remote_collection.tell)):
            await story(World(client, issuer, lambda _: None, f"fuzz-{name}"))


async def _things(socket_folder: str) -> Mapping[str, Sequence[str]]:
    connection = await asyncpg.connect(host=socket_folder, user="postgres", database="tongban")
    try:
        return {
            name: [str(row[0]) for row in await connection.fetch(statement)]
            for name, statement in _THINGS.items()
        }
    finally:
        await connection.close()
