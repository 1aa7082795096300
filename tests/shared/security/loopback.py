"""A small HTTP server on the loopback, for what is tested by really calling."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Reply = Callable[[str], bytes | Awaitable[bytes]]


@dataclass
class Loopback:
    port: int
    requests: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.split(" ")[1] for request in self.requests]


@asynccontextmanager
async def serve(reply: Reply, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """`reply` gets the request's head and gives the whole raw answer; one call a connection."""
    served = Loopback(port=0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            served.requests.append(head)
            made = reply(head)
            writer.write(made if isinstance(made, bytes) else await made)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        await server.wait_closed()


def respond(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "connection: close"]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body
