"""Who may do what at the window."""

from types import MappingProxyType

from shared.security.callers import Role
from shared.security.grants import ANONYMOUS, Grants, Relation

_EVERYBODY = MappingProxyType({role: {Relation.ANY} for role in Role})
_WINDOW = MappingProxyType(
    {Role.CLERK: {Relation.OWN_RECEIVER}, Role.PLATFORM: {Relation.OWN_RECEIVER}}
)
# A partner's window hands in by webhook, or with a token for one of its places.
_WINDOW_OR_PARTNER = MappingProxyType({**_WINDOW, Role.PARTNER: {Relation.OWN_RECEIVER}})
_READERS = MappingProxyType(
    {
        **_WINDOW,
        Role.OFFICER: {Relation.OWN_HANDLER},
        Role.SUPERVISOR: {Relation.OWN_RECEIVER, Relation.OWN_HANDLER, Relation.BELOW},
    }
)
# Who answers for a place decides what of a case is kept or goes, and answers whoever asks.
_RESPONSIBLE = MappingProxyType({Role.SUPERVISOR: {Relation.OWN_RECEIVER, Relation.BELOW}})
_LISTERS = MappingProxyType({**_WINDOW, Role.SUPERVISOR: {Relation.OWN_RECEIVER, Relation.BELOW}})

GRANTS = Grants(
    {
        "list_items": _EVERYBODY,
        "read_item": _EVERYBODY,
        "read_checklist": _EVERYBODY,
        "import_catalogue": {Role.OPS: {Relation.ANY}},
        "republish_catalogue": {Role.OPS: {Relation.ANY}},
        "export_catalogue": {Role.OPS: {Relation.ANY}},
        "check_case": _WINDOW_OR_PARTNER,
        "submit_case": _WINDOW_OR_PARTNER,
        "list_cases": _LISTERS,
        "search_cases": _LISTERS,
        "read_case": _READERS,
        "put_content": _WINDOW_OR_PARTNER,
        "read_content": _READERS,
        "give_supplement": _WINDOW_OR_PARTNER,
        "request_withdrawal": _WINDOW_OR_PARTNER,
        "list_documents": _READERS,
        "print_document": _READERS,
        "put_signed_document": {
            **_WINDOW,
            Role.OFFICER: {Relation.OWN_HANDLER},
            Role.SUPERVISOR: {Relation.OWN_HANDLER},
        },
        "correct_case": _WINDOW_OR_PARTNER,
        "note_verifications": _WINDOW,
        "note_payment": _WINDOW,
        "set_hold": _RESPONSIBLE,
        "lift_hold": _RESPONSIBLE,
        "ask_erasure": _RESPONSIBLE,
        "show_holdings": {Role.AUDITOR: {Relation.ANY}},
        "read_progress": ANONYMOUS,
        "show_progress": ANONYMOUS,
    }
)
