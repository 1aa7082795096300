"""Opens a house's engine: its role, its schema, its time-outs."""

import json
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
        pool_size=pool_size,
        max_overflow=pool_size,
        # A burst waits in line; who gives up after ten seconds would make errors out of slowness.
        pool_timeout=60,
        pool_pre_ping=False,
        pool_recycle=1800,
        json_serializer=_dumps,
        connect_args={
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
