"""A file that goes with an act of a partner's: fetched from there, compared, and attached here
before the act itself is applied."""

from dataclasses import replace

from pydantic import ValidationError

from services.routing.actions.given import LEASE, Given, Worker, rejected, verdict_of
from services.routing.actions.partner_webhooks import Verdict
from services.routing.domain.crossings import Outcome
from services.routing.models import PartnerWebhookRow
from services.routing.queries import attachments
from services.routing.queries import crossings as linked
from shared import shapes
from shared.errors import Fault
from shared.files.headers import write_digest
from shared.http.carrying import Carried
from shared.http.fetching import NotFetchedError, RemoteFile
from shared.http.inner import Visit


async def attach(worker: Worker, given: Given, visit: Visit, case_number: str) -> Verdict:
    """What is here already, from before somebody died over it too, is not fetched again."""
    try:
        file = RemoteFile.model_validate(given.told.body.get("file"))
    except ValidationError as error:
        return rejected(_of_file(error), case_number)
    async with worker.sessions() as session:
        there = await attachments.digests(session, case_number)
        access = await linked.access(session, given.partner)
    if write_digest(file.sha256) in there:
        return Verdict(Outcome.APPLIED, case_number=case_number)
    if access is None:
        raise NotFetchedError("no-access")

    async def renew() -> None:
        async with worker.sessions.begin() as session:
            key = (given.partner, given.row.webhook_id)
            row = await session.get_one(PartnerWebhookRow, key, with_for_update=True)
            row.next_attempt_at = worker.clock() + LEASE

    carried = Carried(worker.line.stream(access, file), renew, worker.clock)
    upload = replace(visit, body=None, stream=carried.chunks(), headers=file.headers)
    answer = await worker.door(upload)
    carried.raise_what_broke()
    return verdict_of(answer, case_number)


def _of_file(error: ValidationError) -> list[Fault]:
    return [
        Fault(f"/data/body/file{each.pointer}", each.code, each.message_zh, each.message_en)
        for each in shapes.faults(error.errors())
    ]
