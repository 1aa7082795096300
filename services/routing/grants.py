"""Who may do what at routing's door."""

from shared.security.callers import Role
from shared.security.grants import Grants, Relation

_ANY = {Relation.ANY}
_HANDLER = {Relation.OWN_HANDLER}
_OFFICE = {
    Role.OFFICER: _HANDLER,
    Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW},
    Role.PARTNER: _HANDLER,
}
_EVERYONE = dict.fromkeys(Role, _ANY)
_READS = _OFFICE | {
    Role.CLERK: {Relation.OWN_RECEIVER},
    Role.PLATFORM: {Relation.OWN_RECEIVER},
    Role.DISPATCHER: {Relation.OWN_HANDLER, Relation.OWN_RECEIVER},
}
_ASKS = {
    Role.CLERK: _ANY,
    Role.PLATFORM: _ANY,
    Role.OFFICER: _ANY,
    Role.SUPERVISOR: _ANY,
    Role.PARTNER: _ANY,
    Role.OPS: _ANY,
}

GRANTS = Grants(
    {
        "list_locations": _EVERYONE,
        "read_location": _EVERYONE,
        "preview_assignment": _ASKS,
        "register_locations": {Role.OPS: _ANY},
        "register_partners": {Role.OPS: _ANY},
        "register_agreements": {Role.OPS: _ANY},
        "register_rules": {Role.OPS: _ANY},
        "list_registry": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "poll_queue": _OFFICE | {Role.DISPATCHER: _HANDLER},
        "claim_handoffs": _OFFICE,
        "read_handoff": _READS,
        "claim_handoff": _OFFICE,
        "accept_handoff": _OFFICE,
        "refuse_handoff": _OFFICE,
        "notice_handoff": _OFFICE,
        "suspend_handoff": _OFFICE,
        "resume_handoff": _OFFICE,
        "extend_handoff": {Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW}},
        "decide_handoff": _OFFICE,
        "answer_handoff": _OFFICE,
        "transfer_handoff": _OFFICE,
        "release_handoff": _OFFICE,
        "reassign_handoff": {Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW}},
        "list_unroutable": {Role.OPS: _ANY},
        "retry_unroutable": {Role.OPS: _ANY},
        "assign_unroutable": {Role.OPS: _ANY},
    }
)
