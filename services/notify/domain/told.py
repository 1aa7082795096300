"""What systems are told by webhook: which types there are, who may hear them, and which facts.

Thin: numbers, codes and dates. Whatever is personal is fetched with the subscriber's own token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

PROOF = "notify.endpoint-proof.v1"
HEALTH = "notify.subscription-health.v1"


class Audience(StrEnum):
    """Which partner may hear of it; systems of our own may hear everything."""

    CASE = "case"  # one of its places takes part in the case
    BAG = "bag"  # the bag leaves from or goes to one of its places
    NAMED = "named"  # the message names it as `partner`
    EVERYBODY = "everybody"  # published anyhow
    OWNER = "owner"  # it is about the subscription itself


@dataclass(frozen=True, slots=True)
class Kind:
    """`facts` are the fields of the message that travel on."""

    zh: str
    audience: Audience
    facts: tuple[str, ...]


def _case(zh: str, *facts: str) -> Kind:
    return Kind(zh, Audience.CASE, ("case_number", *facts))


def _handoff(zh: str, *facts: str) -> Kind:
    return _case(zh, "handoff_id", "location", "status", *facts)


def _bag(zh: str, *facts: str) -> Kind:
    own = ("parcel_id", "number", "from_location", "to_location", "state", "at")
    return Kind(zh, Audience.BAG, (*own, *facts))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "intake.item-published.v1": Kind(
            "事项版本发布",
            Audience.EVERYBODY,
            ("code", "version", "status", "valid_from", "valid_to", "name"),
        ),
        "intake.case-received.v1": _case(
            "收件",
            "item_code",
            "item_version",
            "mode",
            "channel",
            "receiving_location",
            "received_at",
            "priority",
            "delivery_method",
        ),
        "intake.supplement-given.v1": _case("申请人补正", "supplement_id", "given_at"),
        "intake.promise-broken.v1": _case(
            "容缺材料逾期未补交", "materials", "due_on", "follows", "next_due_on", "at"
        ),
        "intake.withdrawal-requested.v1": _case("申请人申请撤回", "withdrawal_id", "at"),
        "intake.case-erased.v1": _case("个人信息已删除", "rule", "cause", "at"),
        "intake.content-stored.v1": _case(
            "材料文件到齐",
            "material_code",
            "content_id",
            "digest",
            "size",
            "media_type",
            "stored_at",
        ),
        "routing.case-assigned.v1": _case("分办", "mode", "handoffs"),
        "routing.handoff-opened.v1": _handoff("轮到办理", "at"),
        "routing.handoff-accepted.v1": _handoff(
            "受理", "accepted_at", "due_on", "due_provisional", "deemed", "by_location"
        ),
        "routing.handoff-refused.v1": _handoff("不予受理", "at", "ground", "competent_authority"),
        "routing.notice-issued.v1": _handoff(
            "一次性告知", "notice_id", "number", "issued_at", "supplement_due_on", "materials"
        ),
        "routing.supplement-applied.v1": _handoff("补正已采用", "supplement_id", "at"),
        "routing.request-refused.v1": _case(
            "申请未予采用", "request_id", "kind", "code", "reason_zh", "at"
        ),
        "routing.handoff-suspended.v1": _handoff(
            "特别程序开始", "at", "procedure", "working_days", "expected_until"
        ),
        "routing.handoff-resumed.v1": _handoff("特别程序结束", "at", "due_on", "due_provisional"),
        "routing.handoff-extended.v1": _handoff(
            "延期", "at", "working_days", "due_on", "due_provisional"
        ),
        "routing.light-turned.v1": _handoff(
            "时限预警", "light", "on_day", "due_on", "term", "responsible"
        ),
        "routing.deadline-changed.v1": _handoff(
            "期限变动", "was", "due_on", "due_provisional", "supplement_due_on", "at"
        ),
        "routing.handoff-transferred.v1": _handoff(
            "转办", "to_location", "new_handoff_id", "at", "also_moved"
        ),
        "routing.handoff-prereviewed.v1": _handoff("网上预审答复", "at", "answer", "materials"),
        "routing.handoff-returned.v1": _handoff("退回窗口更正", "at", "due_on"),
        "routing.handoff-handed-back.v1": _handoff("窗口更正后送回", "at"),
        "routing.originals-verified.v1": _handoff(
            "原件核验", "at", "materials", "passed", "by_location"
        ),
        "routing.gaps-found.v1": _handoff(
            "协办方发现缺项", "at", "materials", "lead_location", "ready_to_notify"
        ),
        "routing.handoff-decided.v1": _handoff("本环节办结", "result", "decided_at"),
        "routing.handoff-closed.v1": _handoff("本环节终止", "outcome", "at"),
        "routing.case-decided.v1": _case(
            "办结",
            "handoff_id",
            "item_code",
            "result",
            "decided_at",
            "location",
            "authority",
            "deliver_by",
        ),
        "routing.case-closed.v1": _case("终止", "outcome", "at"),
        "routing.promise-checked.v1": _handoff("承诺事后核查", "kept", "at"),
        "routing.decision-revoked.v1": _handoff("撤销决定", "at"),
        "routing.message-written.v1": _case(
            "两地留言", "message_id", "from_location", "to_location", "at"
        ),
        "routing.reminder-sent.v1": _case(
            "催办",
            "handoff_id",
            "reminder_id",
            "number",
            "from_location",
            "to_location",
            "answer_by",
            "at",
        ),
        "routing.reminder-raised.v1": _case(
            "催办升级", "handoff_id", "reminder_id", "locations", "at"
        ),
        "routing.appointment-made.v1": _case(
            "视频会商约定",
            "appointment_id",
            "from_location",
            "to_location",
            "starts_at",
            "minutes",
        ),
        "routing.appointment-settled.v1": _case("视频会商结果", "appointment_id", "outcome", "at"),
        "routing.originals-moved.v1": _case("原件流转", "parcel_number", "at", "originals"),
        "routing.papers-delayed.v1": _case(
            "原件延误", "parcel_number", "what", "originals", "at", "clock_state", "due_on"
        ),
        "routing.parcel-sealed.v1": _bag("封包", "cases", "originals", "seal_number"),
        "routing.parcel-handed-over.v1": _bag("交寄", "cases", "carrier", "waybill", "due_on"),
        "routing.parcel-arrived.v1": _bag("到达", "cases"),
        "routing.parcel-scanned.v1": _bag("扫描入库", "cases", "found", "discrepancies"),
        "routing.discrepancy-settled.v1": _bag(
            "差异处理", "discrepancy_id", "kind", "original_id", "case_number", "settlement"
        ),
        "routing.parcel-returning.v1": _bag("退回途中", "cases"),
        "routing.parcel-returned.v1": _bag("已退回", "cases"),
        "routing.parcel-lost.v1": _bag("遗失", "cases"),
        "routing.parcel-found.v1": _bag("找到", "cases"),
        "routing.parcel-overdue.v1": _bag("逾期未到", "cases", "due_on"),
        "routing.parcel-closed.v1": _bag("封包作废", "cases"),
        "notify.delivery-changed.v1": _case("送达进展", "delivery_id", "method", "status", "at"),
        "notify.result-delivered.v1": _case(
            "结果已送达", "delivery_id", "method", "delivered_at", "proof_kind"
        ),
        "routing.partner-told.v1": Kind(
            "一方作出的一步，请对方同样办理",
            Audience.NAMED,
            (
                "partner",
                "kind",
                "case_number",
                "parcel_number",
                "step",
                "location",
                "actor",
                "content",
                "at",
            ),
        ),
        "routing.partner-answered.v1": Kind(
            "对方通知的办理结果",
            Audience.NAMED,
            (
                "partner",
                "webhook_id",
                "kind",
                "outcome",
                "case_number",
                "joint_number",
                "faults",
                "at",
            ),
        ),
        PROOF: Kind("证明接收地址", Audience.OWNER, ("subscription_id", "challenge")),
        HEALTH: Kind(
            "推送状况",
            Audience.OWNER,
            ("subscription_id", "name", "what", "since", "percent", "at"),
        ),
    }
)

# What a subscriber may ask for by name; the rest comes by itself.
ASKABLE = frozenset(type_ for type_, kind in KINDS.items() if kind.audience is not Audience.OWNER)


def thin(type_: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What of a message travels on; a sealed field never does, whatever the table says."""
    return {
        name: facts[name]
        for name in KINDS[type_].facts
        if name in facts and not _sealed(facts[name])
    }


def _sealed(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"sealed"}


@dataclass(frozen=True, slots=True)
class Envelope:
    id: UUID
    source: str
    type: str
    subject: str
    at: datetime


def document(envelope: Envelope, facts: Mapping[str, Any], *, sequence: int) -> str:
    """The CloudEvent as it is signed and sent. `sequence` counts what this subscription is told of
    this subject, so that a reader sees for itself that nothing is missing."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(envelope.id),
            "source": envelope.source,
            "type": envelope.type,
            "subject": envelope.subject,
            "time": envelope.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "sequence": f"{sequence:020d}",
            "data": thin(envelope.type, facts),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
