"""On which ground a case's personal data is processed (个人信息保护法 13), and what was agreed to.

Who applies has the matter handled by an office whose duty it is: that is the ground, and it comes
from the service item. Consent is asked only for what goes beyond: it names the text it was given
to, so that years later it can still be said what somebody agreed to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from services.intake.domain.items import ItemVersion
from services.intake.domain.submissions import ConsentIn
from services.intake.domain.words import Named


class Ground(Named):
    STATUTORY_DUTY = "statutory_duty", "为履行法定职责所必需（个人信息保护法 13(3)）"
    CONSENT = "consent", "取得个人的同意（个人信息保护法 13(1)、29）"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A text that people agree to; a change of words is a new version beside the old one."""

    kind: str
    version: int
    text: str


TEXTS: Final = (
    ConsentText("e_certificates", 1, "同意为办理本事项调用与之有关的电子证照。"),
    ConsentText("earlier_materials", 1, "同意为办理本事项使用此前办件中已经提交的材料。"),
    ConsentText(
        "sensitive_data", 1, "单独同意为办理本事项处理敏感个人信息（人像、指纹、病历等）。"
    ),
)
_TEXTS: Mapping[tuple[str, int], ConsentText] = MappingProxyType(
    {(each.kind, each.version): each for each in TEXTS}
)
_LATEST: Mapping[str, int] = MappingProxyType({each.kind: each.version for each in TEXTS})


def text_of(kind: str, version: int) -> str:
    return _TEXTS[kind, version].text


def stated(item: ItemVersion, consent: ConsentIn | None, at: datetime) -> dict[str, Any]:
    """As the case keeps it: nothing of it is personal."""
    return {
        "ground": Ground.STATUTORY_DUTY.value,
        "source": {"item": item.code, "version": item.version, "department": item.department},
        "consents": list(_consents(consent, at)),
    }


def consented(ground: Mapping[str, Any], consent: ConsentIn | None, at: datetime) -> dict[str, Any]:
    """What was agreed to later is added; what was agreed to before keeps its day."""
    before = list(ground.get("consents", ()))
    known = {each["kind"] for each in before}
    added = [each for each in _consents(consent, at) if each["kind"] not in known]
    return {**ground, "consents": [*before, *added]}


def _consents(consent: ConsentIn | None, at: datetime) -> Iterator[dict[str, Any]]:
    if consent is None:
        return
    for kind, version in _LATEST.items():
        if getattr(consent, kind):
            yield {"kind": kind, "text_version": version, "given_at": at.isoformat()}
