"""Connections are used again where that is safe, and never two calls share one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from shared.security.outbound import Listed, OutboundTransport, fetch

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


@dataclass
class Keeping:
    """A server that keeps its connections open; it answers while `go` is set."""

    port: int = 0
    opened: int = 0
    open: list[asyncio.StreamWriter] = field(default_factory=list)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang_up(self) -> None:
        for each in self.open:
            each.close()
            await each.wait_closed()
        self.open.clear()


@asynccontextmanager
async def keeping() -> AsyncIterator[Keeping]:
    kept = Keeping()
    kept.go.set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.opened += 1
        kept.open.append(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                kept.asked.release()
                await kept.go.wait()
                writer.write(OK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        kept.go.set()
        await kept.hang_up()
        server.close()


@asynccontextmanager
async def client(connections: int = 100) -> AsyncIterator[httpx.AsyncClient]:
    transport = OutboundTransport(Listed(["127.0.0.1"]), connections=connections)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=30) as opened:
        yield opened


async def test_calls_one_after_another_use_one_connection() -> None:
    async with keeping() as server, client() as calling:
        for _ in range(3):
            assert (await calling.get(f"http://127.0.0.1:{server.port}/")).text == "hello"
        assert server.opened == 1


async def test_a_connection_that_the_other_side_has_closed_is_not_used_again() -> None:
    async with keeping() as server, client() as calling:
        url = f"http://127.0.0.1:{server.port}/"
        await calling.get(url)
        await server.hang_up()
        assert (await calling.get(url)).text == "hello"
        assert server.opened == 2


async def test_calls_at_the_same_moment_have_a_connection_each_and_no_more_than_there_may_be() -> (
    None
):
    async with keeping() as server, client(connections=2) as calling:
        server.go.clear()
        url = f"http://127.0.0.1:{server.port}/"
        calls = [asyncio.create_task(calling.get(url)) for _ in range(5)]
        for _ in range(2):
            await asyncio.wait_for(server.asked.acquire(), 30)
        assert server.opened == 2
        server.go.set()
        assert {each.text for each in await asyncio.gather(*calls)} == {"hello"}
        assert server.opened == 2


async def test_an_answer_that_was_given_up_leaves_nothing_behind_for_the_next_call() -> None:
    async with keeping() as server, client(connections=1) as calling:
        server.go.clear()
        url = f"http://127.0.0.1:{server.port}/"
        with pytest.raises(TimeoutError):
            await fetch(calling, calling.build_request("GET", url), limit=100, within=0.05)
        server.go.set()
        assert (await calling.get(url)).text == "hello"
        assert server.opened == 2
