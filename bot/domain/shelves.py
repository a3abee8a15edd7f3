"""Papers side by side: how telling a trait is among them, and which papers are near a paper.

A shelf is made from the traits of the papers that matter now, such as the newest ten thousand, and
lives in memory; the store keeps traits only. It never changes: when papers come, it is made anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.domain.papers import PaperId
from bot.domain.traits import STEPS, Traits

EVERYWHERE: Final = 0.4
"""Of the papers: a trait of more of them tells nothing."""
ENOUGH_TO_TELL: Final = 25
"""Papers from which on that is held against a trait."""
SOUGHT: Final = 64
"""Traits by which near papers are looked for: the heaviest."""

_Numbers: TypeAlias = NDArray[np.uint32]
_Weights: TypeAlias = NDArray[np.float64]
_Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """Some traits, by rising number, each with its weight. A paper's has length 1, or no traits
    where none tells anything."""

    numbers: _Numbers
    weights: _Weights

    def __len__(self) -> int:
        return len(self.numbers)

    def dot(self, other: "Vector") -> float:
        """How much of `other` is in this direction; between two papers, from 0 to 1."""
        places = _places(self.numbers, other.numbers)
        known = places >= 0
        return float(self.weights[known] @ other.weights[places[known]])

    def plus(self, other: "Vector", times: float) -> "Vector":
        """The sum of this and so many times the other."""
        numbers, places = np.unique(
            np.concatenate((self.numbers, other.numbers)), return_inverse=True
        )
        weights = np.concatenate((self.weights, times * other.weights))
        sums = np.zeros(len(numbers))
        np.add.at(sums, places, weights)
        return Vector(numbers, sums)

    def heaviest(self, count: int) -> Self:
        """Its largest weights, of whatever sign."""
        if len(self) <= count:
            return self
        sizes = np.abs(self.weights)
        least = np.partition(sizes, -count)[-count]
        [enough] = np.nonzero(sizes >= least)
        chosen = np.sort(enough[np.argsort(-sizes[enough], kind="stable")[:count]])
        return type(self)(self.numbers[chosen], self.weights[chosen])


class Shelf:
    """Papers that can be compared with each other and with any paper beside them."""

    def __init__(self, papers: Mapping[PaperId, Traits]) -> None:
        self._ids = sorted(papers)
        self._rows = {paper_id: row for row, paper_id in enumerate(self._ids)}
        traits = [papers[paper_id] for paper_id in self._ids]
        count = len(traits)
        numbers = np.frombuffer(b"".join(each.numbers.tobytes() for each in traits), np.uint32)
        strengths = np.frombuffer(b"".join(each.strengths for each in traits), np.uint8)
        self._numbers, columns, spread = np.unique(numbers, return_inverse=True, return_counts=True)
        self._telling = np.log1p(count / spread)
        if count >= ENOUGH_TO_TELL:
            self._telling[spread > EVERYWHERE * count] = 0.0
        lengths = [len(each.strengths) for each in traits]
        rows = np.repeat(np.arange(count, dtype=np.int32), lengths)
        raw = strengths / STEPS * self._telling[columns]
        norms = np.sqrt(np.bincount(rows, raw * raw, minlength=count))
        norms[norms == 0] = 1.0
        weights = (raw / norms[rows]).astype(np.float32)
        # Row by row: which traits a paper has, and how strongly.
        self._begins = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        self._columns = columns.astype(np.int32)
        self._weights = weights
        # Column by column: which papers have a trait, and how strongly.
        by_column = np.argsort(self._columns, kind="stable")
        self._column_begins = np.concatenate(([0], np.cumsum(spread)))
        self._having = rows[by_column]
        self._having_weights = weights[by_column]
        self._usual = np.bincount(columns, weights, minlength=len(self._numbers)) / max(count, 1)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, paper_id: object) -> bool:
        return paper_id in self._rows

    def __iter__(self) -> Iterator[PaperId]:
        return iter(self._ids)

    def __getitem__(self, paper_id: PaperId) -> Vector:
        row = self._row(paper_id)
        columns, weights = self._columns[row], self._weights[row]
        tells = weights > 0
        return Vector(self._numbers[columns[tells]], weights[tells].astype(np.float64))

    def vector(self, traits: Traits) -> Vector:
        """Any paper as a point among these. What no paper here has tells nothing, nor does what
        nearly all have; of the rest, the rarer tells the more."""
        numbers = np.frombuffer(traits.numbers, np.uint32)
        places = _places(numbers, self._numbers)
        known = places >= 0
        weights = np.frombuffer(traits.strengths, np.uint8)[known] / STEPS
        weights *= self._telling[places[known]]
        tells = weights > 0
        length = np.sqrt(weights @ weights)
        return Vector(numbers[known][tells], weights[tells] / (length or 1.0))

    def sum(self, shares: Mapping[PaperId, float], *, usual: float = 0.0) -> Vector:
        """Papers of the shelf, each so many times, less so many times the mean of all."""
        sums = -usual * self._usual
        for paper_id, times in shares.items():
            row = self._row(paper_id)
            sums[self._columns[row]] += times * self._weights[row]
        [places] = np.nonzero(sums)
        return Vector(self._numbers[places], sums[places])

    def nearest(self, vector: Vector, count: int) -> list[tuple[PaperId, float]]:
        """The papers that share most with `vector`, by its heaviest traits, the nearest first;
        those that share nothing are not among them."""
        return self.best(vector.heaviest(SOUGHT), count)

    def best(self, vector: Vector, count: int) -> list[tuple[PaperId, float]]:
        """The papers that have most of `vector`, and how much if it is above 0; of equal ones
        the newest first."""
        scores = np.zeros(len(self._ids))
        places = _places(vector.numbers, self._numbers)
        for place, weight in zip(places.tolist(), vector.weights.tolist(), strict=True):
            if place >= 0:
                having = slice(self._column_begins[place], self._column_begins[place + 1])
                scores[self._having[having]] += weight * self._having_weights[having]
        order = np.lexsort((-np.arange(len(scores)), -scores))[:count].tolist()
        return [(self._ids[row], float(scores[row])) for row in order if scores[row] > 0]

    def _row(self, paper_id: PaperId) -> slice:
        row = self._rows[paper_id]
        return slice(self._begins[row], self._begins[row + 1])


def _places(wanted: _Numbers, among: _Numbers) -> _Places:
    """Where each of `wanted` stands in `among`, which rises; -1 for those that do not."""
    if not len(among):
        return np.full(len(wanted), -1, dtype=np.int64)
    places = np.searchsorted(among, wanted)
    places[places == len(among)] = 0
    return np.where(among[places] == wanted, places, -1)
