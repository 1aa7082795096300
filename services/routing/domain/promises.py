"""告知承诺 after the decision: only what was granted on a promise is checked and revoked."""

from collections.abc import Mapping, Sequence
from typing import Any

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


def must_be_granted(result: str | None) -> None:
    if result != "granted":
        raise NothingGrantedError


def must_be_promised(commitment: Mapping[str, Any] | None) -> None:
    if not commitment:
        raise NothingPromisedError


def must_be_broken(checks: Sequence[bool]) -> None:
    """`checks`: what each later check found, kept or not, in order; the last one counts."""
    if not checks or checks[-1]:
        raise NotBrokenError
