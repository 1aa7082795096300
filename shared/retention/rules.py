"""The table of terms: what is kept how long, from when on, on which ground, and what then happens.

Terms are days. A place sets its own by setting (`*_RETENTION='{"case": 10950}'`), never below what
a law requires. `source` says how sure the basis is: `law` (named in the rules of this project),
`memory` (generally known, check it), `chosen` (no source has a figure; this one is ours).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Goes(StrEnum):
    """What happens when the term is over."""

    ERASED = "erased"  # what is personal is overwritten; number, item, dates and outcome stay
    REMOVED = "removed"  # the rows or files go
    WITH_CASE = "with_case"  # whatever happens to the case happens to it
    STAYS = "stays"  # nothing of a person in it, and others build on it

    @property
    def zh(self) -> str:
        return _GOES[self]


_GOES: Mapping[str, str] = MappingProxyType(
    {"erased": "抹去个人信息", "removed": "删除", "with_case": "随办件", "stays": "不删除"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """`days` None: it has no term of its own. `least`: what no setting may go below."""

    kind: str
    zh: str
    days: int | None
    since: str
    goes: Goes
    basis: str
    source: str
    houses: tuple[str, ...] = ("intake", "routing", "notify")
    least: int = 1


_ARCHIVE = (
    "档案法、国办发〔2023〕26号：归档范围和保管期限由各单位定；十年为定期档案最短一档。"
    "个人信息保护法 19：期满即删"
)
_PURPOSE = "个人信息保护法 19、47(1)：目的无法实现或不再必要，即应删除"

RULES: Final = (
    Rule(
        "case",
        "办结或不予受理的办件，及其中的个人信息",
        3650,
        "办结、送达或不予受理",
        Goes.ERASED,
        _ARCHIVE,
        "memory",
        least=365,
    ),
    Rule(
        "case_closed",
        "没有作出决定即终结的办件（撤回、逾期未补正、取消等）",
        1095,
        "终结",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        least=180,
    ),
    Rule(
        "case_incomplete",
        "只作登记、材料始终没有补齐的来访",
        30,
        "登记失效",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("intake",),
    ),
    Rule(
        "files",
        "材料文件、盖章文书、办理附件",
        None,
        "随办件",
        Goes.WITH_CASE,
        "每个文件各有密钥：删去密钥即不可恢复，文件本身随后清除",
        "chosen",
        ("intake", "routing"),
    ),
    Rule(
        "messages",
        "发给申请人的短信",
        None,
        "随办件",
        Goes.WITH_CASE,
        _PURPOSE,
        "chosen",
        ("notify",),
    ),
    Rule(
        "deliveries",
        "送达、寄递：收件人、地址、回证",
        None,
        "随办件",
        Goes.WITH_CASE,
        _ARCHIVE,
        "memory",
        ("notify",),
    ),
    Rule(
        "staff_messages",
        "不属于任何办件的短信（推送异常时发给联系人）",
        90,
        "发出或放弃",
        Goes.REMOVED,
        _PURPOSE,
        "chosen",
        ("notify",),
    ),
    Rule(
        "parcels",
        "封装袋上的说明（送件人、备注）",
        1095,
        "记入",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("routing",),
    ),
    Rule(
        "discrepancies",
        "无人认领的材料的描述",
        1095,
        "差异处理完毕",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("routing",),
    ),
    Rule(
        "carrier_pushes",
        "承运人推送的原文",
        90,
        "收到并采用",
        Goes.REMOVED,
        _PURPOSE,
        "chosen",
        ("notify",),
    ),
    Rule(
        "partner_webhooks",
        "合作方推送的原文",
        90,
        "采用或拒绝",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("routing",),
    ),
    Rule(
        "bars",
        "因承诺不实而限制再作承诺的人，在限制期满之后",
        30,
        "限制期满",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("intake",),
    ),
    Rule(
        "handed_in",
        "合作方窗口转来办件的取件说明",
        30,
        "采用或拒绝",
        Goes.ERASED,
        _PURPOSE,
        "chosen",
        ("intake",),
    ),
    Rule(
        "webhooks",
        "事件推送及每次尝试的应答",
        30,
        "送到或放弃",
        Goes.REMOVED,
        _PURPOSE,
        "chosen",
        ("notify",),
    ),
    Rule("outbox", "已发出的消息", 14, "发出", Goes.REMOVED, "供恢复后的服务重新取得", "chosen"),
    Rule("inbox", "已处理的消息", 30, "处理", Goes.REMOVED, "供识别重复；须长于 outbox", "chosen"),
    Rule(
        "idempotency",
        "重复提交的答复",
        7,
        "答复",
        Goes.REMOVED,
        "供重复的请求得到同一答复",
        "chosen",
        least=7,
    ),
    Rule(
        "access_log",
        "访问日志",
        183,
        "当日",
        Goes.REMOVED,
        "网络安全法 21：网络日志留存不少于六个月",
        "law",
        least=183,
    ),
    Rule(
        "audit",
        "审计记录与审计链",
        None,
        "记入",
        Goes.STAYS,
        "其中没有申请人的个人信息；个人信息保护法 56：处理情况记录至少保存三年",
        "law",
    ),
)
BY_KIND: Final[Mapping[str, Rule]] = MappingProxyType({rule.kind: rule for rule in RULES})


class Terms:
    """The table with what this place has set."""

    def __init__(self, own: Mapping[str, int] | None = None) -> None:
        self._own = dict(own or {})
        if wrong := faults(self._own):
            raise ValueError("; ".join(wrong))

    def days(self, kind: str) -> int:
        days = self._own.get(kind, BY_KIND[kind].days)
        if days is None:
            raise KeyError(kind)
        return days

    def before(self, kind: str, at: datetime) -> datetime:
        """What began before this is over."""
        return at - timedelta(days=self.days(kind))

    def is_own(self, kind: str) -> bool:
        return kind in self._own


def faults(own: Mapping[str, int]) -> list[str]:
    """What no place may set: an unknown kind, one without a term, less than a law requires."""
    found = []
    for kind, days in own.items():
        rule = BY_KIND.get(kind)
        if rule is None or rule.days is None:
            found.append(f"{kind}: no such term")
        elif days < rule.least:
            found.append(f"{kind}: {rule.least} days at least ({rule.basis})")
    told = {kind: own.get(kind, BY_KIND[kind].days or 0) for kind in ("outbox", "inbox")}
    if told["inbox"] <= told["outbox"]:
        found.append("inbox: must be kept longer than outbox")
    return found
