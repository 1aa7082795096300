"""What people type, made comparable: full-width characters, spaces, hyphens and look-alikes."""

import re
import unicodedata

# Dashes, blanks and invisible characters that input methods and copying leave behind.
_FILLING = re.compile(
    r"[\s\-\u00ad\u2010-\u2015\u2212\u30fc\uff70\u200b-\u200f\u202a-\u202e\u2060\ufeff]+"
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"

# ×, Cyrillic and Greek letters that look like the X of a check character; ASCII letters only are
# raised, since other scripts change length when they are.
_AS_PRINTED = str.maketrans(
    dict(zip(LETTERS.lower(), LETTERS, strict=True))
    | dict.fromkeys("×✕ХхΧχ", "X")
    | dict.fromkeys("。·", ".")
)


def normalise(text: str) -> str:
    """Upper case, half-width, without spaces and hyphens; whatever else was typed stays."""
    half_width = _FILLING.sub("", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFC", half_width.translate(_AS_PRINTED))


def not_in(text: str, allowed: str) -> list[int]:
    """The positions (from 1) of characters that do not belong."""
    return [place for place, character in enumerate(text, 1) if character not in allowed]
