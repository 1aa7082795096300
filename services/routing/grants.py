"""Who may do what at routing's door."""

from shared.security.callers import Role
from shared.security.grants import ANONYMOUS, Grants, Relation

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
# The window acts by delegated power, or writes down what a place without a system has done: the
# duties table and the proof say how far.
# A partner stands at its own windows as well as in its own offices.
_ACTS = _OFFICE | {
    Role.CLERK: {Relation.OWN_RECEIVER},
    Role.PARTNER: {Relation.OWN_HANDLER, Relation.OWN_RECEIVER},
}
_TALKS = _ACTS | {Role.PLATFORM: {Relation.OWN_RECEIVER}}
_ASKS = {
    Role.CLERK: _ANY,
    Role.PLATFORM: _ANY,
    Role.OFFICER: _ANY,
    Role.SUPERVISOR: _ANY,
    Role.PARTNER: _ANY,
    Role.OPS: _ANY,
}
# A parcel has two ends: the place it leaves hands it in, the place it goes to handles it.
_ENDS = {Relation.OWN_RECEIVER, Relation.OWN_HANDLER}
_CARRY = {
    Role.CLERK: _ENDS,
    Role.DISPATCHER: _ENDS,
    Role.OFFICER: _ENDS,
    Role.PARTNER: _ENDS,
    Role.SUPERVISOR: _ENDS | {Relation.BELOW},
}
_SEES_PAPERS = _CARRY | {
    Role.PLATFORM: {Relation.OWN_RECEIVER},
    Role.OPS: _ANY,
    Role.AUDITOR: _ANY,
}
_WINDOW = {Role.CLERK: {Relation.OWN_RECEIVER}, Role.DISPATCHER: {Relation.OWN_RECEIVER}}
_DESK = _OFFICE | {Role.DISPATCHER: _HANDLER}
_PAPERS = {
    "read_custody": _SEES_PAPERS,
    "list_held": _SEES_PAPERS,
    # Nothing personal in it, and whoever finds a stray paper has to know where it goes.
    "look_up_label": dict.fromkeys(_SEES_PAPERS, _ANY),
    "give_back_originals": _CARRY,
    "take_in_originals": _CARRY,
    "open_parcel": _CARRY,
    "list_parcels": _SEES_PAPERS,
    "read_parcel": _SEES_PAPERS,
    "read_parcel_custody": _SEES_PAPERS,
    "fill_parcel": _CARRY,
    "empty_parcel": _CARRY,
    "seal_parcel": _CARRY,
    "unseal_parcel": _CARRY,
    "discard_parcel": _CARRY,
    "hand_over_parcel": _CARRY,
    "arrive_parcel": _CARRY,
    "scan_parcel": _CARRY,
    "settle_discrepancy": _CARRY,
    "return_parcel": _CARRY,
    "take_back_parcel": _CARRY,
    "lose_parcel": _CARRY,
    "find_parcel": _CARRY,
    "close_parcel": _CARRY,
    "print_manifest": _CARRY,
    "print_parcel_label": _CARRY,
    "print_original_labels": _CARRY,
    "list_transfers": _SEES_PAPERS,
    "read_material_content": _OFFICE,
    "read_handed_document": _OFFICE,
    # The window for a place without a system, as with its acts.
    "receive_handoff": _DESK | _WINDOW | {Role.DISPATCHER: _ENDS},
    "prereview_handoff": _DESK | _WINDOW | {Role.DISPATCHER: _ENDS},
    "verify_originals": _DESK | _WINDOW | {Role.DISPATCHER: _ENDS},
    "return_to_window": _DESK | _WINDOW | {Role.DISPATCHER: _ENDS},
    "hand_back": _WINDOW | {Role.PARTNER: {Relation.OWN_RECEIVER}},
    "read_notice_draft": _OFFICE,
    "list_duties": _EVERYONE,
}

GRANTS = Grants(
    _PAPERS
    | {
        "list_locations": _EVERYONE,
        "read_location": _EVERYONE,
        "preview_assignment": _ASKS,
        "register_locations": {Role.OPS: _ANY},
        "register_partners": {Role.OPS: _ANY},
        "register_agreements": {Role.OPS: _ANY},
        "register_rules": {Role.OPS: _ANY},
        "export_registry": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "import_registry": {Role.OPS: _ANY},
        "republish_registry": {Role.OPS: _ANY},
        "list_registry": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "poll_queue": _OFFICE | {Role.DISPATCHER: _HANDLER},
        "claim_handoffs": _OFFICE,
        "read_handoff": _READS,
        "claim_handoff": _OFFICE,
        "accept_handoff": _ACTS,
        "refuse_handoff": _ACTS,
        "notice_handoff": _ACTS,
        "suspend_handoff": _ACTS,
        "resume_handoff": _ACTS,
        "extend_handoff": _ACTS,
        "decide_handoff": _ACTS,
        "answer_handoff": _ACTS,
        "transfer_handoff": _ACTS,
        "release_handoff": _OFFICE,
        "reassign_handoff": _OFFICE,
        "check_later": _ACTS,
        "revoke_decision": _ACTS,
        "list_handoffs": _OFFICE,
        "explain_placing": _OFFICE,
        "count_queue": _OFFICE,
        "count_queues": _OFFICE,
        "read_clock": _READS,
        "ask_what_if": _READS,
        "list_acts": _READS,
        "attach_file": _READS | {Role.PARTNER: {Relation.OWN_HANDLER, Relation.OWN_RECEIVER}},
        "read_attachment": _READS,
        "list_approvals": _OFFICE,
        "ask_for_approval": _OFFICE,
        "approve_request": {Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW}},
        "refuse_request": {Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW}},
        "write_message": _TALKS,
        "list_case_messages": _TALKS,
        "list_contacts": _READS,
        "send_reminder": _TALKS,
        "list_reminders": _TALKS
        | {Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.OWN_RECEIVER, Relation.BELOW}},
        "make_appointment": _TALKS,
        "list_appointments": _TALKS,
        "settle_appointment": _TALKS,
        "load_notices": {Role.OPS: _ANY},
        "set_local_days": {Role.OPS: _ANY},
        "read_calendar": _EVERYONE,
        "list_limits": _EVERYONE,
        "receive_partner_webhook": ANONYMOUS,
        "list_partner_webhooks": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "issue_partner_secret": {Role.OPS: _ANY},
        "list_partner_secrets": {Role.OPS: _ANY},
        "revoke_partner_secret": {Role.OPS: _ANY},
        "read_crossings": _READS | {Role.OPS: _ANY},
        "set_partner_access": {Role.OPS: _ANY},
        "list_partner_messages": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "read_told_content": {Role.PARTNER: {Relation.OWN_PARTNER}},
        "read_told_file": {Role.PARTNER: {Relation.OWN_PARTNER}},
        "open_client": {Role.OPS: _ANY},
        "list_clients": {Role.OPS: _ANY},
        "rotate_client_secret": {Role.OPS: _ANY},
        "disable_client": {Role.OPS: _ANY},
        "grant_token": ANONYMOUS,
        "read_jwks": ANONYMOUS,
        "read_issuer_metadata": ANONYMOUS,
        "revoke_token": {Role.OPS: _ANY},
        "list_revocations": {Role.OPS: _ANY, Role.AUDITOR: _ANY},
        "show_routing_holdings": {Role.AUDITOR: _ANY},
        "list_unroutable": {Role.OPS: _ANY},
        "retry_unroutable": {Role.OPS: _ANY},
        "assign_unroutable": {Role.OPS: _ANY},
        # The duties table says how far: a supervisor only for the lead of 多地联办.
        "cancel_case": {
            Role.OPS: _ANY,
            Role.SUPERVISOR: {Relation.OWN_HANDLER, Relation.BELOW},
        },
    }
)
