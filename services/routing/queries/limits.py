"""The terms of each item as this house counts them, with where each figure comes from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import remedies
from services.routing.domain.terms import Limit, Terms
from services.routing.models import ItemRow
from services.routing.queries import registry
from services.routing.queries.registry import Item
from shared.http import pages


@dataclass(frozen=True, slots=True)
class Figure:
    """`confidence`: how the catalogue marks it; empty: the item says nothing, the law does."""

    name: str
    what: str
    basis: str
    confidence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    item: Item
    figures: Sequence[Figure]


async def page(
    session: AsyncSession, *, after: str | None, limit: int
) -> tuple[Sequence[Limits], str | None]:
    """The newest version of each item, by code."""
    position = pages.position(after, str)
    newest = (
        select(ItemRow)
        .ext(distinct_on(ItemRow.code))
        .where(ItemRow.code > (position[0] if position else ""))
        .order_by(ItemRow.code, ItemRow.version.desc())
        .limit(limit + 1)
    )
    rows = (await session.scalars(newest)).all()
    found, more = pages.cut(rows, limit)
    items = [registry.item_of(row.document) for row in found]
    shown = [Limits(item, tuple(_figures(item))) for item in items]
    return shown, pages.cursor(found[-1].code) if more else None


_TERMS = (
    ("notify_window", "一次性告知"),
    ("deemed_after", "未告知视为受理"),
    ("promised", "承诺时限"),
    ("statutory", "法定时限"),
    ("supplement_term", "补正期限"),
    ("extension_max", "延长最多"),
    ("deliver_within", "送达"),
    ("window_return", "退回窗口"),
)


def _figures(item: Item) -> Iterator[Figure]:
    document, terms = item.document, item.terms
    marking = document.get("marking") or {}
    for name, zh in _TERMS:
        limit: Limit | None = getattr(terms, name)
        if limit is not None:
            yield _marked(Figure(zh, limit.zh, limit.article), marking, f"/limits/{name}")
    for hop, limit in terms.hops.items():
        yield _marked(Figure(hop.zh, limit.zh, limit.article), marking, "/limits/hops")
    for procedure in terms.procedures:
        most = procedure.max_working_days
        what = f"最长{most}个工作日" if most is not None else "不限"
        named = Figure(procedure.name, what, procedure.article)
        yield _marked(named, marking, "/special_procedures")
    yield _marked(_policy(terms), marking, "/limits/deficiency_policy")
    for zh, remedy in zip(("行政复议", "行政诉讼"), remedies.of_item(document), strict=True):
        if remedy is not None:
            yield _marked(Figure(zh, remedy.zh, remedy.basis), marking, "/remedies")


def _policy(terms: Terms) -> Figure:
    return Figure("材料不齐", terms.deficiency_policy.zh, "事项实施清单")


def _marked(figure: Figure, marking: Mapping[str, Any], pointer: str) -> Figure:
    """The nearest mark above: a pointer speaks for everything below it."""
    while pointer and pointer not in marking:
        pointer = pointer.rpartition("/")[0]
    mark = marking.get(pointer)
    if mark is None:
        return figure
    return Figure(figure.name, figure.what, figure.basis, mark["confidence"], mark["source"])
