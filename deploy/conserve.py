"""Nothing may be lost: what must hold across the houses whenever all messages have been applied."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

# Each query lists what breaks a rule; the rule is said to the operator.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "每个收下的办件，分办都知道": """
            SELECT c.case_number FROM intake.case_file AS c
            WHERE c.status <> 'received_incomplete' AND NOT EXISTS (
                SELECT FROM routing.routed_case AS r WHERE r.case_number = c.case_number)
        """,
        "分办没有凭空多出的办件": """
            SELECT r.case_number FROM routing.routed_case AS r
            WHERE NOT EXISTS (
                SELECT FROM intake.case_file AS c WHERE c.case_number = r.case_number)
        """,
        "每个办件要么有办理任务，要么在无法分办的清单上": """
            SELECT r.case_number FROM routing.routed_case AS r
            WHERE r.status <> 'unroutable' AND NOT EXISTS (
                SELECT FROM routing.handoff AS h WHERE h.case_number = r.case_number)
        """,
        "进行中的办件至少有一个未结的办理任务": """
            SELECT r.case_number FROM routing.routed_case AS r
            WHERE r.status = 'open' AND NOT EXISTS (
                SELECT FROM routing.handoff AS h
                WHERE h.case_number = r.case_number AND h.closed_at IS NULL)
        """,
        "办结或终结的办件没有未结的办理任务": """
            SELECT DISTINCT r.case_number FROM routing.routed_case AS r
            JOIN routing.handoff AS h USING (case_number)
            WHERE r.status IN ('decided', 'closed') AND h.closed_at IS NULL
        """,
        "每个已决定的办件恰有一次送达": """
            SELECT r.case_number FROM routing.routed_case AS r
            WHERE r.status = 'decided' AND (
                SELECT count(*) FROM notify.delivery AS d
                WHERE d.case_number = r.case_number)
            -- What another province's window took, that window delivers.
            <> CASE WHEN EXISTS (
                SELECT FROM routing.case_link AS l
                WHERE l.case_number = r.case_number AND l.way = 'in') THEN 0 ELSE 1 END
        """,
        "窗口看到的状态与办理地一致（决定）": """
            SELECT r.case_number FROM routing.routed_case AS r
            JOIN intake.case_file AS c USING (case_number)
            WHERE (r.status = 'decided') <> (c.status IN ('decided', 'delivered'))
        """,
        "窗口看到的状态与办理地一致（终结）": """
            SELECT r.case_number FROM routing.routed_case AS r
            JOIN intake.case_file AS c USING (case_number)
            WHERE (r.status = 'closed') <> (c.status IN ('closed', 'refused'))
        """,
        "每份原件恰有一位持有者，就是流转账的最后一笔": """
            SELECT o.label FROM routing.original AS o
            LEFT JOIN routing.holding AS h ON h.original_id = o.id
            LEFT JOIN LATERAL (
                SELECT e.seq, e.to_holder FROM routing.custody_entry AS e
                WHERE e.original_id = o.id ORDER BY e.seq DESC LIMIT 1) AS last ON true
            WHERE (h.seq, h.holder) IS DISTINCT FROM (last.seq, last.to_holder)
        """,
        "窗口看到的原件持有者与流转账一致": """
            SELECT p.original_id::text FROM intake.case_original AS p
            JOIN intake.case_file AS c USING (case_number)
            LEFT JOIN routing.holding AS h USING (original_id)
            WHERE c.status <> 'received_incomplete' AND h.holder IS DISTINCT FROM
                coalesce(p.holder, 'location:' || c.receiving_location)
        """,
        "已交寄的封装袋，寄递一方都知道，承运人和运单一致": """
            SELECT p.number FROM routing.parcel AS p
            LEFT JOIN notify.dispatch AS d ON d.id = p.id
            WHERE p.handed_over_at IS NOT NULL AND (p.carrier, coalesce(p.waybill, ''))
                IS DISTINCT FROM (d.carrier, coalesce(d.waybill, ''))
        """,
        "已扫描接收的封装袋，寄递一方也已送到": """
            SELECT p.number FROM routing.parcel AS p
            JOIN notify.dispatch AS d ON d.id = p.id
            WHERE p.scanned_at IS NOT NULL AND d.status <> 'delivered'
        """,
        "发件箱已空": "SELECT subject FROM intake.outbox WHERE published_at IS NULL UNION ALL"
        " SELECT subject FROM routing.outbox WHERE published_at IS NULL UNION ALL"
        " SELECT subject FROM notify.outbox WHERE published_at IS NULL",
        "收件箱已空": "SELECT subject FROM intake.inbox WHERE applied_at IS NULL UNION ALL"
        " SELECT subject FROM routing.inbox WHERE applied_at IS NULL UNION ALL"
        " SELECT subject FROM notify.inbox WHERE applied_at IS NULL",
        "合作方的通知都已办理或答复": """
            SELECT webhook_id FROM routing.partner_webhook WHERE settled_at IS NULL UNION ALL
            SELECT webhook_id FROM intake.handed_in WHERE settled_at IS NULL
        """,
        "消息按序各应用一次": """
            SELECT producer || ':' || subject FROM (
                SELECT producer, subject, applied, stored FROM intake.inbox_subject UNION ALL
                SELECT producer, subject, applied, stored FROM routing.inbox_subject UNION ALL
                SELECT producer, subject, applied, stored FROM notify.inbox_subject
            ) AS kept
            WHERE applied <> stored AND subject NOT LIKE 'location:%' AND subject NOT LIKE 'item:%'
        """,
        "没有一件待办由两人办理": """
            SELECT case_number || ' ' || step FROM routing.handoff
            WHERE closed_at IS NULL AND opened_at IS NOT NULL
            GROUP BY case_number, step HAVING count(*) > 1
        """,
    }
)

_COUNTS = {
    "cases": "SELECT count(*) FROM intake.case_file",
    "handoffs": "SELECT count(*) FROM routing.handoff",
    "deliveries": "SELECT count(*) FROM notify.delivery",
}


@dataclass(frozen=True, slots=True)
class Found:
    counts: Mapping[str, int]
    breaches: Sequence[str]


def check(url: str) -> Found:
    return asyncio.run(check_now(url))


async def check_now(url: str) -> Found:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as plain:
            # One picture of all houses at one instant.
            connection = await plain.execution_options(isolation_level="REPEATABLE READ")
            return await _check(connection)
    finally:
        await engine.dispose()


async def _check(connection: AsyncConnection) -> Found:
    counts = {
        name: int(await connection.scalar(text(query)) or 0) for name, query in _COUNTS.items()
    }
    breaches = []
    for rule, query in RULES.items():
        rows = (await connection.execute(text(f"{query} LIMIT 20"))).scalars().all()
        if rows:
            breaches.append(f"✗ {rule}：{'、'.join(map(str, rows))}")
    return Found(counts, breaches)


# What must be the same in two installations that work on one case together.
_SHARED = text("""
    SELECT l.joint_number, l.way, l.their_number, r.case_number, r.status, r.outcome,
        (SELECT string_agg(h.step || '=' || h.status || '/' || coalesce(h.outcome, ''), ' '
            ORDER BY h.stage, h.step, h.location)
         FROM routing.handoff AS h WHERE h.case_number = r.case_number) AS steps,
        (SELECT string_agg(o.place || '@' || g.holder, ' '
            ORDER BY o.place)
         FROM routing.original AS o JOIN routing.holding AS g ON g.original_id = o.id
         WHERE o.case_number = r.case_number AND o.kind <> 'result') AS papers,
        (SELECT count(*) FROM notify.delivery AS d
         WHERE d.case_number = r.case_number) AS deliveries
    FROM routing.case_link AS l JOIN routing.routed_case AS r USING (case_number)
""")
_UNANSWERED = text("""
    SELECT kind || ' ' || coalesce(case_number, '') || ' ' || coalesce(outcome, '…')
    FROM routing.partner_message WHERE outcome IS DISTINCT FROM 'applied'
""")
_SAME = ("status", "outcome", "steps", "papers")


async def between(first: str, second: str) -> list[str]:
    """Two installations as partners: what does not agree between them."""
    ours, theirs = await _shared(first), await _shared(second)
    breaches = [f"✗ 只有一边有的联办件：{joint}" for joint in sorted(set(ours) ^ set(theirs))]
    for joint in sorted(set(ours) & set(theirs)):
        mine, other = ours[joint], theirs[joint]
        breaches += [
            f"✗ {joint} 两边不一致：{name} {mine[name]} ≠ {other[name]}"
            for name in _SAME
            if mine[name] != other[name]
        ]
        if (mine["their_number"], other["their_number"]) != (
            other["case_number"],
            mine["case_number"],
        ):
            breaches.append(f"✗ {joint} 的编号不成对")
        if mine["status"] == "decided" and mine["deliveries"] + other["deliveries"] != 1:
            breaches.append(f"✗ {joint} 不是恰好送达一次")
    for url in (first, second):
        breaches += [f"✗ 对方没有照办：{each}" for each in await _column(url)]
    return breaches


async def _shared(url: str) -> dict[str, Mapping[str, Any]]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(_SHARED)).mappings().all()
    finally:
        await engine.dispose()
    return {row["joint_number"]: dict(row) for row in rows}


async def _column(url: str) -> Sequence[str]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return [str(each) for each in (await connection.execute(_UNANSWERED)).scalars()]
    finally:
        await engine.dispose()
