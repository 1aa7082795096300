"""The acts of an office at its door: who may what from where, and what a refusal owes."""

from tests.routing.builders import House


async def test_a_case_is_claimed_accepted_and_decided(house: House) -> None:
    number, handoff = await house.accepted()
    answer = await house.post(
        f"/handoffs/{handoff}/decision",
        house.officer(),
        result="granted",
        opinion="准予",
        certificate={"name": "就业创业证", "number": "1", "form": "electronic"},
    )
    assert answer.status_code == 200, answer.text
    assert [type_ for type_, _ in await house.told(number)] == [
        "routing.case-assigned.v1",
        "routing.handoff-opened.v1",
        "routing.handoff-accepted.v1",
        "routing.handoff-decided.v1",
        "routing.case-decided.v1",
    ]
