"""Made-up papers with known subjects, to measure on what fits a reader.

The words and names are those of `benchmarks.archive`; what is added is what papers are about.
Subjects lie in fields: a subject has words of its own and shares others with its field. A paper is
of one subject, or of two; of its words most are everybody's, by Zipf's law, some are of its field
and some of its subjects, in the title more than in the abstract. Half of the papers have Korean
bullets, a fifth has no abstract (as in digests), most have keywords. Authors write on the subject
of their group, or elsewhere. Some subjects have more papers and votes than others.

How much of a text is of its subject was set so that papers of one subject are told from others
about as hard as in recorded lists: with an AUC of 0.76 by their words, where papers with related
keywords have 0.74.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import Final

from benchmarks.archive import LAST_DAY, Words
from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin

FIELDS: Final = 12
SUBJECTS: Final = 5
"""Of a field."""
SHORTEST: Final = 20
LONGEST: Final = 30
"""Papers of a list."""

OWN_WORDS: Final = 60
FIELD_WORDS: Final = 150
GROUP: Final = 60
"""Authors of a subject."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of a text is of the paper's subject, and of its field."""

    subject: float
    field: float


TITLE: Final = Shares(0.14, 0.10)
TEXT: Final = Shares(0.035, 0.035)
KEYWORD: Final = Shares(0.20, 0.15)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's list, and how much each of its papers is about which subject."""

    digest: Digest
    about: Mapping[PaperId, Mapping[int, float]]


class _Draw:
    """Things of Zipf's law: the further back, the rarer."""

    def __init__(self, chance: random.Random, things: Sequence[str], *, flat: float = 2.7) -> None:
        self._chance = chance
        self._things = things
        self._weights = list(accumulate(1 / (rank + flat) for rank in range(len(things))))

    def one(self) -> str:
        return self._chance.choices(self._things, cum_weights=self._weights)[0]


@dataclass(frozen=True, slots=True)
class _Subject:
    english: _Draw
    korean: _Draw
    field_english: _Draw
    field_korean: _Draw
    group: _Draw
    likes: float
    """How much it adds to the logarithm of the votes."""


class World:
    """Days of papers, the same for the same seed, oldest first."""

    def __init__(self, days: int, *, seed: int) -> None:
        self._days = days
        self._chance = chance = random.Random(seed)
        words = Words(random.Random(1))
        self._english = _Draw(chance, words.english[:30_000])
        self._korean = _Draw(chance, words.korean)
        self._names = _Draw(
            chance,
            [f"{chance.choice(words.given)} {chance.choice(words.family)}" for _ in range(9_000)],
            flat=300,
        )
        self._subjects = [s for _ in range(FIELDS) for s in self._field(words)]
        order = chance.sample(range(len(self._subjects)), len(self._subjects))
        self._order = order
        self._weights = list(accumulate(1 / (rank + 8) for rank in range(len(order))))
        self._recently: str = ""
        self._in_month = 0

    @property
    def subjects(self) -> int:
        """How many there are."""
        return len(self._subjects)

    def popular(self) -> int:
        """A subject, the popular ones more often."""
        return self._chance.choices(self._order, cum_weights=self._weights)[0]

    def days(self) -> Iterator[Day]:
        """All of its lists, until `LAST_DAY`."""
        for left in reversed(range(self._days)):
            day = LAST_DAY - timedelta(days=left)
            listings: list[Listing] = []
            about: dict[PaperId, Mapping[int, float]] = {}
            for _ in range(self._chance.randint(SHORTEST, LONGEST)):
                shares = self._about()
                month = f"{day:%y%m}"
                if month != self._recently:
                    self._recently, self._in_month = month, 0
                self._in_month += 1
                paper = self._paper(PaperId(f"{month}.{self._in_month:05}"), shares)
                about[paper.id] = shares
                likes = sum(self._subjects[s].likes * share for s, share in shares.items())
                votes = min(int(self._chance.lognormvariate(2.3 + likes, 0.9)), 600)
                listings.append(Listing(paper=paper, upvotes=votes, live=True))
            yield Day(Digest.of(day, listings), about)

    def _field(self, words: Words) -> Iterator[_Subject]:
        chance = self._chance
        # Telling words are neither everybody's nor nobody's.
        english = chance.sample(words.english[40:9_000], FIELD_WORDS)
        korean = chance.sample(words.korean[20:3_000], FIELD_WORDS)
        for _ in range(SUBJECTS):
            yield _Subject(
                english=_Draw(chance, chance.sample(words.english[40:9_000], OWN_WORDS)),
                korean=_Draw(chance, chance.sample(words.korean[20:3_000], OWN_WORDS)),
                field_english=_Draw(chance, english),
                field_korean=_Draw(chance, korean),
                group=_Draw(chance, [self._names.one() for _ in range(GROUP)], flat=8),
                likes=chance.gauss(0, 0.4),
            )

    def _about(self) -> dict[int, float]:
        first, second = self.popular(), self.popular()
        if self._chance.random() < 0.35 and first != second:
            return {first: 0.65, second: 0.35}
        return {first: 1.0}

    def _words(self, shares: Mapping[int, float], count: int, of: Shares) -> list[str]:
        return [self._word(shares, of, korean=False) for _ in range(count)]

    def _word(self, shares: Mapping[int, float], of: Shares, *, korean: bool) -> str:
        chance = self._chance
        subject = self._subjects[chance.choices(list(shares), weights=list(shares.values()))[0]]
        kind = chance.random()
        if kind < of.subject:
            return (subject.korean if korean else subject.english).one()
        if kind < of.subject + of.field:
            return (subject.field_korean if korean else subject.field_english).one()
        return (self._korean if korean else self._english).one()

    def _paper(self, paper_id: PaperId, shares: Mapping[int, float]) -> Paper:
        chance = self._chance
        names = dict.fromkeys(
            self._subjects[next(iter(shares))].group.one()
            if chance.random() < 0.25
            else self._names.one()
            for _ in range(min(1 + int(chance.expovariate(1 / 6)), 40))
        )
        summaries = []
        if chance.random() < 0.5:
            bullets = [
                " ".join(
                    self._word(shares, TEXT, korean=True) + chance.choice(_PARTICLES)
                    for _ in range(14)
                )
                for _ in range(3)
            ]
            summaries.append(_summary("ko", SummaryOrigin.DIGEST, bullets))
        if chance.random() < 0.8:
            text = " ".join(self._words(shares, 25, TITLE))
            summaries.append(_summary("en", SummaryOrigin.HUGGING_FACE, [text]))
        return Paper(
            id=paper_id,
            title=" ".join(self._words(shares, chance.randint(5, 13), TITLE)).capitalize(),
            authors=tuple(names),
            abstract=" ".join(self._words(shares, chance.randint(90, 180), TEXT))
            if chance.random() < 0.8
            else "",
            keywords=tuple(
                " ".join(self._words(shares, chance.randint(1, 2), KEYWORD))
                for _ in range(chance.choice((0, 3, 4, 5, 6)))
            ),
            summaries=tuple(summaries),
        )


_PARTICLES: Final = ("", "", "은", "을", "에서", "으로", "이", "의")


def _summary(language: str, origin: SummaryOrigin, bullets: Sequence[str]) -> Summary:
    return Summary(language=language, origin=origin, bullets=tuple(map(Bullet, bullets)))
