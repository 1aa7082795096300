"""Which days are worked where, as this process knows it: the package, notices, local days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.models import LocalDayRow, YearNoticeRow
from shared.divisions import divisions
from shared.divisions.divisions import NO_LOCAL, LocalDivisions
from shared.workdays import notices
from shared.workdays.calendar import Workdays
from shared.workdays.notices import LocalDay


@dataclass
class Calendars:
    """Made once for each division that was asked about; those without days of their own share."""

    national: Workdays = field(default_factory=Workdays.national)
    days: Mapping[str, Sequence[LocalDay]] = field(default_factory=dict)
    _made: dict[str, Workdays] = field(default_factory=dict)

    def of(self, division: str, *, local: LocalDivisions = NO_LOCAL) -> Workdays:
        if not self.days:
            return self.national
        if division not in self._made:
            chain = reversed(divisions.ancestors(division, local=local))
            own = [day for code in chain for day in self.days.get(code, ())]
            self._made[division] = self.national.with_local_days(own) if own else self.national
        return self._made[division]


async def read(session: AsyncSession) -> Calendars:
    rows = await session.scalars(select(YearNoticeRow).order_by(YearNoticeRow.id))
    loaded = [notice for row in rows for notice in notices.from_data({"notice": [row.document]})]
    by_division: dict[str, list[LocalDay]] = defaultdict(list)
    for row in await session.scalars(select(LocalDayRow).order_by(LocalDayRow.day)):
        by_division[row.division].append(
            LocalDay(row.day, row.works, row.name, row.source, row.division)
        )
    return Calendars(Workdays.national(loaded), dict(by_division))
