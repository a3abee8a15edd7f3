"""Archives of made-up papers, as large as one likes, to measure look-ups on.

    python -m benchmarks.archive [--papers 100000] [--folder .benchmarks]

Lists are as long as today's, so what grows with an archive is its years: a million papers are
seven decades. Words, names and votes are spread as in life: a few are everywhere, most are rare,
and new authors never cease (24,290 on 5,488 papers, https://huggingface.co/papers in 2023 to
2025). Rows are written in bulk, for a bot reads and compares before it writes; a test holds that
they are the same rows. What is made once is kept in the folder.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import sqlite3
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from itertools import accumulate
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.text import fold
from bot.storage import schema
from bot.storage.database import open_database
from bot.storage.documents import Texts, first_of
from bot.storage.indexing import CURRENT
from bot.storage.papers import parts_of

VERSION: Final = 1
"""Count it up with every change of what is made, and it is made anew."""

FOLDER: Final = Path(".benchmarks")
SOURCE: Final = "huggingface"
LAST_DAY: Final = date(2026, 6, 30)
SHORTEST: Final = 20
LONGEST: Final = 60
"""Papers of a list."""

NOON: Final = time_of_day(12, tzinfo=UTC)
"""When lists are read, and again at two in the night."""

_TWO: Final = time_of_day(2, tzinfo=UTC)
_DAYS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Day:
    """A day's list as it was read at noon, and as it closed in the night after."""

    opened: Digest
    closed: Digest

    @property
    def read_at(self) -> tuple[datetime, datetime]:
        """When either was read."""
        after = self.opened.day + timedelta(days=1)
        return datetime.combine(self.opened.day, NOON), datetime.combine(after, _TWO)


# --- words --------------------------------------------------------------------------------

_LATIN: Final = """
the of a and to in we for is with that on as this our model from by are learning can language
data which training models large it an show be task method performance results these based
reasoning propose between across not while generation diffusion framework more has benchmark
approach existing efficient novel vision quality video visual

ba ke mi no tra ler sto pi qua xen form er vi th gra lu men so

an bel cae dor e fi gu hé jo ki la mo ni os pa ri sü ta vo wen yu zø

ber chen dé fang gar hol is jan kov lin mar nov ok pet ru son ta wu
"""
_COMMON, _SYLLABLES, _GIVEN, _FAMILY = map(str.split, _LATIN.split("\n\n"))
_HANGUL: Final = "가나다라마바사아자하거너더러머서어저고노도로모보소오조구누두루무부수우주"
_PARTICLES: Final = ("", "", "은", "을", "에서", "으로", "이", "의")
_HAN: Final = "学習模型数据方法言語生成推理図像測量効果時間空間文書記憶質問回答"
_KANA: Final = ("は", "を", "に", "から", "で", "と", "の")


class Words:
    """The words of a made-up world, the most frequent first."""

    def __init__(self, chance: random.Random) -> None:
        self.english = _distinct(_COMMON, lambda: _made(chance, _SYLLABLES, 2, 5), 120_000)
        self.korean = _distinct([], lambda: _made(chance, _HANGUL, 2, 3), 8_000)
        self.han = _distinct([], lambda: _made(chance, _HAN, 2, 2), 400)
        self.given = _distinct([], lambda: _made(chance, _GIVEN, 2, 3).title(), 3_000)
        self.family = _distinct([], lambda: _made(chance, _FAMILY, 1, 4).title(), 20_000)


def _made(chance: random.Random, syllables: Sequence[str], least: int, most: int) -> str:
    return "".join(chance.choices(syllables, k=chance.randint(least, most)))


def _distinct(known: Sequence[str], make: Callable[[], str], count: int) -> list[str]:
    words = dict.fromkeys(known)
    while len(words) < count:
        words[make()] = None
    return list(words)


class _Text:
    """Running text of Zipf's law: a word is as rare as its place in the list is far back.

    It is written ahead and read from anywhere, for drawing each word anew would take longer than
    all the rest.
    """

    _AHEAD: Final = 200_000

    def __init__(self, chance: random.Random, words: Sequence[str]) -> None:
        self._chance = chance
        self._words = words
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
        self._left = 0

    def words(self, count: int) -> list[str]:
        if self._left <= 0:
            self._written = self._chance.choices(
                self._words, cum_weights=self._weights, k=self._AHEAD
            )
            self._left = 4 * self._AHEAD  # read four times over
        self._left -= count
        at = self._chance.randrange(self._AHEAD - count)
        return self._written[at : at + count]


# --- papers -------------------------------------------------------------------------------

_MENTIONS_REMEMBERED: Final = 1_000_000
"""Names on papers back to which somebody writes again: ten years or so, a career."""


class World:
    """Days of papers, the same for the same seed, oldest first."""

    def __init__(self, papers: int, *, seed: int = 1) -> None:
        self._papers = papers
        self._seed = seed
        self.words = Words(random.Random(seed))

    def days(self) -> Iterator[Day]:
        """All of its lists, one a day, until `LAST_DAY`."""
        chance = random.Random(self._seed)
        lengths = list(_lengths(self._papers, chance))
        maker = _Maker(chance, self.words)
        first = LAST_DAY - timedelta(days=len(lengths) - 1)
        for number, length in enumerate(lengths):
            yield maker.day(first + timedelta(days=number), length)


def _lengths(papers: int, chance: random.Random) -> Iterator[int]:
    while papers:
        length = min(chance.randint(SHORTEST, LONGEST), papers)
        yield length
        papers -= length


class _Maker:
    def __init__(self, chance: random.Random, words: Words) -> None:
        self._chance = chance
        self._english = _Text(chance, words.english)
        self._korean = _Text(chance, words.korean)
        self._han = _Text(chance, words.han)
        self._given = _Text(chance, words.given)
        self._family = _Text(chance, words.family)
        self._names: list[str] = []
        self._taken: set[str] = set()
        self._mentions = array("I")
        self._mentioned = 0
        self._month = ""
        self._in_month = 0
        self._recent: list[Paper] = []

    def day(self, day: date, length: int) -> Day:
        papers = [self._paper(day) for _ in range(length)]
        # Six of twenty thousand entries are of a paper that had been on another list.
        if self._recent and self._chance.random() < 0.0003 * length:
            papers[-1] = self._chance.choice(self._recent)
        self._recent = papers
        final = [self._votes() for _ in papers]
        early = [None if v is None else v - self._chance.randint(0, min(v, 9)) for v in final]
        return Day(_listed(day, papers, early), _listed(day, papers, final))

    def _votes(self) -> int | None:
        if self._chance.random() < 0.01:
            return None
        return min(int(self._chance.lognormvariate(2.3, 1.0)), 600)

    def _paper(self, day: date) -> Paper:
        chance, english = self._chance, self._english
        if self._month != (month := f"{day:%y%m}"):
            self._month, self._in_month = month, 0
        self._in_month += 1
        name = " ".join(english.words(2))
        return Paper(
            id=PaperId(f"{month}.{self._in_month:05}"),
            title=" ".join(english.words(chance.randint(5, 13))).capitalize(),
            authors=tuple(self._authors()),
            abstract=". ".join(
                " ".join(english.words(chance.randint(12, 30))).capitalize() for _ in range(6)
            )
            + ".",
            code_url=f"https://github.com/example/{name.replace(' ', '-')}"
            if chance.random() < 0.4
            else None,
            stars=int(chance.lognormvariate(3, 2)) if chance.random() < 0.4 else None,
            organization=name.title() if chance.random() < 0.3 else "",
            keywords=tuple(
                " ".join(english.words(chance.randint(1, 3))) for _ in range(chance.randint(0, 6))
            ),
            summaries=tuple(self._summaries()),
        )

    def _summaries(self) -> Iterator[Summary]:
        """Of half of the papers Korean bullets, of some Japanese or Chinese ones; of most an
        English one."""
        kind = self._chance.random()
        if kind < 0.5:
            bullets = [" ".join(self._korean_words(14)) + "." for _ in range(3)]
            yield _summary("ko", SummaryOrigin.DIGEST, bullets)
        elif kind < 0.55:
            bullets = [
                "".join(w + self._chance.choice(_KANA) for w in self._han.words(8)) + "。"
                for _ in range(3)
            ]
            yield _summary("ja", SummaryOrigin.DIGEST, bullets)
        elif kind < 0.6:
            bullets = ["".join(self._han.words(12)) + "。" for _ in range(3)]
            yield _summary("zh", SummaryOrigin.DIGEST, bullets)
        if self._chance.random() < 0.8:
            text = " ".join(self._english.words(25)).capitalize() + "."
            yield _summary("en", SummaryOrigin.HUGGING_FACE, [text])

    def _korean_words(self, count: int) -> Iterator[str]:
        for word in self._korean.words(count):
            yield word + self._chance.choice(_PARTICLES)

    def _authors(self) -> Iterable[str]:
        chance = self._chance
        if chance.random() < 0.001:
            count = chance.randint(100, 400)
        else:
            count = min(1 + int(chance.expovariate(1 / 7)), 60)
        numbers = dict.fromkeys(self._author() for _ in range(count))
        return [self._names[number] for number in numbers]

    def _author(self) -> int:
        """Somebody new, or whoever is drawn from the names on papers: the prolific more often."""
        self._mentioned += 1
        # Heaps' law, as steep as life is: 24,290 names of some 45,000 mentions.
        if len(self._names) < 2.7 * self._mentioned**0.85:
            number = len(self._names)
            self._names.append(self._name())
        else:
            number = self._mentions[self._chance.randrange(len(self._mentions))]
        if len(self._mentions) < _MENTIONS_REMEMBERED:
            self._mentions.append(number)
        else:
            self._mentions[self._mentioned % _MENTIONS_REMEMBERED] = number
        return number

    def _name(self) -> str:
        if self._chance.random() < 0.02:
            given = ["".join(self._chance.choices(_HANGUL, k=3))]
        else:
            given = self._given.words(1)
        family = self._family.words(1)[0]
        while (name := " ".join([*given, family])) in self._taken:
            given.append(f"{self._chance.choice('ABCDEFGHJKLMNPRSTVWY')}.")
        self._taken.add(name)
        return name


def _summary(language: str, origin: SummaryOrigin, bullets: Iterable[str]) -> Summary:
    return Summary(language=language, origin=origin, bullets=tuple(map(Bullet, bullets)))


def _listed(day: date, papers: Iterable[Paper], votes: Iterable[int | None]) -> Digest:
    listings = (
        Listing(paper=paper, upvotes=upvotes, live=True)
        for paper, upvotes in zip(papers, votes, strict=True)
    )
    return Digest.of(day, listings)


# --- writing ------------------------------------------------------------------------------

_Row: TypeAlias = tuple[Any, ...]

Batch: TypeAlias = list[tuple[str, list[_Row]]]
"""Statements, each with the rows to insert."""

_DIALECT: Final = sqlite.dialect(json_serializer=partial(json.dumps, ensure_ascii=False))

_ADD_WORDS: Final = "INSERT INTO search (rowid, title, points, abstract) VALUES (?, ?, ?, ?)"
_ADD_TITLE: Final = "INSERT INTO search_titles (rowid, title) VALUES (?, ?)"


class _Statement:
    """An INSERT of whole rows, as SQLAlchemy would write their values."""

    def __init__(self, table: Table) -> None:
        columns = [column.name for column in table.columns]
        self.sql = (
            f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608 - our own names
            f"VALUES ({', '.join('?' * len(columns))})"
        )
        made = [c.type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for c in table.columns]
        self._written = [(place, write) for place, write in enumerate(made) if write is not None]

    def written(self, row: _Row) -> _Row:
        values = list(row)
        for place, write in self._written:
            values[place] = write(values[place])
        return tuple(values)


class _Rows:
    """The rows that saving lists would write, made from many days at once."""

    def __init__(self) -> None:
        self._statements = {
            table: _Statement(table)
            for table in (
                *(schema.papers, schema.authors, schema.author_parts, schema.paper_authors),
                *(schema.summaries, schema.lists, schema.listings, schema.votes),
            )
        }
        self._rows: defaultdict[Table, list[_Row]] = defaultdict(list)
        self._words: list[_Row] = []
        self._author_ids: dict[str, int] = {}
        self._known: set[PaperId] = set()
        self._days = 0

    def take(self, day: Day) -> None:
        """One day's list, read twice."""
        opened, closed = day.opened, day.closed
        noon, night = day.read_at
        places = {listing.paper.id: place for place, listing in enumerate(closed)}
        final = {listing.paper.id: listing.upvotes for listing in closed}
        for number, listing in enumerate(opened):
            paper, early = listing.paper, listing.upvotes
            if paper.id not in self._known:
                self._take_paper(paper)
            document, votes = first_of(opened.day) + number, final[paper.id]
            self._rows[schema.listings].append(
                (opened.day, paper.id.value, document, places[paper.id], votes, True, noon)
            )
            seen = [(noon, early)] if votes == early else [(noon, early), (night, votes)]
            self._rows[schema.votes] += [
                (paper.id.value, opened.day, at.date(), count)
                for at, count in seen
                if count is not None
            ]
            self._words.append((document, *Texts.of(paper).columns().values()))
        self._days += 1
        self._rows[schema.lists].append(
            (self._days, opened.day, SOURCE, noon, night, True, 2, len(opened))
        )

    def given(self) -> Batch:
        """All that was made, and no more of it."""
        batch = [
            (self._statements[table].sql, [self._statements[table].written(row) for row in rows])
            for table, rows in self._rows.items()
        ]
        batch += [(_ADD_WORDS, self._words), (_ADD_TITLE, [row[:2] for row in self._words])]
        self._rows.clear()
        self._words = []
        return batch

    def _take_paper(self, paper: Paper) -> None:
        self._known.add(paper.id)
        self._rows[schema.papers].append(
            (
                *(paper.id.value, paper.title, paper.abstract, list(paper.media)),
                *(paper.code_url, paper.stars, paper.project_url),
                *(paper.organization, list(paper.keywords)),
            )
        )
        for position, name in enumerate(paper.authors):
            author_id = self._author_ids.get(name) or self._take_author(name)
            self._rows[schema.paper_authors].append((paper.id.value, position, author_id))
        for summary in paper.summaries:
            bullets = [{"text": bullet.text, "label": bullet.label} for bullet in summary.bullets]
            self._rows[schema.summaries].append(
                (paper.id.value, summary.language, summary.origin.value, bullets)
            )

    def _take_author(self, name: str) -> int:
        author_id = self._author_ids[name] = len(self._author_ids) + 1
        self._rows[schema.authors].append((author_id, name, fold(name)))
        self._rows[schema.author_parts] += [(part, author_id) for part in parts_of(name)]
        return author_id


def batches(days: Iterable[Day]) -> Iterator[Batch]:
    """What is written for `days`, each read at noon and in the night after."""
    rows = _Rows()
    for number, day in enumerate(days, start=1):
        rows.take(day)
        if number % _DAYS_AT_ONCE == 0:
            yield rows.given()
    yield rows.given()


def write(file: Path, batches: Iterable[Batch]) -> None:
    """Write batches into the empty database `file`, which `open_database` made."""
    with closing(sqlite3.connect(file)) as connection:
        # Whatever happens to an archive half-made, it is made anew.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for batch in batches:
            for statement, rows in batch:
                connection.executemany(statement, rows)
            connection.commit()
        for _, sql in indexes:
            connection.execute(sql)
        connection.commit()


def _made_elsewhere(papers: int) -> Iterator[Batch]:
    """Batches of a new world, made in a process of its own: it takes as long as to write them."""
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(papers, other_end), daemon=True)
    process.start()
    other_end.close()
    try:
        while (batch := pipe.recv()) is not None:
            yield batch
    finally:
        process.terminate()
        process.join()


def _make(papers: int, pipe: "Connection[object, object]") -> None:
    for batch in batches(World(papers).days()):
        pipe.send(batch)
    pipe.send(None)


def archive(papers: int, folder: Path = FOLDER) -> Path:
    """The file of an archive of so many listed papers, which is made unless it is there."""
    version = "-".join([str(VERSION), *CURRENT.split()])
    file = folder / f"archive-{papers}-{version}.db"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished.db")
        unfinished.unlink(missing_ok=True)
        began = time.perf_counter()
        asyncio.run(_make_tables(unfinished))
        write(unfinished, _made_elsewhere(papers))
        unfinished.rename(file)
        seconds = time.perf_counter() - began
        print(f"{papers:,} papers made in {seconds:.0f} s ({papers / seconds:,.0f} a second)")
    print(f"{file}: {file.stat().st_size / 1e6:,.0f} MB")
    return file


async def _make_tables(file: Path) -> None:
    url = f"sqlite+aiosqlite:///{file}"
    async with open_database(url) as database, database.transaction() as stores:
        await stores.lists.note_success(SOURCE, datetime.combine(LAST_DAY, NOON))


def main() -> None:
    """Make an archive, and say how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    archive(options.papers, options.folder)


if __name__ == "__main__":
    main()
