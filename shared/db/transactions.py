"""A transaction begins at the edge and ends before the reply leaves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from shared.means import Means

Sessions = async_sessionmaker[AsyncSession]


def open_sessions(engine: AsyncEngine, carried: Means) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False, info={"means": carried})


def statement_by_statement(sessions: Sessions) -> Sessions:
    """The same, for those who need no transaction around several statements: each is one by itself,
    and neither a beginning nor an end goes over the wire."""
    engine: AsyncEngine = sessions.kw["bind"]
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    return async_sessionmaker(**{**sessions.kw, "bind": alone})


async def _open_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    sessions: Sessions = request.app.state.sessions
    async with sessions() as session:
        session.info["origin"] = request.state.origin
        async with session.begin():
            yield session
    request.app.state.means.wake()


# scope="function": a plain `yield` dependency would commit after the reply has left, so a
# commit that fails would have been reported as a success.
Transaction = Annotated[AsyncSession, Depends(_open_transaction, scope="function")]


Opening = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def _opening(request: Request) -> Opening:
    return lambda: asynccontextmanager(_open_transaction)(request)


# For endpoints that do something slow besides: they open short transactions of their own.
Openings = Annotated[Opening, Depends(_opening)]


async def _open_reading(request: Request) -> AsyncIterator[AsyncSession]:
    sessions: Sessions = request.app.state.statements
    async with sessions() as session:
        session.info["origin"] = request.state.origin
        yield session


# For reads that write nothing, not even an audit row.
Reading = Annotated[AsyncSession, Depends(_open_reading, scope="function")]


async def _open_single(request: Request) -> AsyncIterator[AsyncSession]:
    async with asynccontextmanager(_open_reading)(request) as session:
        yield session
    request.app.state.means.wake()


# For what is done in one statement: it is committed when the statement has ended.
Single = Annotated[AsyncSession, Depends(_open_single, scope="function")]
