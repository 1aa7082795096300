"""What is left of a sealed content when what is personal is taken out of it.

Whatever was read from the content before can still be read: codes, kinds and lists stay where they
are, words become ERASED, everything else goes. Nothing is kept for not being known: a field stays
only if it is named here, and only if its value looks like a code.
"""

import re
from typing import Any, Final

ERASED: Final = "〔已删除〕"

# Fields that say of what kind something is, never who somebody is.
_CODES: Final = frozenset(
    {
        *("item_code", "mode", "channel", "kind", "id_type", "capacity", "code", "form", "method"),
        *("material_code", "point", "choice", "of", "how", "result", "ground", "procedure"),
        *("materials", "count", "committed", "priority_needs", "id", "given_at", "due_on"),
        *("was_due_on", "expected_until", "by_location", "fields", "version", "received_at"),
        *("provider_code", "collector", "identity_checked", "authority_seen", "working_days"),
    }
)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+/-]{0,63}")
_PERSON: Final = re.compile(r"(?<!\d)(1\d{10}|\d{15}|\d{17}[\dXx])(?!\d)")
# Whole parts in which keys and values are the applicant's own.
_OWN: Final = frozenset({"form", "words", "note"})
# With it a file opens: it goes without a trace.
_KEYS: Final = frozenset({"sealed_key"})
_GONE: Final = object()


def blanked(content: Any) -> Any:
    """The content as it stands once the person is out of it; doing so again changes nothing."""
    found = _blank(content, named=False)
    return None if found is _GONE else found


def is_blank(value: object) -> bool:
    return value == ERASED


def _blank(value: Any, *, named: bool) -> Any:
    if isinstance(value, dict):
        kept = {key: _field(key, each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not _GONE}
    if isinstance(value, list):
        each_one = (_blank(each, named=named) for each in value)
        return [each for each in each_one if each is not _GONE]
    if isinstance(value, str):
        return value if named and _is_code(value) else ERASED
    return value if named or value is None else _GONE


def _field(key: str, value: Any) -> Any:
    if key in _KEYS:
        return _GONE
    if key in _OWN and isinstance(value, dict):
        return {}
    return _blank(value, named=key in _CODES or _in_basis(key, value))


def _in_basis(key: str, value: Any) -> bool:
    """Which division is asked for which reason: {"household_registration": "620102"}."""
    return isinstance(value, str) and key in _BASES and value.isdigit()


_BASES: Final = frozenset(
    {
        *("household_registration", "usual_residence", "place_insured", "place_registered"),
        *("move_out", "move_in", "transfer_out", "transfer_in", "fund_account", "business_site"),
        *("property", "fixed"),
    }
)


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None and _PERSON.search(value) is None
