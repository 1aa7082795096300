"""Where each sealed column of notify is bound to its row: sealed bytes open nowhere else."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json

from shared.security.keys import Keyring
from shared.security.personal import Personal


class _Sealed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(_Sealed):
    """To whom and where a paper goes."""

    recipient: Annotated[str | None, Personal("name")] = None
    phone: Annotated[str | None, Personal("phone")] = None
    address: Annotated[str | None, Personal("address")] = None
    postcode: Annotated[str | None, Personal("address")] = None
    division: str | None = None


class Person(_Sealed):
    """Whom to tell, and the code that opens the progress page."""

    phone: str | None = None
    tracking_code: str | None = None
    envelope: Envelope = Envelope()


class Certificate(_Sealed):
    name: str
    number: Annotated[str, Personal("id_number")]
    form: str


class Outcome(_Sealed):
    opinion: Annotated[str, Personal("text")]
    certificate: Certificate | None = None


class ProofRecord(_Sealed):
    """What a 送达回证 says: who collected it, what was checked, or whence the link was opened."""

    collector: str | None = None
    collector_name: Annotated[str | None, Personal("name")] = None
    identity_checked: bool = False
    authority_seen: bool = False
    reference: str = ""
    address: str | None = None
    recorded_by: Annotated[str | None, Personal("name")] = None


class Content(_Sealed):
    """A message as it goes out."""

    phone: str | None
    text: str
    provider_code: str = ""
    words: dict[str, str] = {}


_CASE = "notify.told_case.person:{}"
_DELIVERY = "notify.delivery.{}:{}"
_DISPATCH = "notify.dispatch.recipient:{}"
_MESSAGE = "notify.message.content:{}"
_SCAN = "notify.dispatch_scan.words:{}"
_PUSH = "notify.carrier_push.body:{}:{}"
_SUBSCRIPTION = "notify.subscription.{}:{}"
_ANSWER = "notify.webhook_attempt.answer:{}"


def seal_person(keys: Keyring, case_number: str, person: Person) -> bytes:
    return _seal(keys, person, _CASE.format(case_number))


def open_person(keys: Keyring, case_number: str, sealed: bytes) -> Person:
    return Person.model_validate(_open(keys, sealed, _CASE.format(case_number)))


def seal_envelope(keys: Keyring, delivery_id: UUID, envelope: Envelope) -> bytes:
    return _seal(keys, envelope, _DELIVERY.format("envelope", delivery_id))


def open_envelope(keys: Keyring, delivery_id: UUID, sealed: bytes) -> Envelope:
    return Envelope.model_validate(_open(keys, sealed, _DELIVERY.format("envelope", delivery_id)))


def seal_outcome(keys: Keyring, delivery_id: UUID, outcome: Outcome) -> bytes:
    return _seal(keys, outcome, _DELIVERY.format("outcome", delivery_id))


def open_outcome(keys: Keyring, delivery_id: UUID, sealed: bytes) -> Outcome:
    return Outcome.model_validate(_open(keys, sealed, _DELIVERY.format("outcome", delivery_id)))


def seal_proof(keys: Keyring, delivery_id: UUID, proof: ProofRecord) -> bytes:
    return _seal(keys, proof, _DELIVERY.format("proof", delivery_id))


def open_proof(keys: Keyring, delivery_id: UUID, sealed: bytes) -> ProofRecord:
    return ProofRecord.model_validate(_open(keys, sealed, _DELIVERY.format("proof", delivery_id)))


def seal_recipient(keys: Keyring, dispatch_id: UUID, envelope: Envelope) -> bytes:
    return _seal(keys, envelope, _DISPATCH.format(dispatch_id))


def open_recipient(keys: Keyring, dispatch_id: UUID, sealed: bytes) -> Envelope:
    return Envelope.model_validate(_open(keys, sealed, _DISPATCH.format(dispatch_id)))


def seal_content(keys: Keyring, message_id: UUID, content: Content) -> bytes:
    return _seal(keys, content, _MESSAGE.format(message_id))


def open_content(keys: Keyring, message_id: UUID, sealed: bytes) -> Content:
    return Content.model_validate(_open(keys, sealed, _MESSAGE.format(message_id)))


def seal_scan(keys: Keyring, dispatch_id: UUID, words: str) -> bytes:
    return keys.seal("fields", words.encode(), context=_SCAN.format(dispatch_id))


def open_scan(keys: Keyring, dispatch_id: UUID, sealed: bytes) -> str:
    return keys.open("fields", sealed, context=_SCAN.format(dispatch_id)).decode()


def seal_push(keys: Keyring, carrier: str, webhook_id: str, body: bytes) -> bytes:
    return keys.seal("fields", body, context=_PUSH.format(carrier, webhook_id))


def open_push(keys: Keyring, carrier: str, webhook_id: str, sealed: bytes) -> bytes:
    return keys.open("fields", sealed, context=_PUSH.format(carrier, webhook_id))


def seal_secret(keys: Keyring, subscription_id: UUID, secret: bytes) -> bytes:
    """The same whether it is the present one or the one before: rotation moves it as it is."""
    return keys.seal("fields", secret, context=_SUBSCRIPTION.format("secret", subscription_id))


def open_secret(keys: Keyring, subscription_id: UUID, sealed: bytes) -> bytes:
    return keys.open("fields", sealed, context=_SUBSCRIPTION.format("secret", subscription_id))


def seal_contact(keys: Keyring, subscription_id: UUID, phone: str) -> bytes:
    context = _SUBSCRIPTION.format("contact", subscription_id)
    return keys.seal("fields", phone.encode(), context=context)


def open_contact(keys: Keyring, subscription_id: UUID, sealed: bytes) -> str:
    context = _SUBSCRIPTION.format("contact", subscription_id)
    return keys.open("fields", sealed, context=context).decode()


def seal_answer(keys: Keyring, attempt_id: UUID, answer: bytes) -> bytes:
    return keys.seal("fields", answer, context=_ANSWER.format(attempt_id))


def open_answer(keys: Keyring, attempt_id: UUID, sealed: bytes) -> bytes:
    return keys.open("fields", sealed, context=_ANSWER.format(attempt_id))


def _seal(keys: Keyring, content: BaseModel, context: str) -> bytes:
    return keys.seal("fields", to_json(content), context=context)


def _open(keys: Keyring, sealed: bytes, context: str) -> Any:
    return from_json(keys.open("fields", sealed, context=context))
