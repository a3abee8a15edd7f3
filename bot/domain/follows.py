"""Whom and what a person follows, and whether a paper is that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bot.domain.papers import Paper, PaperId
from bot.domain.queries import Query, parse_query, satisfies, words_said
from bot.domain.text import clean, fold

MOST_FOLLOWS: Final = 50
"""Of one person: each is held against every paper of every day."""


class FollowKind(StrEnum):
    """AUTHOR: whatever somebody writes. WORDS: whatever a search for them would find."""

    AUTHOR = "author"
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What one person follows.

    An author is the one of `author_id`, whose name is `said`; without an id it is a name that no
    paper had when it was followed, and every author who is written like it is meant, until the
    first of them has come.
    """

    id: int
    reader_id: int
    kind: FollowKind
    said: str
    author_id: int | None = None
    _query: Query = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        query = parse_query(self.said) if self.kind is FollowKind.WORDS else Query(())
        object.__setattr__(self, "_query", query)

    def matches(self, paper: Paper) -> bool:
        """Whether `paper` is what is followed: for words, in its title, bullets or abstract."""
        if self.kind is FollowKind.WORDS:
            return satisfies(self._query, _read(paper).said)
        if self.author_id is not None:
            return self.said in _read(paper).signed
        return fold(self.said) in _read(paper).folded


@dataclass(frozen=True, slots=True)
class _Read:
    """A paper as follows are held against it: its words, and who signed it, as they are written
    and folded."""

    said: str
    signed: frozenset[str]
    folded: frozenset[str]


@lru_cache(maxsize=512)
def _read(paper: Paper) -> _Read:
    """To be kept: many people are told of the same few lists at one hour, and to take a paper
    apart takes a hundred times as long as to look for words in it."""
    return _Read(
        said=words_said(paper.texts),
        signed=frozenset(map(clean, paper.authors)),
        folded=frozenset(map(fold, paper.authors)),
    )


def followed(
    follows: Sequence[Follow], papers: Iterable[Paper]
) -> Mapping[PaperId, tuple[Follow, ...]]:
    """The papers that are followed, each with all follows that it is for, in their order."""
    found = {
        paper.id: tuple(follow for follow in follows if follow.matches(paper)) for paper in papers
    }
    return {paper_id: why for paper_id, why in found.items() if why}
