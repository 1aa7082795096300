"""The acts of an office at its door: who may what from where, and what a refusal owes."""

from typing import Any

from tests.routing.builders import OFFICE, WINDOW, House, item_document

GRANTED = {"result": "granted", "opinion": "准予"}


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


async def test_what_is_decided_on_the_spot_takes_one_call(house: House) -> None:
    await house.publish(item_document("RS-002", version=2, case_kind="1"))
    number = await house.receive(item_version=2)
    handoff = await house.claimed(number)
    answer = await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
    assert answer.status_code == 200, answer.text
    assert [type_ for type_, _ in await house.told(number)][2:] == [
        "routing.handoff-accepted.v1",
        "routing.handoff-decided.v1",
        "routing.case-decided.v1",
    ]
    acts = (await house.get(f"/handoffs/{handoff}/acts", house.officer())).json()["acts"]
    assert [each["step"] for each in acts] == ["arrive", "accept", "decide"]


async def test_an_officer_finds_a_case_by_its_number_also_once_it_is_decided(house: House) -> None:
    number, handoff = await house.accepted()
    await house.receive()
    decided = await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
    assert decided.status_code == 200, decided.text
    found = (await house.get("/handoffs", house.officer(), case_number=number)).json()["handoffs"]
    assert [(each["id"], each["status"]) for each in found] == [(handoff, "decided")]
    open_ = (await house.get("/handoffs", house.officer())).json()["handoffs"]
    assert handoff not in [each["id"] for each in open_]
    foreign = await house.get("/handoffs", house.officer("510107-RS"), case_number=number)
    assert foreign.json()["handoffs"] == []


async def test_an_ordinary_matter_is_not_decided_before_it_is_accepted(house: House) -> None:
    number = await house.receive()
    handoff = await house.claimed(number)
    answer = await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
    assert (answer.status_code, answer.json()["code"]) == (409, "handoff-step-not-allowed")


async def test_everything_wrong_with_a_refusal_is_told_at_once(house: House) -> None:
    handoff = await house.claimed(await house.receive())
    path = f"/handoffs/{handoff}/refusal"
    answer = await house.post(path, house.officer(), ground="not_competent", reason=" ")
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["faults"]] == [
        ("/competent_authority", "authority-missing"),
        ("/reason", "reasons-missing"),
    ]
    other = await house.post(
        path, house.officer(), ground="not_eligible", competent_authority="某局", reason="不符"
    )
    assert [each["code"] for each in other.json()["faults"]] == ["authority-not-applicable"]
    none = await house.post(path, house.officer(), ground="busy", competent_authority="某局")
    assert [(each["pointer"], each["code"]) for each in none.json()["faults"]] == [
        ("/ground", "not-an-option"),
        ("/competent_authority", "authority-not-applicable"),
        ("/reason", "reasons-missing"),
    ]
    assert "不符合申请条件（not_eligible）" in none.json()["faults"][0]["message_zh"]


async def test_everything_wrong_with_a_transfer_is_told_at_once(house: House) -> None:
    handoff = await house.claimed(await house.receive())
    path = f"/handoffs/{handoff}/transfer-on"
    answer = await house.post(path, house.officer(), location="NOWHERE", reason=" ")
    assert [(each["pointer"], each["code"]) for each in answer.json()["faults"]] == [
        ("/location", "bad-location"),
        ("/reason", "reasons-missing"),
    ]
    silent = await house.post(path, house.officer(), location="620103-RS")
    assert [each["code"] for each in silent.json()["faults"]] == ["reasons-missing"]


async def test_a_refusal_names_the_right_authority_and_the_remedies(house: House) -> None:
    number = await house.receive()
    handoff = await house.claimed(number)
    answer = await house.post(
        f"/handoffs/{handoff}/refusal",
        house.officer(),
        ground="not_competent",
        competent_authority="户籍地公共就业服务机构",
        reason="不属于本机关职权范围",
    )
    assert answer.status_code == 200, answer.text
    told = dict(await house.told(number))["routing.handoff-refused.v1"]
    assert told["competent_authority"] == "户籍地公共就业服务机构"
    assert "行政复议" in told["remedies"]
    assert "行政诉讼" in told["remedies"]
    assert "sealed" in told["reason"]


async def test_a_denial_gives_reasons_and_remedies_and_no_certificate(house: House) -> None:
    number, handoff = await house.accepted()
    path = f"/handoffs/{handoff}/decision"
    certificate = {"name": "证", "number": "1", "form": "electronic"}
    bad = await house.post(path, house.officer(), result="denied", certificate=certificate)
    assert [each["code"] for each in bad.json()["faults"]] == [
        "reasons-missing",
        "certificate-without-grant",
    ]
    await house.post(path, house.officer(), result="denied", opinion="不符合规定的条件")
    told = dict(await house.told(number))["routing.case-decided.v1"]
    assert "行政复议" in told["remedies"]


async def test_a_notice_names_only_what_is_published_and_repeats_only_what_is_unmet(
    house: House,
) -> None:
    number = await house.receive()
    handoff = await house.claimed(number)
    path = f"/handoffs/{handoff}/notice"
    foreign = [{"material_code": "M99", "text": "示例"}, {"material_code": "M1", "text": " "}]
    bad = await house.post(path, house.officer(), faults=foreign)
    assert [each["code"] for each in bad.json()["faults"]] == [
        "notice-not-published",
        "notice-text-missing",
    ]
    two = [{"material_code": code, "text": "请补"} for code in ("M1", "M2")]
    assert (await house.post(path, house.officer(), faults=two)).status_code == 200
    await house.supplement(number, "M1")
    added = [{"material_code": "M1", "text": "又缺"}]
    answer = await house.post(path, house.officer(), faults=added)
    assert [each["code"] for each in answer.json()["faults"]] == ["notice-adds"]
    repeated = [{"material_code": "M2", "text": "仍缺"}]
    answer = await house.post(path, house.officer(), faults=repeated)
    assert (answer.status_code, answer.json()["code"]) == (409, "repeat-notice-needs-approval")
    asked = await house.post(
        f"/handoffs/{handoff}/approvals", house.officer(), kind="repeat_notice", reason="仍未签字"
    )
    assert asked.status_code == 201, asked.text
    await house.post(f"/approvals/{asked.json()['id']}/approval", house.supervisor())
    answer = await house.post(path, house.officer(), faults=repeated)
    assert answer.status_code == 200, answer.text
    await house.supplement(number, "M1")
    answer = await house.post(path, house.officer(), faults=repeated)
    assert answer.json()["code"] == "repeat-notice-needs-approval"


async def test_what_was_granted_on_a_promise_is_checked_and_revoked(house: House) -> None:
    number, handoff = await house.accepted(commitment={"materials": ["M2"]})
    await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
    early = await house.post(f"/handoffs/{handoff}/revocation", house.supervisor(), reason="不实")
    assert early.json()["code"] == "promise-not-broken"
    check = f"/handoffs/{handoff}/later-check"
    await house.post(check, house.officer(), kept=True, finding="属实")
    kept = await house.post(f"/handoffs/{handoff}/revocation", house.supervisor(), reason="不实")
    assert kept.json()["code"] == "promise-not-broken"
    await house.post(check, house.officer(), kept=False, finding="不实")
    (laid,) = (await house.get("/approvals", house.supervisor())).json()["approvals"]
    assert (laid["kind"], laid["reason"], laid["facts"]["by_rule"]) == ("revocation", "不实", True)
    asked = await house.post(f"/handoffs/{handoff}/revocation", house.officer(), reason="失信")
    assert asked.status_code == 202, asked.text
    assert asked.json()["id"] == laid["id"]
    twice = await house.post(f"/handoffs/{handoff}/revocation", house.officer(), reason="失信")
    assert twice.json()["code"] == "approval-already-asked"
    done = await house.post(f"/approvals/{asked.json()['id']}/approval", house.supervisor())
    assert done.status_code == 200, done.text
    types = [type_ for type_, _ in await house.told(number)]
    assert types[-4:] == [
        "routing.promise-checked.v1",
        "routing.promise-checked.v1",
        "routing.decision-revoked.v1",
        "routing.case-closed.v1",
    ]
    assert (await house.told(number))[-1][1]["outcome"] == "revoked"


async def test_a_broken_word_is_laid_before_nobody_where_the_item_only_bars_or_it_was_kept(
    house: House,
) -> None:
    only_bars = {"available": True, "once_broken": "bar"}
    await house.publish(item_document("RS-002", version=2, commitment=only_bars))
    for version, found in ((2, [False]), (1, [False, True])):
        promised = {"materials": ["M2"]}
        _, handoff = await house.accepted(item_version=version, commitment=promised)
        await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
        for kept in found:
            path = f"/handoffs/{handoff}/later-check"
            await house.post(path, house.officer(), kept=kept, finding="核查")
        assert (await house.get("/approvals", house.supervisor())).json()["approvals"] == []


async def test_what_was_not_promised_is_not_checked(house: House) -> None:
    _, handoff = await house.accepted()
    await house.post(f"/handoffs/{handoff}/decision", house.officer(), **GRANTED)
    answer = await house.post(
        f"/handoffs/{handoff}/later-check", house.officer(), kept=False, finding="不实"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-promised")


async def _attach(house: House, number: str, who: dict[str, str]) -> str:
    answer = await house.client.post(
        f"/routing/v1/cases/{number}/attachments",
        headers=who | {"content-type": "application/pdf"},
        content=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    )
    assert answer.status_code == 201, answer.text
    digest: str = answer.json()["digest"]
    return digest


async def test_an_act_carries_opinion_and_files_of_its_own_case(house: House) -> None:
    number = await house.receive()
    handoff = await house.claimed(number)
    path = f"/handoffs/{handoff}/acceptance"
    unknown = "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"
    bad = await house.post(path, house.officer(), attachments=[unknown])
    assert [each["code"] for each in bad.json()["faults"]] == ["unknown-file"]
    digest = await _attach(house, number, house.officer())
    assert digest == await _attach(house, number, house.officer())
    answer = await house.post(path, house.officer(), opinion="材料齐全", attachments=[digest])
    assert answer.status_code == 200, answer.text
    acts = await house.get(f"/handoffs/{handoff}/acts", house.officer())
    act = acts.json()["acts"][-1]
    assert (act["step"], act["actor"], act["attachments"]) == ("accept", "officer-1", [digest])
    assert act["words"] == {"name": "李**", "opinion": "***"}
    open_ = await house.get(f"/handoffs/{handoff}/acts", house.officer(), purpose="复核办理意见")
    assert open_.json()["acts"][-1]["words"] == {"name": "李官员", "opinion": "材料齐全"}
    rows = await house.rows("SELECT facts FROM audit WHERE action = 'acts-unmasked'")
    assert [row.facts for row in rows] == [{"purpose": "复核办理意见"}]


async def test_a_window_decides_nothing(house: House) -> None:
    _, handoff = await house.accepted()
    clerk = house.token("clerk", WINDOW)
    answer = await house.post(f"/handoffs/{handoff}/decision", clerk, **GRANTED)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-at-window")
    accept = await house.post(f"/handoffs/{handoff}/acceptance", clerk)
    assert accept.status_code == 409


async def test_a_window_notifies_where_an_agreement_says_so(house: House) -> None:
    number = await house.receive()
    handoff = await house.handoff_of(number)
    clerk = house.token("clerk", WINDOW)
    body = {"faults": [{"material_code": "M2", "text": "缺签字"}]}
    answer = await house.post(f"/handoffs/{handoff}/notice", clerk, **body)
    assert (answer.status_code, answer.json()["because"]) == (409, "power")
    agreement = {
        "id": "A-TEST",
        "name": "示例协议",
        "version": 1,
        "valid_from": "2026-01-01",
        "parties": ["620000", "630000"],
        "delegated_powers": ["notify"],
    }
    ops = house.token("ops")
    await house.client.post("/routing/v1/agreements", headers=ops, json=[agreement])
    handoff = await house.handoff_of(await house.receive())
    answer = await house.post(f"/handoffs/{handoff}/notice", clerk, **body)
    assert (answer.status_code, answer.json()["status"]) == (200, "noticed"), answer.text


async def _offline(house: House) -> None:
    place: dict[str, Any] = (await house.get(f"/locations/{OFFICE}", house.token("ops"))).json()
    changed = {**place, "version": 2, "valid_from": "2026-01-01", "system": "offline"}
    answer = await house.client.post(
        "/routing/v1/locations", headers=house.token("ops"), json=[changed]
    )
    assert answer.status_code == 200, answer.text


async def test_the_window_records_what_a_place_without_a_system_did(house: House) -> None:
    await _offline(house)
    number = await house.receive()
    handoff = await house.handoff_of(number)
    clerk = house.token("clerk", WINDOW)
    path = f"/handoffs/{handoff}/acceptance"
    bare = await house.post(path, clerk)
    assert bare.status_code == 422
    assert [each["code"] for each in bare.json()["faults"]] == ["proof-needed"]
    proof = {
        "digest": await _attach(house, number, clerk),
        "acted_by": "王经办",
        "acted_on": "2026-09-07",
    }
    answer = await house.post(path, clerk, proof=proof)
    assert answer.status_code == 200, answer.text
    decided = await house.post(f"/handoffs/{handoff}/decision", clerk, **GRANTED, proof=proof)
    assert decided.status_code == 200, decided.text
    acts = (await house.get(f"/handoffs/{handoff}/acts", clerk)).json()["acts"]
    assert [(each["step"], each["side"], each["actor"]) for each in acts[1:]] == [
        ("accept", "handling", "clerk-1"),
        ("decide", "handling", "clerk-1"),
    ]
    assert acts[1]["facts"]["acted_on"] == "2026-09-07"
    assert acts[1]["words"]["acted_by"] == "王**"


async def test_a_stale_version_is_refused(house: House) -> None:
    handoff = await house.claimed(await house.receive())
    answer = await house.post(
        f"/handoffs/{handoff}/acceptance", house.officer() | {"if-match": '"1"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")


async def test_two_officers_never_hold_one_handoff(house: House) -> None:
    number, handoff = await house.accepted()
    other = house.officer(number=2)
    answer = await house.post(f"/handoffs/{handoff}/claim", other)
    assert answer.json()["code"] == "handoff-held-by-another"
    body = {"to": "officer-2", "to_name": "王官员"}
    not_theirs = await house.post(f"/handoffs/{handoff}/reassignment", other, **body)
    assert not_theirs.json()["code"] == "handoff-held-by-another"
    handed = await house.post(f"/handoffs/{handoff}/reassignment", house.officer(), **body)
    assert handed.status_code == 200, handed.text
    decided = await house.post(f"/handoffs/{handoff}/decision", other, **GRANTED)
    assert decided.status_code == 200
    assert number


async def test_a_supplement_returns_to_the_same_officer(house: House) -> None:
    number = await house.receive()
    handoff = await house.claimed(number)
    faults = [{"material_code": "M2", "text": "缺签字"}]
    await house.post(f"/handoffs/{handoff}/notice", house.officer(), faults=faults)
    house.clock.set("2026-09-10")
    await house.supplement(number, "M2")
    seen = await house.get(f"/handoffs/{handoff}", house.officer())
    assert (seen.json()["status"], seen.json()["holder"]) == ("received", "李官员")
    queue = await house.get(f"/queues/{OFFICE}/handoffs", house.officer(number=2), free=True)
    assert queue.json()["handoffs"] == []
