"""电子证照标识: 1.2.156.3005.2 . type(21) . issuer(18) . serial . version(3) . check.

The check character is ISO 7064 MOD 37,36 over the four parts without the dots. Some places put
their six-digit division where the issuer's credit code belongs; those exist, and are read.
"""

from dataclasses import dataclass

from shared.identity import checks
from shared.identity.flaws import Flaw, refuse, wrong_length
from shared.identity.typed import DIGITS, LETTERS, normalise, not_in

PREFIX = "1.2.156.3005.2."
_PARTS = 5
_LONGEST = 128
_ZH, _EN = "电子证照标识", "the e-certificate identifier"

# part: its name in both languages, and the lengths it may have (none: any).
_LENGTHS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("证照类型代码", "certificate type", (21,)),
    ("颁发机构代码", "issuer", (18, 6)),
    ("流水号", "serial number", ()),
    ("版本号", "version", (3,)),
    ("校验位", "check character", (1,)),
)


@dataclass(frozen=True, slots=True)
class CertificateIdentifier:
    text: str
    type_code: str
    issuer: str
    serial: str
    version: str


def check(identifier: str) -> list[Flaw]:
    plain = normalise(identifier)
    if not plain or len(plain) > _LONGEST:
        return [wrong_length(_ZH, _EN, f"不超过{_LONGEST}", len(plain))]
    parts = plain.removeprefix(PREFIX).split(".")
    if not plain.startswith(PREFIX) or len(parts) != _PARTS:
        return [
            Flaw(
                "structure",
                f"电子证照标识应以{PREFIX}开头，后接以点分开的5段：类型、颁发机构、流水号、版本、校验位",
                f"an e-certificate identifier is {PREFIX} and five parts separated by dots",
            )
        ]
    flaws = [flaw for part, rule in zip(parts, _LENGTHS, strict=True) for flaw in _part(part, rule)]
    if not flaws and checks.by_mod_37_36("".join(parts[:-1])) != parts[-1]:
        flaws.append(
            Flaw(
                "check-character",
                "电子证照标识最后一位校验码不对，请核对",
                "the check character of the e-certificate identifier does not fit",
            )
        )
    return flaws


def _part(part: str, rule: tuple[str, str, tuple[int, ...]]) -> list[Flaw]:
    zh, en, lengths = rule
    flaws = []
    if not part or (lengths and len(part) not in lengths):
        expected = "或".join(map(str, lengths)) or "至少1"
        flaws.append(
            Flaw(
                "length",
                f"电子证照标识的{zh}应为{expected}位，现为{len(part)}位，请核对",
                f"the {en} of an e-certificate identifier has a wrong length",
            )
        )
    if not_in(part, DIGITS + LETTERS):
        flaws.append(
            Flaw(
                "characters",
                f"电子证照标识的{zh}只能有数字和字母，请核对",
                f"the {en} of an e-certificate identifier has other than digits and letters",
            )
        )
    return flaws


def compose(type_code: str, issuer: str, serial: str, version: str) -> str:
    body = type_code + issuer + serial + version
    return f"{PREFIX}{type_code}.{issuer}.{serial}.{version}.{checks.by_mod_37_36(body)}"


def parse(identifier: str) -> CertificateIdentifier:
    plain = normalise(identifier)
    refuse(check(plain))
    type_code, issuer, serial, version, _ = plain.removeprefix(PREFIX).split(".")
    return CertificateIdentifier(plain, type_code, issuer, serial, version)
