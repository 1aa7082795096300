"""The link to an electronic result: issued for a term, replaced, opened once."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.actions import completion, matters
from services.notify.actions.matters import Matter
from services.notify.actions.messages import tell
from services.notify.domain import codes
from services.notify.domain.codes import HANDLE_SIZE, Code
from services.notify.domain.deliveries import CONCLUDED, Status, Step
from services.notify.domain.messages import Event, Placeholder
from services.notify.domain.practice import Practice, spoken_day
from services.notify.domain.proofs import Proof, ProofKind
from services.notify.models import DeliveryRow, LinkRow
from services.notify.queries import deliveries
from services.notify.queries.seals import ProofRecord
from shared.audit import trail
from shared.chance import new_bytes, new_id
from shared.clock import local_date
from shared.errors import GoneError, NotFoundError
from shared.means import means, origin
from shared.security.keys import Keyring


class LinkExpiredError(GoneError):
    code = "result-link-expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(
            "链接已过期，请到收件窗口或联系办理单位重新取得",
            "the link has expired; the receiving window can issue a new one",
            expired_at=expired_at.isoformat(),
        )


class LinkReplacedError(GoneError):
    code = "result-link-replaced"

    def __init__(self) -> None:
        super().__init__(
            "链接已停用：已签发新的链接，或已改用其他送达方式",
            "the link was replaced by a newer one, or the way of delivery was changed",
        )


def code_of(keys: Keyring, link: LinkRow) -> str:
    return str(Code(link.handle, keys.sign_link(link.handle)))


def address_of(practice: Practice, code: str) -> str:
    return f"{practice.public_url}/notify/results/{code}"


async def issue(matter: Matter) -> LinkRow:
    """A new link; the one before it stops opening."""
    await withdraw(matter)
    link = LinkRow(
        id=new_id(),
        delivery_id=matter.delivery.id,
        handle=new_bytes(HANDLE_SIZE),
        issued_at=matter.at,
        issued_by=origin(matter.session).actor,
        expires_at=matter.at + matter.practice.link_term,
    )
    matter.session.add(link)
    await matter.session.flush()
    return link


async def withdraw(matter: Matter) -> None:
    await matter.session.execute(
        update(LinkRow)
        .where(LinkRow.delivery_id == matter.delivery.id, LinkRow.replaced_at.is_(None))
        .values(replaced_at=matter.at)
    )


async def send(matter: Matter) -> None:
    """The result lies ready behind a link, and the applicant is told."""
    link = await issue(matter)
    matters.move(matter, Step.SEND, {"link": str(link.id)})
    await _tell(matter, link)


async def renew(matter: Matter) -> LinkRow:
    """Because it ran out, was lost, or the result is to be seen once more."""
    if matter.status is Status.READY or matter.status in CONCLUDED - {Status.CANCELLED}:
        link = await issue(matter)
        matters.note(
            matter, "renew_link", before=matter.delivery.status, facts={"link": str(link.id)}
        )
    else:
        matters.move(matter, Step.REPEAT)
        link = await issue(matter)
        matters.move(matter, Step.SEND, {"link": str(link.id)})
    await _tell(matter, link)
    return link


async def _tell(matter: Matter, link: LinkRow) -> None:
    await tell(
        matter.session,
        matter.case,
        Event.LINK_READY,
        source=str(link.id),
        at=matter.at,
        words={
            Placeholder.LINK: address_of(matter.practice, code_of(matter.keys, link)),
            Placeholder.DUE: spoken_day(local_date(link.expires_at)),
        },
    )


async def open_result(
    session: AsyncSession, written: str, *, at: datetime
) -> tuple[DeliveryRow, LinkRow]:
    """Opening is receiving (电子签名法 11): the first time concludes the delivery."""
    code = _read(session, written)
    case = await deliveries.lock_case_of_link(session, code.handle)
    link = await _opening(session, code, at=at)
    if case is None:
        raise NotFoundError
    matter = await matters.of_locked(session, case, at=at)
    await _opened(matter, link)
    return matter.delivery, link


async def look(session: AsyncSession, written: str, *, at: datetime) -> LinkRow:
    """Whether it would open; nothing is opened or noted."""
    return await _opening(session, _read(session, written), at=at)


def _read(session: AsyncSession, written: str) -> Code:
    code = codes.read(written)
    if code is None or not means(session).keys.signed_link(code.tag, code.handle):
        raise NotFoundError
    return code


async def _opening(session: AsyncSession, code: Code, *, at: datetime) -> LinkRow:
    link = await deliveries.link_by_handle(session, code.handle)
    if link is None:
        raise NotFoundError
    if link.replaced_at is not None:
        raise LinkReplacedError
    if at >= link.expires_at:
        raise LinkExpiredError(link.expires_at)
    return link


async def _opened(matter: Matter, link: LinkRow) -> None:
    link.opened_at = link.opened_at or matter.at
    if matter.status in CONCLUDED:
        await trail.record(
            matter.session,
            action="result-opened",
            case_number=matter.delivery.case_number,
            resource=f"delivery:{matter.delivery.id}",
            facts={"link": str(link.id)},
            at=matter.at,
        )
        return
    await completion.complete(
        matter,
        Proof(ProofKind.LINK_OPENED, reference=str(link.id)),
        ProofRecord(reference=str(link.id), address=origin(matter.session).address),
    )
    await matters.conclude(matter, "result-opened", facts={"link": str(link.id)})
