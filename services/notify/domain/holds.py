"""A certificate does not leave before the paper that was deferred has come."""

from collections.abc import Collection
from enum import StrEnum

from services.notify.domain import deliveries
from services.notify.domain.deliveries import Method, Status, Step
from shared.errors import ConflictError


class DeferredPaperOutstandingError(ConflictError):
    code = "deferred-paper-outstanding"

    def __init__(self, outstanding: Collection[str]) -> None:
        super().__init__(
            "容缺材料尚未补齐，证照暂不发出",
            "a deferred material is outstanding, the certificate is kept until it comes",
            outstanding=sorted(outstanding),
        )


class Deferral(StrEnum):
    """What the installation does with a certificate while a deferred paper is outstanding."""

    HOLD = "hold"
    EXCHANGE = "exchange"  # it may travel to the counter, where paper is exchanged for certificate


_COUNTERS = frozenset({Method.WINDOW_PICKUP, Method.HANDLING_PICKUP})


def opening(
    method: Method, *, granted: bool, outstanding: Collection[str], rule: Deferral
) -> Status:
    """Where a delivery starts. Only a granted certificate is held; a denial goes out at once."""
    if not granted or not outstanding:
        return Status.PENDING
    if rule is Deferral.EXCHANGE and method in _COUNTERS:
        return Status.PENDING
    return Status.HELD


def changed(
    method: Method,
    status: Status,
    *,
    to: Method,
    granted: bool,
    outstanding: Collection[str],
    rule: Deferral,
) -> Status:
    """The status under the new way: what could wait at a counter may have to be held now."""
    deliveries.after(method, status, Step.CHANGE)
    return opening(to, granted=granted, outstanding=outstanding, rule=rule)


def ensure_may_be_handed_over(
    *, granted: bool, outstanding: Collection[str], exchanged: Collection[str] = ()
) -> None:
    """The last gate before the certificate leaves our hands, whatever the status says."""
    still = set(outstanding) - set(exchanged)
    if granted and still:
        raise DeferredPaperOutstandingError(still)
