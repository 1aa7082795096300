"""Check characters of ISO 7064 and GB 32100, computed by python-stdnum.

Only its sums are used: its validators stop at the first thing that is wrong, refuse what is valid
here (identity numbers of districts that are gone, credit codes that begin with a letter), and
cn.ric raises KeyError for a district it does not know.
"""

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_36


def by_mod_11_2(body: str) -> str:
    """Pure system, digits; the check character may be X (GB 11643)."""
    return mod_11_2.calc_check_digit(body)


def by_mod_11_10(body: str) -> str:
    """Hybrid system, digits."""
    return mod_11_10.calc_check_digit(body)


def by_mod_37_36(body: str) -> str:
    """Hybrid system, digits and letters (电子证照标识)."""
    return mod_37_36.calc_check_digit(body)


def by_mod_31(body: str) -> str:
    """GB 32100, over the first 17 characters."""
    return uscc.calc_check_digit(body)
