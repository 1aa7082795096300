"""Column types that SQLAlchemy does not bring."""

from typing import Any

from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """A transaction's own number."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"
