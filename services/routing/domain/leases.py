"""Who works on a handoff: a claim is a lease, the first legal act makes it lasting."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.routing.domain.handoffs import OPEN, Status
from shared.errors import ConflictError

LEASE = timedelta(minutes=15)

# What a claim by number hands out: there is something to do. One that waits (for paper, for a
# supplement, for experts) can still be claimed by its id.
WORKABLE = frozenset({Status.RECEIVED, Status.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Work:
    """`bound` once the holder has done a legal act: from then on no lease runs out."""

    holder: str | None = None
    lease_until: datetime | None = None
    bound: bool = False


FREE = Work()


class HeldByAnotherError(ConflictError):
    """Names no person: who holds it is for the office's own list."""

    code = "handoff-held-by-another"

    def __init__(self, *, bound: bool, lease_until: datetime | None) -> None:
        until = "" if bound or lease_until is None else f"（占用至 {lease_until.isoformat()}）"
        super().__init__(
            f"该办件已由同事办理{until}，可等待释放或由科长改派",
            "another officer works on this handoff; wait for release or ask for reassignment",
            bound=bound,
            lease_until=lease_until.isoformat() if lease_until and not bound else None,
        )


class NotClaimedError(ConflictError):
    code = "handoff-not-claimed"

    def __init__(self) -> None:
        super().__init__(
            "请先领取该办件再办理", "claim this handoff before acting on it", allowed=["claim"]
        )


class NothingToClaimError(ConflictError):
    code = "handoff-not-open"

    def __init__(self, status: Status) -> None:
        super().__init__(
            f"当前状态为“{status.zh}”，无需领取",
            f"a handoff that is {status} is nobody's work any more",
            status=status.value,
        )


def held_by(work: Work, *, at: datetime) -> str | None:
    """A lease ends at its last instant, exclusive: no instant belongs to two officers."""
    if work.bound:
        return work.holder
    if work.holder is None or work.lease_until is None or work.lease_until <= at:
        return None
    return work.holder


def claimable(status: Status, work: Work, *, at: datetime) -> bool:
    return status in OPEN and held_by(work, at=at) is None


def claim(status: Status, work: Work, by: str, *, at: datetime) -> Work:
    """Claiming what one already holds renews it."""
    if status not in OPEN:
        raise NothingToClaimError(status)
    if held_by(work, at=at) == by:
        return renew(work, by, at=at)
    if not claimable(status, work, at=at):
        raise HeldByAnotherError(bound=work.bound, lease_until=work.lease_until)
    return Work(holder=by, lease_until=at + LEASE)


def renew(work: Work, by: str, *, at: datetime) -> Work:
    _require(work, by, at=at)
    return work if work.bound else replace(work, lease_until=at + LEASE)


def act(work: Work, by: str, *, at: datetime) -> Work:
    """The first legal act binds the holder until release or reassignment."""
    _require(work, by, at=at)
    return Work(holder=by, lease_until=None, bound=True)


def release(work: Work, by: str, *, at: datetime) -> Work:
    _require(work, by, at=at)
    return FREE


def reassign(status: Status, to: str) -> Work:
    """Named by a supervisor or handed over by a colleague: it is theirs, no lease runs out."""
    if status not in OPEN:
        raise NothingToClaimError(status)
    return Work(holder=to, lease_until=None, bound=True)


def lapsed(work: Work, *, at: datetime) -> bool:
    return work.holder is not None and held_by(work, at=at) is None


def lapse(work: Work, *, at: datetime) -> Work:
    return FREE if lapsed(work, at=at) else work


def _require(work: Work, by: str, *, at: datetime) -> None:
    holder = held_by(work, at=at)
    if holder is None:
        raise NotClaimedError
    if holder != by:
        raise HeldByAnotherError(bound=work.bound, lease_until=work.lease_until)
