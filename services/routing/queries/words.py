"""What was said with an act: opinions, reasons, gaps, documents; sealed where it is kept."""

from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import ActRow, CaseRow
from shared.means import means

ASSIGNED: Final = "routing.routed_case.assigned:{case_number}"


def assigned_because(session: AsyncSession, case: CaseRow) -> str | None:
    """Why operations sent it where no rule leads."""
    if case.assigned_words is None:
        return None
    context = ASSIGNED.format(case_number=case.case_number)
    return means(session).keys.open("fields", case.assigned_words, context=context).decode()


def read_words(session: AsyncSession, act: ActRow) -> dict[str, Any]:
    if act.words is None:
        return {}
    context = f"routing.act.words:{act.id}"
    opened: dict[str, Any] = from_json(
        means(session).keys.open("fields", act.words, context=context)
    )
    return opened
