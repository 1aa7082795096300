"""缴费: what the applicant has paid, noted at the window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import asking, seals
from services.intake.domain import cases, payments
from services.intake.domain.cases import Act, Status, What
from services.intake.domain.payments import Payment
from services.intake.models import PaymentRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.chance import new_id
from shared.errors import ConflictError, InvalidError
from shared.http import etags
from shared.means import means, origin
from shared.security.grants import Scope


class BillNotedError(ConflictError):
    code = "bill-noted"

    def __init__(self) -> None:
        super().__init__("这一缴款单号已经登记过", "this bill has been noted already")


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as it was noted; `payer` where it was not the applicant."""

    payment: Payment
    paid_at: datetime
    payer: str | None


async def note_payment(
    session: AsyncSession,
    number: str,
    paid: Paid,
    *,
    scope: Scope,
    if_match: str | None,
    catalogue: Catalogue,
    at: datetime,
) -> PaymentRow:
    case = await reads.lock_case(session, number, scope)
    etags.require(if_match, case.version)
    cases.must_allow(Status(case.status), Act.NOTE_PAYMENT)
    item = await catalogue.version(session, case.item_code, case.item_version)
    before = await reads.payments_of(session, number)
    bill = paid.payment.bill_number.strip()
    if any(row.bill_number == bill for row in before):
        raise BillNotedError
    faults = payments.find(paid.payment, item.fee, paid=total(before))
    faults += payments.when(paid.paid_at, received_at=case.received_at, now=at)
    if faults:
        raise InvalidError(faults)
    payment_id = new_id()
    row = PaymentRow(
        payment_id=payment_id,
        case_number=number,
        bill_number=bill,
        amount=paid.payment.amount,
        way=paid.payment.way.value,
        paid_at=paid.paid_at,
        payer_sealed=seals.seal_payer(means(session).keys, payment_id, paid.payer),
        noted_at=at,
        noted_by=origin(session).actor,
        location=case.receiving_location,
    )
    session.add(row)
    await asking.note(session, case, What.PAID, at=at)
    await trail.record(
        session,
        action="payment-noted",
        at=at,
        case_number=number,
        resource=f"payment:{payment_id}",
        facts={"amount": str(row.amount), "way": row.way},
    )
    return row


def total(rows: Sequence[PaymentRow]) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0))
