"""Files cross with a case: told thin, fetched with a token, compared, sealed again over there."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from shared.chance import new_id
from shared.files.headers import write_digest
from shared.http.inner import Answer, Visit
from tests.routing.builders import WINDOW, House
from tests.routing.partners import PARTNER, Province, apply_next, with_access
from tests.routing.test_crossing import _partner, _told, gansu
from tests.there import PDF

__all__ = ["gansu"]
DIGEST = write_digest(hashlib.sha256(PDF).digest())


async def _stored(house: House, number: str, content: bytes = PDF, material: str = "M2") -> None:
    """As intake says it of a file that the window uploaded."""

    async def bytes_of() -> Any:
        yield content

    record = await house.app.state.files.put(bytes_of())
    await house.feed(
        "intake.content-stored.v1",
        number,
        {
            "case_number": number,
            "material_code": material,
            "content_id": str(new_id()),
            "digest": f"sha-256:{record.sha256.hex()}",
            "size": record.size,
            "media_type": record.media_type,
            "stored_at": house.clock().isoformat(),
            "file": {
                "name": record.name,
                "sealed_key": base64.b64encode(record.sealed_key).decode(),
            },
        },
        personal=("file",),
    )


async def _content(house: House, told: dict[str, Any]) -> dict[str, Any]:
    answer = await house.client.get(told["content"]["path"], headers=_partner(house))
    content: dict[str, Any] = answer.json()
    return content


async def test_a_material_s_file_is_told_thin_and_fetched_on_record(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    await _stored(house, number)
    told = (await _told(house, number))[-1]
    assert told["kind"] == "case.file"
    content = await _content(house, told)
    assert content["material_code"] == "M2"
    file = content["file"]
    assert file["digest"] == "sha-256:" + hashlib.sha256(PDF).hexdigest()
    got = await house.client.get(file["path"], headers=_partner(house))
    assert (got.content, got.headers["repr-digest"]) == (PDF, DIGEST)
    rest = await house.client.get(
        file["path"], headers=_partner(house) | {"range": f"bytes={len(PDF) - 7}-"}
    )
    assert (rest.status_code, rest.content) == (206, PDF[-7:])
    other = await house.client.get(file["path"], headers=_partner(house, "P-510000"))
    assert other.status_code == 404
    rows = await house.rows(
        "SELECT outcome, facts FROM audit WHERE action = 'partner-file-fetched' ORDER BY id"
    )
    assert [(row.outcome, row.facts["kind"]) for row in rows] == [(PARTNER, "case.file")] * 2


async def test_what_was_uploaded_before_a_case_goes_to_a_partner_goes_with_it(
    house: House, gansu: Province
) -> None:
    number = await house.receive(basis={"household_registration": "620103"})
    await _stored(house, number)
    assert await _told(house, number) == []
    other = "620103-RS"
    handoff = await house.claimed(number, house.officer(other))
    await house.post(
        f"/handoffs/{handoff}/transfer-on",
        house.officer(other),
        location="620102-RS",
        reason="户籍",
    )
    assert [each["kind"] for each in await _told(house, number)][:2] == [
        "case.submitted",
        "case.file",
    ]


async def test_a_message_to_their_office_goes_there_after_its_files(
    house: House, gansu: Province
) -> None:
    number = await house.receive(mode="full_online")
    await gansu.does("handoff.notice", case_number=number, body=_NOTICE)
    clerk = house.token("clerk", WINDOW)
    upload = await house.client.post(
        f"/routing/v1/cases/{number}/attachments", content=PDF, headers=clerk
    )
    assert upload.json()["digest"] == DIGEST
    for _ in range(2):
        said = await house.post(
            f"/cases/{number}/messages", clerk, text="补签的登记表", attachments=[DIGEST]
        )
        assert said.status_code == 201, said.text
    told = await _told(house, number)
    assert [each["kind"] for each in told] == [
        "case.submitted",
        "case.attachment",
        "case.message",
        # The file is there already.
        "case.message",
    ]
    file = (await _content(house, told[1]))["file"]
    got = await house.client.get(file["path"], headers=_partner(house))
    assert got.content == PDF


async def test_an_appointment_and_its_outcome_are_known_at_both_ends(
    house: House, gansu: Province
) -> None:
    await with_access(house)
    number = await house.receive(mode="full_online")
    clerk = house.token("clerk", WINDOW)
    path = f"/cases/{number}/appointments"
    begins = ("2026-09-08T02:00:00Z", "2026-09-09T02:00:00Z")
    ours = [await house.post(path, clerk, starts_at=at, subject="核验身份") for at in begins]
    assert [each.status_code for each in ours] == [201, 201]
    held = await house.post(
        f"/appointments/{ours[0].json()['id']}/outcome", clerk, outcome="held", record="已核对本人"
    )
    assert held.status_code == 200, held.text
    told = await _told(house, number)
    assert [each["kind"] for each in told[1:]] == [
        *(["case.appointment"] * 2),
        "case.appointment-outcome",
    ]
    content = await _content(house, told[-1])
    assert (content["starts_at"], content["outcome"], content["record"]) == (
        begins[0],
        "held",
        "已核对本人",
    )
    # The other one's outcome is said over there, in the words in which we tell ours.
    said = {"starts_at": begins[1], "outcome": "missed", "record": "对方未接入"}
    at = gansu.there.content("outcome", said)
    did = await gansu.does("case.appointment-outcome", case_number=number, content=at)
    assert did == ("applied", [])
    # And not told back to them.
    assert len(await _told(house, number)) == len(told)
    listed = await house.get(path, clerk)
    assert [each["state"] for each in listed.json()["appointments"]] == ["held", "missed"]
    for starts_at in ("2026-09-10T02:00:00Z", "2026-09-08T02:00:00", "明天", None):
        unknown = await gansu.does(
            "case.appointment-outcome",
            case_number=number,
            body={"starts_at": starts_at, "outcome": "held", "record": "示例"},
        )
        assert unknown == ("rejected", ["not-found"])


_NOTICE = {"faults": [{"material_code": "M2", "text": "缺签字"}]}


async def test_a_file_of_an_act_of_theirs_is_attached_here_and_the_act_refers_to_it(
    house: House, gansu: Province, tmp_path: Path
) -> None:
    await with_access(house)
    number = await house.receive()
    file = gansu.there.file("decision.pdf")
    content = gansu.there.content("1", {"file": file})
    assert await gansu.does("case.attachment", case_number=number, content=content) == (
        "applied",
        [],
    )
    body = {"attachments": [DIGEST]}
    said = await gansu.does("handoff.acceptance", case_number=number, body=body)
    assert said == ("applied", [])
    clerk = house.token("clerk", WINDOW)
    got = await house.client.get(
        f"/routing/v1/cases/{number}/attachments/{hashlib.sha256(PDF).hexdigest()}", headers=clerk
    )
    assert got.content == PDF
    stored = [path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert b"0123456789abcdef" not in stored[0]
    # Told once more under another id, it is there already.
    await gansu.does("case.attachment", case_number=number, content=content)
    assert len(gansu.there.fetched("decision.pdf")) == 1


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"digest": "sha-256:" + 64 * "0"}, "digest-mismatch"),
        ({"size": 1000}, "content-refused"),
        ({"size": -1}, "too-small"),
    ],
)
async def test_a_file_of_theirs_that_is_not_what_was_said_is_rejected_with_the_reason(
    house: House, gansu: Province, said: dict[str, Any], fault: str
) -> None:
    await with_access(house)
    number = await house.receive()
    content = gansu.there.content("1", {"file": gansu.there.file("x", **said)})
    did = await gansu.does("case.attachment", case_number=number, content=content)
    assert did == ("rejected", [fault])
    assert await house.rows("SELECT 1 FROM attachment") == []


async def test_a_file_that_is_not_there_for_its_term_is_rejected_and_the_next_act_has_its_turn(
    house: House, gansu: Province
) -> None:
    await with_access(house)
    number = await house.receive()
    content = gansu.there.content("1", {"file": gansu.there.file("x")})
    del gansu.there.files["/x"]
    id_ = await gansu.say("case.attachment", case_number=number, content=content)
    after = await gansu.say("handoff.acceptance", case_number=number)
    for days in (0, 2):
        house.clock.forward(days=days)
        assert await gansu.applied() == 1
        assert await gansu.verdict(id_) == (None, [])
    house.clock.forward(days=1)
    assert await gansu.applied() == 2
    assert await gansu.verdict(id_) == ("rejected", ["content-missing"])
    assert await gansu.verdict(after) == ("applied", [])


async def test_whoever_dies_with_the_file_attached_leaves_one_attachment(
    house: House, gansu: Province
) -> None:
    await with_access(house)
    number = await house.receive()
    content = gansu.there.content("1", {"file": gansu.there.file("x")})
    id_ = await gansu.say("case.attachment", case_number=number, content=content)

    async def dies_after(visit: Visit) -> Answer:
        await gansu.door.visit(visit)
        raise ConnectionError("power cut")

    with pytest.raises(ConnectionError):
        await apply_next(gansu.worker(dies_after))
    house.clock.forward(minutes=2)
    await gansu.applied()
    assert await gansu.verdict(id_) == ("applied", [])
    assert len(await house.rows("SELECT 1 FROM attachment")) == 1
    assert len(gansu.there.fetched("x")) == 1
