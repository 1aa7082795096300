"""Who applies and who acts for them: names, papers, phones, age, capacity to act."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from services.intake.domain.items import ADULT, ItemVersion
from services.intake.domain.messages import Words, fault, listed
from services.intake.domain.submissions import (
    PartialApplicant,
    PartialParty,
    PartialRepresentative,
    PartialSubmission,
)
from services.intake.domain.words import (
    ORGANISATION_PAPERS,
    PERSON_PAPERS,
    Capacity,
    IdType,
    Kind,
    Named,
)
from shared.errors import Fault
from shared.identity import born, papers, phones
from shared.identity.typed import normalise

_BORN_IN_NUMBER = frozenset(
    {
        IdType.RESIDENT_ID,
        IdType.TEMPORARY_RESIDENT_ID,
        IdType.HOUSEHOLD_REGISTER,
        IdType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT,
        IdType.FOREIGN_PERMANENT_RESIDENT_ID,
    }
)

MAY_ACT: Mapping[Kind, tuple[Capacity, ...]] = MappingProxyType(
    {
        Kind.PERSON: (Capacity.GUARDIAN, Capacity.ATTORNEY, Capacity.HANDLER, Capacity.HELPER),
        Kind.ORGANISATION: (
            Capacity.LEGAL_REPRESENTATIVE,
            Capacity.HANDLER,
            Capacity.ATTORNEY,
            Capacity.HELPER,
        ),
    }
)

# Who acts by the applicant's own mandate; what an item without agents refuses to a person.
AGENTS = frozenset({Capacity.ATTORNEY, Capacity.HANDLER})

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Marks, spaces and signs that names of people really contain.
_NAME_SIGNS = frozenset("·•・‧∙.．-－'’`（）() 　/")
_APPLICANT = Words("申请人", "the applicant")
_RARE_PLANES = range(0x20000, 0x40000)  # rare characters, newer ones than Python may know


@dataclass(frozen=True, slots=True)
class _Who:
    party: PartialParty
    pointer: str
    words: Words


def word(value: Named) -> Words:
    return Words(value.zh, value.value.replace("_", " "))


def find(
    submission: PartialSubmission, item: ItemVersion | None, on: date, years: int | None
) -> Iterator[Fault]:
    """`years` is the applicant's age, where it is known."""
    applicant, representative = submission.applicant, submission.representative
    if applicant is not None:
        yield from _party(_Who(applicant, "/applicant", _APPLICANT), on)
        yield from _applicant(applicant, item)
    if representative is not None:
        yield from _party(_Who(representative, "/representative", _acting(representative)), on)
        yield from _representative(representative, on)
    if applicant is not None:
        yield from _phone_of_anybody(applicant, representative)
        yield from _relation(applicant, representative, item)
        yield from _capacity_to_act(submission, item, years)


def _acting(representative: PartialRepresentative) -> Words:
    if representative.capacity is None:
        return Words("代为办理的人", "the representative")
    return Words(representative.capacity.zh, f"the {representative.capacity.replace('_', ' ')}")


# Anybody: name, paper, phone.


def _party(who: _Who, on: date) -> Iterator[Fault]:
    party = who.party
    if party.name is not None:
        for code, found in name_flaws(party.name, is_person=party.kind is not Kind.ORGANISATION):
            yield fault(f"{who.pointer}/name", code, who=who.words, found=found)
    yield from _paper(who, on)
    if party.phone:
        for flaw in phones.check(party.phone):
            what = Words(flaw.message_zh, flaw.message_en)
            yield _coded(f"{who.pointer}/phone", "phone", flaw.code, who=who.words, what=what)
    if party.birth_date is not None:
        yield from _birth_date(who, on)


def name_flaws(name: str, *, is_person: bool) -> Iterator[tuple[str, str]]:
    """Rare characters are names too; control characters, private-use characters, emoji are not."""
    if not name.strip():
        yield "name-blank", ""
        return
    odd = "".join(dict.fromkeys(c for c in name if not _may_be_in_name(c, is_person=is_person)))
    if odd:
        shown = " ".join(f"U+{ord(c):04X}" if not c.isprintable() else c for c in odd[:5])
        yield "name-character", shown
    elif not any(_is_letter(c) for c in name):
        yield "name-no-letter", ""


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" or ord(character) in _RARE_PLANES


def _may_be_in_name(character: str, *, is_person: bool) -> bool:
    kind = unicodedata.category(character)
    if _is_letter(character) or kind[0] == "M" or character in _NAME_SIGNS:
        return True
    return not is_person and kind[0] in "NPZ"


def _coded(pointer: str, text: str, code: str, **facts: object) -> Fault:
    """A sentence of ours around a flaw that has a code of its own."""
    said = fault(pointer, text, **facts)
    return Fault(pointer, code, said.message_zh, said.message_en)


def _paper(who: _Who, on: date) -> Iterator[Fault]:
    party = who.party
    if party.id_type is None:
        return
    paper = word(party.id_type)
    if party.kind is not None:
        allowed = PERSON_PAPERS if party.kind is Kind.PERSON else ORGANISATION_PAPERS
        if party.id_type not in allowed:
            yield fault(
                f"{who.pointer}/id_type",
                "id-type-unfit",
                who=who.words,
                kind=word(party.kind),
                id_type=paper,
                allowed=listed(word(each) for each in IdType if each in allowed),
            )
            return
    yield from _number(who, party.id_type, on)


def _number(who: _Who, id_type: IdType, on: date) -> Iterator[Fault]:
    pointer, number = f"{who.pointer}/id_number", who.party.id_number
    if id_type is IdType.BEING_FOUNDED:
        if number:
            yield fault(pointer, "id-number-unwanted", who=who.words)
    elif not number or not number.strip():
        yield fault(pointer, "id-number-missing", who=who.words, id_type=word(id_type))
    else:
        for flaw in papers.check(id_type, number, on=on):
            what = Words(flaw.message_zh, flaw.message_en)
            yield _coded(pointer, "id-number", flaw.code, who=who.words, what=what)


def _birth_date(who: _Who, on: date) -> Iterator[Fault]:
    pointer = f"{who.pointer}/birth_date"
    said = _day(who.party.birth_date)
    if said is None or said > on:
        yield fault(pointer, "birth-date", who=who.words)
        return
    known = _born_by_number(who.party)
    if known is not None and known != said:
        yield fault(pointer, "birth-date-differs", who=who.words)


def _day(text: str | None) -> date | None:
    if text is None or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _born_by_number(party: PartialParty) -> date | None:
    if party.id_type not in _BORN_IN_NUMBER or not party.id_number:
        return None
    number = normalise(party.id_number)
    if len(number) != born.LENGTH or papers.check(party.id_type, number):
        return None
    return born.birth_date(number)


def age(party: PartialParty, on: date) -> int | None:
    """In whole years on that day, where number or birth date tell it."""
    birth = _born_by_number(party) or _day(party.birth_date)
    if birth is None or birth > on:
        return None
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


# The applicant, and who acts.


def _applicant(applicant: PartialApplicant, item: ItemVersion | None) -> Iterator[Fault]:
    if item and applicant.kind and applicant.kind not in item.kinds:
        yield fault(
            "/applicant/kind",
            "applicant-kind",
            item=item.name,
            allowed=listed(word(kind) for kind in item.kinds),
        )
    if applicant.legal_representative is not None:
        who = Words("法定代表人", "the legal representative")
        for code, found in name_flaws(applicant.legal_representative, is_person=True):
            yield fault("/applicant/legal_representative", code, who=who, found=found)
    if applicant.incapacitated and applicant.kind is Kind.ORGANISATION:
        yield fault("/applicant/incapacitated", "incapacity-unfit")


def _representative(representative: PartialRepresentative, on: date) -> Iterator[Fault]:
    capacity = representative.capacity
    if capacity is None:
        return
    if representative.kind is Kind.ORGANISATION and capacity is not Capacity.ATTORNEY:
        yield fault("/representative/kind", "representative-kind", capacity=word(capacity))
    years = age(representative, on)
    if years is not None and years < ADULT and capacity is not Capacity.HELPER:
        yield fault(
            "/representative/id_number",
            "representative-too-young",
            capacity=word(capacity),
            age=ADULT,
        )


def _phone_of_anybody(
    applicant: PartialApplicant, representative: PartialRepresentative | None
) -> Iterator[Fault]:
    numbers = [applicant.phone, representative.phone if representative else None]
    if not any(number and number.strip() for number in numbers):
        yield fault("/applicant/phone", "phone-missing")


def _relation(
    applicant: PartialApplicant,
    representative: PartialRepresentative | None,
    item: ItemVersion | None,
) -> Iterator[Fault]:
    if representative is None:
        if item and item.organisation_sends_somebody and applicant.kind is Kind.ORGANISATION:
            yield fault("/representative", "organisation-needs-person")
        return
    capacity, kind = representative.capacity, applicant.kind
    if capacity and kind and capacity not in MAY_ACT[kind]:
        yield fault(
            "/representative/capacity",
            "capacity-unfit",
            kind=word(kind),
            capacity=word(capacity),
            allowed=listed(word(each) for each in MAY_ACT[kind]),
        )
    if kind is Kind.PERSON and item and not item.agents_allowed and capacity in AGENTS:
        yield fault("/representative/capacity", "agents-forbidden", item=item.name)
    if _same_person(applicant, representative):
        yield fault("/representative/id_number", "representative-is-applicant")


def _same_person(one: PartialParty, other: PartialParty) -> bool:
    if not one.id_number or not other.id_number or one.id_type != other.id_type:
        return False
    return normalise(one.id_number) == normalise(other.id_number)


def _capacity_to_act(
    submission: PartialSubmission, item: ItemVersion | None, years: int | None
) -> Iterator[Fault]:
    applicant, representative = submission.applicant, submission.representative
    if applicant is None or applicant.kind is not Kind.PERSON:
        return
    by_guardian = representative is not None and representative.capacity is Capacity.GUARDIAN
    limit = item.adult_age if item else ADULT
    if by_guardian:
        if item and not item.agents_allowed and not applicant.incapacitated:
            yield from _guardian_of_adult(years, limit)
    elif applicant.incapacitated:
        yield fault("/representative", "guardian-for-incapable")
    elif years is not None and years < limit:
        yield fault("/representative", "guardian-for-minor", age=limit)
    elif years is None and item and item.ages and _age_untold(applicant):
        yield fault(
            "/applicant/birth_date",
            "birth-date-needed",
            who=_APPLICANT,
            id_type=word(applicant.id_type or IdType.OTHER),
        )


def _guardian_of_adult(years: int | None, limit: int) -> Iterator[Fault]:
    # Otherwise the word "guardian" would get past an item that forbids agents.
    if years is not None and years >= max(limit, ADULT):
        yield fault("/representative/capacity", "guardian-unneeded", age=max(limit, ADULT))


def _age_untold(party: PartialParty) -> bool:
    """The paper cannot tell it, and nobody has; a wrong number is a fault of its own."""
    return (
        party.id_type is not None
        and party.id_type not in _BORN_IN_NUMBER
        and party.birth_date is None
    )
