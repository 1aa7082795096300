"""The page's section of what we call: each webhook, for those who receive it."""

from typing import Any

from services.notify.domain import told
from services.notify.domain.told import Audience, Kind

_WHO = {
    Audience.CASE: "有地点参与这一办件的合作方，和本系统内部的订阅",
    Audience.BAG: "封装袋两端地点所属的合作方，和本系统内部的订阅",
    Audience.NAMED: "partner 所指的合作方，和本系统内部的订阅",
    Audience.EVERYBODY: "所有订阅者",
    Audience.OWNER: "这一订阅的接收地址",
}
_HEADERS = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": description,
    }
    for name, description in (
        ("webhook-id", "重推时不变；同一编号只办理一次"),
        ("webhook-timestamp", "Unix 秒；与本机相差超过五分钟的应拒收"),
        ("webhook-signature", "v1,<Base64>；轮换密钥期间有两个，以空格分开"),
    )
]


def section() -> dict[str, Any]:
    return {type_: {"post": _operation(type_, kind)} for type_, kind in told.KINDS.items()}


def _operation(type_: str, kind: Kind) -> dict[str, Any]:
    return {
        "summary": kind.zh,
        "description": f"推送给：{_WHO[kind.audience]}。按 Standard Webhooks v1 签名。",
        "tags": ["事件推送"],
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {"application/cloudevents+json": {"schema": _envelope(type_, kind)}},
        },
        "responses": {
            "2XX": {"description": "已收妥"},
            "410": {"description": "不再接收：订阅随即停用"},
            "429": {"description": "请慢一些：Retry-After 照办"},
            "default": {"description": "其余一律算失败，按公布的时间表重推"},
        },
    }


def _envelope(type_: str, kind: Kind) -> dict[str, Any]:
    """Thin: numbers, codes, dates. The types of the fields are in docs/asyncapi.json."""
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": {"type": "string"},
            "type": {"const": type_},
            "subject": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "sequence": {"type": "string", "description": "对本订阅、本办件的第几条"},
            "data": {"type": "object", "properties": {fact: {} for fact in kind.facts}},
        },
    }
