"""The short way for the most frequent question of all: has my queue changed? No, 304.

It stands behind the porter, so the caller is known, and before the framework takes a request apart.
Which poll a path and query mean it has learnt from the endpoint; what it does not know, or cannot
answer from memory, goes the whole way.
"""

from collections import OrderedDict
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.routing.grants import GRANTS
from services.routing.queries.polls import Poll, Polls
from services.routing.queries.queues import division_known
from shared.errors import ForbiddenError
from shared.security.callers import Caller

CACHING = "private, no-cache"
OPERATION = "poll_queue"
LEARNT = 20_000

Asked = tuple[str, bytes]


class Shortcut:
    def __init__(self) -> None:
        self._learnt: OrderedDict[Asked, Poll] = OrderedDict()

    def learn(self, request: Request, poll: Poll) -> None:
        self._learnt[request.scope["path"], request.scope["query_string"]] = poll
        while len(self._learnt) > LEARNT:
            self._learnt.popitem(last=False)

    def before(self, app: ASGIApp) -> ASGIApp:
        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            tag = self._unchanged(scope) if scope["type"] == "http" else None
            if tag is None:
                await app(scope, receive, send)
                return
            scope["state"]["operation"] = OPERATION
            headers = [(b"etag", tag.encode()), (b"cache-control", CACHING.encode())]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        return door

    def _unchanged(self, scope: Scope) -> str | None:
        poll = self._learnt.get((scope["path"], scope["query_string"]))
        if poll is None or scope["method"] != "GET":
            return None
        seen = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
        state = scope["app"].state
        if seen is None or not may(scope["state"]["caller"], OPERATION, poll.location, state):
            return None
        polls: Polls = state.polls
        return polls.unchanged(poll, seen.decode("latin-1"))


def may(caller: Caller | None, operation: str, location: str, state: Any) -> bool:
    """As the endpoint would see it; who may not is told so by the endpoint."""
    division = division_known(state, location)
    if division is None:
        return False
    try:
        scope = GRANTS.scope_for(caller, operation)
    except ForbiddenError:
        return False
    return scope.covers(handling=location, division=division)
