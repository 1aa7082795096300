"""Reading a postal address against the divisions; it only hints: people know where they live."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

from shared.errors import Fault

# The first two digits of a postcode, from common knowledge rather than from an official table.
POSTCODE_PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        prefix: province
        for province, prefixes in {
            "11": "10",
            "12": "30",
            "13": "05 06 07",
            "14": "03 04",
            "15": "01 02",
            "21": "11 12",
            "22": "13",
            "23": "15 16",
            "31": "20",
            "32": "21 22",
            "33": "31 32",
            "34": "23 24",
            "35": "35 36",
            "36": "33 34",
            "37": "25 26 27",
            "41": "45 46 47",
            "42": "43 44",
            "43": "41 42",
            "44": "51 52",
            "45": "53 54",
            "46": "57",
            "50": "40",
            "51": "61 62 63 64",
            "52": "55 56",
            "53": "65 66 67",
            "54": "85 86",
            "61": "71 72",
            "62": "73 74",
            "63": "81",
            "64": "75",
            "65": "83 84",
        }.items()
        for prefix in prefixes.split()
    }
)

_PEOPLES = (
    "藏族|回族|蒙古族|蒙古|土族|撒拉族|羌族|彝族|哈萨克族|哈萨克|东乡族|保安族|裕固族|苗族|侗族|布依族|壮族|瑶族|"
    "傣族|景颇族|傈僳族|白族|哈尼族|朝鲜族|土家族|柯尔克孜|黎族|满族|畲族|锡伯|塔吉克|达斡尔族|鄂温克族|鄂伦春|"
    "仡佬族|仫佬族|毛南族|水族|纳西族|拉祜族|佤族|布朗族|独龙族|怒族|普米族|阿昌族|各族|维吾尔"
)
_AUTONOMOUS = re.compile(rf"(?:{_PEOPLES})*自治(区|州|县|旗)$")
_ENDING = re.compile(r"(特别行政区|地区|自治区|省|市|州|盟|县|区|旗)$")
_BLANKS = re.compile(r"[\s,，、;；·]+")
_COUNTRY = re.compile(r"^(中华人民共和国|中国)")
_DETAIL = re.compile(r"[0-9０-９一二三四五六七八九十百]|村|组|社|号|楼|院|局|厅|中心|学校|医院")
_NAMED = re.compile(r"^[\u4e00-\u9fff]{2,12}?(?:自治[州县旗]|[市州盟县旗区])")


class Division(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Gazetteer:
    """The provinces, prefectures and counties of one day, by code."""

    names: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, divisions: Iterable[Division]) -> "Gazetteer":
        return cls({one.code: one.name for one in divisions if re.fullmatch(r"\d{6}", one.code)})

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """Full names and the short forms people write, each with the codes it may mean."""
        found: dict[str, list[str]] = {}
        for code, name in sorted(self.names.items()):
            for form in _forms(name):
                found.setdefault(form, []).append(code)
        return {form: tuple(codes) for form, codes in found.items()}

    @cached_property
    def longest(self) -> int:
        return max(map(len, self.by_name), default=0)


@dataclass(frozen=True, slots=True)
class Reading:
    """The codes recognised, widest first, what was left of the text, and what looks odd."""

    divisions: tuple[str, ...]
    rest: str
    hints: tuple[Fault, ...]


def read(address: str, postcode: str, gazetteer: Gazetteer) -> Reading:
    text = _COUNTRY.sub("", _BLANKS.sub("", address))
    found: list[str] = []
    while step := _next(text, found[-1] if found else "", gazetteer):
        code, length = step
        found.append(code)
        text = text[length:]
    hints = [*_place_hints(text, found, gazetteer), *_postcode_hints(postcode, found)]
    return Reading(tuple(found), text, tuple(hints))


def _next(text: str, within: str, gazetteer: Gazetteer) -> tuple[str, int] | None:
    """The longest name that the text goes on with and that means one place inside `within`."""
    for length in range(min(gazetteer.longest, len(text)), 1, -1):
        codes = gazetteer.by_name.get(text[:length], ())
        inside = [code for code in codes if code != within and _within(code, within)]
        widest = min((_level(code) for code in inside), default=0)
        candidates = [code for code in inside if _level(code) == widest]
        if len(candidates) == 1:
            return candidates[0], length
    return None


def _place_hints(rest: str, found: list[str], gazetteer: Gazetteer) -> list[Fault]:
    hints = []
    if not found:
        hints.append(
            _hint(
                "address", "division-unread", "地址开头未认出省市县名称", "no division recognised"
            )
        )
    elif _level(found[-1]) < 3:
        named = _NAMED.match(rest)
        known = named is not None and named.group() in gazetteer.by_name
        hints.append(
            _hint(
                "address", "division-elsewhere", "所写县区不属于前面的省市", "lies in another place"
            )
            if known
            else _hint("address", "county-missing", "地址缺少县（市、区）", "no county recognised")
        )
    if not _DETAIL.search(rest):
        hints.append(
            _hint(
                "address", "detail-missing", "地址可能缺少门牌、村组等细节", "no house or village"
            )
        )
    return hints


def _postcode_hints(postcode: str, found: list[str]) -> list[Fault]:
    if not postcode:
        return []
    if not re.fullmatch(r"[0-9]{6}", postcode):
        return [_hint("postcode", "postcode-malformed", "邮政编码应为六位数字", "not six digits")]
    province = POSTCODE_PROVINCES.get(postcode[:2])
    if province is None or (found and not found[0].startswith(province)):
        return [
            _hint(
                "postcode", "postcode-elsewhere", "邮政编码与地址的省份可能不符", "unlike the place"
            )
        ]
    return []


def _hint(field_name: str, code: str, message_zh: str, message_en: str) -> Fault:
    return Fault(f"/{field_name}", code, message_zh, message_en)


def _forms(name: str) -> set[str]:
    """青海省 and 青海; 海北藏族自治州, 海北州 and 海北. One character alone is never a place."""
    forms = {name}
    if short := _AUTONOMOUS.search(name):
        stem = name[: short.start()]
        forms |= {stem + short.group(1), stem}
    else:
        forms.add(_ENDING.sub("", name))
    return {form for form in forms if len(form) > 1}


def _level(code: str) -> int:
    if code.endswith("0000"):
        return 1
    return 2 if code.endswith("00") else 3


def _within(code: str, outer: str) -> bool:
    return code.startswith(outer[: 2 * _level(outer)]) if outer else True
