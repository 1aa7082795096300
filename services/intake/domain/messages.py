"""Every sentence the window's rules can say, by its code."""

from collections.abc import Mapping
from types import MappingProxyType

from services.intake.domain.catalogue_texts import FILE
from services.intake.domain.course_texts import (
    CORRECTION,
    CUSTODY,
    DELIVERY,
    GIVE_BACK,
    PAYMENT,
    PROMISES,
    VERIFICATION,
)
from services.intake.domain.submission_texts import (
    CATALOGUE,
    FORM,
    MATERIALS,
    PEOPLE,
    PLACE,
    SHAPE,
)
from services.intake.domain.texts import Words, hint, listed
from shared.errors import Fault, told_back

__all__ = ["GIVE_BACK", "SHAPE", "TEXTS", "Words", "fault", "hint", "listed"]

TEXTS: Mapping[str, Words] = MappingProxyType(
    {
        **FILE,
        **SHAPE,
        **CATALOGUE,
        **PEOPLE,
        **PLACE,
        **FORM,
        **MATERIALS,
        **PROMISES,
        **DELIVERY,
        **PAYMENT,
        **CORRECTION,
        **VERIFICATION,
        **CUSTODY,
    }
)

Fact = object


def fault(pointer: str, code: str, /, **facts: Fact) -> Fault:
    words = TEXTS[code]
    # Where a code was expected, somebody may have written a name or a number.
    if isinstance(given := facts.get("code"), str):
        facts["code"] = Words(told_back(given, "所填内容"), told_back(given, "what was given"))
    zh = {key: fact.zh if isinstance(fact, Words) else fact for key, fact in facts.items()}
    en = {key: fact.en if isinstance(fact, Words) else fact for key, fact in facts.items()}
    return Fault(pointer, code, words.zh.format_map(zh), words.en.format_map(en))
