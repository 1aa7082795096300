"""The closed lists that routing speaks in, each with its Chinese name."""

from enum import StrEnum
from typing import Self

from shared.divisions.divisions import Level


class Named(StrEnum):
    """A value that travels, and `zh`, what an official reads."""

    zh: str

    def __new__(cls, value: str, zh: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        return member


class Mode(Named):
    FULL_ONLINE = "full_online", "全程网办"
    REMOTE_COLLECTION = "remote_collection", "异地代收代办"
    JOINT_HANDLING = "joint_handling", "多地联办"


class LocationKind(Named):
    CENTRE = "centre", "政务服务中心"
    STATION = "station", "便民服务中心（站）"
    OFFICE = "office", "部门"
    AGENT = "agent", "代办点"
    PARTNER = "partner", "合作方"


class Power(Named):
    """What an agreement may let the receiving place do in the handling place's name."""

    ACCEPT = "accept", "收件受理权"
    NOTIFY = "notify", "一次性告知权"
    VERIFY = "verify", "原件核验权"
    HAND_OVER = "hand_over", "审批结果送达权"


class Side(Named):
    """In what part somebody acts on one handoff; a partner acts as the place it is."""

    RECEIVING = "receiving", "收件窗口"
    DESK = "desk", "办理地窗口（材料交接岗）"
    HANDLING = "handling", "办理科室"
    LEAD = "lead", "牵头地"
    BRANCH = "branch", "协办地"
    APPLICANT = "applicant", "申请人"
    PARTNER = "partner", "合作方系统"
    OPS = "ops", "运维"
    SYSTEM = "system", "系统（期限届满或阶段推进）"


class Basis(Named):
    """What ties a matter to a place; others that an item names read as they are written."""

    HOUSEHOLD_REGISTRATION = "household_registration", "户籍地"
    USUAL_RESIDENCE = "usual_residence", "经常居住地"
    PLACE_INSURED = "place_insured", "参保地"
    PLACE_REGISTERED = "place_registered", "登记地"
    MOVE_IN = "move_in", "迁入地"
    MOVE_OUT = "move_out", "迁出地"
    TRANSFER_IN = "transfer_in", "转入地"
    TRANSFER_OUT = "transfer_out", "转出地"
    FUND_ACCOUNT = "fund_account", "公积金账户所在地"
    PROPERTY = "property", "不动产所在地"
    BUSINESS_SITE = "business_site", "生产经营场所所在地"
    FIXED = "fixed", "固定办理地"


def basis_zh(kind: str) -> str:
    return Basis(kind).zh if kind in set(Basis) else kind


LEVELS = {
    Level.NATION: "国家级",
    Level.PROVINCE: "省级",
    Level.PREFECTURE: "市级",
    Level.COUNTY: "县级",
    Level.TOWN: "乡镇级",
    Level.VILLAGE: "村级",
}
