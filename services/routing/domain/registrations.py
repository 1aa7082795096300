"""What is handed in for the registry is checked whole: every fault, with its row and field."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from services.routing.domain.entries import (
    SHAPES,
    AgreementIn,
    Entry,
    Kind,
    LocationIn,
    PartnerIn,
    RuleIn,
)
from services.routing.domain.words import LocationKind
from shared import shapes
from shared.divisions import divisions
from shared.divisions.divisions import NO_LOCAL, LocalDivisions
from shared.errors import Fault, InvalidError
from shared.http import bodies

Documents = Mapping[Kind, Sequence[Mapping[str, Any]]]

_MOST_FAULTS = 1000
_OWN_SYSTEMS = frozenset({"own", "offline"})


@dataclass(frozen=True, slots=True)
class There:
    """What is registered already: every version of what is handed in, the codes of the rest."""

    versions: Mapping[tuple[Kind, str], Sequence[Mapping[str, Any]]]
    codes: Mapping[Kind, frozenset[str]]
    agents: frozenset[str] = frozenset()
    local: LocalDivisions = field(default_factory=lambda: NO_LOCAL)


@dataclass(frozen=True, slots=True)
class Checked:
    """`new` is what is not there yet; the same again is not registered twice."""

    new: Mapping[Kind, Sequence[dict[str, Any]]]
    faults: Sequence[Fault]

    @property
    def count(self) -> int:
        return sum(len(each) for each in self.new.values())


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    at: str
    entry: Entry
    document: dict[str, Any]

    @property
    def code(self) -> str:
        return str(getattr(self.entry, self.kind.key))


def read(content: bytes) -> dict[str, Any]:
    """A registry file; of what stands twice in it nothing goes in silence."""
    try:
        document, faults = bodies.read_once(content.decode("utf-8-sig"))
    except ValueError as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidError(
            [
                Fault(
                    place,
                    "not-json",
                    "文件不是有效的 JSON（UTF-8）",
                    "the file is no JSON in UTF-8",
                )
            ]
        ) from None
    if not faults and not isinstance(document, dict):
        faults = [
            Fault("", "not-an-object", "文件应是一个 JSON 对象", "the file must be an object")
        ]
    if faults:
        raise InvalidError(faults)
    return dict(document)


def check(
    documents: Documents, there: There, *, bare: bool = False, changed_too: bool = True
) -> Checked:
    """`bare`: one kind was handed in as a list of its own, so a pointer begins with the row.
    Without `changed_too`, what is registered already is passed by, whatever it says now."""
    rows, faults = _shaped(documents, bare=bare)
    among = _Among(rows, there)
    looked_at = [row for row in rows if changed_too or not among.is_there(row)]
    faults += [fault for row in looked_at for fault in among.faults(row)]
    new: dict[Kind, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if not among.is_there(row):
            new[row.kind].append(row.document)
    return Checked(new, faults[:_MOST_FAULTS])


def _shaped(documents: Documents, *, bare: bool) -> tuple[list[_Row], list[Fault]]:
    rows: list[_Row] = []
    faults: list[Fault] = []
    for kind, entries in documents.items():
        for index, document in enumerate(entries):
            at = f"/{index}" if bare else f"/{kind.section}/{index}"
            try:
                entry = SHAPES[kind].model_validate(document)
            except ValidationError as error:
                found = shapes.faults(error.errors())
                faults += [
                    Fault(f"{at}{each.pointer}", each.code, each.message_zh, each.message_en)
                    for each in found
                ]
                continue
            # Only what was handed in is kept: a default may change, what was registered may not.
            rows.append(_Row(kind, at, entry, dict(document)))
    return rows, faults


class _Among:
    """One row among the others of its file and what is registered."""

    def __init__(self, rows: Sequence[_Row], there: There) -> None:
        self._there = there
        self._seen: dict[tuple[Kind, str, int], str] = {}
        self._siblings: dict[tuple[Kind, str], list[Entry]] = defaultdict(list)
        self._codes = {kind: set(there.codes.get(kind, ())) for kind in Kind}
        self._agents = set(there.agents)
        for row in rows:
            self._siblings[row.kind, row.code].append(row.entry)
            self._codes[row.kind].add(row.code)
            if isinstance(row.entry, LocationIn) and row.entry.kind is LocationKind.AGENT:
                self._agents.add(row.code)

    def is_there(self, row: _Row) -> bool:
        return self._registered(row) is not None

    def faults(self, row: _Row) -> Iterator[Fault]:
        yield from self._dates(row)
        yield from self._versions(row)
        yield from _CHECKS[row.kind](self, row)

    def _dates(self, row: _Row) -> Iterator[Fault]:
        entry = row.entry
        if entry.valid_to is not None and entry.valid_to < entry.valid_from:
            yield _fault(
                row,
                "valid_to",
                "ends-before-it-begins",
                "最后有效日早于生效日",
                "its last day is before its first",
            )

    def _versions(self, row: _Row) -> Iterator[Fault]:
        entry = row.entry
        first = self._seen.setdefault((row.kind, row.code, entry.version), row.at)
        if first != row.at:
            yield _fault(
                row,
                "version",
                "twice",
                f"与 {first} 是同一条的同一版",
                f"the same version as {first}",
            )
        registered = self._registered(row)
        if registered is not None:
            if _plain(registered) != _plain(row.document):
                zh = f"第{entry.version}版已经登记，内容不同；请登记新的一版"
                en = f"version {entry.version} is registered with other content; hand in a new one"
                yield _fault(row, "version", "version-taken", zh, en)
            return
        earlier = [SHAPES[row.kind].model_validate(each) for each in self._all(row)]
        if any(each.version > entry.version for each in earlier):
            yield _fault(
                row,
                "version",
                "version-behind",
                "已登记更高的版本，版本只能逐版增加",
                "a higher version is registered already",
            )
        before = [*earlier, *self._siblings[row.kind, row.code]]
        begun = [each for each in before if each.version < entry.version]
        last = max(begun, key=lambda each: each.version, default=None)
        if last is not None and entry.valid_from < last.valid_from:
            zh = f"生效日早于第{last.version}版的生效日{last.valid_from}，两版重叠"
            en = f"begins before version {last.version}, which begins on {last.valid_from}"
            yield _fault(row, "valid_from", "overlaps", zh, en)

    def _all(self, row: _Row) -> Sequence[Mapping[str, Any]]:
        return self._there.versions.get((row.kind, row.code), ())

    def _registered(self, row: _Row) -> Mapping[str, Any] | None:
        return next((each for each in self._all(row) if each["version"] == row.entry.version), None)

    def location(self, row: _Row) -> Iterator[Fault]:
        entry = row.entry
        assert isinstance(entry, LocationIn)  # noqa: S101  (by the table below)
        yield from self._division(row, "division", entry.division)
        if entry.system in _OWN_SYSTEMS:
            return
        way, _, partner = entry.system.partition(":")
        if way != "partner":
            yield _fault(
                row,
                "system",
                "not-a-system",
                "只能是 own、offline 或 partner:<代码>",
                "must be own, offline or partner:<code>",
            )
        elif partner not in self._codes[Kind.PARTNER]:
            yield _fault(
                row,
                "system",
                "unknown-partner",
                f"没有登记合作方“{partner}”",
                f"no partner “{partner}” is registered",
            )

    def partner(self, row: _Row) -> Iterator[Fault]:
        assert isinstance(row.entry, PartnerIn)  # noqa: S101
        yield from self._division(row, "division", row.entry.division)

    def agreement(self, row: _Row) -> Iterator[Fault]:
        entry = row.entry
        assert isinstance(entry, AgreementIn)  # noqa: S101
        for index, party in enumerate(entry.parties):
            yield from self._place(row, f"parties/{index}", party)
        if len(set(entry.parties)) < len(entry.parties):
            yield _fault(row, "parties", "party-twice", "同一方写了两次", "a party stands twice")
        if LocationKind.AGENT in entry.delegates_to:
            zh = "代办点只能代收代传，不能接受行政委托（行政许可法第24条）"
            en = "an agent only collects and transmits; powers go to administrative organs"
            yield _fault(row, "delegates_to", "not-an-organ", zh, en)

    def rule(self, row: _Row) -> Iterator[Fault]:
        entry = row.entry
        assert isinstance(entry, RuleIn)  # noqa: S101
        if entry.division:
            yield from self._division(row, "division", entry.division)
        if (entry.location is None) == (entry.kind is None):
            zh = "写明归哪个地点办（location），或归哪类地点办（kind），二者只取其一"
            en = "say either which place (location) or which kind of place (kind) handles it"
            yield _fault(row, "location", "one-target", zh, en)
        yield from self._target(row, entry)
        if entry.agreement is not None and entry.agreement not in self._codes[Kind.AGREEMENT]:
            yield _fault(
                row,
                "agreement",
                "unknown-agreement",
                f"没有登记协议“{entry.agreement}”",
                f"no agreement “{entry.agreement}” is registered",
            )
        if entry.received_in is not None:
            yield from self._place(row, "received_in", entry.received_in)

    def _target(self, row: _Row, entry: RuleIn) -> Iterator[Fault]:
        to = entry.location
        if to is not None and to not in self._codes[Kind.LOCATION]:
            yield _fault(
                row,
                "location",
                "unknown-location",
                f"没有登记地点“{to}”",
                f"no location “{to}” is registered",
            )
        if entry.kind is LocationKind.AGENT or to in self._agents:
            name = "kind" if to is None else "location"
            yield _fault(
                row,
                name,
                "agent-cannot-decide",
                "代办点只能代收代传，不能作为办理地",
                "an agent only collects and transmits; it handles nothing",
            )

    def _place(self, row: _Row, name: str, code: str) -> Iterator[Fault]:
        if code not in self._codes[Kind.LOCATION]:
            yield from self._division(row, name, code)

    def _division(self, row: _Row, name: str, code: str) -> Iterator[Fault]:
        if not divisions.versions(code, local=self._there.local):
            yield _fault(
                row,
                name,
                "unknown-division",
                f"没有行政区划“{code}”",
                f"there is no division “{code}”",
            )


_CHECKS: Mapping[Kind, Callable[[_Among, _Row], Iterator[Fault]]] = MappingProxyType(
    {
        Kind.LOCATION: _Among.location,
        Kind.PARTNER: _Among.partner,
        Kind.AGREEMENT: _Among.agreement,
        Kind.RULE: _Among.rule,
    }
)


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is empty says nothing."""
    return {name: value for name, value in document.items() if value not in (None, [], "", {})}


def _fault(row: _Row, name: str, code: str, zh: str, en: str) -> Fault:
    return Fault(
        f"{row.at}/{name}",
        code,
        f"{row.kind.zh}{row.code}第{row.entry.version}版：{zh}",
        f"{row.kind} {row.code}, version {row.entry.version}: {en}",
    )
