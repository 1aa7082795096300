"""The closed lists that submissions and service items choose from, each with its Chinese name."""

from enum import StrEnum
from typing import Self


class Named(StrEnum):
    """A value that travels, and `zh`, what the clerk reads out.

    Its subclasses carry comments instead of docstrings: those would be printed on the API pages.
    """

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


# GB/T 39046 A.5, in its order.
class Channel(Named):
    WINDOW = "window", "窗口"
    WEB = "web", "电脑端网上"
    MOBILE = "mobile", "移动端"
    COURIER = "courier", "快递申请"
    OTHER = "other", "其他"


class Kind(Named):
    PERSON = "person", "自然人"
    ORGANISATION = "organisation", "法人或其他组织"


# The papers of shared/identity, and none at all for an organisation that is being founded.
class IdType(Named):
    RESIDENT_ID = "resident_id", "居民身份证"
    TEMPORARY_RESIDENT_ID = "temporary_resident_id", "临时居民身份证"
    HOUSEHOLD_REGISTER = "household_register", "户口簿"
    BIRTH_CERTIFICATE = "birth_certificate", "出生医学证明"
    OFFICER_CARD = "officer_card", "军官证"
    PASSPORT = "passport", "普通护照"
    HK_MACAO_PERMIT = "hk_macao_permit", "港澳居民来往内地通行证"
    TAIWAN_PERMIT = "taiwan_permit", "台湾居民来往大陆通行证"
    HK_MACAO_TAIWAN_RESIDENCE_PERMIT = "hk_macao_taiwan_residence_permit", "港澳台居民居住证"
    FOREIGN_PERMANENT_RESIDENT_ID = "foreign_permanent_resident_id", "外国人永久居留身份证"
    USCC = "uscc", "统一社会信用代码"
    BEING_FOUNDED = "being_founded", "设立中，尚无证照"
    OTHER = "other", "其他证件"


class Capacity(Named):
    GUARDIAN = "guardian", "监护人"
    ATTORNEY = "attorney", "委托代理人"
    LEGAL_REPRESENTATIVE = "legal_representative", "法定代表人"
    HANDLER = "handler", "经办人"
    HELPER = "helper", "帮办人员"


class MaterialForm(Named):
    ORIGINAL = "original", "原件"
    COPY = "copy", "复印件"
    ELECTRONIC = "electronic", "电子件"
    E_CERTIFICATE = "e_certificate", "电子证照"
    EARLIER_CASE = "earlier_case", "此前办件已交的材料"


# How an identity or an original was verified at the counter.
class How(Named):
    CARD_READER = "card_reader", "读卡器核验"
    ORIGINAL_SEEN = "original_seen", "当面核对原件"
    FACE = "face", "人像比对"
    E_CERTIFICATE = "e_certificate", "电子证照核验"
    DATA_CHECK = "data_check", "数据核对"
    VIDEO = "video", "视频核验"


class DeliveryMethod(Named):
    POST = "post", "邮政寄递"
    WINDOW_PICKUP = "window_pickup", "收件窗口领取"
    HANDLING_PICKUP = "handling_pickup", "办理地领取"
    ELECTRONIC = "electronic", "电子送达"


# Who is led to the green lane.
class Need(Named):
    ELDERLY = "elderly", "老年人"
    DISABLED = "disabled", "残疾人"
    OTHER = "other", "其他需要照顾的情形"


# How far a version of a service item has come.
class Status(Named):
    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class Unit(Named):
    WORKING_DAY = "working_day", "个工作日"
    NATURAL_DAY = "natural_day", "日"


# GB/T 39046 A.2: who decides.
class Level(Named):
    NATION = "1", "国家"
    PROVINCE = "2", "省"
    PREFECTURE = "3", "市"
    COUNTY = "4", "县"
    TOWNSHIP = "5", "镇（街道）"
    VILLAGE = "6", "村（社区）"
    SHARED = "7", "分级管理"


# Who accepts: the place that decides, or the window with a delegated power.
class Authority(Named):
    HANDLING = "handling", "办理地"
    RECEIVING = "receiving", "收件地"


# What becomes of an original at the window: it travels, or it is looked at and given back.
class Custody(Named):
    HANDED_IN = "handed_in", "上交"
    SHOWN = "shown", "交验"
    NONE = "none", "不收原件"


class DeficiencyPolicy(Named):
    SUPPLEMENT_BEFORE_ACCEPTANCE = "supplement_before_acceptance", "补正后受理"
    REFUSE_UNLESS_SUPPLEMENTED = "refuse_unless_supplemented", "逾期不补正的不予受理"
    RETURN_AND_RESUBMIT = "return_and_resubmit", "退回，补正后重新提交"
    ACCEPT_ON_COMMITMENT = "accept_on_commitment", "承诺后受理，事后补材料"


class ClockStart(Named):
    ACCEPTANCE = "acceptance", "受理"
    RECEIPT = "receipt", "收件"


# What the item says happens when a deferred material never comes.
class ExpiryPolicy(Named):
    DEEMED_WITHDRAWN = "deemed_withdrawn", "视为撤回申请"
    ACCEPTANCE_REVOKED = "acceptance_revoked", "撤销受理"
    PAUSE_THEN_RETURN = "pause_then_return", "中止办理，仍不补交的退件"


# What it says where the decision had been made before the last day, and where the paper comes after
# it (S0-24, S1-6: rules differ, so they are the item's); an item that says nothing says the first.
class OnceDecided(Named):
    HOLD = "hold", "结果暂不送达，补齐后送达"
    REVOKE = "revoke", "由决定机关撤销决定"


class LatePaper(Named):
    STANDS = "stands", "逾期之后补交的，上述限制不解除"
    LIFTS = "lifts", "逾期之后补交的，上述限制即行解除"


# After a later check that finds a commitment broken: 你失信、我撤销 (S0-23), or the bar alone.
class OnceBroken(Named):
    REVOKE = "revoke", "由决定机关撤销决定"
    BAR = "bar", "不撤销决定，仅限制再次适用"


class ResultForm(Named):
    PAPER = "paper", "纸质"
    ELECTRONIC = "electronic", "电子"


class FeeDue(Named):
    NONE = "none", "不收费"
    ON_RECEIPT = "on_receipt", "收件时"
    ON_ACCEPTANCE = "on_acceptance", "受理后"
    BEFORE_DECISION = "before_decision", "决定前"
    ON_DELIVERY = "on_delivery", "领取结果时"


class Payer(Named):
    APPLICANT = "applicant", "申请人"
    GOVERNMENT = "government", "政府"
    NONE = "none", "不涉及寄递"


# Where neither deferral nor commitment may be offered (S0-23, S0-24).
class ExcludedArea(Named):
    NATIONAL_SECURITY = "national_security", "国家安全"
    STATE_SECRETS = "state_secrets", "国家秘密"
    PUBLIC_SAFETY = "public_safety", "公共安全"
    PRUDENTIAL_FINANCE = "prudential_finance", "金融业审慎监管"
    ENVIRONMENT = "environment", "生态环境保护"
    HEALTH_LIFE_PROPERTY = "health_life_property", "直接关系人身健康、生命财产安全"
    FOREIGN_MATTERS = "foreign_matters", "重要涉外"


# What decides the place that handles a case.
class Basis(Named):
    HOUSEHOLD_REGISTRATION = "household_registration", "户籍所在地"
    USUAL_RESIDENCE = "usual_residence", "经常居住地"
    PLACE_INSURED = "place_insured", "参保地"
    PLACE_REGISTERED = "place_registered", "登记（住所）所在地"
    BUSINESS_SITE = "business_site", "生产经营场所所在地"
    MOVE_IN = "move_in", "迁入地"
    MOVE_OUT = "move_out", "迁出地"
    TRANSFER_IN = "transfer_in", "转入地"
    TRANSFER_OUT = "transfer_out", "转出地"
    FUND_ACCOUNT = "fund_account", "公积金账户所在地"
    PROPERTY = "property", "不动产所在地"
    FIXED = "fixed", "固定办理机构"


CHOSEN_BASIS = "chosen_basis"
"""The role of a step that goes where the applicant chose."""

PERSON_PAPERS = frozenset(IdType) - {IdType.USCC, IdType.BEING_FOUNDED}
ORGANISATION_PAPERS = frozenset({IdType.USCC, IdType.BEING_FOUNDED, IdType.OTHER})
