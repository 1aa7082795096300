"""What is wrong with a number, in sentences a clerk can read out; never the number itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Fault, InvalidError


@dataclass(frozen=True, slots=True)
class Flaw:
    """A fault that does not know yet where in the request it stands."""

    code: str
    message_zh: str
    message_en: str

    def at(self, pointer: str) -> Fault:
        return Fault(pointer, self.code, self.message_zh, self.message_en)


def refusal(flaws: Sequence[Flaw]) -> InvalidError:
    return InvalidError([flaw.at("") for flaw in flaws])


def refuse(flaws: Sequence[Flaw]) -> None:
    """Raise with all of them, if there are any."""
    if flaws:
        raise refusal(flaws)


def wrong_length(name_zh: str, name_en: str, expected: str, found: int) -> Flaw:
    if not found:
        return Flaw("missing", f"请填写{name_zh}", f"{name_en} is missing")
    return Flaw(
        "length",
        f"{name_zh}应为{expected}位，现为{found}位，请核对",
        f"{name_en} must have {expected} characters, not {found}",
    )


def wrong_characters(name_zh: str, name_en: str, positions: Sequence[int], allowed: str) -> Flaw:
    where = "、".join(str(position) for position in positions)
    return Flaw(
        "characters",
        f"{name_zh}第{where}位应为{allowed}，请核对",
        f"{name_en} has a wrong character at position {', '.join(map(str, positions))}",
    )


def wrong_check(name_zh: str, name_en: str, position: int) -> Flaw:
    return Flaw(
        "check-character",
        f"{name_zh}第{position}位校验码不对，请核对号码",
        f"check character {position} of {name_en} does not fit the number",
    )
