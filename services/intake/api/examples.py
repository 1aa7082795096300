"""Submissions that work as they stand, one per mode, from any centre of the demo directory."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi.openapi.models import Example

_PERSON: Mapping[str, Any] = MappingProxyType(
    {
        "kind": "person",
        "name": "李示例",
        "id_type": "resident_id",
        "id_number": "620102199003078896",
        "phone": "13900000000",
    }
)

FULL_ONLINE: Mapping[str, Any] = MappingProxyType(
    {
        "item_code": "YB-001",
        "mode": "full_online",
        "channel": "window",
        "applicant": dict(_PERSON),
        "basis": {"place_insured": "620100"},
        "form": {"kind": "long_term", "seek_care_division": "630100", "from": "2026-03-01"},
        "materials": [
            {"code": "M1", "form": "electronic", "count": 1},
            {"code": "M2", "form": "electronic", "count": 1},
            {"code": "M3", "form": "electronic", "count": 1},
        ],
        "delivery": {"method": "electronic"},
    }
)

REMOTE_COLLECTION: Mapping[str, Any] = MappingProxyType(
    {
        "item_code": "CL-001",
        "mode": "remote_collection",
        "channel": "window",
        "applicant": dict(_PERSON),
        "basis": {"household_registration": "620102"},
        "form": {
            "certificate_number": "62010219900307889644",
            "disability_kind": "physical",
            "disability_grade": 4,
            "expires_on": "2026-12-31",
            "condition_changed": False,
            "residence": "青海省西宁市城西区示例路3号",
        },
        "materials": [
            {"code": "M1", "form": "original", "count": 1},
            {"code": "M2", "form": "original", "count": 1},
            {"code": "M2", "form": "copy", "count": 1},
            {"code": "M3", "form": "original", "count": 1},
        ],
        "deferral": {"committed": True, "materials": ["M4"]},
        "delivery": {
            "method": "post",
            "recipient": "李示例",
            "phone": "13900000000",
            "address": "青海省西宁市城西区示例路3号",
            "postcode": "810000",
        },
    }
)

JOINT_HANDLING: Mapping[str, Any] = MappingProxyType(
    {
        "item_code": "GA-001",
        "mode": "joint_handling",
        "channel": "window",
        "applicant": dict(_PERSON),
        "basis": {"move_in": "630104", "move_out": "620102"},
        "form": {
            "moving_from": "甘肃省兰州市城关区示例路1号",
            "moving_to": "青海省西宁市城西区示例路2号",
            "employer": "示例单位",
            "transfer_date": "2026-03-02",
            "settle_kind": "family",
            "persons": 1,
        },
        "materials": [
            {"code": "M1", "form": "original", "count": 1},
            {"code": "M2", "form": "original", "count": 1},
            {"code": "M3", "form": "original", "count": 1},
            {"code": "M4", "form": "original", "count": 1},
            {"code": "M5", "form": "original", "count": 1},
        ],
        "delivery": {"method": "window_pickup"},
    }
)


def _said(summary: str, value: Mapping[str, Any]) -> Example:
    return Example(summary=summary, value=dict(value))


SUBMISSIONS: dict[str, Example] = {
    "full_online": _said("全程网办：异地就医结算备案", FULL_ONLINE),
    "remote_collection": _said("异地代收代办：残疾人证到期换领（上交原证）", REMOTE_COLLECTION),
    "joint_handling": _said("多地联办：工作调动户口迁移", JOINT_HANDLING),
}

_TERM: Mapping[str, Any] = MappingProxyType({"value": 5, "unit": "working_day"})

DRAFT: Mapping[str, Any] = MappingProxyType(
    {
        "code": "SL-001",
        "version": 1,
        "status": "draft",
        "valid_from": "2027-01-01",
        "example": True,
        "name": "示例事项（草稿）",
        "base_code": "002040901000",
        "implementation_code": "13630000900000030K4002040901000",
        "item_type": "20",
        "case_kind": "2",
        "service_objects": ["1"],
        "department": "示例部门",
        "modes": ["full_online"],
        "basis": "household_registration",
        "level": "4",
        "steps": {
            "full_online": [
                {
                    "step": "handle",
                    "name": "户籍地审核办理",
                    "role": "household_registration",
                    "stage": 1,
                    "lead": True,
                    "accepts": True,
                    "decides": True,
                }
            ]
        },
        "materials": [
            {
                "code": "M1",
                "name": "申请表",
                "forms": ["electronic"],
                "custody": "none",
                "main": True,
                "required": True,
            }
        ],
        "limits": {
            "notify_window": dict(_TERM),
            "deficiency_policy": "supplement_before_acceptance",
            "clock_start": "acceptance",
            "unit": "working_day",
            "promised": dict(_TERM),
            "statutory": {"value": 20, "unit": "working_day"},
            "supplement_term": dict(_TERM),
        },
        "acceptance_authority": "handling",
        "agents_allowed": True,
        "result": {
            "name": "办理结果",
            "forms": ["electronic"],
            "delivery": ["electronic"],
            "certificate": False,
        },
        "fee": {"amount": "0.00", "due": "none"},
        "postage_payer": "none",
    }
)

CATALOGUES: dict[str, Any] = {
    "draft": {
        "summary": "一个事项的草稿：保存，暂不对外办理",
        "value": {"format": "tongban.catalogue/1", "items": [dict(DRAFT)]},
    }
}

SUPPLEMENTS: dict[str, Example] = {
    "photo": _said(
        "补交照片（电子件）", {"materials": [{"code": "M4", "form": "electronic", "count": 1}]}
    ),
    "form": _said("更正申请表中的一项", {"form": {"residence": "青海省西宁市城西区示例路5号"}}),
}
CORRECTIONS: dict[str, Example] = {
    "name": _said(
        "姓名和电话录错",
        {
            "applicant": {"name": "李士例", "phone": "13900000001"},
            "reason": "录入时误写",
        },
    ),
    "form": _said(
        "申请表中的一项录错",
        {"form": {"residence": "青海省西宁市城西区示例路6号"}, "reason": "门牌号误写"},
    ),
}
VERIFICATIONS: dict[str, Example] = {
    "counter": _said(
        "读卡器核验身份，当面核对原件",
        {
            "verifications": [
                {"of": "applicant", "how": "card_reader"},
                {"of": "M1", "how": "original_seen"},
                {"of": "M3", "how": "original_seen"},
            ]
        },
    )
}
PAYMENTS: dict[str, Example] = {
    "online": _said(
        "网上支付", {"bill_number": "63000026000017", "amount": "40.00", "way": "online"}
    )
}
WITHDRAWALS: dict[str, Example] = {"changed": _said("不再需要", {"reason": "申请人不再需要"})}
SEARCHES: dict[str, Example] = {
    "person": _said("按姓名和电话", {"name": "李示例", "phone": "13900000000"}),
    "number": _said("按证件号码", {"id_number": "620102199003078896"}),
    "narrowed": _said(
        "按姓名，只看待补正和已受理、亮红灯的",
        {"name": "李示例", "status": ["noticed", "accepted"], "light": ["red", "missed"]},
    ),
}
HOLDS: dict[str, Example] = {
    "review": _said(
        "申请人申请了行政复议", {"kind": "review", "reason": "行政复议机关已受理，案号另存卷"}
    )
}
LIFTINGS: dict[str, Example] = {
    "settled": _said("复议已结案", {"reason": "复议已结案，维持原决定"})
}
ERASURES: dict[str, Example] = {
    "purpose": _said(
        "申请人不再办理，要求删除", {"ground": "purpose_gone", "reference": "SQ-2026-0001"}
    )
}
HOLDINGS: dict[str, Example] = {
    "person": _said("按证件号码", {"id_number": "620102199003078896", "purpose": "个人查阅申请"})
}
