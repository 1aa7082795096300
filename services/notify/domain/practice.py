"""How this installation delivers and tells: its own terms and wording, where no law fixes them."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from services.notify.domain.carriers import CarrierRule
from services.notify.domain.holds import Deferral
from services.notify.domain.limits import PersonLimit, QuietHours
from services.notify.domain.pickups import PickupTerms
from services.notify.domain.templates import Templates
from shared.clock import SHANGHAI
from shared.workdays.calendar import Workdays


@dataclass(frozen=True, slots=True)
class Practice:
    """`texting` says whether an SMS gateway is there; without one messages are kept, not sent."""

    public_url: str = ""
    link_term: timedelta = timedelta(days=30)
    deferral: Deferral = Deferral.HOLD
    pickup: PickupTerms = field(default_factory=PickupTerms)
    templates: Templates = field(default_factory=lambda: Templates(()))
    signature: str = "通办"
    hotline: str = "12345"
    texting: bool = False
    carrier_rules: tuple[CarrierRule, ...] = ()
    limit: PersonLimit = field(default_factory=PersonLimit)
    quiet: QuietHours = field(default_factory=lambda: QuietHours(time(21), time(8), SHANGHAI))
    workdays: Workdays = field(default_factory=Workdays.national, repr=False)


def spoken_day(day: date) -> str:
    return f"{day.month}月{day.day}日"
