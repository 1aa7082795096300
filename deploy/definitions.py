"""Writes deploy/rabbitmq/definitions.json from the topology that the services declare themselves.

    python -m deploy.definitions

For brokers where services may not declare anything. It holds no users: those are added by hand.
"""

import json
from pathlib import Path

from shared.chores import HOUSES
from shared.messaging.topology import Topology, definitions

FILE = Path(__file__).parent / "rabbitmq" / "definitions.json"


def written() -> str:
    return json.dumps(definitions(Topology(HOUSES)), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written())
