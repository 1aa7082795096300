"""The one place that reads the time."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (this is that place)


def local_date(at: datetime) -> date:
    """The legal day of an instant: days are days in Asia/Shanghai."""
    return at.astimezone(SHANGHAI).date()


async def _read(request: Request) -> datetime:
    # async: FastAPI would send a plain function to a thread, once for each request.
    clock: Clock = request.app.state.clock
    return clock()


Now = Annotated[datetime, Depends(_read)]
