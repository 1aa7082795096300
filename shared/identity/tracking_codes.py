"""查询码: 20 characters of Crockford's base32 (100 bits), shown in fives, forgiving when typed."""

from shared.identity.flaws import Flaw, refuse, wrong_characters, wrong_length
from shared.identity.typed import normalise as typed
from shared.identity.typed import not_in

# I and L are read as 1, O as 0; U is left out.
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
_GROUP = 5
_LOOK_ALIKES = str.maketrans("ILO", "110")
_ZH, _EN = "查询码", "the tracking code"


def normalise(code: str) -> str:
    """The stored form of what somebody read off a receipt."""
    return typed(code).translate(_LOOK_ALIKES)


def check(code: str) -> list[Flaw]:
    plain = normalise(code)
    if len(plain) != LENGTH:
        return [wrong_length(_ZH, _EN, str(LENGTH), len(plain))]
    wrong = not_in(plain, CROCKFORD)
    return [wrong_characters(_ZH, _EN, wrong, "数字或字母（不用U）")] if wrong else []


def is_valid(code: str) -> bool:
    return not check(code)


def parse(code: str) -> str:
    plain = normalise(code)
    refuse(check(plain))
    return plain


def grouped(code: str) -> str:
    """XXXXX-XXXXX-XXXXX-XXXXX."""
    plain = normalise(code)
    return "-".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP))
