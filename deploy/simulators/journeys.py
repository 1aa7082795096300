"""What can happen to a parcel on its way, scan by scan; codes and texts are invented."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "TAKEN": "已收寄",
        "LEFT": "离开【处理中心】，发往下一站",
        "REACHED": "到达【处理中心】",
        "HELD": "因故暂存，等待处理",
        "DELAYED": "受天气影响，预计延迟",
        "OUT": "安排投递，投递员电话 000-0000",
        "MISSED": "投递未成功：收件人不在",
        "POINT": "已到代投点，等待领取",
        "BACK": "退回，正在返回寄件人",
        "SIGNED": "已签收",
        "VOID": "订单已撤销",
        "X-77": "内部节点",
    }
)

JOURNEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "smooth": ("TAKEN", "LEFT", "REACHED", "OUT", "SIGNED"),
        "second_try": ("TAKEN", "LEFT", "REACHED", "OUT", "MISSED", "OUT", "SIGNED"),
        "collected": ("TAKEN", "LEFT", "REACHED", "POINT", "SIGNED"),
        "returned": ("TAKEN", "LEFT", "REACHED", "OUT", "MISSED", "BACK", "REACHED", "SIGNED"),
        "lost": ("TAKEN", "LEFT"),
        "slow": ("TAKEN", "HELD", "LEFT", "DELAYED", "REACHED", "OUT", "SIGNED"),
        "odd": ("TAKEN", "X-77", "LEFT", "OUT", "SIGNED"),
        "voided": ("VOID",),
    }
)
