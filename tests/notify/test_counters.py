"""Results on paper: collected at a counter, posted, changed while they are in our hands."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from services.notify import timers
from services.notify.models import MessageRow
from shared.audit.trail import AUDIT
from shared.premises import Premises
from tests.notify import town
from tests.notify.conftest import Tokens
from tests.notify.town import CASE, OFFICE, WINDOW, Post, Time

DELIVERIES = "/notify/v1/deliveries"
DISPATCHES = "/notify/v1/dispatches"
IN_PERSON = {"kind": "signed_in_person", "identity_checked": True}


class Window:
    """One caller at notify's door."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def delivery(self) -> dict[str, Any]:
        page = await self.get(DELIVERIES, case_number=CASE)
        found: dict[str, Any] = page["deliveries"][0]
        return found

    async def dispatch(self) -> dict[str, Any]:
        page = await self.get(DISPATCHES, case_number=CASE)
        found: dict[str, Any] = page["dispatches"][0]
        return found

    async def get(self, path: str, **params: str) -> Any:
        answer = await self.client.get(path, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self.headers, **headers})


@pytest.fixture
def clerk(client: httpx.AsyncClient, token: Tokens) -> Window:
    return Window(client, token())


@pytest.fixture
def officer(client: httpx.AsyncClient, token: Tokens) -> Window:
    return Window(client, token("officer", OFFICE))


@pytest.fixture
def dispatcher(client: httpx.AsyncClient, token: Tokens) -> Window:
    return Window(client, token("dispatcher", OFFICE))


async def decided(post: Post, method: str, *, form: str = "paper", **changes: Any) -> None:
    await post.tell(town.case_received(method, **changes))
    await post.tell(town.case_decided(form=form))


async def told(premises: Premises) -> set[str]:
    async with premises.sessions() as session:
        return set(await session.scalars(select(MessageRow.event)))


async def test_a_posted_result_goes_out_and_is_delivered(
    post: Post, clerk: Window, dispatcher: Window, premises: Premises
) -> None:
    await decided(post, "post")
    planned = await dispatcher.dispatch()
    assert (planned["status"], planned["payer"]) == ("planned", "applicant")
    nothing = await dispatcher.post(f"{DISPATCHES}/{planned['id']}/handover", {})
    assert nothing.json()["code"] == "waybill-missing"
    sent = await dispatcher.post(
        f"{DISPATCHES}/{planned['id']}/handover",
        {"carrier": "邮政快递", "waybill": "ea 473124829 cn"},
    )
    assert sent.status_code == 200, sent.text
    assert (sent.json()["status"], sent.json()["waybill"]) == ("moving", "EA473124829CN")
    on_way = await clerk.delivery()
    assert (on_way["status"], on_way["changeable"]) == ("on_way", False)
    assert on_way["dispatch"]["waybill"] == "EA473124829CN"
    late = await clerk.post(f"{DELIVERIES}/{on_way['id']}/change", {"method": "electronic"})
    assert late.status_code == 409
    arrived = await dispatcher.post(f"{DISPATCHES}/{planned['id']}/report", {"report": "delivered"})
    assert arrived.status_code == 200
    done = await clerk.delivery()
    assert (done["status"], done["proof_kind"]) == ("delivered", "carrier_record")
    assert {"on_way", "delivered"} <= await told(premises)


async def test_the_recipient_is_masked_unless_a_purpose_is_given(
    post: Post, dispatcher: Window
) -> None:
    await decided(post, "post")
    planned = await dispatcher.dispatch()
    path = f"{DISPATCHES}/{planned['id']}"
    assert (await dispatcher.get(path))["recipient"]["recipient"] == "李**"
    plain = await dispatcher.get(path, purpose="填写运单")
    assert plain["recipient"]["recipient"] == "李示例"
    assert plain["hints"] == []


async def test_a_change_before_it_left_calls_the_dispatch_off(
    post: Post, clerk: Window, dispatcher: Window
) -> None:
    await decided(post, "post")
    found = await clerk.delivery()
    faults = await clerk.post(
        f"{DELIVERIES}/{found['id']}/change", {"method": "post", "recipient": " "}
    )
    assert faults.status_code == 422
    assert len(faults.json()["faults"]) == 4
    changed = await clerk.post(f"{DELIVERIES}/{found['id']}/change", {"method": "electronic"})
    assert changed.json()["status"] == "ready"
    assert changed.json()["link"] is not None
    off = await dispatcher.dispatch()
    assert off["status"] == "cancelled"
    refused = await dispatcher.post(
        f"{DISPATCHES}/{off['id']}/handover", {"carrier": "x", "waybill": "EA473124829CN"}
    )
    assert refused.status_code == 409
    back = await clerk.post(f"{DELIVERIES}/{found['id']}/change", {"method": "handling_pickup"})
    assert back.json()["status"] == "pending"
    assert (await clerk.client.get(town.result_path(changed.json()["link"]))).status_code == 410


async def test_a_stale_change_is_refused(post: Post, clerk: Window) -> None:
    await decided(post, "handling_pickup")
    found = await clerk.delivery()
    stale = await clerk.post(
        f"{DELIVERIES}/{found['id']}/change",
        {"method": "electronic"},
        **{"If-Match": '"99"'},
    )
    assert stale.status_code == 412


async def test_a_result_travels_to_the_window_and_is_handed_over_there(
    post: Post, clerk: Window, officer: Window, dispatcher: Window
) -> None:
    await decided(post, "window_pickup")
    found = await clerk.delivery()
    path = f"{DELIVERIES}/{found['id']}"
    planned = await dispatcher.dispatch()
    assert planned["to_location"] == WINDOW
    await dispatcher.post(
        f"{DISPATCHES}/{planned['id']}/handover", {"carrier": "机要", "waybill": "JY000001"}
    )
    too_early = await clerk.post(f"{path}/handover", IN_PERSON)
    assert too_early.status_code == 409
    elsewhere = await officer.post(f"{path}/arrival")
    assert elsewhere.json()["code"] == "other-counter"
    ready = await clerk.post(f"{path}/arrival")
    assert (ready.json()["status"], ready.json()["lies_at"]) == ("ready", WINDOW)
    assert (await dispatcher.dispatch())["status"] == "delivered"
    unchecked = await clerk.post(
        f"{path}/handover", {"kind": "signed_by_agent", "identity_checked": False}
    )
    codes = {fault["code"] for fault in unchecked.json()["faults"]}
    assert codes == {"identity-not-checked", "collector-unfit", "authority-not-seen"}
    done = await clerk.post(f"{path}/handover", IN_PERSON)
    assert (done.json()["status"], done.json()["proof_kind"]) == ("delivered", "signed_in_person")
    again = await clerk.post(f"{path}/handover", IN_PERSON)
    assert again.status_code == 409


async def test_the_same_key_hands_over_once(post: Post, clerk: Window, officer: Window) -> None:
    await decided(post, "handling_pickup")
    found = await officer.delivery()
    path = f"{DELIVERIES}/{found['id']}"
    await officer.post(f"{path}/arrival")
    key = {"Idempotency-Key": "handover-000001"}
    first = await officer.post(f"{path}/handover", IN_PERSON, **key)
    second = await officer.post(f"{path}/handover", IN_PERSON, **key)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_deferred_paper_is_exchanged_at_the_counter(post: Post, clerk: Window) -> None:
    """Held until it comes, unless the installation lets it travel; then only the exchange opens."""
    await decided(post, "window_pickup", deferred=["M4"])
    found = await clerk.delivery()
    assert (found["status"], found["outstanding"]) == ("held", ["M4"])
    path = f"{DELIVERIES}/{found['id']}"
    refused = await clerk.post(f"{path}/handover", IN_PERSON)
    assert refused.json()["code"] == "deferred-paper-outstanding"
    await post.tell(town.supplement_given("M4"))
    assert (await clerk.delivery())["outstanding"] == []


async def test_nobody_comes_for_it(
    post: Post, clerk: Window, officer: Window, premises: Premises, time: Time
) -> None:
    await decided(post, "window_pickup")
    found = await clerk.delivery()
    await clerk.post(f"{DELIVERIES}/{found['id']}/arrival")
    chores = timers.do_chores(premises.sessions, time)
    assert not await chores()
    time.at += timedelta(days=7)
    assert await chores()
    assert "unclaimed" in await told(premises)
    assert (await clerk.delivery())["status"] == "ready"
    time.at += timedelta(days=90)
    while await chores():
        pass
    gone_back = await clerk.delivery()
    assert (gone_back["status"], gone_back["lies_at"]) == ("returned", OFFICE)
    again = await clerk.post(f"{DELIVERIES}/{found['id']}/repetition")
    assert again.json()["status"] == "pending"


async def test_what_came_back_can_go_out_again_to_a_new_address(
    post: Post, clerk: Window, dispatcher: Window, premises: Premises
) -> None:
    await decided(post, "post")
    planned = await dispatcher.dispatch()
    path = f"{DISPATCHES}/{planned['id']}"
    await dispatcher.post(f"{path}/handover", {"carrier": "邮政快递", "waybill": "EA473124829CN"})
    await dispatcher.post(f"{path}/report", {"report": "returned", "failure": "wrong_address"})
    failed = await clerk.delivery()
    assert (failed["status"], failed["changeable"]) == ("failed", True)
    assert "post_failed" in await told(premises)
    changed = await clerk.post(
        f"{DELIVERIES}/{failed['id']}/change",
        {
            "method": "post",
            "recipient": "李示例",
            "phone": town.PHONE,
            "address": "青海省西宁市城东区示例路9号",
            "postcode": "810000",
        },
    )
    assert changed.json()["status"] == "pending"
    assert (await dispatcher.dispatch())["id"] != planned["id"]


@pytest.mark.parametrize(
    ("role", "location"),
    [("clerk", "610000-C1"), ("officer", "610000-YB"), ("dispatcher", "610000-YB")],
)
async def test_strangers_find_nothing(
    post: Post, client: httpx.AsyncClient, token: Tokens, role: str, location: str, clerk: Window
) -> None:
    await decided(post, "post")
    found = await clerk.delivery()
    stranger = token(role, location)
    page = await client.get(DELIVERIES, params={"case_number": CASE}, headers=stranger)
    assert page.json() == {"deliveries": [], "next": None}
    one = await client.get(f"{DELIVERIES}/{found['id']}", headers=stranger)
    assert one.status_code == 404
    posted = await client.post(
        f"{DELIVERIES}/{found['id']}/handover", json=IN_PERSON, headers=stranger
    )
    assert posted.status_code == 404


async def test_only_operations_look_at_messages_and_masked(
    post: Post, client: httpx.AsyncClient, token: Tokens
) -> None:
    await decided(post, "electronic", form="electronic")
    refused = await client.get("/notify/v1/messages", headers=token())
    assert refused.status_code == 403
    ops = Window(client, token("ops", None))
    listed = (await ops.get("/notify/v1/messages", case_number="63000026 0000 0012 6"))["messages"]
    assert {each["event"] for each in listed} == {"received", "decided", "link_ready"}
    assert {each["status"] for each in listed} == {"kept"}
    link = next(each for each in listed if each["event"] == "link_ready")
    shown = await ops.get(f"/notify/v1/messages/{link['id']}")
    assert "results/" not in shown["text"]
    assert shown["phone"] == "139****0000"
    previews = (await ops.get("/notify/v1/templates"))["templates"]
    assert len(previews) >= 14


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        (DELIVERIES, {"case_number": "\x00"}, 400),
        (DELIVERIES, {"after": "x"}, 422),
        (DELIVERIES, {"limit": "0"}, 422),
        (DELIVERIES, {"status": "lost-somewhere"}, 422),
        (f"{DELIVERIES}/not-a-uuid", {}, 422),
        (DISPATCHES, {"waybill": "a\x00b"}, 400),
    ],
)
async def test_bad_questions_get_clear_answers(
    post: Post, client: httpx.AsyncClient, token: Tokens, path: str, params: Any, status: int
) -> None:
    answer = await client.get(path, params=params, headers=token())
    assert answer.status_code == status, answer.text
    # What nothing can keep is refused before anybody is asked who they are.
    unknown = await client.get(path, params=params)
    assert unknown.status_code == (400 if status == 400 else 401)


async def test_what_is_printed_is_pdf_and_on_record(
    post: Post, clerk: Window, dispatcher: Window, premises: Premises
) -> None:
    await decided(post, "post")
    planned = await dispatcher.dispatch()
    path = f"{DISPATCHES}/{planned['id']}"
    early = await dispatcher.client.get(f"{path}/label", headers=dispatcher.headers)
    assert early.json()["code"] == "waybill-missing"
    await dispatcher.post(f"{path}/handover", {"carrier": "邮政快递", "waybill": "EA473124829CN"})
    found = await clerk.delivery()
    printed = [
        await dispatcher.client.get(f"{path}/label", headers=dispatcher.headers),
        await dispatcher.client.get(
            f"{DISPATCHES}/handover-list",
            params={"carrier": "邮政快递"},
            headers=dispatcher.headers,
        ),
        await clerk.client.get(f"{DELIVERIES}/{found['id']}/proof", headers=clerk.headers),
    ]
    for answer in printed:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
    label = PdfReader(BytesIO(printed[0].content)).pages[0].extract_text()
    assert "EA473124829CN" in label.replace(" ", "")
    async with premises.sessions() as session:
        actions = set(await session.scalars(select(AUDIT.c.action)))
    assert {"label-printed", "handover-list-printed", "delivery-proof-printed"} <= actions
