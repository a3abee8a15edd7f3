"""What the search index holds: one document for each paper on a day's list.

Documents are numbered so that a later day has the higher numbers: the newest come first in
descending order, and a stretch of days is a range of numbers.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.domain.papers import Paper
from bot.domain.tokens import BREAK, tokens, whole_words

A_DAY: Final = 1_000_000
"""Numbers that each day has; the longest list had 72 papers."""


def first_of(day: date) -> int:
    """The lowest number of a day's documents."""
    return day.toordinal() * A_DAY


def last_of(day: date) -> int:
    """The highest number that a document of a day could have."""
    return first_of(day) + A_DAY - 1


def day_of(document: int) -> date:
    """The day of a document's list."""
    return date.fromordinal(document // A_DAY)


@dataclass(frozen=True, slots=True)
class Texts:
    """What of a paper can be found, as its sources wrote it. `points` are the bullets in all
    languages with their labels, the keywords and the organisation."""

    title: str
    points: tuple[str, ...]
    abstract: str

    @classmethod
    def of(cls, paper: Paper) -> "Texts":
        summaries = sorted(paper.summaries, key=lambda each: (each.language, each.origin))
        return cls(
            title=paper.title,
            points=(
                *(
                    text
                    for summary in summaries
                    for bullet in summary.bullets
                    for text in (bullet.label, bullet.text)
                    if text
                ),
                *paper.keywords,
                *([paper.organization] if paper.organization else []),
            ),
            abstract=paper.abstract,
        )

    def columns(self) -> dict[str, str]:
        """The words of each column, with a space between them."""
        return {
            "title": _words(self.title),
            "points": f" {BREAK} ".join(_words(point) for point in self.points),
            "abstract": _words(self.abstract),
        }


def _words(text: str) -> str:
    return " ".join([*tokens(text), *whole_words(text)])
