"""The same answer as an assignment gives, without a case."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.domain import plans
from services.routing.domain.competence import Unroutable
from services.routing.domain.plans import PlannedHandoff
from services.routing.domain.questions import Question
from services.routing.domain.words import Mode
from services.routing.queries import registry
from shared.clock import local_date
from shared.errors import DomainError, Fault, InvalidError


class UnroutableError(DomainError):
    """Nobody is competent, or more than one; each reason is told."""

    code = "unroutable"

    def __init__(self, answer: Unroutable) -> None:
        said = "；".join(each.message_zh for each in answer.reasons)
        super().__init__(
            f"没有确定的办理地：{said}",
            "no competent location: " + "; ".join(each.message_en for each in answer.reasons),
            reasons=[
                {
                    "why": each.why.value,
                    "message_zh": each.message_zh,
                    "message_en": each.message_en,
                    "candidates": list(each.candidates),
                }
                for each in answer.reasons
            ],
        )


async def preview(
    session: AsyncSession,
    *,
    item_code: str,
    mode: Mode,
    receiving: str,
    basis: Mapping[str, str],
    choice: str | None,
    at: datetime,
) -> Sequence[PlannedHandoff]:
    today = local_date(at)
    item = await registry.item_in_force(session, item_code, today)
    if item is None:
        raise InvalidError(
            [Fault("/item_code", "unknown-item", "没有这个事项，或现在不提供", "unknown item")]
        )
    if mode not in item.modes:
        raise InvalidError(
            [
                Fault(
                    "/mode",
                    "mode-not-offered",
                    f"“{item.basis.name}”不提供{mode.zh}",
                    f"the item is not offered in mode {mode}",
                )
            ]
        )
    known = await registry.known(session)
    question = Question(item.basis, mode, receiving, basis, today, chosen=choice)
    answer = plans.plan(question, item.plan(mode), known.registry)
    if isinstance(answer, Unroutable):
        raise UnroutableError(answer)
    return answer
