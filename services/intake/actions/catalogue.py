"""The catalogue: of a file all is imported, or nothing and every fault; told again on request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import events
from services.intake.domain.catalogues import Catalogue
from services.intake.domain.items import ItemVersion
from services.intake.domain.words import Status
from services.intake.models import CatalogueRow, ItemVersionRow
from services.intake.queries import catalogue as known_items
from shared.audit import trail
from shared.errors import Fault, InvalidError
from shared.messaging import outbox
from shared.messaging.envelope import Lane
from shared.messaging.outbox import Announcement

# Held until commit: two imports never compare themselves with the same present.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('intake.catalogue', 0))")

# What may still change in a version that cases were taken under: when it ends.
_ENDING = frozenset({"status", "valid_to"})

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Imported:
    added: int
    changed: int
    unchanged: int

    @property
    def said(self) -> str:
        return f"事项目录已导入：新增 {self.added}，更新 {self.changed}，未变 {self.unchanged}"


async def import_catalogue(
    session: AsyncSession,
    read: Catalogue,
    *,
    at: datetime,
    only_new: bool = False,
    dry: bool = False,
) -> Imported:
    """`only_new` leaves every version alone that is there already, whatever the file says of it;
    `dry` says what would happen."""
    if read.faults:
        raise InvalidError(read.faults)
    await session.execute(_LOCK)
    present = await known_items.versions_at(session, [(i.code, i.version) for i in read.items])
    if not only_new and (faults := list(_rewritten(read.items, present))):
        raise InvalidError([read.placed(fault) for fault in faults])
    added = [item for item in read.items if (item.code, item.version) not in present]
    changed = [] if only_new else [item for item in read.items if _differs(item, present)]
    if (added or changed) and not dry:
        await _publish(session, [*added, *changed], at=at)
        # An import that changes nothing leaves no trace: it happens at every start.
        await trail.record(
            session,
            action="catalogue-imported",
            at=at,
            resource="catalogue",
            facts={"added": len(added), "changed": len(changed)},
        )
    return Imported(len(added), len(changed), len(read.items) - len(added) - len(changed))


def _differs(item: ItemVersion, present: Mapping[Key, ItemVersion]) -> bool:
    known = present.get((item.code, item.version))
    return known is not None and known != item


def _rewritten(items: Sequence[ItemVersion], present: Mapping[Key, ItemVersion]) -> Iterator[Fault]:
    for place, item in enumerate(items):
        known = present.get((item.code, item.version))
        if known is None or known.status is Status.DRAFT:
            continue
        for name in ItemVersion.model_fields:
            if name not in _ENDING and getattr(known, name) != getattr(item, name):
                yield Fault(
                    f"/items/{place}/{name}",
                    "version-published",
                    f"第{place + 1}项（{item.code}）第{item.version}版已发布，"
                    f"「{name}」不能再改，请改为新版本",
                    f"item {place + 1} ({item.code}) version {item.version} is published; "
                    f"“{name}” cannot change, publish a new version",
                )


async def _publish(session: AsyncSession, items: Sequence[ItemVersion], *, at: datetime) -> None:
    rows = [
        {
            "code": item.code,
            "version": item.version,
            "status": item.status.value,
            "valid_from": item.valid_from,
            "valid_to": item.valid_to,
            "name": item.name,
            "department": item.department,
            "modes": [mode.value for mode in item.modes],
            "service_objects": list(item.service_objects),
            "document": item.model_dump(mode="json"),
            "imported_at": at,
        }
        for item in items
    ]
    stored = insert(ItemVersionRow).values(rows)
    excluded = {name: stored.excluded[name] for name in rows[0]}
    await session.execute(
        stored.on_conflict_do_update(index_elements=["code", "version"], set_=excluded)
    )
    revised = insert(CatalogueRow).values(only=1, revision=1)
    await session.execute(
        revised.on_conflict_do_update(
            index_elements=["only"], set_={"revision": CatalogueRow.revision + 1}
        )
    )
    await _announce(session, items, at=at)


async def republish(session: AsyncSession, *, at: datetime) -> int:
    """Every version as it stands: whoever lost the copy has it again, also of the versions that
    older cases are held to."""
    await session.execute(_LOCK)
    count = await _announce(session, await known_items.every_version(session, None), at=at)
    await trail.record(
        session,
        action="catalogue-republished",
        at=at,
        resource="catalogue",
        facts={"versions": count},
    )
    return count


async def _announce(session: AsyncSession, items: Iterable[ItemVersion], *, at: datetime) -> int:
    # A load of thousands travels beside, not before, what clerks wait for.
    announcements = [
        Announcement(
            events.item_published(item), events.item_subject(item.code), at, lane=Lane.BULK
        )
        for item in items
        if item.status is not Status.DRAFT
    ]
    await outbox.record_many(session, announcements)
    return len(announcements)
