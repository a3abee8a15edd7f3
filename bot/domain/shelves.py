"""Papers side by side: how telling a trait is among them, and which papers are near a paper.

A shelf is made from the traits of the papers that matter now, such as the newest ten thousand, and
lives in memory; the store keeps traits only. Papers that come later are added: their traits count
from then on, while the vectors that are there stay as they are until the shelf is made anew.
"""

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.papers import PaperId
from bot.domain.traits import Traits

EVERYWHERE: Final = 0.4
"""Of the papers: a trait of more of them tells nothing."""
ENOUGH_TO_TELL: Final = 25
"""Papers from which on that is held against a trait."""
SOUGHT: Final = 64
"""Traits by which near papers are looked for: the heaviest."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A paper as a point: traits by number, of length 1 altogether (or none, of an empty text)."""

    weights: Mapping[int, float]

    def dot(self, other: Mapping[int, float]) -> float:
        """How much of `other` is in this direction; for another vector, from 0 to 1."""
        get = other.get
        return math.fsum(
            weight * there
            for number, weight in self.weights.items()
            if (there := get(number)) is not None
        )


class Shelf:
    """Papers that can be compared with each other and with any paper beside them."""

    def __init__(self, papers: Mapping[PaperId, Traits]) -> None:
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._papers = 0
        self._vectors: dict[PaperId, Vector] = {}
        self._ids: list[PaperId] = []
        self._postings: dict[int, tuple[array[int], array[float]]] = {}
        self._sums: defaultdict[int, float] = defaultdict(float)
        ordered = sorted(papers.items())
        for _, traits in ordered:
            self._count(traits)
        for paper_id, traits in ordered:
            self._place(paper_id, traits)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, paper_id: object) -> bool:
        return paper_id in self._vectors

    def __iter__(self) -> Iterator[PaperId]:
        return iter(self._ids)

    def __getitem__(self, paper_id: PaperId) -> Vector:
        return self._vectors[paper_id]

    def add(self, paper_id: PaperId, traits: Traits) -> None:
        """One more paper; one that is there already stays as it is."""
        if paper_id not in self._vectors:
            self._count(traits)
            self._place(paper_id, traits)

    def telling(self, number: int) -> float:
        """How much a trait tells, the rarer the more; 0 of one that nearly all papers have, and
        of one that none has: it can be in common with nothing here."""
        count = self._counts.get(number, 0)
        if count == 0 or (self._papers >= ENOUGH_TO_TELL and count > EVERYWHERE * self._papers):
            return 0.0
        return math.log1p(self._papers / count)

    def vector(self, traits: Traits) -> Vector:
        """Any paper as a point among these."""
        raw = {
            number: strength * telling
            for number, strength in traits
            if (telling := self.telling(number))
        }
        length = math.sqrt(math.fsum(weight * weight for weight in raw.values()))
        return Vector({number: weight / length for number, weight in raw.items()})

    def usual(self, number: int) -> float:
        """The weight of a trait in the mean of all papers here."""
        return self._sums.get(number, 0.0) / max(len(self._ids), 1)

    def scores(self, weights: Mapping[int, float]) -> list[float]:
        """How much of `weights` is in each paper, in the order of the shelf."""
        scores = [0.0] * len(self._ids)
        for number in sorted(weights):
            if (posting := self._postings.get(number)) is not None:
                weight = weights[number]
                for place, there in zip(*posting, strict=True):
                    scores[place] += weight * there
        return scores

    def nearest(self, vector: Vector, count: int) -> list[tuple[PaperId, float]]:
        """The papers that share most with `vector`, by its heaviest traits, the nearest first;
        those that share nothing are not among them."""
        return self.best(self.scores(heaviest(vector.weights, SOUGHT)), count)

    def best(self, scores: Iterable[float], count: int) -> list[tuple[PaperId, float]]:
        """The papers of the highest `scores` above 0, of equal ones the newest first."""
        above = ((score, place) for place, score in enumerate(scores) if score > 0)
        return [(self._ids[place], score) for score, place in heapq.nlargest(count, above)]

    def _count(self, traits: Traits) -> None:
        self._papers += 1
        for number in traits.numbers:
            self._counts[number] += 1

    def _place(self, paper_id: PaperId, traits: Traits) -> None:
        vector = self.vector(traits)
        self._vectors[paper_id] = vector
        place = len(self._ids)
        self._ids.append(paper_id)
        for number, weight in vector.weights.items():
            posting = self._postings.get(number)
            if posting is None:
                posting = self._postings[number] = (array("I"), array("f"))
            posting[0].append(place)
            posting[1].append(weight)
            self._sums[number] += weight


def heaviest(weights: Mapping[int, float], count: int) -> dict[int, float]:
    """The `count` largest of `weights`, of whatever sign."""
    if len(weights) <= count:
        return dict(weights)
    largest = heapq.nlargest(count, weights.items(), key=lambda item: (abs(item[1]), item[0]))
    return dict(largest)
