"""The blind indexes of a person: equal values meet, and nothing else is told."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain.submissions import PartialParty, SubmissionIn
from shared.identity.typed import normalise
from shared.means import means
from shared.security.keys import Keyring

NAME, ID_NUMBER, PHONE, TRACKING = "name", "id_number", "phone", "tracking_code"


def plain_name(name: str) -> str:
    """Spaces and the many middle dots do not tell two people apart."""
    return "".join(c for c in normalise(name) if c not in " 　·•・‧∙.．")


def plain_number(number: str) -> str:
    return normalise(number)


def plain_phone(phone: str) -> str:
    digits = "".join(c for c in normalise(phone) if c.isdigit())
    return digits[-11:] if digits.startswith("86") and len(digits) > 11 else digits


def name_index(keys: Keyring, name: str) -> bytes:
    return keys.blind(NAME, plain_name(name))


def number_index(keys: Keyring, number: str | None) -> bytes | None:
    return keys.blind(ID_NUMBER, plain_number(number)) if number else None


def phone_index(keys: Keyring, phone: str | None) -> bytes | None:
    return keys.blind(PHONE, plain_phone(phone)) if phone else None


def of_people(keys: Keyring, submission: SubmissionIn) -> dict[str, bytes | None]:
    """By the columns of a case. Who has no phone is reached through the one who acts for them."""
    applicant, acting = submission.applicant, submission.representative
    return {
        "name_index": name_index(keys, applicant.name),
        "id_number_index": number_index(keys, applicant.id_number),
        "phone_index": phone_index(keys, applicant.phone or (acting.phone if acting else None)),
        "representative_index": number_index(keys, acting.id_number if acting else None),
    }


def id_number_indexes(session: AsyncSession, party: PartialParty | None) -> list[bytes]:
    """Under every key that may have written it."""
    if party is None or not party.id_number:
        return []
    return list(means(session).keys.blinds(ID_NUMBER, plain_number(party.id_number)))
