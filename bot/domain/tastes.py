"""What a reader or a channel cares about, learned from a handful of verdicts.

A verdict is given in front of a list, so it is a comparison: this paper, and not the others that
were shown. A taste is the direction in which liked papers lie from what was passed over, in the
space of a `Shelf`. Three things make few verdicts go far. The papers near a liked one lend their
words: with one like they know the subject's vocabulary, where the liked paper has only its own.
What was passed over is held against a taste by little at first, for a reader does not see all that
is shown, and by more the more verdicts there are. And what was said long ago fades.

All of it is linear and without chance. `docs/decisions/0011-taste-by-comparisons.md` has what was
measured.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import fsum, log1p, sqrt
from typing import Final, Self

from bot.domain.papers import Paper, PaperId
from bot.domain.shelves import Shelf, Vector, heaviest
from bot.domain.traits import named_traits, trait_number

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
OUTSIDE: Final = 5
"""One place in so many is for something outside the taste."""
ALIKE: Final = 0.08
"""From how much in common one paper is the reason for another."""


class Verdict(StrEnum):
    """What somebody says of a paper."""

    LIKED = "liked"
    SAVED = "saved"
    NOT_FOR_ME = "not for me"

    @property
    def worth(self) -> float:
        return -1.5 if self is Verdict.NOT_FOR_ME else 1.0


@dataclass(frozen=True, slots=True)
class Showing:
    """One day's list as it was shown, and what was said of its papers.

    `verdicts` may be of one reader or of many: those of one paper are added up, each further one
    counting for less.
    """

    day: date
    shown: frozenset[PaperId]
    verdicts: tuple[tuple[PaperId, Verdict], ...]

    @property
    def worths(self) -> dict[PaperId, float]:
        """What was said of each paper altogether: above 0 if it was liked."""
        sums: defaultdict[PaperId, float] = defaultdict(float)
        for paper_id, verdict in self.verdicts:
            sums[paper_id] += verdict.worth
        return {
            paper_id: sqrt(abs(worth)) * (1 if worth > 0 else -1)
            for paper_id, worth in sorted(sums.items())
            if worth
        }

    @property
    def passed_over(self) -> list[PaperId]:
        """What was shown and nothing was said of, in the order of ids."""
        return sorted(self.shown - {paper_id for paper_id, _ in self.verdicts})


@dataclass(frozen=True, slots=True)
class Because:
    """Why a paper fits: the liked paper that it has most in common with, and how much, 0 to 1."""

    paper_id: PaperId
    alike: float


@dataclass(frozen=True, slots=True)
class Place:
    """A paper's place in a list that is ordered by taste."""

    paper_id: PaperId
    outside: bool
    """Whether it has its place because it is something else."""


@dataclass(frozen=True, slots=True)
class Taste:
    """A direction among papers, and the liked papers it comes from. Without any it is empty."""

    weights: Mapping[int, float]
    liked: Mapping[PaperId, Vector]

    def __bool__(self) -> bool:
        return bool(self.weights)

    @classmethod
    def learned(cls, showings: Iterable[Showing], shelf: Shelf, *, today: date) -> Self:
        """The taste that speaks from `showings`, in whatever order they come.

        Papers that are not on the shelf are passed by. "Not for me" alone makes a taste, too.
        """
        sums: defaultdict[int, float] = defaultdict(float)
        liked: dict[PaperId, Vector] = {}
        ordered = sorted(showings, key=lambda showing: (showing.day, sorted(showing.shown)))
        judged = [
            (showing, {p: worth for p, worth in showing.worths.items() if p in shelf})
            for showing in ordered
        ]
        count = sum(worth > 0 for _, worths in judged for worth in worths.values())
        believed = count / (count + HALF_BELIEVED)
        for showing, worths in judged:
            fresh = 0.5 ** (max((today - showing.day).days, 0) / FADES)
            for paper_id, worth in worths.items():
                _add(sums, shelf[paper_id].weights, worth * fresh)
                if worth > 0:
                    liked[paper_id] = shelf[paper_id]
                    _add(sums, _lent(paper_id, shelf), worth * fresh * LENT)
            likes = fsum(worth for worth in worths.values() if worth > 0) * fresh
            passed = [shelf[paper_id] for paper_id in showing.passed_over if paper_id in shelf]
            for vector in passed if likes else ():
                _add(sums, vector.weights, -believed * likes / len(passed))
        return cls(heaviest(sums, KEPT), liked)

    @classmethod
    def of_paper(cls, paper_id: PaperId, vector: Vector, shelf: Shelf) -> Self:
        """The taste of whoever liked this paper and said nothing else: for "more like this"."""
        sums: defaultdict[int, float] = defaultdict(float)
        _add(sums, vector.weights, 1.0)
        _add(sums, _lent_to(vector, paper_id, shelf), LENT)
        return cls(heaviest(sums, KEPT), {paper_id: vector})

    def score(self, vector: Vector) -> float:
        """How well a paper fits: only the order of scores means something."""
        return vector.dot(self.weights)

    def best(
        self, shelf: Shelf, count: int, *, without: Collection[PaperId] = ()
    ) -> list[tuple[PaperId, float]]:
        """The papers of `shelf` that fit best, with their scores, but those in `without`."""
        found = shelf.best(shelf.scores(self.weights), count + len(without))
        return [(paper_id, score) for paper_id, score in found if paper_id not in without][:count]

    def because(self, vector: Vector) -> Because | None:
        """The liked paper that `vector` has most in common with, if it is anything to speak of."""
        alike = [(vector.dot(liked.weights), paper_id) for paper_id, liked in self.liked.items()]
        most, paper_id = max(alike, default=(0.0, None))
        return None if paper_id is None or most < ALIKE else Because(paper_id, most)

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


def with_room(ordered: Sequence[PaperId], votes: Mapping[PaperId, int | None]) -> list[Place]:
    """A list that is ordered by taste, with every fifth place for something outside it: the most
    voted paper of the half that fits least."""
    inside, outside = list(ordered[: -(-len(ordered) // 2)]), list(ordered[-(-len(ordered) // 2) :])
    outside.sort(key=lambda paper_id: votes.get(paper_id) or 0, reverse=True)
    rest = {paper_id: place for place, paper_id in enumerate(ordered)}
    placed: list[Place] = []
    for number in range(1, len(ordered) + 1):
        if number % OUTSIDE == 0 and outside:
            chosen = outside.pop(0)
            placed.append(Place(chosen, outside=True))
        elif inside:
            chosen = inside.pop(0)
            placed.append(Place(chosen, outside=False))
        else:
            chosen = min(outside, key=rest.__getitem__)
            outside.remove(chosen)
            placed.append(Place(chosen, outside=False))
    return placed


def in_common(one: Paper, other: Paper, shelf: Shelf, count: int) -> list[str]:
    """The words, keywords and authors (after an `@`) that tell most of what two papers share."""
    there = named_traits(other)
    shared = [
        (strength * there[name] * shelf.telling(trait_number(name)) ** 2, name)
        for name, strength in named_traits(one).items()
        if name in there
    ]
    return [name for weight, name in sorted(shared, key=lambda s: (-s[0], s[1]))[:count] if weight]


def _lent(paper_id: PaperId, shelf: Shelf) -> dict[int, float]:
    return _lent_to(shelf[paper_id], paper_id, shelf)


def _lent_to(vector: Vector, paper_id: PaperId, shelf: Shelf) -> dict[int, float]:
    """What sets the papers near `vector` apart from all papers, the nearer ones counting more."""
    near = [
        (other, alike)
        for other, alike in shelf.nearest(vector, NEIGHBOURS + 1)
        if other != paper_id
    ][:NEIGHBOURS]
    sums: defaultdict[int, float] = defaultdict(float)
    whole = fsum(alike for _, alike in near)
    for other, alike in near:
        _add(sums, shelf[other].weights, alike / whole)
    return {number: weight - shelf.usual(number) for number, weight in sums.items()}


def _add(sums: defaultdict[int, float], weights: Mapping[int, float], times: float) -> None:
    for number, weight in weights.items():
        sums[number] += times * weight


def _spread(values: Sequence[float]) -> list[float]:
    """`values` around 0, in units of their own spread; all 0 where they are equal."""
    mean = fsum(values) / max(len(values), 1)
    spread = sqrt(fsum((value - mean) ** 2 for value in values) / max(len(values), 1))
    return [(value - mean) / spread if spread > 1e-12 else 0.0 for value in values]
