"""What was shown and what was said of it; lists in another order, with room for something new."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Final

from bot.domain.interests import Verdict
from bot.domain.papers import PaperId

OUTSIDE: Final = 5
"""One place in so many is for something outside the taste."""

WORTH: Final = {Verdict.LIKED: 1.0, Verdict.SAVED: 1.0, Verdict.DISMISSED: -1.5}
"""What a verdict counts for; others say nothing of taste."""


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
            sums[paper_id] += WORTH.get(verdict, 0.0)
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
class Placed:
    """A paper's place in a list that is ordered by taste."""

    paper_id: PaperId
    outside: bool
    """Whether it has its place because it is something else."""


def with_room(ordered: Sequence[PaperId], votes: Mapping[PaperId, int | None]) -> list[Placed]:
    """A list that is ordered by taste, with every fifth place for something outside it: the most
    voted paper of the half that fits least."""
    inside, outside = list(ordered[: -(-len(ordered) // 2)]), list(ordered[-(-len(ordered) // 2) :])
    outside.sort(key=lambda paper_id: votes.get(paper_id) or 0, reverse=True)
    rest = {paper_id: place for place, paper_id in enumerate(ordered)}
    placed: list[Placed] = []
    for number in range(1, len(ordered) + 1):
        if number % OUTSIDE == 0 and outside:
            chosen = outside.pop(0)
            placed.append(Placed(chosen, outside=True))
        elif inside:
            chosen = inside.pop(0)
            placed.append(Placed(chosen, outside=False))
        else:
            chosen = min(outside, key=rest.__getitem__)
            outside.remove(chosen)
            placed.append(Placed(chosen, outside=False))
    return placed
