"""容缺 and 告知承诺 after the decision: what was granted on a promise that is found broken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.routing.domain.words import Named
from shared.errors import ConflictError


class NothingGrantedError(ConflictError):
    code = "nothing-granted"

    def __init__(self) -> None:
        super().__init__(
            "本件没有准予的决定，无需事后核查或撤销", "nothing was granted that could be checked"
        )


class NothingPromisedError(ConflictError):
    code = "nothing-promised"

    def __init__(self) -> None:
        super().__init__("本件不是以告知承诺方式办理的", "this matter was not granted on a promise")


class NotBrokenError(ConflictError):
    code = "promise-not-broken"

    def __init__(self) -> None:
        super().__init__(
            "没有查实违背承诺的事后核查记录，不能据此撤销",
            "no later check has found the promise broken",
        )


class OnlyHeldError(ConflictError):
    """By the item's own rule the missing paper keeps the result back and undoes nothing."""

    code = "item-only-holds"

    def __init__(self) -> None:
        super().__init__(
            "按本事项规定，容缺材料逾期未补交的，结果暂不送达，不撤销决定",
            "by the item's rule the result is held until the paper comes; nothing is revoked",
        )


class PaperCameError(ConflictError):
    code = "deferred-paper-came"

    def __init__(self) -> None:
        super().__init__(
            "容缺材料已经补齐，撤销的理由不再存在",
            "the deferred papers have come; there is no ground to revoke any more",
        )


class Ground(Named):
    """Why a decision is to be revoked."""

    DEFERRAL = "deferral", "容缺材料逾期未补交"
    COMMITMENT = "commitment", "违背告知承诺"


@dataclass(frozen=True, slots=True)
class Promised:
    """What this matter was granted on, as far as it is known to be broken. `checks`: what each
    later check found, kept or not, in order; the last one counts."""

    commitment: Mapping[str, Any] | None = None
    checks: Sequence[bool] = ()
    broken: Mapping[str, Any] | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paper_missing(self) -> bool:
        """Past its last day, with the decision made; a second term is not over yet."""
        return self.broken is not None and bool(self.broken.get("once_decided"))

    @property
    def paper_came(self) -> bool:
        return self.broken is not None and self.broken.get("came_on") is not None


def ground_to_revoke(promised: Promised) -> Ground:
    """The one that holds, or why none does."""
    if promised.checks and not promised.checks[-1]:
        return Ground.COMMITMENT
    if not promised.paper_missing:
        must_be_promised(promised.commitment)
        raise NotBrokenError
    if not revokes_decided(promised.terms):
        raise OnlyHeldError
    if promised.paper_came:
        raise PaperCameError
    return Ground.DEFERRAL


def revokes_decided(item: Mapping[str, Any]) -> bool:
    """A deferred paper never came and the matter had been granted: whether its item has that
    undone. An item that says nothing has the result held (S3-31: the paper comes at the latest when
    the certificate is collected)."""
    return bool(_term(item, "deferral", "once_decided") == "revoke")


def revokes_broken_word(item: Mapping[str, Any]) -> bool:
    """你失信、我撤销 (S0-23), unless the item says that the bar is all."""
    return bool(_term(item, "commitment", "once_broken") != "bar")


def _term(item: Mapping[str, Any], promise: str, name: str) -> Any:
    return (item.get(promise) or {}).get(name)


def reason_to_revoke(names: Sequence[str], due_on: date) -> str:
    listed = "、".join(names)
    return f"容缺材料（{listed}）应于{due_on}前补交，逾期未补交；按本事项规定，由决定机关撤销决定"


def must_be_granted(result: str | None) -> None:
    if result != "granted":
        raise NothingGrantedError


def must_be_promised(commitment: Mapping[str, Any] | None) -> None:
    if not commitment:
        raise NothingPromisedError
