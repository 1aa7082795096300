"""The SMS gateway against one that misbehaves in each of its ways, over real sockets."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notify.gateways.json_sms import JsonSms, open_sms
from services.notify.gateways.outcomes import Done, Duplicate, Refused, RetryLater
from services.notify.gateways.sms import Fate, Report, SmsGateway, SmsOrder
from tests.notify.gateways.conftest import PATIENCE, Remote
from tests.notify.gateways.test_carrier_over_the_network import LOST_ANSWERS, NOT_DONE, listening

ORDER = SmsOrder(
    message_id="019921ab-0000-7000-8000-000000000002",
    phone="13900000000",
    text="【测试】您的办件63000026000000123已受理",
    provider_code="T-17",
    words={"case_number": "63000026000000123"},
)


async def test_a_message_is_sent_once_and_its_words_go_along(
    sms: JsonSms, remote_sms: Remote
) -> None:
    assert isinstance(sms, SmsGateway)
    assert isinstance(await sms.send(ORDER), Done)
    assert isinstance(await sms.send(ORDER), Duplicate)
    (sent,) = (await remote_sms.records())["sent"]
    assert sent["content"] == ORDER.text
    assert sent["template"] == "T-17"
    assert sent["params"] == dict(ORDER.words)
    assert sent["asked"] == 2


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, *NOT_DONE[:5]], ids=json.dumps)
async def test_whatever_happens_to_the_answer_one_sms_goes_out(
    sms: JsonSms, remote_sms: Remote, fault: dict[str, Any]
) -> None:
    await remote_sms.order("send", fault)
    patience = fault.get("seconds", 2 * PATIENCE) / 2
    hurried = replace(sms, line=replace(sms.line, timeout=patience))
    failed = await hurried.send(ORDER)
    assert isinstance(failed, RetryLater), failed
    if "retry_after" in fault:
        assert failed.after == timedelta(seconds=7)
    assert isinstance(await sms.send(ORDER), Done | Duplicate)
    await asyncio.sleep(fault.get("seconds", 0))
    assert len((await remote_sms.records())["sent"]) == 1


async def test_a_hundred_sendings_at_once_are_one_sms(sms: JsonSms, remote_sms: Remote) -> None:
    outcomes = await asyncio.gather(*(sms.send(ORDER) for _ in range(100)))
    assert sum(isinstance(each, Done) for each in outcomes) == 1
    assert len((await remote_sms.records())["sent"]) == 1


async def test_a_refused_number_is_not_tried_again(sms: JsonSms, remote_sms: Remote) -> None:
    await remote_sms.order("send", {"kind": "refuse", "code": "BLACKLIST"})
    assert await sms.send(ORDER) == Refused("BLACKLIST", "不予受理")
    malformed = await sms.send(replace(ORDER, phone="12"))
    assert isinstance(malformed, Refused)


async def test_the_handsets_fate_is_reported_back(sms: JsonSms, remote_sms: Remote) -> None:
    async with listening() as (url, received):
        await remote_sms.subscribe(url)
        sent = await sms.send(ORDER)
        assert isinstance(sent, Done)
        body = {"request_id": ORDER.message_id, "stat": "UNDELIV"}
        await remote_sms.post("/admin/reports", body)
    reports = [report for _, body in received for report in sms.read_reports(json.loads(body))]
    failed = Report(ORDER.message_id, sent.reference, Fate.FAILED, "UNDELIV")
    assert failed in reports
    assert {report.fate for report in reports} <= {Fate.ARRIVED, Fate.FAILED}


async def test_reports_that_match_nothing_are_left_out(sms: JsonSms) -> None:
    assert sms.read_reports({"reports": [{"stat": "DELIVRD"}, "x", None]}) == ()
    assert sms.read_reports([]) == ()
    (odd,) = sms.read_reports({"reports": [{"sid": "S1", "stat": "?"}]})
    assert odd == Report("", "S1", Fate.UNKNOWN, "?")


def test_a_file_whose_secret_is_open_to_others_is_not_used(files: Path, sms: JsonSms) -> None:
    (files / "sms.token").chmod(0o644)
    with pytest.raises(Exception, match="open to others"):
        open_sms(files / "sms.toml", sms.line)
