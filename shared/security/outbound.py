"""The way out: names are resolved once, inner addresses are refused unless listed, and the
connection goes to the very address that was looked at.

Whoever may name an address for us to call (a subscriber's endpoint, a carrier, an issuer) could
otherwise reach what only we can reach: metadata services, databases, each other's consoles.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import httpcore
import httpx

from shared.security.pool import Pool

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Beyond what every Python's `ipaddress` calls not global: addresses that carry another one inside
# (mapped, compatible, 6to4, Teredo, NAT64), and a cloud's platform address that looks public.
_REFUSED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "fec0::/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
    )
)


class AddressRefusedError(httpx.ConnectError):
    """The name leads to an address that we do not call."""


class AnswerTooLargeError(Exception):
    """The other side sent more than it was allowed to."""


class Listed:
    """What may be called although it is inner: "10.1.0.0/16", "192.0.2.7", "gateway.inner:8443"."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        self._ends: set[tuple[str, int]] = set()
        for entry in entries:
            self._read(entry.strip().lower())

    def _read(self, entry: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(entry))
        except ValueError:
            host, colon, port = entry.rpartition(":")
            if not colon or not host or not port.isdecimal():
                raise ValueError(f"neither a network nor host:port: {entry!r}") from None
            self._ends.add((host.strip("[]"), int(port)))

    def knows(self, host: str, port: int) -> bool:
        """As it is written in an address, before anything was looked up."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return (host.lower(), port) in self._ends
        return self.permits(host, port, address)

    def permits(self, host: str, port: int, address: Address) -> bool:
        return (
            (host.lower(), port) in self._ends
            or (str(address), port) in self._ends
            or any(address in network for network in self._networks)
        )


def is_inner(address: Address) -> bool:
    return (
        not address.is_global
        or address.is_multicast
        or any(address in network for network in _REFUSED)
    )


def is_inner_literal(host: str) -> bool:
    """Of an address written as such; what a name leads to is seen when it is called."""
    try:
        return is_inner(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return host.lower().rstrip(".") == "localhost" or _is_loose_number(host)


def _is_loose_number(host: str) -> bool:
    """`2130706433`, `0x7f.1`: no name of anything, but resolvers take them for addresses."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdecimal() or last.startswith("0x")


async def resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _PinningBackend(httpcore.AsyncNetworkBackend):
    """Connects to an address, never to a name, so nothing can change between look and call.

    It sits below the pool, which goes on keeping connections by name: two names on one address
    never share a connection, and TLS is checked against the name.
    """

    def __init__(self, listed: Listed, resolve: Resolve) -> None:
        self._listed = listed
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in await self._permitted(host, port, timeout):
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _permitted(self, host: str, port: int, timeout: float | None) -> list[Address]:
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("name not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(f"name not resolved ({error.errno})") from None
        addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
        permitted = [
            address
            for address in addresses
            if not is_inner(address) or self._listed.permits(host, port, address)
        ]
        if not permitted:
            raise AddressRefusedError(f"{host}:{port} leads to no address that may be called")
        return permitted


class OutboundTransport(httpx.AsyncHTTPTransport):
    def __init__(
        self,
        listed: Listed,
        *,
        verify: ssl.SSLContext | bool = True,
        resolve: Resolve = resolve,
        connections: int = 100,
    ) -> None:
        super().__init__(trust_env=False)
        # httpx has no argument for the network backend; httpcore's pool has.
        self._pool = Pool(
            ssl_context=httpx.create_ssl_context(verify=verify, trust_env=False),
            connections=connections,
            kept_for=30,
            backend=_PinningBackend(listed, resolve),
        )


def open_client(
    listed: Listed,
    *,
    timeout: float = 10.0,
    verify: ssl.SSLContext | bool = True,
    resolve: Resolve = resolve,
) -> httpx.AsyncClient:
    """A client that stays outside, follows nobody elsewhere, and takes no proxy from its
    surroundings."""
    return httpx.AsyncClient(
        transport=OutboundTransport(listed, verify=verify, resolve=resolve),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        # What is sent compressed could be a bomb.
        headers={"accept-encoding": "identity", "user-agent": "tongban"},
    )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes


async def fetch(
    client: httpx.AsyncClient, request: httpx.Request, *, limit: int, within: float
) -> Answer:
    """The whole call in `within` seconds, at most `limit` bytes of answer; TimeoutError, else.

    httpx's own time-outs count between bytes, so that a slow drip would never end.
    """
    async with asyncio.timeout(within):
        response = await client.send(request, stream=True)
        try:
            return Answer(
                response.status_code, response.headers, await read_at_most(response, limit)
            )
        finally:
            await response.aclose()


async def read_at_most(response: httpx.Response, limit: int) -> bytes:
    """The body as it came; one that is longer, or compressed, raises AnswerTooLargeError."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerTooLargeError("compressed, although it was asked not to be")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise AnswerTooLargeError(f"more than {limit} bytes")
    return bytes(body)


async def glance(
    client: httpx.AsyncClient, request: httpx.Request, *, first: int, within: float
) -> Answer:
    """The status and the `first` bytes of the answer; the rest is never read. Once the status is
    there it counts, whatever becomes of the body. TimeoutError when none came in time."""
    until = asyncio.get_running_loop().time() + within
    async with asyncio.timeout_at(until):
        response = await client.send(request, stream=True)
    body = bytearray()
    try:
        with contextlib.suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout_at(until):
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) >= first:
                        break
    finally:
        await response.aclose()
    return Answer(response.status_code, response.headers, bytes(body[:first]))
