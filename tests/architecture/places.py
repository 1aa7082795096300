"""Who stands where in the walk: at home, abroad, nowhere."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from deploy.stories import full_online
from shared.security.callers import Role
from shared.security.grants import Anonymous, Entry, Relation

WINDOW = full_online.WINDOW
OFFICE = full_online.OFFICE
# In the directory, and with no part in any case of the walk.
ABROAD_LOCATION, ABROAD_DIVISION, ABROAD_PARTNER = "610113-C1", "610113", "nobody"

Claims = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """`own`, `foreign` or `none`, with the claims of a token that says so."""

    name: str
    claims: Claims = field(default_factory=dict)


NOWHERE = Standing("none")
ABROAD = Standing(
    "foreign",
    MappingProxyType(
        {
            "location": ABROAD_LOCATION,
            "division": ABROAD_DIVISION,
            "partner": ABROAD_PARTNER,
        }
    ),
)


def at_home(relations: Collection[Relation]) -> Standing:
    """Where somebody with these relations stands to the cases of the walk."""
    claims: dict[str, str] = {}
    if Relation.OWN_RECEIVER in relations:
        claims |= {"location": WINDOW, "division": WINDOW[:6]}
    if Relation.OWN_HANDLER in relations:
        claims |= {"location": OFFICE, "division": OFFICE[:6]}
    if Relation.BELOW in relations:
        claims |= {"division": f"{OFFICE[:2]}0000"}
    return Standing("own", claims)


def relations_of(entry: Entry, role: Role) -> Collection[Relation]:
    return () if isinstance(entry, Anonymous) else entry.get(role, ())


def needs_a_place(relations: Collection[Relation]) -> bool:
    return not set(relations) & {Relation.ANY, Relation.SELF}
