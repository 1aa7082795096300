"""How often somebody may come: a bucket for each that fills at a steady rate, kept in this process.

Nothing is shared between processes and nothing is asked of the database, so the bound costs next to
nothing; with several processes somebody may come as many times as often. Only so many are
remembered: the one who has been away longest is forgotten, and starts with a full bucket.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

REMEMBERED: Final = 50_000
# What may come at once, in seconds of the steady rate: a hall full of people after lunch.
BURST_SECONDS: Final = 10.0


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """`per_second` 0 lets everybody in."""

    def __init__(self, per_second: float, *, remembered: int = REMEMBERED) -> None:
        self._per_second = per_second
        self._full = per_second * BURST_SECONDS
        self._remembered = remembered
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def seconds_to_wait(self, who: str, now: float) -> float:
        """0 when this one may come in, and then it counts; else how long until the next may."""
        if not self._per_second:
            return 0.0
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = _Bucket(self._full, now)
            if len(self._buckets) > self._remembered:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(who)
            gained = (now - bucket.at) * self._per_second
            bucket.left, bucket.at = min(self._full, bucket.left + gained), now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / self._per_second
        bucket.left -= 1.0
        return 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Callers, with a token or a signature; and addresses, for those who have neither."""

    callers: Rates
    addresses: Rates

    @classmethod
    def of(cls, *, per_caller: float, per_address: float) -> "Pace":
        return cls(Rates(per_caller), Rates(per_address))
