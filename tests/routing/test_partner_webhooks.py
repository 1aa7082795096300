"""What a partner sends: proven, kept, applied once and in order, and told back."""

import asyncio
import base64
import hashlib
import hmac

import pytest
import standardwebhooks

from shared.http.inner import Answer, Visit
from tests.routing.builders import OFFICE, House
from tests.routing.partners import PARTNER, Province, apply_next, new_secret, province

DIGEST = "sha-256:" + "0" * 64


@pytest.fixture
async def gansu(house: House) -> Province:
    # The process has read the registry once.
    await house.receive()
    return await province(house)


async def test_a_partner_takes_every_step_and_the_trail_names_the_human(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    assert await gansu.does("handoff.claim", case_number=number) == ("applied", [])
    notice = {"faults": [{"material_code": "M2", "text": "缺签字"}]}
    assert await gansu.does("handoff.notice", case_number=number, body=notice) == ("applied", [])
    await house.supplement(number, "M2")
    assert await gansu.does("handoff.acceptance", case_number=number) == ("applied", [])
    pause = {"procedure": "S1", "working_days": 5, "reason": "需要评定"}
    said = await gansu.does("handoff.suspension", case_number=number, body=pause)
    if said[0] == "applied":
        assert await gansu.does("handoff.resumption", case_number=number) == ("applied", [])
    decision = {
        "result": "granted",
        "opinion": "符合条件",
        "certificate": {"name": "就业创业证", "number": "1", "form": "electronic"},
    }
    said = await gansu.does("handoff.decision", case_number=number, body=decision)
    assert said == ("applied", [])
    rows = await house.rows(
        "SELECT action, actor, actor_role FROM audit WHERE case_number = :number"
        " AND action LIKE 'handoff-%' AND actor_role = 'partner' ORDER BY id",
        number=number,
    )
    assert {row.actor for row in rows} == {f"{PARTNER}:zhao"}
    assert {"handoff-claimed", "handoff-notice", "handoff-accept", "handoff-decide"} <= {
        row.action for row in rows
    }


async def test_each_answer_is_told_back(house: House, gansu: Province) -> None:
    number = await house.receive()
    await gansu.does("handoff.claim", case_number=number)
    await gansu.does("handoff.refusal", case_number=number, body={"ground": "nonsense"})
    told = [data for type_, data in await house.told(number) if "partner-answered" in type_]
    assert [(each["kind"], each["outcome"]) for each in told] == [
        ("handoff.claim", "applied"),
        ("handoff.refusal", "rejected"),
    ]
    assert told[1]["faults"][0]["pointer"] == "/data/body/ground"
    assert told[1]["partner"] == PARTNER


async def test_a_rejection_names_every_reason(house: House, gansu: Province) -> None:
    number = await house.receive()
    outcome, codes = await gansu.does("handoff.wish", case_number=number, actor=None)
    assert (outcome, sorted(codes)) == ("rejected", ["missing", "unknown-kind"])
    body = {"procedure": "S1", "working_days": "soon", "reason": ""}
    outcome, codes = await gansu.does("handoff.suspension", case_number=number, body=body)
    assert (outcome, sorted(codes)) == ("rejected", ["not-an-integer", "too-short"])


async def test_a_step_that_the_state_forbids_is_rejected(house: House, gansu: Province) -> None:
    number = await house.receive()
    await gansu.does("handoff.claim", case_number=number)
    assert (await gansu.does("handoff.resumption", case_number=number))[0] == "rejected"


async def test_nobody_acts_where_they_have_no_part(house: House, gansu: Province) -> None:
    foreign = await house.receive(basis={"household_registration": "610113"})
    assert await gansu.does("handoff.claim", case_number=foreign) == ("rejected", ["not-found"])
    number = await house.receive()
    elsewhere = await gansu.does("handoff.claim", case_number=number, location="630104-C1")
    assert elsewhere == ("rejected", ["not-found"])


async def test_the_same_webhook_a_hundred_times_at_once_has_one_effect(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    body = gansu.told("handoff.claim", case_number=number)
    headers = gansu.signed(body, id_="one-and-the-same")
    answers = await asyncio.gather(*(gansu.post(body, headers) for _ in range(100)))
    assert {each.status_code for each in answers} == {202}
    await asyncio.gather(*(gansu.applied() for _ in range(5)))
    claims = await house.rows(
        "SELECT id FROM audit WHERE case_number = :number AND action = 'handoff-claimed'",
        number=number,
    )
    answered = [data for type_, data in await house.told(number) if "answered" in type_]
    assert (len(claims), len(answered)) == (1, 1)


async def test_whoever_dies_over_a_webhook_leaves_it_to_be_done_once(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    id_ = await gansu.say("handoff.claim", case_number=number)

    async def dies_after(visit: Visit) -> Answer:
        await gansu.door.visit(visit)
        raise ConnectionError("power cut")

    with pytest.raises(ConnectionError):
        await apply_next(gansu.worker(dies_after))
    assert await gansu.applied() == 0
    house.clock.forward(minutes=2)
    assert await gansu.applied() == 1
    assert await gansu.verdict(id_) == ("applied", [])
    claims = await house.rows("SELECT id FROM audit WHERE action = 'handoff-claimed'")
    assert len(claims) == 1


async def test_what_breaks_is_tried_again_and_holds_up_its_own_case_only(
    house: House, gansu: Province
) -> None:
    first, other = await house.receive(), await house.receive()
    broken = await gansu.say("handoff.claim", case_number=first)
    later = await gansu.say("handoff.acceptance", case_number=first)
    beside = await gansu.say("handoff.claim", case_number=other)

    async def breaks_for_the_first(visit: Visit) -> Answer:
        answer = await gansu.door.visit(visit) if visit.path.count(handoff) == 0 else None
        return answer or Answer(503, {})

    handoff = await house.handoff_of(first)
    while await apply_next(gansu.worker(breaks_for_the_first)):
        pass
    assert await gansu.verdict(beside) == ("applied", [])
    assert await gansu.verdict(broken) == (None, [])
    assert await gansu.verdict(later) == (None, [])
    house.clock.forward(minutes=1)
    await gansu.applied()
    assert await gansu.verdict(broken) == ("applied", [])
    assert await gansu.verdict(later) == ("applied", [])


async def test_an_id_is_not_used_for_two_things(house: House, gansu: Province) -> None:
    number = await house.receive()
    await gansu.say("handoff.claim", id_="used", case_number=number)
    body = gansu.told("handoff.release", case_number=number)
    answer = await gansu.post(body, gansu.signed(body, id_="used"))
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook-id-reused")


@pytest.mark.parametrize(
    ("age", "status", "reason"), [(301, 401, "too-old"), (-301, 401, "too-new"), (299, 202, "")]
)
async def test_five_minutes_are_allowed_and_no_more(
    gansu: Province, age: int, status: int, reason: str
) -> None:
    body = gansu.told("handoff.claim", case_number="63000026000000123")
    answer = await gansu.post(body, gansu.signed(body, age=age))
    assert answer.status_code == status
    assert not reason or answer.json()["reason"] == reason


async def test_a_wrong_secret_an_unknown_partner_and_a_cut_body_are_refused(
    house: House, gansu: Province
) -> None:
    body = gansu.told("handoff.claim", case_number="63000026000000123")
    foreign = "whsec_" + base64.b64encode(bytes(32)).decode()
    wrong = await gansu.post(body, gansu.signed(body, secret=foreign))
    unknown = await gansu.post(body, gansu.signed(body), partner="P-510000")
    cut = await gansu.post(body[:-1], gansu.signed(body))
    reasons = [each.json()["reason"] for each in (wrong, unknown, cut)]
    assert reasons == ["signature-wrong", "unknown-sender", "signature-wrong"]
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_an_oversized_body_is_not_even_read(house: House, gansu: Province) -> None:
    body = gansu.told("handoff.claim", body={"note": "长" * 70_000})
    answer = await gansu.post(body, gansu.signed(body))
    assert answer.status_code == 413
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_what_is_signed_and_is_no_event_is_refused_with_every_fault(gansu: Province) -> None:
    body = b'{"specversion": "0.3", "data": []}'
    answer = await gansu.post(body, gansu.signed(body))
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["faults"]} == {
        *("/specversion", "/id", "/source", "/type", "/data")
    }


async def test_while_a_secret_is_rotated_both_hold_and_then_the_new_one(
    house: House, gansu: Province
) -> None:
    old, new = gansu.secret, await new_secret(house, overlap_hours=2)
    body = gansu.told("handoff.claim", case_number="63000026000000123")

    async def held(secret: str) -> int:
        return (await gansu.post(body, gansu.signed(body, secret=secret))).status_code

    assert [await held(old), await held(new)] == [202, 202]
    house.clock.forward(hours=3)
    assert [await held(old), await held(new)] == [401, 202]


async def test_a_secret_that_became_known_ends_at_once(house: House, gansu: Province) -> None:
    path, ops = f"/partners/{PARTNER}/secrets", house.token("ops")
    (held,) = (await house.get(path, ops)).json()["secrets"]
    assert "secret" not in held
    answer = await house.post(f"{path}/{held['id']}/revocation", ops)
    assert answer.status_code == 200
    body = gansu.told("handoff.claim", case_number="63000026000000123")
    assert (await gansu.post(body, gansu.signed(body))).status_code == 401


async def test_a_secret_of_their_own_making_is_taken_over_and_a_bad_one_refused(
    house: House, gansu: Province
) -> None:
    brought = "whsec_" + base64.b64encode(b"k" * 32).decode()
    assert await new_secret(house, secret=brought) == brought
    answer = await house.post(f"/partners/{PARTNER}/secrets", house.token("ops"), secret="x")
    assert answer.json()["faults"][0]["code"] == "webhook-secret-malformed"
    stored = await house.rows("SELECT secret FROM partner_secret")
    assert all(b"k" * 32 not in bytes(row.secret) for row in stored)


async def test_what_the_reference_library_signs_is_believed(house: House, gansu: Province) -> None:
    """Standard Webhooks' own package, as a partner would use it."""
    body = gansu.told("handoff.claim", case_number="63000026000000123").decode()
    at = house.clock()
    signature = standardwebhooks.Webhook(gansu.secret).sign("msg_1", at, body)
    key = base64.b64decode(gansu.secret.removeprefix("whsec_"))
    mine = hmac.new(key, f"msg_1.{int(at.timestamp())}.{body}".encode(), hashlib.sha256)
    assert signature == "v1," + base64.b64encode(mine.digest()).decode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    assert (await gansu.post(body.encode(), headers)).status_code == 202


async def test_events_that_need_nothing_done_are_kept_and_passed_by(
    house: House, gansu: Province
) -> None:
    body = (
        b'{"specversion": "1.0", "id": "1", "source": "x", "type": "routing.light-turned.v1",'
        b' "new-field": true}'
    )
    answer = await gansu.post(body, gansu.signed(body, id_="light"))
    assert answer.status_code == 202
    await gansu.applied()
    assert await gansu.verdict("light") == ("ignored", [])
    listed = await house.get(f"/partners/{PARTNER}/webhooks", house.token("ops"))
    assert [each["outcome"] for each in listed.json()["webhooks"]] == ["ignored"]


async def test_an_installation_that_asks_for_proof_hears_its_challenge(
    house: House, gansu: Province
) -> None:
    body = (
        b'{"specversion": "1.0", "id": "1", "source": "x", "type": "notify.endpoint-proof.v1",'
        b' "data": {"subscription_id": "s", "challenge": "say this"}}'
    )
    answer = await gansu.post(body, gansu.signed(body))
    assert (answer.status_code, answer.json()) == (202, {"challenge": "say this"})
    assert await house.rows("SELECT 1 FROM partner_webhook") == []


async def test_a_colleague_of_the_partner_goes_on_where_another_stood(
    house: House, gansu: Province
) -> None:
    number = await house.receive()
    await gansu.does("handoff.claim", case_number=number)
    li = {"id": "li", "name": "李经办"}
    said = await gansu.does("handoff.acceptance", case_number=number, actor=li)
    assert said == ("applied", [])
    (row,) = await house.rows(
        "SELECT holder, holder_name FROM handoff WHERE case_number = :number", number=number
    )
    assert (row.holder, row.holder_name) == (f"{PARTNER}:li", "李经办")


async def _handing_in(gansu: Province, *, location: str = OFFICE) -> str:
    return await gansu.say(
        "case.submitted",
        case_number="J62000026000000011",
        location=location,
        content={"path": "/routing/v1/partner-messages/1/content", "digest": DIGEST},
    )


async def test_a_case_that_is_handed_in_goes_to_intake_and_what_follows_waits_for_it(
    house: House, gansu: Province
) -> None:
    await house.post(
        f"/partners/{PARTNER}/access",
        house.token("ops"),
        base_url="https://there.example",
        client_id="c-1",
        client_secret="their-secret-for-us",
    )
    id_ = await _handing_in(gansu)
    later = await gansu.say("case.withdrawn", case_number="J62000026000000011", location=OFFICE)
    await gansu.applied()
    (row,) = await house.rows("SELECT data FROM outbox WHERE type = 'routing.case-handed-in.v1'")
    assert (row.data["webhook_id"], row.data["kind"]) == (id_, "case.submitted")
    assert "their-secret-for-us" not in str(row.data)
    assert [await gansu.verdict(each) for each in (id_, later)] == [(None, []), (None, [])]

    number = await house.receive()
    await house.feed(
        "intake.handing-in-settled.v1",
        number,
        {
            "partner": PARTNER,
            "webhook_id": id_,
            "kind": "case.submitted",
            "outcome": "applied",
            "case_number": number,
            "joint_number": "J62000026000000011",
            "their_number": "62000026000000011",
            "at": house.clock().isoformat(),
        },
    )
    assert await gansu.verdict(id_) == ("applied", [])
    (answered,) = [data for type_, data in await house.told(number) if "answered" in type_]
    assert (answered["case_number"], answered["joint_number"]) == (number, "J62000026000000011")
    ops = house.token("ops")
    (crossing,) = (await house.get(f"/cases/{number}/crossings", ops)).json()["crossings"]
    assert (crossing["their_number"], crossing["way"]) == ("62000026000000011", "in")


async def test_a_case_is_handed_in_at_a_window_of_the_partners_own(
    house: House, gansu: Province
) -> None:
    id_ = await _handing_in(gansu, location="630104-C1")
    await gansu.applied()
    assert await gansu.verdict(id_) == ("rejected", ["not-your-window"])


async def test_what_intake_rejects_is_told_back_with_every_fault(
    house: House, gansu: Province
) -> None:
    id_ = await _handing_in(gansu)
    faults = [
        {"pointer": f"/{name}", "code": "missing", "message_zh": "缺", "message_en": "missing"}
        for name in ("applicant", "basis")
    ]
    await house.feed(
        "intake.handing-in-settled.v1",
        "handed-in",
        {
            "partner": PARTNER,
            "webhook_id": id_,
            "kind": "case.submitted",
            "outcome": "rejected",
            "joint_number": "J62000026000000011",
            "their_number": "62000026000000011",
            "faults": faults,
            "at": house.clock().isoformat(),
        },
    )
    assert await gansu.verdict(id_) == ("rejected", ["missing", "missing"])
    (answered,) = [data for _, data in await house.told(f"partner:{PARTNER}")]
    assert answered["faults"] == faults
