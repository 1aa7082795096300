"""A sentence in both languages, and tables of them: code -> Chinese and English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Words:
    """The same thing said in both languages."""

    zh: str
    en: str


def listed(words: Iterable[Words]) -> Words:
    kept = list(words)
    return Words("、".join(word.zh for word in kept), ", ".join(word.en for word in kept))


def hint(name: str, candidates: Iterable[str]) -> Words:
    """What the clerk probably meant, as the end of a sentence."""
    near = get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    if not near:
        return Words("，请核对", "")
    return Words(f"，是不是要填「{near[0]}」", f"; did you mean “{near[0]}”?")


def table(**texts: tuple[str, str]) -> Mapping[str, Words]:
    return MappingProxyType(
        {code.replace("_", "-"): Words(zh, en) for code, (zh, en) in texts.items()}
    )
