"""What a caller hears when the database is not there."""

import pytest
from sqlalchemy import text

from shared.db.engine import open_engine
from shared.problems import is_passing


@pytest.mark.parametrize(
    "host",
    ["/nowhere/at/all", "127.0.0.1:1", "no-such-host.invalid"],
    ids=["socket", "port", "name"],
)
async def test_a_database_that_is_away_is_a_passing_trouble(host: str) -> None:
    engine = open_engine(f"postgresql+asyncpg://nobody@/none?host={host}", schema="x", name="x")
    with pytest.raises(ConnectionError) as caught:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    assert is_passing(caught.value)
    await engine.dispose()
