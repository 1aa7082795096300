"""What a carrier described by a file is asked: pure, from our words to its fields."""

from collections.abc import Mapping
from urllib.parse import quote

from services.notify.gateways import field_paths
from services.notify.gateways.calls import Call
from services.notify.gateways.carrier_files import (
    PARTY,
    Asking,
    Cancelling,
    Finding,
    JsonCarrierFile,
)
from services.notify.gateways.carriers import BookingOrder, Party


def build_booking(file: JsonCarrierFile, order: BookingOrder, headers: Mapping[str, str]) -> Call:
    values = {
        "order_id": order.order_id,
        "content": order.content,
        "payer": order.payer,
        "pieces": str(order.pieces),
        "remark": order.remark,
        **_party("sender", order.sender),
        **_party("recipient", order.recipient),
    }
    url = _fill(file.base + file.book.url, order_id=order.order_id)
    return Call(file.book.method, url, headers, field_paths.build(file.book.fields, values))


def build_find(
    file: JsonCarrierFile, finding: Finding, order_id: str, headers: Mapping[str, str]
) -> Call:
    return Call("GET", _fill(file.base + finding.url, order_id=order_id), headers)


def build_cancel(
    file: JsonCarrierFile,
    cancelling: Cancelling,
    order_id: str,
    waybill: str,
    headers: Mapping[str, str],
) -> Call:
    url = _fill(file.base + cancelling.url, order_id=order_id, waybill=waybill)
    return Call(cancelling.method, url, headers, {} if cancelling.method == "POST" else None)


def build_track(
    file: JsonCarrierFile, asking: Asking, waybill: str, headers: Mapping[str, str]
) -> Call:
    body = field_paths.build(asking.fields, {"waybill": waybill})
    url = _fill(file.base + asking.url, waybill=waybill)
    return Call(asking.method, url, headers, None if asking.method == "GET" else body)


def _party(side: str, party: Party) -> dict[str, str]:
    return {f"{side}.{part}": getattr(party, part) for part in PARTY}


def _fill(url: str, **values: str) -> str:
    for name, value in values.items():
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    return url
