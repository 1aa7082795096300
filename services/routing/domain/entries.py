"""The shape of what is registered: locations, partners, agreements, rules; dated and versioned."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from services.routing.domain.words import LocationKind, Mode, Named, Power

_DIVISION = r"^\d{6}(\d{3}(\d{3})?)?$"


class Kind(Named):
    LOCATION = "location", "地点"
    PARTNER = "partner", "合作方"
    AGREEMENT = "agreement", "协议"
    RULE = "rule", "管辖规则"

    @property
    def key(self) -> str:
        return "code" if self in (Kind.LOCATION, Kind.PARTNER) else "id"

    @property
    def section(self) -> str:
        """Its list in a directory file, and what the API calls it."""
        return f"{self.value}s"


class Entry(BaseModel):
    """What every entry has; further fields are kept as they come."""

    model_config = ConfigDict(extra="allow")

    version: int = Field(ge=1, description="版本，逐版增加，不改旧版", examples=[1])
    valid_from: date = Field(description="生效日", examples=["2026-01-01"])
    valid_to: date | None = Field(default=None, description="最后有效日；空为长期")


class LocationIn(Entry):
    code: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$", examples=["630104-C9"])
    name: str = Field(min_length=1, max_length=200, description="名称")
    kind: LocationKind = Field(
        description="centre 中心、station 站、office 部门、agent 代办点、partner 合作方"
    )
    division: str = Field(pattern=_DIVISION, description="行政区划代码")
    system: str = Field(default="own", max_length=60, description="own、offline 或 partner:<代码>")


class PartnerIn(Entry):
    code: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$", examples=["P-650000"])
    name: str = Field(min_length=1, max_length=200, description="名称")
    division: str = Field(pattern=_DIVISION, description="行政区划代码")


class AgreementIn(Entry):
    id: str = Field(pattern=r"^[0-9A-Za-z-]{3,50}$", examples=["A-EXAMPLE"])
    name: str = Field(min_length=1, max_length=200, description="名称")
    parties: list[str] = Field(
        min_length=2, max_length=200, description="各方：行政区划代码或地点代码"
    )
    items: list[str] = Field(
        default_factory=list, max_length=1000, description="适用事项；空为全部"
    )
    delegated_powers: list[Power] = Field(
        default_factory=list,
        description="委托收件地的权力：accept 受理、notify 告知、verify 核验原件、hand_over 送达",
    )
    delegates_to: list[LocationKind] = Field(
        default_factory=lambda: [LocationKind.CENTRE], description="委托给哪类收件地"
    )


class RuleIn(Entry):
    id: str = Field(pattern=r"^[0-9A-Za-z-]{3,100}$", examples=["R-EXAMPLE"])
    division: str = Field(
        default="", pattern=r"^(\d{6}(\d{3}(\d{3})?)?)?$", description="哪个区划；空为全国"
    )
    location: str | None = Field(default=None, max_length=50, description="归哪个地点办")
    kind: LocationKind | None = Field(default=None, description="或：归该区划的哪类地点办")
    item_code: str | None = Field(default=None, max_length=50, description="只管某一事项")
    department: str | None = Field(default=None, max_length=100, description="只管某一部门")
    mode: Mode | None = Field(default=None, description="只管某一办理模式")
    basis: str | None = Field(default=None, max_length=50, description="只管某一依据")
    level: str | None = Field(default=None, pattern=r"^[1-6]$", description="只管某一办理层级")
    agreement: str | None = Field(default=None, max_length=50, description="依据哪个协议")
    received_in: str | None = Field(
        default=None, max_length=50, description="只管哪里收的：区划或地点代码"
    )


SHAPES: Mapping[Kind, type[Entry]] = MappingProxyType(
    {
        Kind.LOCATION: LocationIn,
        Kind.PARTNER: PartnerIn,
        Kind.AGREEMENT: AgreementIn,
        Kind.RULE: RuleIn,
    }
)
