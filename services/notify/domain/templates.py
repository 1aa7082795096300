"""Message texts as data: versioned, dated, by event and item, filled only with allowed words."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter
from types import MappingProxyType
from typing import Any

from services.notify.domain.messages import MAY_SAY, Event, Placeholder
from shared.errors import DomainError, Fault, InvalidError

# The operators count every character alike and split a long message into parts of 67.
SINGLE_PART = 70
EACH_PART = 67
MOST_PARTS = 4
_ROOM: Mapping[Placeholder, int] = MappingProxyType(
    {
        Placeholder.ITEM: 20,
        Placeholder.OFFICE: 24,
        Placeholder.WINDOW: 36,
        Placeholder.MATERIALS: 40,
        # A link that was cut opens nothing.
        Placeholder.LINK: 160,
    }
)
_IDENTITY_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class TemplateMissingError(DomainError):
    code = "template-missing"

    def __init__(self, event: Event, item: str, on: date) -> None:
        super().__init__(
            "没有可用的短信模板",
            f"no template for {event} of item {item or '*'} on {on}",
            event=event,
        )


class WordMissingError(DomainError):
    code = "template-word-missing"

    def __init__(self, template: str, missing: Iterable[str]) -> None:
        names = sorted(missing)
        super().__init__("短信模板缺少要填的内容", f"{template} needs {names}", missing=names)


class PersonalWordError(DomainError):
    code = "template-word-personal"

    def __init__(self, template: str, placeholder: str) -> None:
        super().__init__(
            "短信内容含有疑似身份证号，已拦下",
            f"{template}: {placeholder} looks like an identity number",
            placeholder=placeholder,
        )


@dataclass(frozen=True, slots=True)
class Template:
    event: Event
    version: int
    text: str
    item: str = ""  # an item code; empty for every item
    valid_from: date = date.min
    valid_to: date | None = None
    provider_code: str = ""  # the number under which an SMS provider has approved it

    @property
    def name(self) -> str:
        return f"{self.event}:{self.item or '*'}@{self.version}"

    @property
    def words(self) -> tuple[Placeholder, ...]:
        return tuple(Placeholder(name) for name in _fields(self.text))


@dataclass(frozen=True, slots=True)
class Rendered:
    template: str
    text: str
    parts: int
    provider_code: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Templates:
    all: tuple[Template, ...]

    @classmethod
    def parse(cls, source: str) -> "Templates":
        """Raise with every fault of the file at once."""
        entries: list[dict[str, Any]] = tomllib.loads(source).get("template", [])
        faults = [fault for number, entry in enumerate(entries) for fault in _check(number, entry)]
        if faults:
            raise InvalidError(faults)
        templates = tuple(
            Template(**{**entry, "event": Event(entry["event"])}) for entry in entries
        )
        if faults := _repeated(templates):
            raise InvalidError(faults)
        return cls(templates)

    def choose(self, event: Event, *, item: str, on: date) -> Template:
        """The item's own text before the general one, then the highest version that holds."""
        fitting = [
            one
            for one in self.all
            if one.event is event
            and one.item in {"", item}
            and one.valid_from <= on
            and (one.valid_to is None or on <= one.valid_to)
        ]
        if not fitting:
            raise TemplateMissingError(event, item, on)
        return max(fitting, key=lambda one: (bool(one.item), one.version))


def render(template: Template, words: Mapping[Placeholder, str], *, signature: str) -> Rendered:
    """The text as it will be read; only what the template names is used or kept."""
    needed = template.words
    if missing := [word for word in needed if not words.get(word)]:
        raise WordMissingError(template.name, missing)
    filled = {str(word): _fit(word, words[word]) for word in needed}
    for word, value in filled.items():
        if _IDENTITY_NUMBER.search(value):
            raise PersonalWordError(template.name, word)
    text = f"【{signature}】{template.text.format_map(filled)}"
    return Rendered(
        template.name, text, parts(text), template.provider_code, MappingProxyType(filled)
    )


def parts(text: str) -> int:
    """How many messages the operator counts; a character beyond the basic plane counts as two."""
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= SINGLE_PART else -(-length // EACH_PART)


EXAMPLE: Mapping[Placeholder, str] = MappingProxyType(
    {
        Placeholder.CASE_NUMBER: "63000026000000123",
        Placeholder.ITEM: "养老保险关系转移接续",
        Placeholder.OFFICE: "兰州市城关区社会保险中心",
        Placeholder.WINDOW: "西宁市政务服务中心跨省通办窗口",
        Placeholder.OFFICE_PHONE: "0931-0000000",
        Placeholder.DATE: "3月2日",
        Placeholder.DUE: "3月16日",
        Placeholder.COUNT: "2",
        Placeholder.MATERIALS: "参保缴费凭证、转移申请表",
        Placeholder.CARRIER: "邮政快递",
        Placeholder.WAYBILL: "EA473124829CN",
        Placeholder.LINK: "https://example.gov.cn/p/7K2QH",
        Placeholder.SYSTEM: "甘肃省平台生产环境",
        Placeholder.STATE: "连续推送失败，已放慢",
        Placeholder.FOLLOWS: "办理中止，请于9月25日前补交，仍不补交的将退件",
    }
)


def preview(template: Template, *, signature: str) -> Rendered:
    """The template filled with an example, for whoever approves its wording."""
    return render(template, EXAMPLE, signature=signature)


def listed(names: Iterable[str], *, room: int = _ROOM[Placeholder.MATERIALS]) -> str:
    """As many names as fit, then how many there are: 甲、乙等5项."""
    every = list(names)
    for shown in range(len(every), 0, -1):
        text = "、".join(every[:shown]) + ("" if shown == len(every) else f"等{len(every)}项")
        if len(text) <= room:
            return text
    return f"{len(every)}项材料"


def _fit(word: Placeholder, value: str) -> str:
    """One line, and no longer than the word's room: a long name must not cost a second message."""
    line = _BREAKS.sub(" ", value).strip()
    room = _ROOM.get(word, 80)
    return line if len(line) <= room else f"{line[: room - 1]}…"


def _fields(text: str) -> list[str]:
    """The names in braces, in order; anything but a bare name is refused."""
    names = []
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(name)
        names.append(name)
    return list(dict.fromkeys(names))


_KEYS: Mapping[str, type] = MappingProxyType(
    {
        "event": str,
        "version": int,
        "text": str,
        "item": str,
        "valid_from": date,
        "valid_to": date,
        "provider_code": str,
    }
)


def _check(number: int, entry: Mapping[str, Any]) -> list[Fault]:
    at = f"/template/{number}"
    faults = [
        _fault(f"{at}/{key}", "template-key-unfit", "这一项不能识别或类型不对", f"{key} is unfit")
        for key, value in entry.items()
        if type(value) is not _KEYS.get(key)
    ]
    faults += [
        _fault(f"{at}/{key}", "template-key-missing", "缺少这一项", f"{key} is missing")
        for key in ("event", "version", "text")
        if key not in entry
    ]
    return faults or _check_text(at, entry)


def _check_text(at: str, entry: Mapping[str, Any]) -> list[Fault]:
    try:
        may_say = MAY_SAY[Event(entry["event"])]
    except ValueError:
        return [_fault(f"{at}/event", "template-event-unknown", "没有这种事件", "no such event")]
    try:
        names = _fields(entry["text"])
    except ValueError:
        return [_fault(f"{at}/text", "template-malformed", "大括号写法有误", "malformed braces")]
    faults = [
        _fault(
            f"{at}/text",
            "template-word-not-allowed",
            f"此类短信不得使用 {name}",
            f"{name} is barred",
        )
        for name in names
        if name not in may_say
    ]
    if not faults and parts(entry["text"]) > MOST_PARTS:
        faults.append(_fault(f"{at}/text", "template-too-long", "短信过长", "too many parts"))
    return faults


def _repeated(templates: Iterable[Template]) -> list[Fault]:
    seen: set[str] = set()
    faults = []
    for number, template in enumerate(templates):
        if template.name in seen:
            faults.append(
                _fault(f"/template/{number}", "template-repeated", "版本重复", template.name)
            )
        seen.add(template.name)
    return faults


def _fault(pointer: str, code: str, message_zh: str, message_en: str) -> Fault:
    return Fault(pointer, code, message_zh, message_en)
