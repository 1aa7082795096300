"""The plain facts that several documents have in common; no house's models come in here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Office:
    """An authority or a window, as the applicant finds it."""

    name: str
    address: str = ""
    phone: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """`licence`: 行政许可, whose papers cite the 行政许可法; other matters cite their own guide."""

    name: str
    code: str = ""
    licence: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """`identity` is printed as given: kind and number, masked or not as the caller decides."""

    name: str
    identity: str = ""
    phone: str = ""
    capacity: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """One line of a list: `form` 原件, 复印件 …; `count` in copies; `note` what became of it."""

    name: str
    form: str = ""
    count: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Remedies:
    """Where to turn; unnamed, the sentence speaks of whoever the law says.

    `review_first`: the law wants 行政复议 before the court (行政复议法 23). `words`: the sentence
    as the decision itself had it; then nothing else of this is printed.
    """

    review: str = ""
    court: str = ""
    review_first: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One kind of paper; `template` is the name of its file in templates/."""

    template: ClassVar[str]

    def drawings(self) -> Mapping[str, object]:
        """Barcodes and the like, as SVG; what the template shows beside the facts."""
        return {}


EMPTY_REMEDIES = Remedies()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(Document):
    """A paper that an authority addresses to an applicant.

    `number` is the paper's own (文书编号); `case_number` stands on every page.
    """

    number: str
    case_number: str
    matter: Matter
    addressee: Person
    authority: Office
    handled_by: Office | None = field(default=None)
    """The window that acts for the authority, where it is another."""
