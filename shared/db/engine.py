"""Opens a house's engine: its role, its schema, its time-outs."""

import json
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _connect(*where: Any, **how: Any) -> asyncpg.Connection:
    """A socket file that is gone, a name that is not resolved and a host without a route are one
    thing to whoever asks: the database is away."""
    try:
        return await asyncpg.connect(*where, **how)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise ConnectionError(str(error)) from error


def open_engine(
    url: str,
    *,
    schema: str,
    name: str,
    pool_size: int = 10,
    statement_timeout_ms: int = 15_000,
) -> AsyncEngine:
    """`url` is postgresql+asyncpg://…; every connection sees `schema` only."""
    return create_async_engine(
        url,
        # Opened as they are needed, and kept: one that "overflows" would be closed after each use,
        # and opening one costs more than most requests.
        pool_size=pool_size * 2,
        max_overflow=0,
        # A burst waits in line; who gives up after ten seconds would make errors out of slowness.
        pool_timeout=60,
        pool_pre_ping=False,
        pool_recycle=1800,
        json_serializer=_dumps,
        connect_args={
            "async_creator_fn": _connect,
            # A refused connection fails at once; this is for a machine too busy to shake hands.
            "timeout": 30,
            "server_settings": {
                "search_path": schema,
                "application_name": name,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(statement_timeout_ms),
                "lock_timeout": "10000",
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )
