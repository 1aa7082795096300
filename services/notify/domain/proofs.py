"""What proves that a result was delivered: the grounds of a 送达回证."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from services.notify.domain.deliveries import Method
from shared.errors import Fault, InvalidError


class ProofKind(StrEnum):
    """What the 送达回证 rests on."""

    SIGNED_IN_PERSON = "signed_in_person"
    SIGNED_BY_AGENT = "signed_by_agent"
    CARRIER_RECORD = "carrier_record"
    LINK_OPENED = "link_opened"
    SYSTEM_RECEIPT = "system_receipt"


class Collector(StrEnum):
    APPLICANT = "applicant"
    GUARDIAN = "guardian"
    ATTORNEY = "attorney"
    LEGAL_REPRESENTATIVE = "legal_representative"
    HANDLER = "handler"


PROOFS: Mapping[Method, frozenset[ProofKind]] = MappingProxyType(
    {
        Method.ELECTRONIC: frozenset({ProofKind.LINK_OPENED, ProofKind.SYSTEM_RECEIPT}),
        Method.POST: frozenset({ProofKind.CARRIER_RECORD}),
        Method.WINDOW_PICKUP: frozenset({ProofKind.SIGNED_IN_PERSON, ProofKind.SIGNED_BY_AGENT}),
        Method.HANDLING_PICKUP: frozenset({ProofKind.SIGNED_IN_PERSON, ProofKind.SIGNED_BY_AGENT}),
    }
)

_AT_A_COUNTER = frozenset({ProofKind.SIGNED_IN_PERSON, ProofKind.SIGNED_BY_AGENT})


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen at the hand-over. No names: who it was stays in the sealed record."""

    kind: ProofKind
    collector: Collector = Collector.APPLICANT
    identity_checked: bool = False
    authority_seen: bool = False  # 授权委托书, or the paper that shows guardianship or office
    reference: str = ""  # waybill, system receipt number, link id, or the scanned receipt's digest


def check_proof(method: Method, proof: Proof) -> None:
    """Raise with everything that is wrong with it."""
    faults = [
        *_faults_of_kind(method, proof),
        *(_faults_at_counter(proof) if proof.kind in _AT_A_COUNTER else ()),
    ]
    if proof.kind not in _AT_A_COUNTER and not proof.reference.strip():
        faults.append(
            Fault("/reference", "proof-reference-missing", "缺少凭证编号", "no reference given")
        )
    if faults:
        raise InvalidError(faults)


def _faults_of_kind(method: Method, proof: Proof) -> list[Fault]:
    if proof.kind in PROOFS[method]:
        return []
    return [
        Fault(
            "/kind",
            "proof-kind-unfit",
            "送达回证的种类与送达方式不符",
            f"{proof.kind} does not prove a {method} delivery",
        )
    ]


def _faults_at_counter(proof: Proof) -> list[Fault]:
    faults = []
    by_agent = proof.kind is ProofKind.SIGNED_BY_AGENT
    if not proof.identity_checked:
        faults.append(
            Fault(
                "/identity_checked",
                "identity-not-checked",
                "未核验领取人身份",
                "the collector's identity was not checked",
            )
        )
    if by_agent is (proof.collector is Collector.APPLICANT):
        faults.append(
            Fault(
                "/collector",
                "collector-unfit",
                "领取人与回证种类不符",
                "the collector does not fit the kind of proof",
            )
        )
    if by_agent and not proof.authority_seen:
        faults.append(
            Fault(
                "/authority_seen",
                "authority-not-seen",
                "代领须查验授权或身份关系证明",
                "someone else collects: the authority must have been seen",
            )
        )
    return faults
