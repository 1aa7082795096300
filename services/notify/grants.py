"""Who may do what at notify's door."""

from types import MappingProxyType

from shared.security.callers import Role
from shared.security.grants import ANONYMOUS, Grants, Relation

_ANY = {Relation.ANY}
_RECEIVER = {Relation.OWN_RECEIVER}
_HANDLER = {Relation.OWN_HANDLER}
_WINDOW = MappingProxyType({Role.CLERK: _RECEIVER, Role.PLATFORM: _RECEIVER})
_BOTH_ENDS = MappingProxyType(
    {
        **_WINDOW,
        Role.OFFICER: _HANDLER,
        Role.SUPERVISOR: {Relation.OWN_RECEIVER, Relation.OWN_HANDLER, Relation.BELOW},
        Role.DISPATCHER: {Relation.OWN_RECEIVER, Relation.OWN_HANDLER},
        Role.PARTNER: _HANDLER,
    }
)
# Whoever stands at a counter; which counter it is follows from the way chosen.
_COUNTERS = MappingProxyType(
    {
        Role.CLERK: _RECEIVER,
        Role.OFFICER: _HANDLER,
        Role.DISPATCHER: {Relation.OWN_RECEIVER, Relation.OWN_HANDLER},
    }
)
# Whoever has the paper posts it: the sender is the one that handles a dispatch.
_SENDERS = MappingProxyType(dict.fromkeys((Role.DISPATCHER, Role.OFFICER, Role.CLERK), _HANDLER))

# A partner's own endpoints; operations may look after anybody's and those of our own systems.
_OWNERS = MappingProxyType({Role.PARTNER: {Relation.OWN_PARTNER}, Role.OPS: _ANY})

GRANTS = Grants(
    {
        "list_deliveries": _BOTH_ENDS,
        "read_delivery": _BOTH_ENDS,
        "change_delivery": {**_WINDOW, Role.OFFICER: _HANDLER},
        "renew_link": _WINDOW,
        "record_arrival": _COUNTERS,
        "hand_over_result": _COUNTERS,
        "repeat_delivery": {**_WINDOW, Role.OFFICER: _HANDLER, Role.DISPATCHER: _HANDLER},
        "print_proof": {**_WINDOW, **_COUNTERS},
        "read_result": ANONYMOUS,
        "show_result_page": ANONYMOUS,
        "open_result_page": ANONYMOUS,
        "list_dispatches": {**_BOTH_ENDS, Role.CLERK: _RECEIVER | _HANDLER},
        "read_dispatch": {**_BOTH_ENDS, Role.CLERK: _RECEIVER | _HANDLER},
        "list_problems": {
            Role.DISPATCHER: _RECEIVER | _HANDLER,
            Role.SUPERVISOR: _RECEIVER | _HANDLER | {Relation.BELOW},
            Role.OPS: _ANY,
        },
        "hand_over_dispatch": _SENDERS,
        "report_dispatch": _SENDERS,
        "choose_carrier": _SENDERS,
        "print_label": _SENDERS,
        "print_handover_list": _SENDERS,
        "receive_carrier_push": ANONYMOUS,
        "receive_sms_reports": ANONYMOUS,
        "create_subscription": _OWNERS,
        "list_subscriptions": _OWNERS,
        "read_subscription": _OWNERS,
        "change_subscription": _OWNERS,
        "prove_subscription": _OWNERS,
        "rotate_secret": _OWNERS,
        "recover_webhooks": _OWNERS,
        "list_webhooks": _OWNERS,
        "list_attempts": _OWNERS,
        "remove_subscription": _OWNERS,
        "show_notify_holdings": {Role.AUDITOR: _ANY},
        "list_messages": {Role.OPS: _ANY},
        "read_message": {Role.OPS: _ANY},
        "preview_templates": {Role.OPS: _ANY},
    }
)
