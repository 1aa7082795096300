"""The short way for a claim, which officers make all day."""

import re

from fastapi import Response
from starlette.types import Scope

from services.routing.api import queues
from services.routing.api.queues import ClaimIn
from services.routing.api.shortcuts import may
from shared.http.short import Visit, short_way

_OPERATION = "claim_handoffs"
_PATH = re.compile(r"/routing/v1/queues/([A-Za-z0-9-]{1,50})/claims")


def _asked(scope: Scope) -> str | None:
    """From which place's queue."""
    path = _PATH.fullmatch(scope["path"])
    if path is None or not may(scope["state"]["caller"], _OPERATION, path[1], scope["app"].state):
        return None
    return path[1]


async def _answer(visit: Visit[str]) -> Response:
    wanted = ClaimIn.model_validate_json(visit.body)
    # The session carries the keys; it is never used here, and so never connects.
    once = visit.once(_OPERATION, visit.state.statements())
    along = await queues.claim(visit.state, once, visit.by, visit.what, wanted.limit)
    return along.response


# `{"limit": 1}` and the like; what is longer is something else.
before = short_way(_OPERATION, _asked, _answer, longest=200)
