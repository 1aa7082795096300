"""Service accounts: a secret shown once, a short token, and only what is the client's own."""

import base64
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.routing.builders import OFFICE, House
from tests.routing.partners import PARTNER, province


async def _opened(house: House, **changes: Any) -> dict[str, Any]:
    body = {"name": "甘肃省平台", "role": "partner", "partner": PARTNER, **changes}
    answer = await house.post("/clients", house.token("ops"), **body)
    assert answer.status_code == 201, answer.text
    opened: dict[str, Any] = answer.json()
    return opened


async def _asked(house: House, id_: str, secret: str, **form: str) -> httpx.Response:
    return await house.client.post(
        "/routing/oauth/token",
        data={"grant_type": "client_credentials", **form},
        auth=httpx.BasicAuth(id_, secret),
    )


async def test_a_client_gets_a_short_token_of_its_role_and_partner(house: House) -> None:
    client = await _opened(house)
    answer = await _asked(house, client["id"], client["client_secret"])
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 900)
    headers = {"authorization": f"Bearer {granted['access_token']}"}
    assert (await house.get("/locations", headers)).status_code == 200
    assert (await house.get("/clients", headers)).status_code == 403
    house.clock.forward(minutes=16)
    assert (await house.get("/locations", headers)).status_code == 401


async def test_id_and_secret_may_stand_in_the_form(house: House) -> None:
    client = await _opened(house)
    form = {"client_id": client["id"], "client_secret": client["client_secret"]}
    answer = await house.client.post(
        "/routing/oauth/token", data={"grant_type": "client_credentials", **form}
    )
    assert answer.status_code == 200


async def test_a_token_for_a_place_sees_its_queue(house: House) -> None:
    await house.receive()
    await province(house)
    client = await _opened(house)
    asked = await _asked(house, client["id"], client["client_secret"], scope=f"location:{OFFICE}")
    headers = {"authorization": f"Bearer {asked.json()['access_token']}"}
    queue = await house.get(f"/queues/{OFFICE}/handoffs", headers)
    assert len(queue.json()["handoffs"]) == 1


async def test_another_place_than_its_partners_is_not_given(house: House) -> None:
    await house.receive()
    client = await _opened(house)
    for scope in ("location:630104-C1", "location:nowhere", "everything"):
        answer = await _asked(house, client["id"], client["client_secret"], scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_scope")


async def test_wrong_unknown_and_disabled_are_told_apart_by_nobody(house: House) -> None:
    client, gone = await _opened(house), await _opened(house)
    disabled = await house.post(f"/clients/{gone['id']}/disabling", house.token("ops"))
    assert disabled.json()["disabled_at"]
    answers = [
        await _asked(house, client["id"], "wrong"),
        await _asked(house, "c-unknown", client["client_secret"]),
        await _asked(house, gone["id"], gone["client_secret"]),
    ]
    assert {each.status_code for each in answers} == {401}
    assert len({each.content for each in answers}) == 1
    assert answers[0].json()["error"] == "invalid_client"


async def test_a_name_that_is_none_is_refused_and_breaks_nothing(house: House) -> None:
    for client_id in ("\0", "c\0lient", "' OR ''='", "../client", "李示例"):
        form = {"client_id": client_id, "client_secret": "x" * 40}
        named = base64.b64encode(f"{quote(client_id)}:{'x' * 40}".encode()).decode()
        for given, headers in ((form, {}), ({}, {"Authorization": f"Basic {named}"})):
            answer = await house.client.post(
                "/routing/oauth/token",
                data={"grant_type": "client_credentials", **given},
                headers=headers,
            )
            assert answer.status_code == (400 if "\0" in client_id else 401)
            assert client_id not in answer.text


async def test_a_rotated_secret_holds_as_long_as_it_was_said(house: House) -> None:
    client = await _opened(house)
    path = f"/clients/{client['id']}/rotation"
    rotated = (await house.post(path, house.token("ops"), overlap_hours=1)).json()
    secrets = (client["client_secret"], rotated["client_secret"])
    statuses = [(await _asked(house, client["id"], each)).status_code for each in secrets]
    assert statuses == [200, 200]
    house.clock.forward(hours=2)
    statuses = [(await _asked(house, client["id"], each)).status_code for each in secrets]
    assert statuses == [401, 200]


async def test_no_secret_is_kept(house: House) -> None:
    client = await _opened(house)
    rows = await house.rows("SELECT encode(digest, 'escape') AS kept FROM client_secret")
    listed = (await house.get("/clients", house.token("ops"))).text
    assert client["client_secret"] not in listed
    assert all(client["client_secret"] not in row.kept for row in rows)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"partner": "P-nobody"}, "unknown-partner"), ({"location": "nowhere"}, "unknown-location")],
)
async def test_an_account_is_for_somebody_who_is_registered(
    house: House, changes: dict[str, str], code: str
) -> None:
    body = {"name": "x", "role": "partner", "partner": PARTNER, **changes}
    answer = await house.post("/clients", house.token("ops"), **body)
    assert [each["code"] for each in answer.json()["faults"]] == [code]


async def test_another_grant_type_is_refused(house: House) -> None:
    answer = await house.client.post("/routing/oauth/token", data={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (422, "unsupported_grant_type")


async def test_the_public_key_can_be_discovered(house: House) -> None:
    client = house.client
    found = await client.get("/routing/oauth/.well-known/openid-configuration")
    assert found.json()["jwks_uri"].endswith("/routing/oauth/jwks.json")
    (key,) = (await client.get("/routing/oauth/jwks.json")).json()["keys"]
    assert (key["alg"], "d" in key) == ("ES256", False)
