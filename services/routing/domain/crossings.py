"""What a partner may tell us, word by word: the steps of our own API, under the same names.

One table: kind -> which call of ours it is. The webhook carries the call's body, so whatever an
officer may do by API a partner may do by webhook, and everything is checked in one place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.errors import Fault, told_back

TOLD: Final = "routing.partner-told.v1"
ANSWERED: Final = "routing.partner-answered.v1"
# How another installation of ours asks whether this is the address that it was told.
PROOF: Final = "notify.endpoint-proof.v1"


class About(StrEnum):
    """What a step is taken on."""

    HANDOFF = "handoff"
    CASE = "case"
    PARCEL = "parcel"
    PLACE = "place"


# A material's file, and one that goes with an act: fetched, compared, kept sealed here.
FILED: Final = "case.file"
ATTACHED: Final = "case.attachment"
# What goes to intake, which fetches it and creates or passes on.
HANDED_IN: Final = frozenset(
    {"case.submitted", "case.supplemented", "case.corrected", "case.withdrawn", FILED}
)
DELIVERED: Final = "case.delivered"
PARCEL_SENT: Final = "parcel.sent"
# The other side has taken the person out of its copy; what we do with ours is our own duty.
ERASED: Final = "case.erased"
OTHERS: Final = HANDED_IN | {DELIVERED, PARCEL_SENT, ERASED}

# Of what an officer does here the partner is told; who holds the work is each side's own affair.
MIRRORED_STEPS: Final = frozenset(
    {
        *("acceptance", "refusal", "notice", "answer", "transfer-on", "arrival", "prereview"),
        *("verification", "window-return", "hand-back", "suspension", "resumption", "extension"),
        *("decision", "later-check", "revocation"),
    }
)
MIRRORED_DEEDS: Final = frozenset(
    {"arrival", "scan", "return", "taking-back", "loss", "finding", "closing"}
)


def corrected(fields: Iterable[str], application: Mapping[str, Any]) -> dict[str, Any]:
    """What a window put right, as the call that puts it right: `fields` point into the parts."""
    parts: dict[str, Any] = {"reason": "收件窗口更正笔误"}
    for field in fields:
        part, _, name = field.removeprefix("/").partition("/")
        value = (application.get(part) or {}).get(name)
        parts.setdefault(part, {})[name] = value
    return parts


def files_named(body: Mapping[str, Any]) -> list[str]:
    """The digests of the files that an act's body names: they go before the act itself."""
    proof, documents = body.get("proof"), body.get("documents")
    named = [
        *(body.get("attachments") or ()),
        proof.get("digest") if isinstance(proof, dict) else None,
        *(each.get("file") for each in documents or () if isinstance(each, dict)),
    ]
    return list(dict.fromkeys(each for each in named if isinstance(each, str)))


def joint_number(case_number: str) -> str:
    """One number over both installations, made from that of the window that took the case."""
    return f"J{case_number}"


class Outcome(StrEnum):
    APPLIED = "applied"
    REJECTED = "rejected"
    # Not for us: a kind of event that needs nothing done.
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Call:
    about: About
    path: str


def _handoff(*steps: str) -> dict[str, Call]:
    path = "/routing/v1/handoffs/{handoff_id}/"
    return {f"handoff.{step}": Call(About.HANDOFF, path + step) for step in steps}


def _parcel(*steps: str) -> dict[str, Call]:
    path = "/routing/v1/parcels/{parcel_id}/"
    return {f"parcel.{step}": Call(About.PARCEL, path + step) for step in steps}


def _case(**steps: str) -> dict[str, Call]:
    path = "/routing/v1/cases/{case_number}/"
    return {f"case.{step}": Call(About.CASE, path + tail) for step, tail in steps.items()}


CALLS: Mapping[str, Call] = MappingProxyType(
    _handoff(
        *("claim", "release", "reassignment", "acceptance", "refusal", "notice", "answer"),
        *("transfer-on", "arrival", "prereview", "verification", "window-return", "hand-back"),
        *("suspension", "resumption", "extension", "decision", "later-check", "revocation"),
    )
    | _parcel(
        *("originals", "removals", "sealing", "unsealing", "discarding", "handover", "arrival"),
        *("scan", "return", "taking-back", "loss", "finding", "closing"),
    )
    | _case(
        message="messages",
        reminder="reminders",
        appointment="appointments",
        attachment="attachments",
    )
    | {
        "case.appointment-outcome": Call(
            About.CASE, "/routing/v1/appointments/{appointment_id}/outcome"
        ),
        "queue.claims": Call(About.PLACE, "/routing/v1/queues/{location}/claims"),
        "parcel.opening": Call(About.PLACE, "/routing/v1/parcels"),
        "parcel.settlement": Call(
            About.PARCEL,
            "/routing/v1/parcels/{parcel_id}/discrepancies/{discrepancy_id}/settlement",
        ),
        "originals.give-back": Call(About.PLACE, "/routing/v1/custody/give-back"),
        "originals.take-in": Call(About.PLACE, "/routing/v1/custody/take-in"),
    }
)


class _Told(BaseModel):
    """Unknown fields are passed by: a partner may say more than we need."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Actor(_Told):
    """The human who acted; a system never decides."""

    id: str = Field(min_length=1, max_length=80, description="对方经办人账号或工号")
    name: str = Field(min_length=1, max_length=100, description="对方经办人姓名")


class ContentAt(_Told):
    """What is not fit for a webhook: where it is fetched with a token, and its digest."""

    path: str = Field(
        min_length=1, max_length=500, pattern=r"^/[^/]", description="对方安装内的路径"
    )
    digest: str = Field(pattern=r"^sha-256:[0-9a-f]{64}$", description="内容的 SHA-256")


class Told(_Told):
    """`data` of a webhook that a partner sends."""

    kind: str = Field(min_length=1, max_length=60, description="做什么：与接口步骤同名")
    actor: Actor | None = Field(default=None, description="谁作出的；每一步都须写明")
    location: str | None = Field(default=None, max_length=50, description="对方哪个地点作出的")
    case_number: str | None = Field(default=None, max_length=50, description="办件编号")
    parcel_number: str | None = Field(default=None, max_length=50, description="封装袋编号")
    step: str | None = Field(default=None, max_length=50, description="多地联办中的步骤")
    handoff_id: UUID | None = None
    parcel_id: UUID | None = None
    discrepancy_id: UUID | None = None
    body: dict[str, Any] = Field(default_factory=dict, description="与接口相同的内容")
    content: ContentAt | None = Field(
        default=None, description="有不宜写在通知里的内容时：path 与 digest，由我方凭令牌取回"
    )


class Answered(_Told):
    """What became of something that we told them."""

    webhook_id: str = Field(min_length=1, max_length=128)
    outcome: Literal["applied", "rejected"]
    case_number: str | None = Field(default=None, max_length=50)
    joint_number: str | None = Field(default=None, max_length=50)
    faults: list[dict[str, Any]] = Field(default_factory=list, max_length=200)


class CloudEvent(_Told):
    """The envelope, as far as it is needed."""

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=128)
    source: str = Field(min_length=1, max_length=300)
    type: str = Field(min_length=1, max_length=200)
    subject: str | None = Field(default=None, max_length=200)
    time: AwareDatetime | None = None
    data: dict[str, Any] = Field(default_factory=dict)


def challenge_of(event: CloudEvent) -> str | None:
    challenge = event.data.get("challenge")
    return challenge if event.type == PROOF and isinstance(challenge, str) else None


def subject_of(event: CloudEvent) -> str:
    """What a partner's webhooks are applied in order for: its matter, as it names it."""
    named = event.data.get("case_number") or event.data.get("parcel_id")
    return event.subject or (named if isinstance(named, str) else "") or "-"


def kind_of(event: CloudEvent) -> str:
    """What it is about, for the list; only a word of ours or nothing at all."""
    if event.type == ANSWERED:
        return "answered"
    kind = event.data.get("kind")
    known = event.type == TOLD and isinstance(kind, str) and _KIND.fullmatch(kind)
    return str(kind) if known else ""


_KIND = re.compile(r"[a-z.-]{1,60}")


def faults_of(told: Told) -> list[Fault]:
    """What can be said of it before anything is looked up."""
    faults = []
    call = CALLS.get(told.kind)
    if call is None and told.kind not in OTHERS:
        faults.append(
            Fault(
                "/data/kind",
                "unknown-kind",
                f"没有“{told_back(told.kind, '所填')}”这种通知",
                "no such kind",
            )
        )
    if told.actor is None:
        faults.append(
            Fault("/data/actor", "missing", "须写明作出这一步的经办人", "name the human who acted")
        )
    if call is not None:
        faults += _missing(told, call)
    return faults


_NAMES: Mapping[About, tuple[str, ...]] = MappingProxyType(
    {
        About.HANDOFF: ("handoff_id", "case_number"),
        About.CASE: ("case_number",),
        About.PARCEL: ("parcel_id", "parcel_number"),
        About.PLACE: ("location",),
    }
)


def _missing(told: Told, call: Call) -> list[Fault]:
    names = _NAMES[call.about]
    faults = []
    if not any(getattr(told, name) for name in names):
        zh = f"须写明 {' 或 '.join(names)}"
        faults.append(Fault(f"/data/{names[0]}", "missing", zh, f"{' or '.join(names)} required"))
    # Two installations do not know each other's: its content says which one is meant.
    if "{discrepancy_id}" in call.path and told.discrepancy_id is None and told.content is None:
        faults.append(Fault("/data/discrepancy_id", "missing", "须写明差异编号", "required"))
    return faults
