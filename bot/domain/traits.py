"""What a paper is about, in the form by which papers are compared and tastes are learned.

The traits of a paper are its words (`tokens`: pairs of letters in Han, Hangul and kana), its
keywords as phrases, and its authors; each is a number of 32 bits with the strength by which it
marks the paper. They follow from the paper alone, so they are made when it is stored, kept as
bytes (some 700 a paper), and made anew when `VERSION` is another. How telling a trait is, is no
matter of the paper: see `bot.domain.shelves`.
"""

import math
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self
from zlib import crc32

from bot.domain.papers import Paper
from bot.domain.text import fold
from bot.domain.tokens import is_cjk, tokens

VERSION: Final = 1
"""Count it up with every change of what traits are."""

IN_TITLE: Final = 3.0
IN_KEYWORDS: Final = 2.0
IN_TEXT: Final = 1.0
"""Mentions for which one in the title, the keywords, the abstract or a bullet counts."""

AUTHOR: Final = 0.5
"""Strength of an author: half that of a word that is mentioned once."""
AUTHORS: Final = 32
"""Authors that count, the first ones: longer lists tell of a company, not of a subject."""

STEPS: Final = 16
"""Strengths are kept in sixteenths, up to 255 of them."""


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of one paper, by rising number, and the strength of each in sixteenths."""

    numbers: "array[int]"
    strengths: bytes

    def __post_init__(self) -> None:
        if len(self.numbers) != len(self.strengths):
            raise ValueError(f"{len(self.numbers)} traits of {len(self.strengths)} strengths")

    def __iter__(self) -> Iterator[tuple[int, float]]:
        for number, strength in zip(self.numbers, self.strengths, strict=True):
            yield number, strength / STEPS

    @classmethod
    def of(cls, paper: Paper) -> Self:
        """What marks `paper`, in all the languages in which it is described."""
        found: dict[int, int] = {}
        for name, strength in named_traits(paper).items():
            number = trait_number(name)
            found[number] = max(found.get(number, 0), min(round(strength * STEPS), 255))
        numbers = sorted(found)
        return cls(array("I", numbers), bytes(found[number] for number in numbers))

    def to_bytes(self) -> bytes:
        """For the store: the numbers, four bytes each from the lowest, then the strengths."""
        numbers = array("I", self.numbers)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tobytes() + self.strengths

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Of what `to_bytes` gave; else `ValueError`."""
        count, rest = divmod(len(stored), 5)
        if rest:
            raise ValueError(f"{len(stored)} bytes are no traits")
        numbers = array("I", stored[: 4 * count])
        if sys.byteorder == "big":
            numbers.byteswap()
        return cls(numbers, stored[4 * count :])


def named_traits(paper: Paper) -> dict[str, float]:
    """The traits of `paper` by name, each with its strength: what is kept of them are numbers."""
    mentions: defaultdict[str, float] = defaultdict(float)
    phrases: set[str] = set()
    for word in tokens(paper.title):
        mentions[word] += IN_TITLE
    for keyword in paper.keywords:
        words = tokens(keyword)
        for word in words:
            mentions[word] += IN_KEYWORDS
        if len(words) > 1:
            phrases.add(" ".join(words))
    bullets = (bullet for summary in paper.summaries for bullet in summary.bullets)
    for text in (paper.abstract, *(bullet.text for bullet in bullets)):
        for word in tokens(text):
            mentions[word] += IN_TEXT
    strengths = {
        word: 1 + math.log(count) for word, count in mentions.items() if _says_something(word)
    }
    strengths |= dict.fromkeys(phrases, 1.0)
    return strengths | {author_trait(name): AUTHOR for name in paper.authors[:AUTHORS]}


def trait_number(name: str) -> int:
    """The number of a trait, the same on every machine. Two names may have one number: of 100,000
    names, one pair or so."""
    return crc32(name.encode("utf-8", "surrogatepass"))


def author_trait(name: str) -> str:
    """The trait that everybody of this name has; no word is like it."""
    return f"@{fold(name)}"


def _says_something(word: str) -> bool:
    """Whether a word may be a subject: no number, and no letter by itself but a Han one."""
    return not word.isdigit() and (len(word) > 1 or is_cjk(word))
