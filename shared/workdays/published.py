"""The notices published so far, as the chinesecalendar package carries them (2004 on).

Chosen because it is kept up every November and carries the working weekends. Its tables are read,
not its functions: those walk day by day and raise for a year that is not published.
"""

from datetime import date
from functools import cache

import chinese_calendar

from shared.workdays.notices import MAY_STILL_MOVE, Mark, YearNotice

SOURCE = f"国务院办公厅放假通知（chinesecalendar {chinese_calendar.__version__}）"


@cache
def published_notices() -> tuple[YearNotice, ...]:
    """The package does not say whose notice moved a day: the last of a year are the next one's."""
    marks: dict[int, dict[date, Mark]] = {}
    for table, works in ((chinese_calendar.holidays, False), (chinese_calendar.workdays, True)):
        for day, english in table.items():
            year = day.year + ((day.month, day.day) >= MAY_STILL_MOVE)
            mark = Mark(works, chinese_calendar.Holiday(english).chinese, SOURCE)
            marks.setdefault(year, {})[day] = mark
    return tuple(YearNotice(year, SOURCE, days) for year, days in sorted(marks.items()))
