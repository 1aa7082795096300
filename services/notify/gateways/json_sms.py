"""Any SMS gateway with a JSON/HTTP interface, described by a file instead of by code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notify.gateways import calls, field_paths, secrets
from services.notify.gateways.calls import Call, Line
from services.notify.gateways.outcomes import Outcome
from services.notify.gateways.sms import Fate, Report, SmsOrder
from services.notify.gateways.verdicts import AnswerTable, judge

_NAMES = frozenset({"message_id", "phone", "text", "provider_code"})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sending(_File):
    url: str
    fields: Mapping[str, str]  # their path → our name, or =a constant
    words: str = ""  # path under which the template's words go, by name
    answer: AnswerTable

    @model_validator(mode="after")
    def _names_are_ours(self) -> Self:
        names = {name for name in self.fields.values() if not name.startswith("=")}
        if unknown := sorted(names - _NAMES):
            raise ValueError(f"not fields of a message: {unknown}")
        if missing := sorted({"message_id", "phone"} - names):
            raise ValueError(f"must be sent: {missing}")
        return self


class Reporting(_File):
    reports: str = ""
    message_id: str = ""
    reference: str = ""
    code: str
    fates: Mapping[str, Fate]
    secret_file: str = ""


class JsonSmsFile(_File):
    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    name: str
    base: str = ""  # what the url below begins with; the installation may set another
    timeout: float = Field(default=10.0, gt=0, le=60)
    auth: secrets.Auth | None = None
    send: Sending
    report: Reporting | None = None

    @classmethod
    def parse(cls, source: str) -> Self:
        return cls.model_validate(tomllib.loads(source))


@dataclass(frozen=True, slots=True)
class JsonSms:
    file: JsonSmsFile
    line: Line
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        return self.file.code

    async def send(self, order: SmsOrder) -> Outcome:
        answer = await calls.make(self.line, build_message(self.file, order, self.headers))
        return judge(answer, self.file.send.answer)

    def read_reports(self, document: object) -> tuple[Report, ...]:
        return read_reports(document, self.file.report)


def open_sms(path: Path, line: Line, *, base: str | None = None) -> JsonSms:
    """Reads the file and the secret beside it; raises where either is wrong."""
    file = JsonSmsFile.parse(path.read_text(encoding="utf-8"))
    if base is not None:
        file = file.model_copy(update={"base": base})
    own = replace(line, timeout=file.timeout)
    return JsonSms(file, own, secrets.headers(file.auth, folder=path.parent))


def build_message(file: JsonSmsFile, order: SmsOrder, headers: Mapping[str, str]) -> Call:
    sending = file.send
    values = {
        "message_id": order.message_id,
        "phone": order.phone,
        "text": order.text,
        "provider_code": order.provider_code,
    }
    fields = dict(sending.fields)
    if sending.words:
        values |= {f"word {name}": value for name, value in order.words.items()}
        fields |= {f"{sending.words}.{name}": f"word {name}" for name in order.words}
    return Call("POST", file.base + sending.url, headers, field_paths.build(fields, values))


def read_reports(document: object, reporting: Reporting | None) -> tuple[Report, ...]:
    """What cannot be matched to a message is left out: there is nothing to note it on."""
    if reporting is None:
        return ()
    reports = []
    for row in field_paths.rows(document, reporting.reports):
        code = field_paths.text(row, reporting.code)
        report = Report(
            field_paths.text(row, reporting.message_id),
            field_paths.text(row, reporting.reference),
            reporting.fates.get(code, Fate.UNKNOWN),
            code,
        )
        if report.message_id or report.reference:
            reports.append(report)
    return tuple(reports)
