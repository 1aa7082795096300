"""How the result is to reach the applicant, and whether the post could find them."""

import re
from collections.abc import Iterator
from datetime import date

from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import Words, fault, listed
from services.intake.domain.people import name_flaws, word
from services.intake.domain.places import division
from services.intake.domain.submissions import PartialDelivery, PartialSubmission
from services.intake.domain.words import DeliveryMethod
from shared.divisions import divisions
from shared.divisions.divisions import LocalDivisions
from shared.errors import Fault
from shared.identity import phones
from shared.identity.resident import PROVINCES

_POSTCODE = re.compile(r"[0-9]{6}")
_SHORTEST_ADDRESS = 5


def find(
    submission: PartialSubmission, item: ItemVersion | None, on: date, local: LocalDivisions
) -> Iterator[Fault]:
    delivery = submission.delivery
    if delivery is None:
        if item:
            yield fault("/delivery", "delivery-missing", allowed=_allowed(item))
        return
    method = delivery.method
    if item and method and method not in item.result.delivery:
        at = "/delivery/method"
        yield fault(at, "delivery-method", method=word(method), allowed=_allowed(item))
    if method is DeliveryMethod.POST:
        yield from _needed_by_post(delivery)
    yield from _as_filled(delivery, on, local)


def _allowed(item: ItemVersion) -> Words:
    return listed(word(method) for method in item.result.delivery)


def _needed_by_post(delivery: PartialDelivery) -> Iterator[Fault]:
    needed = {
        "recipient": (delivery.recipient, "recipient-missing"),
        "phone": (delivery.phone, "delivery-phone-missing"),
        "address": (delivery.address, "address-missing"),
        "postcode": (delivery.postcode, "postcode-missing"),
    }
    for name, (value, code) in needed.items():
        if not value or not value.strip():
            yield fault(f"/delivery/{name}", code)


def _as_filled(delivery: PartialDelivery, on: date, local: LocalDivisions) -> Iterator[Fault]:
    yield from _phone(delivery.phone or "")
    if delivery.method in (None, DeliveryMethod.POST):
        yield from _envelope(delivery)
        if delivery.division:
            address = (delivery.address or "").strip()
            yield from _division(delivery.division, address, on, local)


def _phone(phone: str) -> Iterator[Fault]:
    for flaw in phones.check(phone) if phone.strip() else ():
        what = Words(flaw.message_zh, flaw.message_en)
        said = fault("/delivery/phone", "delivery-phone", what=what)
        yield Fault(said.pointer, flaw.code, said.message_zh, said.message_en)


def _envelope(delivery: PartialDelivery) -> Iterator[Fault]:
    recipient, address, postcode = (
        (value or "").strip() for value in (delivery.recipient, delivery.address, delivery.postcode)
    )
    # A unit may be the recipient, so digits and signs are fine.
    for _, found in name_flaws(recipient, is_person=False) if recipient else ():
        yield fault("/delivery/recipient", "recipient-name", found=found)
    if address and len(address) < _SHORTEST_ADDRESS:
        yield fault("/delivery/address", "address-too-short")
    if postcode and not _POSTCODE.fullmatch(postcode):
        yield fault("/delivery/postcode", "postcode")


def _division(code: str, address: str, on: date, local: LocalDivisions) -> Iterator[Fault]:
    field = Words("收件地址所在行政区划", "the address's division")
    unknown = list(division("/delivery/division", field, code, on, local))
    yield from unknown
    named = _province_named(address, on)
    if not unknown and named and named not in divisions.ancestors(code, local=local):
        name = divisions.full_name(code, on, local=local)
        yield fault("/delivery/address", "address-elsewhere", name=name, code=code)


def _province_named(address: str, on: date) -> str | None:
    """Only the full name counts: 海南州 lies in 青海省."""
    for prefix in sorted(PROVINCES):
        province = divisions.lookup(f"{prefix}0000", on)
        if province and address.startswith(province.name):
            return province.code
    return None
