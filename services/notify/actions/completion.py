"""The end of a delivery: the applicant has the result, and the proof is kept."""

from services.notify import events
from services.notify.actions import matters
from services.notify.actions.matters import Matter
from services.notify.actions.messages import tell
from services.notify.domain.deliveries import Step
from services.notify.domain.messages import Event
from services.notify.domain.proofs import Proof, check_proof
from services.notify.queries import seals
from services.notify.queries.seals import ProofRecord


async def complete(matter: Matter, proof: Proof, record: ProofRecord) -> None:
    """Exactly once: the table knows no step out of delivered."""
    check_proof(matter.method, proof)
    matters.move(matter, Step.DELIVER, {"proof": proof.kind.value})
    delivery = matter.delivery
    delivery.delivered_at = matter.at
    delivery.proof_kind = proof.kind.value
    delivery.proof = seals.seal_proof(matter.keys, delivery.id, record)
    delivery.next_chore_on = None
    matter.announced.append(events.result_delivered(delivery, at=matter.at))
    await tell(matter.session, matter.case, Event.DELIVERED, source=str(delivery.id), at=matter.at)
