"""取消: a case that should not exist, taken twice or by mistake, is ended without a decision."""

from services.routing.domain.words import Named
from shared.errors import ConflictError, Fault, InvalidError


class Ground(Named):
    DUPLICATE = "duplicate", "同一申请重复收件"
    ERRONEOUS = "erroneous", "收件有误"


class AlreadyOverError(ConflictError):
    """What has been decided is not cancelled: it stands, or is revoked by its own rules."""

    code = "case-over"

    def __init__(self, outcome: str) -> None:
        super().__init__(
            "办件已作出决定或已终结，不能取消",
            "the case has been decided or closed; it cannot be cancelled",
            outcome=outcome,
        )


def check(ground: Ground, *, duplicate_of: str | None, own: str, known: bool) -> None:
    """A duplicate names the case that goes on, so that nobody is left without one."""
    if ground is Ground.DUPLICATE:
        if duplicate_of is None:
            raise InvalidError([_MISSING])
        if duplicate_of == own or not known:
            raise InvalidError([_UNKNOWN])
    elif duplicate_of is not None:
        raise InvalidError([_NOT_ASKED])


_MISSING = Fault(
    "/duplicate_of",
    "missing",
    "重复收件的，请写明继续办理的是哪一件",
    "name the case that goes on",
)
_UNKNOWN = Fault(
    "/duplicate_of",
    "unknown-case",
    "没有这件办件，或就是要取消的这一件，请核对编号",
    "no such other case",
)
_NOT_ASKED = Fault(
    "/duplicate_of",
    "not-a-duplicate",
    "只有重复收件的才写继续办理的办件编号",
    "only a duplicate names another case",
)
