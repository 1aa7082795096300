"""A figure, and the figures as a table for people and a file for machines."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is what is compared with the floor where there is one; `rounds` are the single
    measurements that `value` or `ratio` is the middle of, so that the spread can be seen."""

    name: str
    value: float
    unit: str
    target: str
    met: bool
    floor: float | None = None
    ratio: float | None = None
    rounds: tuple[float, ...] = ()
    said: str = ""


@dataclass(slots=True)
class Rounds:
    """Ours and the floor's, turn by turn: what slows the machine down slows both."""

    ours: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)

    def add(self, ours: float, floor: float) -> None:
        self.ours.append(ours)
        self.floors.append(floor)

    @property
    def ratios(self) -> tuple[float, ...]:
        pairs = zip(self.ours, self.floors, strict=True)
        return tuple(ours / floor for ours, floor in pairs)

    def figure(self, name: str, unit: str, *, least: float, said: str = "") -> Figure:
        """Rates: the higher, the better."""
        ratio = median(self.ratios)
        return Figure(
            name=name,
            value=median(self.ours),
            unit=unit,
            target=f"≥ {least:g} × floor",
            met=ratio >= least,
            floor=median(self.floors),
            ratio=ratio,
            rounds=self.ratios,
            said=said,
        )


def bounded(
    name: str, value: float, unit: str, *, most: float, rounds: Sequence[float] = (), said: str = ""
) -> Figure:
    """The lower, the better."""
    return Figure(
        name, value, unit, f"≤ {most:g} {unit}", value <= most, rounds=tuple(rounds), said=said
    )


def machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": [round(each, 2) for each in os.getloadavg()],
    }


def table(figures: Sequence[Figure]) -> str:
    lines = [f"{'figure':24} {'value':>10} {'unit':8} {'floor':>10} {'ratio':>6}  target"]
    for each in figures:
        floor = f"{each.floor:10.1f}" if each.floor is not None else " " * 10
        ratio = f"{each.ratio:6.2f}" if each.ratio is not None else " " * 6
        met = "met" if each.met else "MISSED"
        lines.append(
            f"{each.name:24} {each.value:10.1f} {each.unit:8} {floor} {ratio}  {each.target} {met}"
        )
        if each.said:
            lines.append(f"{'':24} {each.said}")
    return "\n".join(lines)


def write(path: Path, about: dict[str, Any], figures: Sequence[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": about, "figures": [asdict(each) for each in figures]}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def compared(documents: Sequence[dict[str, Any]]) -> str:
    """Several runs side by side, as the page of docs/ shows them."""
    runs = [{each["name"]: each for each in document["figures"]} for document in documents]
    names = list(dict.fromkeys(name for run in runs for name in run))
    heads = "".join(f" run {number} |" for number in range(1, len(runs) + 1))
    lines = [f"| figure | target |{heads}", "|---|---|" + "---|" * len(runs)]
    for name in names:
        known = next(run[name] for run in runs if name in run)
        cells = "".join(f" {_cell(run.get(name))} |" for run in runs)
        lines.append(f"| `{name}` | {known['target']} |{cells}")
    return "\n".join(lines)


def _cell(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return ""
    met = "met" if figure["met"] else "**missed**"
    value = f"{figure['value']:.1f} {figure['unit']}"
    if figure["ratio"] is None:
        return f"{value}, {met}"
    low, high = min(figure["rounds"], default=0.0), max(figure["rounds"], default=0.0)
    spread = f" ({low:.2f} to {high:.2f})" if high else ""
    return f"**{figure['ratio']:.2f}**{spread}; {value}, floor {figure['floor']:.1f}; {met}"


if __name__ == "__main__":
    sys.stdout.write(
        compared([json.loads(Path(each).read_text("utf-8")) for each in sys.argv[1:]]) + "\n"
    )
