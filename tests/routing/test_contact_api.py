"""Between the two places of a case: messages, reminders, appointments, and who answers where."""

from services.routing import timers
from tests.routing.builders import OFFICE, WINDOW, House


async def test_the_two_places_write_to_each_other(house: House) -> None:
    number = await house.receive()
    clerk, officer = house.token("clerk", WINDOW), house.officer()
    path = f"/cases/{number}/messages"
    first = await house.post(path, clerk, text="请核实派出所")
    assert first.status_code == 201, first.text
    assert (first.json()["from_location"], first.json()["to_location"]) == (WINDOW, OFFICE)
    back = await house.post(path, officer, text="已核实")
    assert (back.json()["from_location"], back.json()["to_location"]) == (OFFICE, WINDOW)
    page = (await house.get(path, clerk, limit=1)).json()
    rest = (await house.get(path, clerk, limit=1, after=page["next"])).json()
    masked = (await house.get(path, clerk)).json()["messages"]
    assert [[page["messages"]], [rest["messages"]]] == [[masked[:1]], [masked[1:]]]
    assert rest["next"] is None
    assert [each["text"] for each in masked] == ["***", "***"]
    open_ = (await house.get(path, clerk, purpose="处理来信")).json()["messages"]
    assert [each["text"] for each in open_] == ["请核实派出所", "已核实"]
    foreign = await house.get(path, house.officer("510107-RS"))
    assert foreign.status_code == 404
    astray = await house.post(path, clerk, text="示例", to="510107-RS")
    assert [each["code"] for each in astray.json()["faults"]] == ["not-of-this-case"]
    told = [type_ for type_, _ in await house.told(number)]
    assert told.count("routing.message-written.v1") == 2
    rows = await house.rows("SELECT words FROM message")
    assert all("核实".encode() not in bytes(row.words) for row in rows)


async def test_a_message_carries_files_of_the_case(house: House) -> None:
    number = await house.receive()
    clerk = house.token("clerk", WINDOW)
    put = await house.client.post(
        f"/routing/v1/cases/{number}/attachments",
        headers=clerk | {"content-type": "application/pdf"},
        content=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    )
    digest = put.json()["digest"]
    sent = await house.post(f"/cases/{number}/messages", clerk, text="见附件", attachments=[digest])
    assert sent.json()["attachments"] == [digest]
    rows = await house.rows("SELECT encode(sha256, 'hex') AS hex FROM attachment")
    path = f"/cases/{number}/attachments/{rows[0].hex}"
    assert (await house.get(path, house.officer())).content.startswith(b"%PDF")
    assert (await house.get(path, house.officer("510107-RS"))).status_code == 404


async def test_who_answers_where(house: House) -> None:
    number = await house.receive()
    found = (await house.get(f"/cases/{number}/contacts", house.officer())).json()["contacts"]
    assert [(each["part"], each["code"]) for each in found] == [
        ("receiving", WINDOW),
        ("handling", OFFICE),
    ]
    assert {each["role"] for each in found[0]["contacts"]} >= {"point_to_point", "supervisor"}


async def test_an_unanswered_reminder_goes_to_both_supervisors_once(house: House) -> None:
    number = await house.receive()
    clerk = house.token("clerk", WINDOW)
    sent = await house.post(f"/cases/{number}/reminders", clerk, text="申请人询问进度")
    assert sent.status_code == 201, sent.text
    assert (sent.json()["number"], sent.json()["answer_by"]) == (1, "2026-09-08")
    work = timers.raise_reminders(house.premises.sessions, house.clock)
    house.clock.set("2026-09-08", hour=23)
    assert not await work()
    house.clock.set("2026-09-09", hour=0)
    assert await work()
    assert not await work()
    told = [data for type_, data in await house.told(number) if "reminder-raised" in type_]
    assert [each["locations"] for each in told] == [[WINDOW, OFFICE]]
    for who in (
        house.supervisor(),
        house.token("supervisor", WINDOW, division="630104"),
        house.token("supervisor", "620000-RS", division="620000"),
    ):
        seen = (await house.get("/reminders", who, raised=True)).json()["reminders"]
        assert [each["case_number"] for each in seen] == [number]
    other = house.token("supervisor", "510107-RS", division="510107")
    assert (await house.get("/reminders", other)).json()["reminders"] == []


async def test_an_answer_in_time_keeps_it_down(house: House) -> None:
    number = await house.receive()
    clerk = house.token("clerk", WINDOW)
    await house.post(f"/cases/{number}/reminders", clerk, text="催办")
    house.clock.forward(hours=1)
    await house.post(f"/cases/{number}/messages", house.officer(), text="明日办结")
    house.clock.set("2026-09-10")
    await timers.raise_reminders(house.premises.sessions, house.clock)()
    rows = await house.rows("SELECT answered_at, raised_at FROM reminder")
    assert rows[0].answered_at is not None
    assert rows[0].raised_at is None


async def test_asking_again_before_an_answer_goes_up_at_once(house: House) -> None:
    number = await house.receive()
    clerk = house.token("clerk", WINDOW)
    path = f"/cases/{number}/reminders"
    assert (await house.post(path, clerk, text="催办")).json()["raised_at"] is None
    house.clock.forward(hours=1)
    again = await house.post(path, clerk, text="再次催办")
    assert again.json()["raised_at"] is not None


async def test_nobody_is_reminded_of_what_is_over(house: House) -> None:
    number = await house.receive()
    await house.withdraw(number)
    answer = await house.post(f"/cases/{number}/reminders", house.token("clerk", WINDOW), text="催")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-remind")


async def test_an_appointment_has_one_outcome(house: House) -> None:
    number = await house.receive()
    path = f"/cases/{number}/appointments"
    past = await house.post(
        path, house.officer(), starts_at="2026-09-01T02:00:00Z", subject="核验身份"
    )
    assert [each["code"] for each in past.json()["faults"]] == ["in-the-past"]
    made = await house.post(
        path, house.officer(), starts_at="2026-09-08T02:00:00Z", subject="远程核验身份"
    )
    assert made.status_code == 201, made.text
    outcome = f"/appointments/{made.json()['id']}/outcome"
    foreign = await house.post(outcome, house.officer("510107-RS"), outcome="held", record="示例")
    assert foreign.status_code == 404
    held = await house.post(
        outcome, house.token("clerk", WINDOW), outcome="held", record="已核对本人"
    )
    assert (held.status_code, held.json()["state"]) == (200, "held"), held.text
    again = await house.post(outcome, house.officer(), outcome="missed", record="示例")
    assert (again.status_code, again.json()["code"]) == (409, "appointment-settled")
    listed = await house.get(path, house.officer(), purpose="查看会商记录")
    words = listed.json()["appointments"][0]["words"]
    assert (words["subject"], words["record"]) == ("远程核验身份", "已核对本人")
