"""The papers of a case: which there are, what an office said in them, and their fixed wording."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from services.intake.domain.items import Fee, ItemVersion, Term
from services.intake.domain.payments import is_due
from services.intake.domain.words import (
    ClockStart,
    DeficiencyPolicy,
    DeliveryMethod,
    LatePaper,
    Named,
    OnceBroken,
    OnceDecided,
    Payer,
    Unit,
)

LICENCE = "01"
"""行政许可 among the types of items (GB/T 39046): its papers cite the 行政许可法."""


# What may be printed of a case, by the name it has in an address.
class Paper(Named):
    RECEIPT = "receipt", "收件凭证"
    MATERIALS_LIST = "materials-list", "已收材料清单"
    CHECKLIST = "checklist", "办理材料清单"
    DEFERRAL = "deferral", "容缺受理承诺书"
    COMMITMENT = "commitment", "告知承诺书"
    NOTICE = "notice", "一次性告知书"
    ACCEPTANCE = "acceptance", "受理通知书"
    REFUSAL = "refusal", "不予受理通知书"
    EXTENSION = "extension", "延期告知书"
    SPECIAL_PROCEDURE = "special-procedure", "特别程序告知书"
    DENIAL = "denial", "不予许可决定书"
    DELIVERY_PROOF = "delivery-proof", "送达回证"


SIGNED = frozenset(Paper) - {Paper.MATERIALS_LIST, Paper.CHECKLIST}
"""Somebody seals or signs these; their own signed PDF is printed where there is one."""


# What an office has decided; a paper follows from it, or none.
class Letter(Named):
    ACCEPTANCE = "acceptance", "受理"
    DEEMED_ACCEPTANCE = "deemed_acceptance", "视为受理"
    REFUSAL = "refusal", "不予受理"
    EXTENSION = "extension", "延期"
    SPECIAL_PROCEDURE = "special_procedure", "特别程序"
    DECISION = "decision", "决定"


class Issued(BaseModel):
    """The certificate that was granted."""

    model_config = ConfigDict(frozen=True)

    name: str
    number: str


class Said(BaseModel):
    """What an office said, whichever of it the kind of letter has; kept sealed."""

    model_config = ConfigDict(frozen=True)

    reason: str = ""
    remedies: str = ""
    by_location: str | None = None
    due_on: date | None = None
    was_due_on: date | None = None
    working_days: int | None = None
    procedure: str | None = None
    ground: str | None = None
    competent_authority: str | None = None
    result: str | None = None
    authority: str = ""
    certificate: Issued | None = None


PRINTS: Mapping[Letter, Paper] = MappingProxyType(
    {
        Letter.ACCEPTANCE: Paper.ACCEPTANCE,
        Letter.REFUSAL: Paper.REFUSAL,
        Letter.EXTENSION: Paper.EXTENSION,
        Letter.SPECIAL_PROCEDURE: Paper.SPECIAL_PROCEDURE,
    }
)
"""An acceptance by silence (行政许可法 32) is nobody's letter and prints nothing."""

_MARKS: Mapping[Paper, str] = MappingProxyType(
    {
        Paper.DEFERRAL: "容",
        Paper.COMMITMENT: "诺",
        Paper.NOTICE: "补",
        Paper.ACCEPTANCE: "受",
        Paper.REFUSAL: "不受",
        Paper.EXTENSION: "延",
        Paper.SPECIAL_PROCEDURE: "特",
        Paper.DENIAL: "不予",
        Paper.DELIVERY_PROOF: "送",
    }
)


def number_of(case_number: str, paper: Paper, place: int = 1) -> str:
    """文书编号: the case's number, the kind of paper, and which of them."""
    return f"{case_number}-{_MARKS[paper]}{place:02}"


def title_of(paper: Paper, item: ItemVersion) -> str:
    if paper is Paper.DENIAL and not is_licence(item):
        return "不予办理决定书"
    return paper.zh


def is_licence(item: ItemVersion) -> bool:
    return item.item_type == LICENCE


def limit(item: ItemVersion) -> str:
    """办理时限: what is promised, and what the law allows at most."""
    limits = item.limits
    start = "自受理之日起" if limits.clock_start is ClockStart.ACCEPTANCE else "自收件之日起"
    promised, statutory = _term(limits.promised), _term(limits.statutory)
    if promised == statutory or not statutory:
        return f"{start}{promised}" if promised else "按办事指南公布的时限"
    if not promised:
        return f"{start}{statutory}（法定时限）"
    return f"{start}{promised}（承诺时限；法定时限{statutory}）"


def _term(term: Term) -> str:
    return "" if term.value is None else f"{term.value}{term.unit.zh}"


def fee(fee: Fee) -> str:
    return f"{fee.amount}元，{fee.due.zh}缴纳" if is_due(fee) else "不收费"


_DELIVERED: Mapping[DeliveryMethod, str] = MappingProxyType(
    {
        DeliveryMethod.POST: "邮寄送达",
        DeliveryMethod.WINDOW_PICKUP: "直接送达（收件窗口领取）",
        DeliveryMethod.HANDLING_PICKUP: "直接送达（办理地领取）",
        DeliveryMethod.ELECTRONIC: "电子送达",
    }
)
_POSTAGE: Mapping[Payer, str] = MappingProxyType(
    {Payer.APPLICANT: "，邮费由申请人承担", Payer.GOVERNMENT: "，邮费由政府承担"}
)


def delivery(method: str | None, item: ItemVersion) -> str:
    if method is None:
        return ""
    known = DeliveryMethod(method)
    paid = _POSTAGE.get(item.postage_payer, "") if known is DeliveryMethod.POST else ""
    return known.zh + paid


def way_of_delivery(method: str | None) -> str:
    """As 送达回证 words it."""
    return _DELIVERED[DeliveryMethod(method)] if method else ""


REGISTERED = (
    "已经登记的内容予以保存，补齐时无须重新填写；补齐之后正式收件。"
    "逾期未补齐的，登记失效，可以重新申请。"
)
"""What becomes of a visit at which papers were missing (首问负责)."""

_UNMENDED: Mapping[DeficiencyPolicy, str] = MappingProxyType(
    {
        DeficiencyPolicy.SUPPLEMENT_BEFORE_ACCEPTANCE: (
            "逾期未补正的，本次申请终结，已收的原件退还；备齐材料后可以重新申请。"
        ),
        DeficiencyPolicy.REFUSE_UNLESS_SUPPLEMENTED: "逾期未补正的，不予受理，已收的原件退还。",
        DeficiencyPolicy.RETURN_AND_RESUBMIT: "逾期未补正的，退回申请；补正后可以重新提交。",
        DeficiencyPolicy.ACCEPT_ON_COMMITMENT: "",
    }
)


def unmended(item: ItemVersion) -> str:
    """What follows when nothing comes in time."""
    return _UNMENDED[item.limits.deficiency_policy]


def sentence(text: str) -> str:
    """As it was typed, with a full stop where the typist left it out."""
    said = text.strip()
    return f"{said}。" if said and said[-1].isalnum() else said


def unkept(item: ItemVersion) -> str:
    """What follows when a deferred paper never comes; goes on from 逾期未补交的."""
    policy = item.deferral.expiry_policy
    return f"按承诺{policy.zh}" if policy else "按本事项公布的规定处理"


def broken(item: ItemVersion) -> str:
    """Told before anybody signs: what follows a broken deferral beside the expiry itself."""
    terms = item.deferral
    decided = (terms.once_decided or OnceDecided.HOLD).zh
    bar = barred(terms.barred_months, "逾期", "容缺受理")
    late = f"{(terms.late_paper or LatePaper.STANDS).zh}。" if bar else ""
    return f"届时已经作出决定的，{decided}。{bar}{late}"


def barred(months: int | None, since: str, what: str) -> str:
    return f"自{since}之日起{months}个月内不再适用{what}。" if months else ""


def later_check(item: ItemVersion) -> str:
    term = item.commitment.later_check_within
    if term is None or term.value is None:
        return "作出决定之后依法核查。"
    unit = "个工作日" if term.unit is Unit.WORKING_DAY else "日"
    return f"自作出决定之日起{term.value}{unit}内核查。"


def liability(item: ItemVersion) -> str:
    revoked = item.commitment.once_broken is not OnceBroken.BAR
    then = "依法撤销决定，并" if revoked else ""
    said = f"承诺不实或者未履行承诺的，{then}将有关信息归集至信用平台。"
    return said + barred(item.commitment.barred_months, "查实", "告知承诺")
