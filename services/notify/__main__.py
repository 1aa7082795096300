"""`python -m services.notify api|worker|parked …|republish SUBJECT|audit-verify`."""

from services.notify import app
from shared.commands import house_commands

house_commands("notify", app)()
