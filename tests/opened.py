"""Everything that a house keeps sealed, opened, and its messages: to look for somebody in it."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from shared.premises import Premises
from shared.security.keys import Keyring
from shared.security.resealing import Sealed

_BOXES = {"outbox": "id", "inbox": "message_id"}


async def opened(premises: Premises, columns: Sequence[Sealed]) -> str:
    keys, found = premises.carried.keys, []
    async with premises.sessions() as session:
        for each in columns:
            kept = await session.execute(each.column.table.select().where(each.column.is_not(None)))
            for row in kept.mappings():
                context = each.context.format_map(row)
                sealed = row[each.column.name]
                found.append(keys.open(each.purpose, sealed, context=context))
        for box, key in _BOXES.items():
            rows = await session.execute(text(f"SELECT {key} AS id, data FROM {box}"))
            found += [_message(keys, row.id, row.data) for row in rows]
    return "\n".join(each.decode("utf-8", "ignore") for each in found)


def _message(keys: Keyring, id_: object, data: Mapping[str, Any]) -> bytes:
    shown = dict(data)
    for name, value in data.items():
        if isinstance(value, dict) and "sealed" in value:
            sealed, context = base64.b64decode(value["sealed"]), f"{id_}:{name}"
            shown[name] = keys.open("events", sealed, context=context).decode()
    return json.dumps(shown, ensure_ascii=False).encode()
