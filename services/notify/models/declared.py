"""How notify's tables are declared: which Python type is which column."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase

from shared.db.base import new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own convention)
        datetime: DateTime(timezone=True),
        date: Date,
        str: Text,
        UUID: Uuid,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        bytes: LargeBinary,
    }
