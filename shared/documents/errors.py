"""Why a document cannot be printed."""

import unicodedata
from collections.abc import Sequence

from shared.errors import Fault, InvalidError


class UnprintableError(InvalidError):
    """Some characters are in none of our fonts: say which, and print no blank boxes."""

    code = "document-unprintable"

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = tuple(characters)
        super().__init__([_fault(character) for character in characters])


def _fault(character: str) -> Fault:
    point = f"U+{ord(character):04X}"
    # Private, half and invisible characters could not be read in a message either.
    shown = "" if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"} else character
    return Fault(
        "",
        "character-not-in-font",
        f"打印字库中没有“{shown}”（{point}），请改用规范汉字或手工填写",
        f"no font has the character {point}",
    )


class TooLongError(InvalidError):
    code = "document-too-long"

    def __init__(self, what_zh: str, what_en: str) -> None:
        super().__init__([Fault("", "document-too-long", what_zh, what_en)])


class NotEncodableError(InvalidError):
    code = "barcode-not-encodable"

    def __init__(self) -> None:
        zh = "条码只能包含英文字母、数字和符号"
        en = "a barcode holds printable ASCII only"
        super().__init__([Fault("", "barcode-not-encodable", zh, en)])


class TypesettingError(Exception):
    """The template or the engine failed: ours to mend, not the caller's."""
