"""Which papers a case has, and one of them made ready to be typeset; who prints is on the trail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actions import dossier as dossiers
from services.intake.actions import letters, papers
from services.intake.actions.dossier import Dossier, Sent, Told
from services.intake.domain.cases import Status
from services.intake.domain.deferrals import Kind
from services.intake.domain.papers import PRINTS, Letter, Paper, title_of
from services.intake.models import CaseRow, SignedPaperRow
from services.intake.queries import cases as reads
from services.intake.queries.catalogue import Catalogue
from shared.audit import trail
from shared.documents.parts import Document
from shared.errors import CaseErasedError, ConflictError
from shared.security.grants import Scope

_DENIED = "denied"
_DELIVERED = frozenset({"granted", _DENIED})


@dataclass(frozen=True, slots=True)
class Printable:
    """One paper that the case has; `source` is the notice or letter that it is made from."""

    paper: Paper
    title: str
    issued_at: datetime | None = None
    id: UUID | None = None
    source: Told | Sent | None = None
    signed: SignedPaperRow | None = None


class PaperNotThereError(ConflictError):
    code = "document-not-available"

    def __init__(self, found: Dossier, paper: Paper, there: Sequence[Printable]) -> None:
        said = "、".join(dict.fromkeys(each.title for each in there))
        status, title = Status(found.case.status), title_of(paper, found.item)
        silent = paper is Paper.ACCEPTANCE and found.of_kind(Letter.DEEMED_ACCEPTANCE)
        because = (
            "本办件逾期未告知、视为受理，没有受理通知书"
            if silent
            else f"办件{status.zh}，没有{title}"
        )
        super().__init__(
            f"{because}；现在可以打印：{said}",
            f"the case has no such document now: {paper}",
            status=status.value,
            allowed=list(dict.fromkeys(each.paper.value for each in there)),
        )


async def list_papers(
    session: AsyncSession, number: str, *, scope: Scope, catalogue: Catalogue
) -> list[Printable]:
    case = await reads.find_case(session, number, scope)
    if case.erased_at is not None:
        return []
    return available(await dossiers.fetch(session, case, catalogue))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which paper; of several of a kind the latest, unless one is named."""

    paper: Paper
    id: UUID | None = None
    # Ours with its blank place for the seal, though a signed one is there.
    unsigned: bool = False


async def find(
    session: AsyncSession, case: CaseRow, wanted: Wanted, catalogue: Catalogue
) -> Printable:
    return _chosen(await dossiers.fetch(session, case, catalogue), wanted)


def _chosen(found: Dossier, wanted: Wanted) -> Printable:
    """A paper without its person would be a false one."""
    if found.case.erased_at is not None:
        raise CaseErasedError
    there = available(found)
    fitting = [
        each for each in there if each.paper is wanted.paper and wanted.id in (None, each.id)
    ]
    if not fitting:
        raise PaperNotThereError(found, wanted.paper, there)
    return fitting[-1]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be printed: the facts to be typeset, or the PDF that somebody signed."""

    title: str
    made: Document | None
    signed: SignedPaperRow | None


async def prepare(
    session: AsyncSession,
    number: str,
    wanted: Wanted,
    *,
    scope: Scope,
    catalogue: Catalogue,
    public_url: str,
    at: datetime,
) -> Prepared:
    case = await reads.find_case(session, number, scope)
    found = await dossiers.fetch(session, case, catalogue)
    chosen = _chosen(found, wanted)
    signed = None if wanted.unsigned else chosen.signed
    made = None if signed else _made(found, chosen, public_url=public_url, at=at)
    facts = {"kind": chosen.paper.value} | ({"document": str(chosen.id)} if chosen.id else {})
    await trail.record(
        session,
        action="document-printed",
        at=at,
        case_number=number,
        resource=f"case:{number}",
        facts=facts | ({"signed": str(signed.paper_id)} if signed else {}),
    )
    return Prepared(chosen.title, made, signed)


def available(found: Dossier) -> list[Printable]:
    """In the order in which a case comes by them."""
    case = found.case
    kinds = [Paper.RECEIPT, Paper.MATERIALS_LIST, Paper.CHECKLIST]
    promised = {row.kind for row in found.promises}
    kinds += [Paper.DEFERRAL] if Kind.DEFERRAL in promised else []
    kinds += [Paper.COMMITMENT] if Kind.COMMITMENT in promised else []
    own = [Printable(kind, kind.zh, case.received_at) for kind in kinds]
    told = [
        Printable(Paper.NOTICE, _called(each), each.row.issued_at, each.row.notice_id, each)
        for each in found.notices
    ]
    sent = [each for letter in found.letters for each in _of_letter(found, letter)]
    signed = {(row.kind, row.of_paper): row for row in found.signed}
    return [
        replace(each, signed=signed.get((each.paper.value, each.id)))
        for each in (*own, *told, *sent)
    ]


def _called(told: Told) -> str:
    return Paper.NOTICE.zh if told.row.handoff_id is None else "补正通知书"


def _of_letter(found: Dossier, letter: Sent) -> list[Printable]:
    kinds = [PRINTS[letter.kind]] if letter.kind in PRINTS else []
    if letter.kind is Letter.DECISION and letter.said.result == _DENIED:
        kinds.append(Paper.DENIAL)
    handed = letter.kind is Letter.DECISION and letter.said.result in _DELIVERED
    if handed or letter.kind is Letter.REFUSAL:
        kinds.append(Paper.DELIVERY_PROOF)
    return [
        Printable(kind, title_of(kind, found.item), letter.issued_at, letter.id, letter)
        for kind in kinds
    ]


def _made(found: Dossier, chosen: Printable, *, public_url: str, at: datetime) -> Document:
    if isinstance(chosen.source, Told):
        return letters.notice(found, chosen.source)
    if isinstance(chosen.source, Sent):
        return letters.OF_LETTERS[chosen.paper](found, chosen.source)
    if chosen.paper is Paper.RECEIPT:
        return papers.receipt(found, public_url=public_url)
    if chosen.paper is Paper.MATERIALS_LIST:
        return papers.materials_list(found, at=at)
    if chosen.paper is Paper.CHECKLIST:
        return papers.checklist(found, at=at)
    if chosen.paper is Paper.DEFERRAL:
        return papers.deferral(found)
    return papers.commitment(found)
