"""What a house holds about a person in given cases: kinds and counts, never the content
(个人信息保护法 45). Each house answers for itself; whose cases they are only intake can say."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import trail
from shared.clock import local_date
from shared.errors import Fault, InvalidError
from shared.retention.erasing import Erasable
from shared.retention.rules import BY_KIND

# As many cases as one question may name.
MOST = 200


@dataclass(frozen=True, slots=True)
class Held:
    """`what` is the table, `zh` what people call it."""

    what: str
    zh: str
    count: int
    basis: str


async def held(
    session: AsyncSession, erasables: Sequence[Erasable], numbers: Collection[str]
) -> Mapping[str, list[Held]]:
    """By case; each table asked once, for all of them."""
    found: defaultdict[str, list[Held]] = defaultdict(list)
    for each in erasables:
        of = each.case_number
        query = (
            select(of, func.count()).where(each.of(numbers), each.column.is_not(None)).group_by(of)
        )
        for number, count in await session.execute(query):
            basis = BY_KIND[each.kind].basis
            found[number].append(Held(each.column.table.name, each.zh, count, basis))
    return found


def needed(purpose: str | None) -> str:
    """Nobody asks after a person without saying what for."""
    said = (purpose or "").strip()
    if not said:
        raise InvalidError(
            [
                Fault(
                    "/purpose",
                    "purpose-missing",
                    "查询个人信息的保存情况须说明用途",
                    "say for what purpose this is asked",
                )
            ]
        )
    return said


async def note_asked(
    session: AsyncSession, *, purpose: str, numbers: Sequence[str], at: datetime
) -> None:
    """A reading of personal data like any other."""
    await trail.record(
        session,
        action="holdings-read",
        at=at,
        resource="holdings",
        facts={"purpose": purpose, "cases": list(numbers)},
    )


class HeldOut(BaseModel):
    what: str = Field(description="保存在哪张表", examples=["case_file"])
    zh: str = Field(description="是什么", examples=["申请内容"])
    count: int = Field(description="几条", examples=[1])
    basis: str = Field(description="保存的依据")


class HoldingsIn(BaseModel):
    """哪些办件，查询做什么用。"""

    case_numbers: list[str] = Field(
        min_length=1,
        max_length=MOST,
        description="办件编号，由 intake 按证件号码查得",
        examples=[["63000026000000123"]],
    )
    purpose: str = Field(max_length=100, description="用途，记入审计", examples=["个人查阅申请"])


class CaseHoldingsOut(BaseModel):
    case_number: str = Field(examples=["63000026000000123"])
    erased_at: datetime | None = Field(description="个人信息何时已经删除；空为仍然保存")
    held: list[HeldOut]


class HoldingsOut(BaseModel):
    house: str = Field(description="哪个服务", examples=["routing"])
    cases: list[CaseHoldingsOut]
    text: str = Field(description="可以直接念给本人听的中文说明")


def outs(rows: Sequence[Held]) -> list[HeldOut]:
    return [HeldOut(what=row.what, zh=row.zh, count=row.count, basis=row.basis) for row in rows]


async def answer(
    session: AsyncSession,
    asked: HoldingsIn,
    erasables: Sequence[Erasable],
    erased: Mapping[str, datetime | None],
    *,
    house: str,
    name: str,
    at: datetime,
) -> HoldingsOut:
    """For the houses that know cases by their numbers alone; `erased` names those it knows."""
    purpose = needed(asked.purpose)
    numbers = [number for number in dict.fromkeys(asked.case_numbers) if number in erased]
    found = await held(session, erasables, numbers)
    await note_asked(session, purpose=purpose, numbers=numbers, at=at)
    cases = [
        CaseHoldingsOut(
            case_number=number, erased_at=erased[number], held=outs(found.get(number, []))
        )
        for number in numbers
    ]
    return HoldingsOut(
        house=house, cases=cases, text="\n".join(_told(name, each) for each in cases)
    )


def _told(name: str, case: CaseHoldingsOut) -> str:
    if case.erased_at is not None:
        return (
            f"办件 {case.case_number}：{name}保存的个人信息已于 {local_date(case.erased_at)} 删除。"
        )
    kinds = listed(case.held)
    return f"办件 {case.case_number}：{name}保存{kinds or '无'}。"


def listed(rows: Sequence[HeldOut]) -> str:
    return "、".join(f"{row.zh} {row.count} 条" for row in rows)
