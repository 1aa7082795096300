"""Stands at the door, before a body is read: request id, size, token, headers, log line."""

import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from math import ceil
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.clock import Clock
from shared.http.rates import Pace, Rates
from shared.http.turns import Turns
from shared.means import Origin
from shared.security.callers import Caller
from shared.security.tokens import TokenError, TokenExpiredError, TokenVerifier
from shared.telemetry import metrics
from shared.telemetry.access import AccessLog

log = structlog.get_logger()

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY = b"content-security-policy"
# Data is never a page; the API pages run scripts of their own and nobody else's.
_OF_DATA = b"default-src 'none'; frame-ancestors 'none'"
_OF_PAGES = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)
# Longer than any address or set of headers of ours.
_LONGEST_ADDRESS = 8 * 1024
_LARGEST_HEADERS = 32 * 1024
# No form is larger; a file may well be.
_LARGE = 256 * 1024


_FREE = Rates(0)


class BodyTooLargeError(Exception):
    pass


class Porter:
    """`is_public` and `body_limit` decide by method and path; nothing here reads a body."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        house: str,
        verifier: TokenVerifier,
        clock: Clock,
        is_public: Callable[[str, str], bool],
        body_limit: Callable[[str, str], int],
        pace: Pace,
        templates: Mapping[str, str],
        access: AccessLog | None,
    ) -> None:
        self.pace = pace
        self.turns = Turns()
        self.templates = templates
        self.access = access
        self.app = app
        self.house = house
        self.verifier = verifier
        self.clock = clock
        self.is_public = is_public
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = _Visit(scope, receive, send)
        try:
            await self._serve(visit)
        finally:
            visit.note(self.house)
            if self.access is not None:
                self._keep(self.access, visit)

    def _keep(self, access: AccessLog, visit: "_Visit") -> None:
        """A disk that is full ends no request, and is not kept quiet either."""
        try:
            access.note(self.clock(), **visit.kept(self.templates))
        except OSError as error:
            log.error("access_log_failed", exc_info=error)

    async def _serve(self, visit: "_Visit") -> None:
        method, path = visit.scope["method"], visit.scope["path"]
        visit.limit = self.body_limit(method, path)
        if status := visit.unbearable():
            await visit.refuse(status)
            return
        try:
            public = self.is_public(method, path)
            caller = None if public else await self.verifier.verify(visit.bearer, self.clock())
        except (TokenError, TokenExpiredError) as refused:
            await self._turn_away(visit, refused.reason)
            return
        visit.introduce(caller)
        rates, who = self._counted(caller, visit)
        if await self._too_often(visit, rates, who):
            return
        if caller is None or visit.takes_its_time():
            await self._let_in(visit)
            return
        await self.turns.enter(who)
        try:
            await self._let_in(visit)
        finally:
            self.turns.leave(who)

    async def _turn_away(self, visit: "_Visit", reason: str) -> None:
        log.info("token_refused", reason=reason, request_id=visit.request_id)
        if not await self._too_often(visit, self.pace.addresses, visit.address):
            await visit.refuse(401, (b"www-authenticate", b'Bearer realm="tongban"'))

    async def _let_in(self, visit: "_Visit") -> None:
        try:
            await self.app(visit.scope, visit.receive_bounded, visit.send_unless_overflowed)
        except BodyTooLargeError:
            # Whether the framework lets it through or answers in its own words, 413 is said below.
            pass
        except Exception:
            # Starlette raises again what problems.py has logged and answered already.
            if not visit.answered:
                raise
        if visit.overflowed and not visit.answered:
            await visit.refuse(413)

    def _counted(self, caller: Caller | None, visit: "_Visit") -> tuple[Rates, str]:
        """Who has a token is counted wherever they are; machines that sign are as many at once."""
        if caller is not None:
            return self.pace.callers, f"{caller.issuer} {caller.subject}"
        path: str = visit.scope["path"]
        if path.startswith(f"/{self.house}/webhooks/"):
            return self.pace.callers, f"webhooks {visit.address}"
        # Whether a process lives is asked by those who keep it alive, as often as they like.
        if path in (f"/{self.house}/livez", f"/{self.house}/readyz"):
            return _FREE, ""
        return self.pace.addresses, visit.address

    async def _too_often(self, visit: "_Visit", rates: Rates, who: str) -> bool:
        wait = rates.seconds_to_wait(who, monotonic())
        if not wait:
            return False
        log.info("came_too_often", actor=visit.actor, request_id=visit.request_id)
        await visit.refuse(429, (b"retry-after", str(ceil(wait)).encode()))
        return True


class _Visit:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.request_id = _request_id(self.headers)
        self.started = time.perf_counter()
        self.status = 500
        self.answered = False
        self.overflowed = False
        self.limit = 0
        self._received = 0
        self.actor: str | None = None
        self.seconds = 0.0

    def unbearable(self) -> int:
        """The status that says so, or 0: too long, too large, or with a character that nothing can
        keep."""
        scope = self.scope
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return 400
        if self.declared_length > self.limit:
            return 413
        if len(scope["path"]) + len(scope.get("query_string", b"")) > _LONGEST_ADDRESS:
            return 414
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _LARGEST_HEADERS:
            return 431
        return 0

    def takes_its_time(self) -> bool:
        """A poll that waits for news, a file that is being sent: they are inside for long, and cost
        next to nothing meanwhile."""
        sending = self.declared_length > _LARGE or b"transfer-encoding" in self.headers
        return sending or b"wait=" in self.scope.get("query_string", b"")

    @property
    def address(self) -> str:
        """As the gateway says it, if that is an address: what stands there is put on the trail."""
        client = self.scope.get("client")
        try:
            return str(ip_address(client[0])) if client else "-"
        except ValueError:
            return "-"

    @property
    def declared_length(self) -> int:
        declared = self.headers.get(b"content-length", b"0")
        return int(declared) if declared.isdigit() else 0

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenError("no bearer token")
        return token.strip()

    def introduce(self, caller: Caller | None) -> None:
        state = self.scope.setdefault("state", {})
        address = self.address
        if caller is None:
            origin = Origin("anonymous", "anonymous", address=address, request_id=self.request_id)
        else:
            self.actor = caller.subject
            origin = Origin(
                actor=caller.subject,
                role=caller.role.value,
                location=caller.location,
                name=caller.name,
                partner=caller.partner,
                address=address,
                request_id=self.request_id,
                acted_at=caller.acted_at,
            )
        state.update(caller=caller, origin=origin, request_id=self.request_id)

    async def receive_bounded(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self.limit:
                self.overflowed = True
                raise BodyTooLargeError
        return message

    async def send_unless_overflowed(self, message: Message) -> None:
        if not self.overflowed or self.answered:
            await self.send_marked(message)

    async def send_marked(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered = True
            self.status = message["status"]
            present = dict(message["headers"])
            of_page = present.get(b"content-type", b"").startswith(b"text/html")
            policy = (_POLICY, _OF_PAGES if of_page else _OF_DATA)
            message["headers"] = [
                *message["headers"],
                *(pair for pair in (*_SECURITY_HEADERS, policy) if pair[0] not in present),
                (b"x-request-id", self.request_id.encode()),
            ]
        await self._send(message)

    async def refuse(self, status: int, *headers: tuple[bytes, bytes]) -> None:
        body = problems.plain_document(status)
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", problems.MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
        await self.send_marked(start)
        await self._send({"type": "http.response.body", "body": body})

    def note(self, house: str) -> None:
        """One line and one measurement per request; the route's template, never the path itself,
        for paths may carry codes that open things."""
        self.seconds = seconds = time.perf_counter() - self.started
        state = self.scope.get("state", {})
        route = self.operation
        metrics.REQUESTS.labels(house, route, str(self.status)).observe(seconds)
        log.info(
            "request_served",
            house=house,
            method=self.scope["method"],
            operation=route,
            status=self.status,
            ms=round(seconds * 1000, 1),
            actor=self.actor,
            request_id=self.request_id,
            trace_id=state.get("trace_id"),
        )

    @property
    def operation(self) -> str:
        return self.scope.get("state", {}).get("operation") or "-"

    def kept(self, templates: Mapping[str, str]) -> dict[str, str | int | float | None]:
        """For the access log. Of an address without an operation behind it nothing is repeated:
        who guesses may have written anything there."""
        origin: Origin | None = self.scope.get("state", {}).get("origin")
        return {
            "subject": origin.actor if origin else None,
            "role": origin.role if origin else None,
            "location": origin.location if origin else None,
            "method": _method(self.scope["method"]),
            "route": templates.get(self.operation),
            "status": self.status,
            "ms": round(self.seconds * 1000, 1),
            "request_id": self.request_id,
        }


def _method(given: str) -> str:
    return given if given.isascii() and given.isalpha() and len(given) <= 10 else "-"


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    if 8 <= len(given) <= 64 and given.isascii() and given.replace("-", "").isalnum():
        return given
    return uuid4().hex
