"""What goes by post, whoever sends it: booked by the carrier, labelled, handed over, delivered."""

from typing import Any

from deploy.stories.people import Person, StuckError


async def booked(desk: Person, dispatch_id: str) -> dict[str, Any]:
    """The waybill that the carrier gave, and its label."""
    path = f"/notify/v1/dispatches/{dispatch_id}"
    booked: dict[str, Any] = await desk.until(
        path, lambda seen: seen if seen["waybill"] else None, what="运单"
    )
    label = await desk.get(f"{path}/label")
    if not label.content.startswith(b"%PDF"):
        raise StuckError(f"面单：{label.status_code} {label.text[:200]}")
    return booked


async def delivered(desk: Person, dispatch_id: str, *, typed: str) -> str:
    """Handed over and delivered; by the carrier's own word where there is one, else `typed` in.
    Returns the waybill."""
    path = f"/notify/v1/dispatches/{dispatch_id}"
    outside = desk.world.outside
    if outside is None:
        await desk.post(f"{path}/handover", {"carrier": "EMS", "waybill": typed})
        await desk.post(f"{path}/report", {"report": "delivered"})
        return typed
    waybill: str = (await booked(desk, dispatch_id))["waybill"]
    await desk.post(f"{path}/handover")
    await outside.carry(waybill)
    return waybill
