"""Where a case belongs: the divisions it names, and the choice where the law offers two places."""

from collections.abc import Iterator
from datetime import date, timedelta

from services.intake.domain.items import ItemVersion
from services.intake.domain.messages import Words, fault, hint, listed
from services.intake.domain.people import word
from services.intake.domain.submissions import PartialSubmission
from services.intake.domain.words import Basis, Level, Mode
from shared.divisions import divisions
from shared.divisions.divisions import Division, LocalDivisions
from shared.errors import Fault
from shared.shapes import pointer

_LEVEL_OF: dict[Level, int] = {
    Level.NATION: 1,
    Level.PROVINCE: 2,
    Level.PREFECTURE: 3,
    Level.COUNTY: 4,
    Level.TOWNSHIP: 5,
    Level.VILLAGE: 6,
}


def find(
    submission: PartialSubmission, item: ItemVersion | None, on: date, local: LocalDivisions
) -> Iterator[Fault]:
    for name, code in submission.basis.items():
        at, field = pointer(("basis", name)), _field(name)
        if item and _asked(name, item) is None:
            yield _not_asked(at, name, item)
        elif code is not None:
            yield from division(at, field, code, on, local)
            if item:
                yield from _coarse(at, field, code, item, on, local)
    if item is not None:
        yield from _missing(submission, item)
        yield from _choice(submission, item)


def _field(name: str) -> Words:
    basis = _basis(name)
    return word(basis) if basis else Words(f"「{name}」", name)


def _basis(name: str) -> Basis | None:
    try:
        return Basis(name)
    except ValueError:
        return None


def _asked(name: str, item: ItemVersion) -> Basis | None:
    basis = _basis(name)
    return basis if basis in item.every_basis else None


def _not_asked(at: str, name: str, item: ItemVersion) -> Fault:
    bases = item.every_basis
    allowed = listed(Words(f"{basis.zh}（{basis}）", basis.value) for basis in bases)
    near = hint(name, [basis.value for basis in bases])
    return fault(at, "basis-not-asked", name=name, allowed=allowed, hint=near)


def division(at: str, field: Words, code: str, on: date, local: LocalDivisions) -> Iterator[Fault]:
    """A code that means nothing on that day, said with what came of it."""
    if divisions.lookup(code, on, local=local) is not None:
        return
    known = divisions.versions(code, local=local)
    if not known and not divisions.is_retired(code, on, local=local):
        yield fault(at, "division-unknown", field=field, code=code)
    elif known and (start := known[-1].valid_from) and start > on:
        name = known[-1].name
        yield fault(at, "division-not-yet", field=field, code=code, name=name, day=start)
    else:
        yield _retired(at, field, code, known, on, local)


def _retired(
    at: str,
    field: Words,
    code: str,
    known: tuple[Division, ...],
    on: date,
    local: LocalDivisions,
) -> Fault:
    last = known[-1] if known else None
    now = divisions.current_codes(code, on, local=local)
    names = "、".join(f"{c} {divisions.full_name(c, on, local=local)}" for c in now)
    successors = (
        Words(f"现为：{names}", f"now: {', '.join(now)}")
        if now
        else Words("请查明现在的区划代码", "please find out its present code")
    )
    ended = last.valid_to + timedelta(days=1) if last and last.valid_to else None
    return fault(
        at,
        "division-retired",
        field=field,
        code=code,
        name=last.name if last else "",
        when=Words(f"自 {ended} 起" if ended else "", f" on {ended}" if ended else ""),
        successors=successors,
    )


def _coarse(
    at: str, field: Words, code: str, item: ItemVersion, on: date, local: LocalDivisions
) -> Iterator[Fault]:
    needed = _LEVEL_OF.get(item.level)
    found = divisions.lookup(code, on, local=local)
    if needed is None or found is None or found.level >= needed:
        return
    if found.level == needed - 1 and _is_undivided(found.code, on):
        return
    yield fault(
        at,
        "division-too-coarse",
        field=field,
        name=found.name,
        level=Words(item.level.zh, item.level.name.lower()),
    )


def _is_undivided(code: str, on: date) -> bool:
    """东莞, 中山, 嘉峪关 …: a prefecture that has no counties decides as one."""
    return not any(divisions.lookup(f"{code[:4]}{n:02d}", on) for n in range(1, 100))


def _missing(submission: PartialSubmission, item: ItemVersion) -> Iterator[Fault]:
    mode = submission.mode if submission.mode in item.modes else None
    bases = item.bases(mode) if mode else _in_every_mode(item)
    for basis in bases:
        if basis not in submission.basis:
            at = pointer(("basis", basis.value))
            yield fault(at, "basis-missing", basis=Words(basis.zh, word(basis).en))


def _in_every_mode(item: ItemVersion) -> list[Basis]:
    """What is asked whichever mode was meant."""
    asked = [item.bases(Mode(mode)) for mode in item.modes]
    return [basis for basis in asked[0] if all(basis in bases for bases in asked)]


def _choice(submission: PartialSubmission, item: ItemVersion) -> Iterator[Fault]:
    choice = submission.choice
    allowed = listed(Words(f"{basis.zh}（{basis}）", basis.value) for basis in item.choice)
    if not item.choice:
        if choice is not None:
            yield fault("/choice", "choice-unneeded")
    elif choice is not None and choice not in item.choice:
        yield fault("/choice", "choice-unknown", name=choice, allowed=allowed)
    elif choice is not None and choice not in submission.basis:
        at = pointer(("basis", choice))
        yield fault(at, "basis-missing", basis=word(Basis(choice)))
    elif choice is None:
        yield from _unchosen(submission, item, allowed)


def _unchosen(submission: PartialSubmission, item: ItemVersion, allowed: Words) -> Iterator[Fault]:
    given = [basis for basis in item.choice if basis in submission.basis]
    if not given:
        yield fault("/basis", "basis-missing", basis=allowed)
    elif len(given) > 1:
        yield fault("/choice", "choice-missing", allowed=allowed)


def chosen_basis(submission: PartialSubmission, item: ItemVersion) -> Basis | None:
    """The one place the applicant chose; naming a single place is choosing it."""
    if not item.choice:
        return None
    given = [basis for basis in item.choice if basis in submission.basis]
    if submission.choice in item.choice:
        return Basis(submission.choice)
    return given[0] if len(given) == 1 else None
