"""The short way for a submission that is in order; every window waits for it."""

import json

from fastapi import Response
from starlette.types import Scope

from services.intake.actions.circumstances import stand_at
from services.intake.api.submissions import submit
from services.intake.domain import readings
from services.intake.grants import GRANTS
from shared.errors import ForbiddenError
from shared.http.short import Visit, short_way

_OPERATION = "submit_case"
_PATH = "/intake/v1/cases"
_LONGEST = 128 * 1024


def _asked(scope: Scope) -> str | None:
    """At which window: the grants are for its own place only."""
    if scope["path"] != _PATH:
        return None
    try:
        granted = GRANTS.scope_for(scope["state"]["caller"], _OPERATION)
    except ForbiddenError:
        return None
    return granted.receiving


async def _answer(visit: Visit[str]) -> Response:
    state = visit.state
    if visit.key is None:
        raise LookupError("Idempotency-Key")
    async with state.statements() as session:
        session.info["origin"] = visit.by
        once = visit.once(_OPERATION, session)
        counter = await stand_at(
            visit.what,
            readings.read(json.loads(visit.body)),
            catalogue=state.catalogue,
            places=state.places,
            registered_for=state.registered_for,
            at=once.at,
        )
        async with state.numbers.drawn(once.at) as slip:
            along = await submit(session, counter, slip, state.catalogue, once)
    state.means.wake()
    return along.response


before = short_way(_OPERATION, _asked, _answer, longest=_LONGEST)
