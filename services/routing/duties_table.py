"""The duties table as people read it: on the terminal, in the documents, over the API."""

from collections.abc import Iterator

from services.routing.domain import duties
from services.routing.domain.duties import Allowed, Row
from services.routing.domain.handoffs import Status
from services.routing.domain.words import Mode, Side

_HEAD = """# 职责表

哪种模式、什么状态、哪一步骤、由谁进行。由程序判断所用的同一张表生成（`make duties`）：
办理时的判断、接口 `GET /routing/v1/duties` 与本页同出一源。

- 空格为不允许；`python -m services.routing duties --every-line` 逐行列出理由。
- “须授权”指须有协议委托给收件窗口的权力；代办点不能接受委托（行政许可法第24条）。
"""


def markdown() -> str:
    """One table a mode: steps down, statuses across, in each cell who may."""
    return "\n\n".join([_HEAD.rstrip(), *(_of_mode(mode) for mode in Mode)])


def _of_mode(mode: Mode) -> str:
    rows = [row for row in duties.table() if row.mode is mode]
    steps = list(dict.fromkeys(row.step for row in rows))
    head = "| 步骤 | " + " | ".join(status.zh for status in Status) + " |"
    line = "|---" * (len(Status) + 1) + "|"
    lines = []
    for step in steps:
        own = [row for row in rows if row.step is step]
        cells = [_cell([row for row in own if row.status is status]) for status in Status]
        if any(cells):
            lines.append(f"| {step.zh} `{step.value}` | " + " | ".join(cells) + " |")
    return "\n".join([f"## {mode.zh} `{mode.value}`", "", head, line, *lines])


def _cell(rows: list[Row]) -> str:
    return "、".join(_who(row) for row in rows if isinstance(row.answer, Allowed))


def _who(row: Row) -> str:
    marks = "（须授权）" if row.power else ""
    if isinstance(row.answer, Allowed) and row.answer.approval:
        marks += "（科长批准）"
    return f"{_SHORT[row.side]}{marks}"


_SHORT = {
    Side.RECEIVING: "窗口",
    Side.DESK: "交接岗",
    Side.HANDLING: "办理地",
    Side.LEAD: "牵头地",
    Side.BRANCH: "协办地",
    Side.APPLICANT: "申请人",
    Side.PARTNER: "合作方",
    Side.OPS: "运维",
    Side.SYSTEM: "系统",
}


def every_line() -> Iterator[str]:
    """All of it, with the reason where it is refused; tabs between the columns."""
    for row in duties.table():
        said = "可以" if isinstance(row.answer, Allowed) else row.answer.reason_zh
        yield "\t".join((row.mode.value, row.status.value, row.step.value, row.side.value, said))
