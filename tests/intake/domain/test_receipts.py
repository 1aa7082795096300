"""What the applicant takes home: a list, no acceptance; what anybody with the code may see."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.intake.domain import cases, payments, progress, receipts
from services.intake.domain.cases import News, Picture, What
from services.intake.domain.items import Fee
from services.intake.domain.payments import Payment, Way
from services.intake.domain.progress import Happening
from services.intake.domain.readings import read
from services.intake.domain.receipts import Note
from services.intake.domain.words import FeeDue, Mode
from tests.intake import builders
from tests.intake.builders import make_item, make_submission

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def notes(**changes: Any) -> dict[str, Note]:
    submission = read(make_submission(**changes)).whole()
    return {line.material_code: line.note for line in receipts.lines(submission, make_item())}


def test_the_receipt_says_what_became_of_every_paper() -> None:
    materials = [
        {"code": "M3", "form": "original"},
        {"code": "M2", "form": "original"},
        {
            "code": "M1",
            "form": "e_certificate",
            "e_certificate_id": builders.certificate_number(),
        },
    ]
    found = notes(materials=materials, deferral={"committed": True, "materials": ["M4"]})
    assert list(found.items()) == [
        ("M1", Note.SPARED),
        ("M2", Note.SHOWN),
        ("M3", Note.HANDED_IN),
        ("M4", Note.DEFERRED),
    ]


def test_online_no_original_stays_at_the_window() -> None:
    found = notes(mode="full_online", materials=[{"code": "M3", "form": "original"}])
    assert found == {"M3": Note.SHOWN}


def test_every_single_original_that_is_handed_in_is_counted() -> None:
    item = make_item("CL-002")
    whole = read(make_submission("CL-002")).whole()
    codes = receipts.originals(whole.materials, item, Mode.REMOTE_COLLECTION)
    assert codes == ["M1", "M2", "M2", "M2"]
    assert receipts.originals(whole.materials, item, Mode.FULL_ONLINE) == []


def test_the_receipt_says_that_it_is_no_acceptance() -> None:
    assert "不代表受理" in receipts.NOT_ACCEPTANCE.zh


FEE = Fee(amount=Decimal("20.00"), due=FeeDue.ON_ACCEPTANCE)
FREE = Fee(amount=Decimal(0), due=FeeDue.NONE)


@pytest.mark.parametrize(
    ("fee", "number", "amount", "paid", "codes"),
    [
        (FEE, "62000026001", "20.00", "0", []),
        (FEE, "62000026001", "5.00", "15.00", []),
        (FEE, " ", "0", "0", ["bill-number", "payment-amount"]),
        (FEE, "1", "1.001", "0", ["payment-amount"]),
        (FEE, "1", "6.00", "15.00", ["payment-too-much"]),
        (FREE, "1", "1.00", "0", ["payment-unneeded"]),
    ],
)
def test_a_payment_noted_fits_the_fee(
    fee: Fee, number: str, amount: str, paid: str, codes: list[str]
) -> None:
    payment = Payment(number, Decimal(amount), Way.CASH)
    assert [f.code for f in payments.find(payment, fee, paid=Decimal(paid))] == codes


def test_progress_tells_steps_in_order_and_each_once() -> None:
    assigned = Happening(What.ASSIGNED, AT.replace(hour=2), "620102-C1")
    told = progress.steps(
        [assigned, assigned, Happening(What.STEP_DONE, AT), Happening(What.RECEIVED, AT)]
    )
    assert [step.title.zh for step in told] == ["窗口收件", "转办理地"]


@pytest.mark.parametrize(
    ("news", "asked"),
    [
        ([News(What.NOTICED, AT, until=date(2026, 3, 20))], "补正"),
        ([News(What.DECIDED, AT), News(What.DELIVERING, AT, value="ready")], "领取"),
        ([News(What.DELIVERING, AT, value="ready", way="electronic")], "短信里的链接"),
        ([News(What.DELIVERING, AT, value="ready", way="window_pickup")], "到收件窗口领取"),
        (
            [
                News(What.DELIVERING, AT, value="ready", way="window_pickup"),
                News(What.DELIVERING, AT, value="ready", way="handling_pickup"),
            ],
            "到办理地领取",
        ),
        ([News(What.DECIDED, AT), News(What.DELIVERING, AT, value="held")], "容缺"),
    ],
)
def test_the_applicant_is_told_what_is_asked(news: list[News], asked: str) -> None:
    picture = cases.received(complete=True)
    for each in news:
        picture = cases.after(picture, each)
    request = progress.request(picture)
    assert request is not None
    assert asked in request.text.zh


def test_what_is_asked_has_its_last_day_and_sometimes_nothing_is_asked() -> None:
    incomplete = progress.request(cases.received(complete=False))
    assert incomplete is not None
    open_case: Picture = cases.received(complete=True)
    assert progress.request(open_case) is None
    deferred = progress.request(open_case, deferred_until=date(2026, 3, 23))
    assert deferred is not None
    assert deferred.until == date(2026, 3, 23)
