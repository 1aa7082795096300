"""What was said with an act: opinions, reasons, gaps, documents; sealed where it is kept."""

from typing import Any

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import ActRow
from shared.means import means


def read_words(session: AsyncSession, act: ActRow) -> dict[str, Any]:
    if act.words is None:
        return {}
    context = f"routing.act.words:{act.id}"
    opened: dict[str, Any] = from_json(
        means(session).keys.open("fields", act.words, context=context)
    )
    return opened
