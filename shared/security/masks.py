"""What of a personal datum may be shown: enough to recognise it, too little to use it.

No standard was found. First three and last four of an identity number, first three and last four
of a phone; nothing at all of forms and free text.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

HIDDEN: Final = "***"

# Province, prefecture, county of a full address (甘肃省 兰州市 城关区): which district, never which
# door. A 小区 or 社区 is nearly a door.
_PART = r"[^省市区县盟旗\d\s]"
_REGION = re.compile(
    rf"(?:{_PART}{{2,8}}(?:省|自治区|特别行政区))?"
    rf"(?:{_PART}{{1,12}}(?:自治州|地区|市|盟))?"
    rf"(?:{_PART}{{1,12}}(?:县|(?<![小社园校厂矿])区|旗|市))?"
)


def mask_name(name: str) -> str:
    """The first character only: 张**; a single character is hidden whole."""
    if len(name) < 2:
        return HIDDEN
    return name[0] + "*" * min(len(name) - 1, 3)


def mask_id_number(number: str) -> str:
    if len(number) >= 15:
        return _ends(number, 3, 4)
    if len(number) >= 8:
        return _ends(number, 1, 2)
    return HIDDEN


def mask_phone(phone: str) -> str:
    if len(phone) >= 11:
        return _ends(phone, 3, 4)
    if len(phone) >= 7:
        return _ends(phone, 0, 3)
    return HIDDEN


def mask_address(address: str) -> str:
    region = _REGION.match(address)
    if region is None or region.end() > len(address) * 0.75:
        return HIDDEN
    return region.group() + HIDDEN


def mask_email(email: str) -> str:
    local, at, domain = email.rpartition("@")
    if not at or len(local) < 2:
        return HIDDEN
    return local[0] + HIDDEN + at + domain


def mask_text(_text: str) -> str:
    return HIDDEN


MASKS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "name": mask_name,
        "id_number": mask_id_number,
        "phone": mask_phone,
        "address": mask_address,
        "text": mask_text,
        "form": mask_text,
        "email": mask_email,
    }
)


def _ends(value: str, first: int, last: int) -> str:
    return value[:first] + "*" * (len(value) - first - last) + value[len(value) - last :]
