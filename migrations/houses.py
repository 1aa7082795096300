"""Which houses there are, their tables, and what their roles may do beyond the rule."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import MetaData, Table

from services.intake import models as intake
from services.notify import models as notify
from services.routing import models as routing
from shared.audit.chain import AUDIT_LINK, AUDIT_SEAL
from shared.audit.trail import AUDIT
from shared.http.idempotency import IDEMPOTENCY
from shared.messaging.inbox import INBOX, INBOX_SUBJECT
from shared.messaging.outbox import OUTBOX, SUBJECT_SEQUENCE
from shared.security.revocations import REVOCATION

# Named one by one so that each is known here, whichever of them the houses happen to import.
PLATFORM_TABLES: tuple[Table, ...] = (
    AUDIT,
    AUDIT_LINK,
    AUDIT_SEAL,
    IDEMPOTENCY,
    INBOX,
    INBOX_SUBJECT,
    OUTBOX,
    REVOCATION,
    SUBJECT_SEQUENCE,
)

HOUSES = ("intake", "routing", "notify")

METADATA: Mapping[str, MetaData] = MappingProxyType(
    {
        "intake": intake.Base.metadata,
        "routing": routing.Base.metadata,
        "notify": notify.Base.metadata,
    }
)

# The services' role may add to these and read them, and nothing else.
APPEND_ONLY = frozenset({"audit", "custody_entry", "delivery_step"})

# The sealer's role reads the trail and adds to the chain, which the services' role cannot touch.
SEALER_READS = frozenset({"audit"})
SEALER_ADDS = frozenset({"audit_seal", "audit_link"})
