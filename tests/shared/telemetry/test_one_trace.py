"""One trace id from the clerk's POST to the last effect in the other houses."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.database import EmbeddedDatabase
from deploy.stories.full_online import SUBMISSION, WINDOW
from shared.security.callers import Role
from tests.installation import Installation, installation

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"

# What the submission says of the person must not be found in any span.
PERSONAL = ("李示例", "620102199003078896", "13900000000", "示例人员")


@pytest.mark.timeout(180)
async def test_a_submission_is_one_trace_to_its_last_effect(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path, exporter: InMemorySpanExporter
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        exporter.clear()
        number = await _submit(houses)
        spans = await _all_of(exporter, ends=("apply routing.case-assigned.v1",) * 2)
    by_id = {span.context.span_id: span for span in spans if span.context}
    assert {span.context.trace_id for span in spans if span.context} == {int(TRACE, 16)}

    request = next(span for span in spans if span.name == "submit_case")
    assert request.parent is not None
    assert request.parent.span_id == int(CALLER, 16)
    assigned = [span for span in spans if span.name == "apply routing.case-assigned.v1"]
    assert {(span.attributes or {})["tongban.house"] for span in assigned} == {"intake", "notify"}
    for span in assigned:
        assert _way(span, by_id) == [
            "apply routing.case-assigned.v1",
            "publish routing.case-assigned.v1",
            "apply intake.case-received.v1",
            "publish intake.case-received.v1",
            "submit_case",
        ]
        assert (span.attributes or {})["tongban.subject"] == number


@pytest.mark.timeout(180)
async def test_no_span_says_anything_of_a_person(
    postgres: EmbeddedDatabase, database: str, tmp_path: Path, exporter: InMemorySpanExporter
) -> None:
    async with installation(postgres, database, tmp_path) as houses:
        exporter.clear()
        await _submit(houses)
        wrong = {**SUBMISSION, "applicant": {**SUBMISSION["applicant"], "id_number": "李示例"}}
        refused = await houses.client.post(
            "/intake/v1/cases",
            json=wrong,
            headers={
                **houses.bearer(Role.CLERK, location=WINDOW),
                "Idempotency-Key": "another-key",
                "traceparent": f"00-{TRACE}-{CALLER}-01",
            },
        )
        assert refused.status_code == 422
        spans = await _all_of(exporter, ends=("apply routing.case-assigned.v1",) * 2)
    told = "\n".join(span.to_json() for span in spans)
    for words in PERSONAL:
        assert words not in told
        assert json.dumps(words).strip('"') not in told
    assert all(not span.events for span in spans)
    refusal = next(span for span in spans if (span.attributes or {}).get("error.type"))
    # What is answered is no failure of ours.
    assert refusal.status.is_unset


async def _submit(houses: Installation) -> str:
    clerk = houses.bearer(Role.CLERK, location=WINDOW)
    item = (await houses.client.get("/intake/v1/items/RS-002", headers=clerk)).json()
    answer = await houses.client.post(
        "/intake/v1/cases",
        json={**SUBMISSION, "form": item.get("form_example") or {}},
        headers={
            **clerk,
            "Idempotency-Key": "one-and-only-key",
            "traceparent": f"00-{TRACE}-{CALLER}-01",
        },
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["case_number"]
    assert re.fullmatch(r"\d{17}", number)
    return number


async def _all_of(exporter: InMemorySpanExporter, *, ends: tuple[str, ...]) -> list[ReadableSpan]:
    """The trace's spans once those that end it are there."""
    async with asyncio.timeout(20):
        while True:
            spans = [
                span
                for span in exporter.get_finished_spans()
                if span.context and span.context.trace_id == int(TRACE, 16)
            ]
            names = [span.name for span in spans]
            if all(names.count(end) >= ends.count(end) for end in ends):
                return spans
            await asyncio.sleep(0.05)


def _way(span: ReadableSpan, by_id: dict[int, Any]) -> list[str]:
    names: list[str] = []
    at: ReadableSpan | None = span
    while at is not None:
        names.append(at.name)
        at = by_id.get(at.parent.span_id) if at.parent else None
    return names
