"""How this installation delivers and tells: its own terms and wording, where no law fixes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from types import MappingProxyType

from services.notify.domain.carriers import CarrierRule
from services.notify.domain.endpoints import Listed
from services.notify.domain.holds import Deferral
from services.notify.domain.limits import PersonLimit, QuietHours
from services.notify.domain.pickups import PickupTerms
from services.notify.domain.problems import ProblemTerms
from services.notify.domain.promises import PromiseTerms
from services.notify.domain.templates import Templates
from shared.clock import SHANGHAI
from shared.workdays.calendar import Workdays


@dataclass(frozen=True, slots=True)
class Practice:
    """`texting` says whether an SMS gateway is there; without one messages are kept, not sent.
    `carriers` are those that book over the network: their names by code. `listed` says which inner
    addresses may be called."""

    public_url: str = ""
    link_term: timedelta = timedelta(days=30)
    deferral: Deferral = Deferral.HOLD
    pickup: PickupTerms = field(default_factory=PickupTerms)
    templates: Templates = field(default_factory=lambda: Templates(()))
    signature: str = "通办"
    hotline: str = "12345"
    texting: bool = False
    carrier_rules: tuple[CarrierRule, ...] = ()
    carriers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    problems: ProblemTerms = field(default_factory=ProblemTerms)
    promise: PromiseTerms = field(default_factory=PromiseTerms)
    listed: Listed = lambda _host, _port: False
    limit: PersonLimit = field(default_factory=PersonLimit)
    quiet: QuietHours = field(default_factory=lambda: QuietHours(time(21), time(8), SHANGHAI))
    workdays: Workdays = field(default_factory=Workdays.national, repr=False)

    def carrier_code(self, written: str) -> str | None:
        """Of a carrier that is connected, by its code or its name as people type it."""
        return next((code for code, name in self.carriers.items() if written in (code, name)), None)

    def carrier_name(self, written: str | None) -> str:
        """As people know it; what somebody typed for a carrier that is not connected stays so."""
        return self.carriers.get(written or "", written or "")


def spoken_day(day: date) -> str:
    return f"{day.month}月{day.day}日"
