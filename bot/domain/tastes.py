"""What a reader or a channel cares about, learned from a handful of verdicts.

A verdict is given in front of a list, so it is a comparison: this paper, and not the others that
were shown. A taste is the direction in which liked papers lie from what was passed over, in the
space of a `Shelf`. Three things make few verdicts go far. The papers near a liked one lend their
words: with one like they know the subject's vocabulary, where the liked paper has only its own.
What was passed over is held against a taste by little at first, for a reader does not see all that
is shown, and by more the more verdicts there are. And what was said long ago fades.

All of it is linear and without chance. `docs/decisions/0013-taste-by-comparisons.md` has what was
measured.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum, log1p, sqrt
from typing import Final, Self

from bot.domain.digests import Listing
from bot.domain.papers import PaperId
from bot.domain.shelves import Shelf, Vector
from bot.domain.showings import Placed, Showing, with_room
from bot.domain.traits import Traits

NEIGHBOURS: Final = 30
"""Papers that lend their words to a liked one."""
LENT: Final = 3.0
"""Weight of their mean, beside the paper's own words."""
HALF_BELIEVED: Final = 10.0
"""Liked papers with which what was passed over has half its weight."""
FADES: Final = 180.0
"""Days after which a verdict has half its weight."""
PRIOR: Final = 0.3
"""Weight of the votes beside one like, in spreads of the day's scores; with more likes it falls."""
KEPT: Final = 1500
"""Traits of a taste: the heaviest."""
ALIKE: Final = 0.08
"""From how much in common one paper is called the reason for another."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why a paper fits: the liked paper that it has most in common with, and how much, 0 to 1."""

    paper_id: PaperId
    alike: float

    @property
    def is_close(self) -> bool:
        """Whether that is enough to be called the reason."""
        return self.alike >= ALIKE


@dataclass(frozen=True, slots=True)
class Taste:
    """A direction among papers, and the liked papers it comes from. Without any it is empty."""

    direction: Vector
    liked: Mapping[PaperId, Vector]

    def __bool__(self) -> bool:
        return len(self.direction) > 0

    @classmethod
    def learned(cls, showings: Iterable[Showing], shelf: Shelf, *, today: date) -> Self:
        """The taste that speaks from `showings`, in whatever order they come.

        Papers that are not on the shelf are passed by. "Not for me" alone makes a taste, too.
        """
        shares: defaultdict[PaperId, float] = defaultdict(float)
        usual = 0.0
        ordered = sorted(showings, key=lambda showing: (showing.day, sorted(showing.shown)))
        judged = [
            (showing, {p: worth for p, worth in showing.worths.items() if p in shelf})
            for showing in ordered
        ]
        liked = {p: shelf[p] for _, worths in judged for p, worth in worths.items() if worth > 0}
        count = sum(worth > 0 for _, worths in judged for worth in worths.values())
        believed = count / (count + HALF_BELIEVED)
        for showing, worths in judged:
            fresh = 0.5 ** (max((today - showing.day).days, 0) / FADES)
            for paper_id, worth in worths.items():
                shares[paper_id] += worth * fresh
                if worth > 0:
                    lent = _lent(paper_id, liked[paper_id], shelf)
                    for near, share in lent.items():
                        shares[near] += worth * fresh * LENT * share
                    usual += worth * fresh * LENT if lent else 0.0
            likes = fsum(worth for worth in worths.values() if worth > 0) * fresh
            passed = [paper_id for paper_id in showing.passed_over if paper_id in shelf]
            for paper_id in passed if likes else ():
                shares[paper_id] -= believed * likes / len(passed)
        return cls(shelf.sum(shares, usual=usual).heaviest(KEPT), liked)

    @classmethod
    def of_paper(cls, paper_id: PaperId, vector: Vector, shelf: Shelf) -> Self:
        """The taste of whoever liked this paper and said nothing else: for "more like this"."""
        lent = _lent(paper_id, vector, shelf)
        near = shelf.sum(lent, usual=1.0 if lent else 0.0)
        return cls(vector.plus(near, LENT).heaviest(KEPT), {paper_id: vector})

    def score(self, vector: Vector) -> float:
        """How well a paper fits: only the order of scores means something."""
        return vector.dot(self.direction)

    def best(
        self, shelf: Shelf, count: int, *, without: Collection[PaperId] = ()
    ) -> list[tuple[PaperId, float]]:
        """The papers of `shelf` that fit best, with their scores, but those in `without`."""
        found = shelf.best(self.direction, count + len(without))
        return [(paper_id, score) for paper_id, score in found if paper_id not in without][:count]

    def because(self, vector: Vector) -> Because | None:
        """The liked paper that `vector` has most in common with, if it has anything."""
        alike = [(vector.dot(liked), paper_id) for paper_id, liked in self.liked.items()]
        most, paper_id = max(alike, default=(0.0, None))
        return None if paper_id is None or most <= 0 else Because(paper_id, most)

    def order(
        self, papers: Sequence[tuple[PaperId, Vector]], votes: Mapping[PaperId, int | None]
    ) -> list[PaperId]:
        """A day's list, what fits best first; by votes if there is no taste.

        Votes count beside the taste while it rests on few likes.
        """
        prior = _spread([log1p(votes.get(paper_id) or 0) for paper_id, _ in papers])
        if not self:
            fits = [0.0] * len(papers)
            weight = 1.0
        else:
            fits = _spread([self.score(vector) for _, vector in papers])
            weight = PRIOR / max(len(self.liked), 1)
        keyed = [
            (-(fit + weight * voted), paper_id)
            for fit, voted, (paper_id, _) in zip(fits, prior, papers, strict=True)
        ]
        return [paper_id for _, paper_id in sorted(keyed)]


def _lent(paper_id: PaperId, vector: Vector, shelf: Shelf) -> dict[PaperId, float]:
    """The papers near `vector`, each with its share of what they lend: the nearer the more."""
    near = [
        (other, alike)
        for other, alike in shelf.nearest(vector, NEIGHBOURS + 1)
        if other != paper_id
    ][:NEIGHBOURS]
    whole = fsum(alike for _, alike in near)
    return {other: alike / whole for other, alike in near}


def _spread(values: Sequence[float]) -> list[float]:
    """`values` around 0, in units of their own spread; all 0 where they are equal."""
    mean = fsum(values) / max(len(values), 1)
    spread = sqrt(fsum((value - mean) ** 2 for value in values) / max(len(values), 1))
    return [(value - mean) / spread if spread > 1e-12 else 0.0 for value in values]


@dataclass(frozen=True, slots=True)
class Ordering:
    """A taste that is ready to order lists, whatever papers they have."""

    taste: Taste
    shelf: Shelf

    def __call__(self, listings: Sequence[Listing], *, room: bool) -> list[Placed]:
        """The papers of some lists, what fits best first; with `room` for something outside."""
        votes = {listing.paper.id: listing.upvotes for listing in listings}
        vectors = [
            (paper.id, self.shelf[paper.id])
            if paper.id in self.shelf
            else (paper.id, self.shelf.vector(Traits.of(paper)))
            for paper in {listing.paper.id: listing.paper for listing in listings}.values()
        ]
        ordered = self.taste.order(vectors, votes)
        return with_room(ordered, votes) if room else [Placed(each, False) for each in ordered]
