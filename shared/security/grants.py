"""Who may do what, as a table: operation, role, and how the caller must stand to the row.

    GRANTS = Grants({
        "accept_handoff": {Role.OFFICER: {Relation.OWN_HANDLER}},
        "read_case": {
            Role.CLERK: {Relation.OWN_RECEIVER},
            Role.SUPERVISOR: {Relation.OWN_RECEIVER, Relation.BELOW},
        },
        "read_progress": ANONYMOUS,
    })

An operation is an endpoint's function name. The table answers with a Scope, and the scope goes
into the query itself: on lists, search, counts and single reads alike.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, or_, true

from shared.errors import ForbiddenError
from shared.security.callers import Caller, Role


class Relation(StrEnum):
    """How the caller must stand to what is touched."""

    OWN_RECEIVER = "own_receiver"
    OWN_HANDLER = "own_handler"
    OWN_PARTNER = "own_partner"
    BELOW = "below"
    ANY = "any"
    SELF = "self"


class Anonymous(Enum):
    ANONYMOUS = "anonymous"


ANONYMOUS: Final = Anonymous.ANONYMOUS

Entry = Mapping[Role, Collection[Relation]] | Anonymous

Column = ColumnElement[Any] | Any
Match = Callable[[Column], ColumnElement[bool]]
# A column that holds the value, or a condition made around one: lambda own: exists().where(own(c)).
Where = Column | Callable[[Match], ColumnElement[bool]] | None


class RoleNotGrantedError(ForbiddenError):
    code = "role-not-granted"

    def __init__(self, operation: str, role: str) -> None:
        super().__init__(
            "您的角色无权进行此操作",
            f"the role {role} may not do this",
            operation=operation,
            role=role,
        )


class NoLocationError(ForbiddenError):
    """The role may do it, but the token does not say for which place, area or partner."""

    code = "no-location"

    def __init__(self, operation: str, missing: str) -> None:
        super().__init__(
            "登录凭证没有注明所属机构，无法进行此操作",
            f"the token names no {missing}",
            operation=operation,
            missing=missing,
        )


class NoDivisionError(NoLocationError):
    code = "no-division"


class NoPartnerError(NoLocationError):
    code = "no-partner"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an operation's rows the caller may touch; every field that is set opens some."""

    everything: bool = False
    receiving: str | None = None
    handling: str | None = None
    partner: str | None = None
    below: str | None = None
    subject: str | None = None

    def condition(
        self,
        *,
        receiving: Where = None,
        handling: Where = None,
        division: Where = None,
        partner: Where = None,
        subject: Where = None,
    ) -> ColumnElement[bool]:
        """For the query's WHERE. A relation for which the query offers no column opens nothing."""
        if self.everything:
            return true()
        conditions = [
            _apply(where, match)
            for where, match in (
                (receiving, _equals(self.receiving)),
                (handling, _equals(self.handling)),
                (division, _starts_with(self.below)),
                (partner, _equals(self.partner)),
                (subject, _equals(self.subject)),
            )
            if where is not None and match is not None
        ]
        return or_(*conditions) if conditions else false()

    def covers(
        self,
        *,
        receiving: str | None = None,
        handling: str | None = None,
        division: str | None = None,
        partner: str | None = None,
        subject: str | None = None,
    ) -> bool:
        """The same for one row that is at hand already."""
        return self.everything or any(
            (
                self.receiving is not None and receiving == self.receiving,
                self.handling is not None and handling == self.handling,
                self.below is not None and (division or "").startswith(self.below),
                self.partner is not None and partner == self.partner,
                self.subject is not None and subject == self.subject,
            )
        )


EVERYTHING: Final = Scope(everything=True)


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A line of the table as an auditor reads it."""

    operation: str
    role: str
    relations: tuple[str, ...]


class Grants(Mapping[str, Entry]):
    """A table that holds nothing misspelt: an unknown role or relation fails at its definition."""

    def __init__(self, table: Mapping[str, Entry]) -> None:
        self._table = MappingProxyType({name: _checked(name, table[name]) for name in table})

    def __getitem__(self, operation: str) -> Entry:
        return self._table[operation]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def is_anonymous(self, operation: str) -> bool:
        return self._table[operation] is ANONYMOUS

    def scope_for(self, caller: Caller | None, operation: str) -> Scope:
        """What the caller may touch; ForbiddenError where that is nothing at all."""
        entry = self._table[operation]
        if isinstance(entry, Anonymous):
            return EVERYTHING
        relations = entry.get(caller.role) if caller else None
        if caller is None or relations is None:
            raise RoleNotGrantedError(operation, caller.role if caller else "anonymous")
        if Relation.ANY in relations:
            return EVERYTHING
        scope = _scope(caller, relations)
        if scope == Scope():
            raise _what_is_missing(operation, relations)
        return scope


def describe(grants: Mapping[str, Entry]) -> list[GrantRow]:
    """Line by line, for people who check it."""
    rows = []
    for operation, entry in sorted(grants.items()):
        if isinstance(entry, Anonymous):
            rows.append(GrantRow(operation, ANONYMOUS.value, (Relation.ANY.value,)))
            continue
        rows.extend(
            GrantRow(operation, role.value, tuple(sorted(each.value for each in entry[role])))
            for role in Role
            if role in entry
        )
    return rows


def division_prefix(code: str) -> str:
    """What the codes of everything inside begin with: 630100 -> 6301, 630000 -> 63.

    Six digits carry province, prefecture and county in pairs; the longer codes add three digits
    for the township and three for the village. Whatever is not digits stands for itself.
    """
    if not code.isdecimal():
        return code
    head, tail = code[:6], code[6:]
    while tail.endswith("000"):
        tail = tail[:-3]
    while not tail and len(head) >= 2 and head.endswith("00"):
        head = head[:-2]
    return head + tail


def _checked(operation: str, entry: Entry) -> Entry:
    if isinstance(entry, Anonymous):
        return entry
    if not entry:
        raise ValueError(f"{operation}: granted to nobody")
    checked = {Role(role): frozenset(map(Relation, entry[role])) for role in entry}
    if not all(checked.values()):
        raise ValueError(f"{operation}: a role without a relation")
    return MappingProxyType(checked)


def _scope(caller: Caller, relations: Collection[Relation]) -> Scope:
    def granted(relation: Relation, value: str | None) -> str | None:
        return value if relation in relations and value else None

    return Scope(
        receiving=granted(Relation.OWN_RECEIVER, caller.location),
        handling=granted(Relation.OWN_HANDLER, caller.location),
        partner=granted(Relation.OWN_PARTNER, caller.partner),
        below=granted(Relation.BELOW, _area(caller.division)),
        subject=granted(Relation.SELF, caller.subject),
    )


def _area(division: str | None) -> str | None:
    """A province is the largest area: 000000 would be everything, 6 a fifth of the country."""
    prefix = division_prefix(division or "")
    return prefix if len(prefix) >= 2 else None


def _what_is_missing(operation: str, relations: Collection[Relation]) -> NoLocationError:
    if Relation.OWN_RECEIVER in relations or Relation.OWN_HANDLER in relations:
        return NoLocationError(operation, "location")
    if Relation.BELOW in relations:
        return NoDivisionError(operation, "division")
    return NoPartnerError(operation, "partner")


def _apply(where: Where, match: Match) -> ColumnElement[bool]:
    if callable(where) and not hasattr(where, "__clause_element__"):
        made: ColumnElement[bool] = where(match)
        return made
    return match(where)


def _equals(value: str | None) -> Match | None:
    if value is None:
        return None
    return lambda column: column == value


def _starts_with(prefix: str | None) -> Match | None:
    """As a range rather than LIKE, so that a plain index serves it whatever the collation."""
    if prefix is None:
        return None
    following = _following(prefix)
    if following is None:
        return lambda column: column.startswith(prefix, autoescape=True)
    return lambda column: and_(column >= prefix, column < following)


def _following(prefix: str) -> str | None:
    """The first code after all that begin with `prefix`: 6301 -> 6302; none after 99."""
    if not prefix.isdecimal() or not prefix.isascii() or set(prefix) == {"9"}:
        return None
    return str(int(prefix) + 1).zfill(len(prefix))
