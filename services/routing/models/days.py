"""Holiday notices loaded since the package was made, and days that local governments set."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from services.routing.models.declared import Base


class YearNoticeRow(Base):
    """The yearly notice as it was loaded; a second one for a year adds to the first."""

    __tablename__ = "year_notice"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[str]
    document: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]


class LocalDayRow(Base):
    """放假办法 4: a day that a division set for itself and what lies below it."""

    __tablename__ = "local_day"

    division: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    name: Mapped[str]
    source: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
