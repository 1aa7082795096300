"""Fees: what an item charges, when it is due, and whether a payment noted at the window fits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.intake.domain.items import Fee
from services.intake.domain.messages import fault
from services.intake.domain.words import FeeDue, Named
from shared.errors import Fault

LONGEST_BILL_NUMBER = 50


class Way(Named):
    CASH = "cash", "现金"
    ONLINE = "online", "网上支付"
    CARD = "card", "刷卡"
    BANK = "bank", "银行缴款"


@dataclass(frozen=True, slots=True)
class Payment:
    """As GB/T 39046 table 14 has it: 缴款单号, 收费金额 in yuan with two decimals."""

    bill_number: str
    amount: Decimal
    way: Way


_EARLIEST = timedelta(days=400)
"""Some pay before they come to the window, but not years before."""


def when(paid_at: datetime, *, received_at: datetime, now: datetime) -> list[Fault]:
    if received_at - _EARLIEST <= paid_at <= now:
        return []
    return [fault("/paid_at", "payment-when")]


def is_due(fee: Fee) -> bool:
    return fee.due is not FeeDue.NONE and fee.amount > 0


def find(payment: Payment, fee: Fee, *, paid: Decimal = Decimal(0)) -> list[Fault]:
    """Everything that is wrong with a payment; `paid` is what came before."""
    found = []
    number = payment.bill_number.strip()
    if not number or len(number) > LONGEST_BILL_NUMBER:
        found.append(fault("/bill_number", "bill-number", longest=LONGEST_BILL_NUMBER))
    if not is_due(fee):
        found.append(fault("/amount", "payment-unneeded"))
    elif payment.amount <= 0 or -int(payment.amount.as_tuple().exponent) > 2:
        found.append(fault("/amount", "payment-amount"))
    elif paid + payment.amount > fee.amount:
        found.append(fault("/amount", "payment-too-much", due=fee.amount - paid))
    return found
