"""How the database would look for what is due: by an index, whatever the tables hold."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession


async def plan_of(session: AsyncSession, query: Any) -> str:
    """With reading whole tables made dear: where it is done all the same there is no index."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has it so
    written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    await session.execute(text("SET LOCAL enable_seqscan = off"))
    rows = await session.execute(text(f"EXPLAIN {str(written).replace(':', chr(92) + ':')}"))
    return "\n".join(row[0] for row in rows)
