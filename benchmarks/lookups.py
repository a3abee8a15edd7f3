"""How long look-ups take, beside the bare statements that give the same rows.

    python -m benchmarks.lookups [--papers 100000 1000000] [--folder .benchmarks]

Everything that people may look up is asked of archives of made-up papers (`benchmarks.archive`),
each as its command asks it, and rendered, the snippets in which the words stand out included. The
floor is what the bare `sqlite3` module takes, in one thread, for the very statements that were made
for it. Each question is asked several times, the
ways in turn, and the best of each counts, since other programs only ever add; p50 and p99 are over
questions. Then many are asked at once, as they come, and a heartbeat tells for how long the event
loop was held up. Times are of this machine; what travels is the ratios.
"""

import argparse
import asyncio
import gc
import logging
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Engine, event

from benchmarks.archive import FOLDER, LAST_DAY, NOON, SOURCE, World, archive
from bot import services
from bot.domain.lookups import (
    About,
    Answer,
    Candidates,
    PaperRecord,
    Period,
    Question,
    Snippet,
)
from bot.domain.papers import Paper, PaperId
from bot.domain.queries import Query
from bot.rendering import answers
from bot.rendering.about import about_card
from bot.rendering.records import record_card
from bot.services.finding import Finding
from bot.services.learning import Learning
from bot.storage.database import open_database

QUESTIONS: Final = 60
"""Of each kind."""
ROUNDS: Final = 5
AT_ONCE: Final = 50
"""Autocompletes that are asked together."""
SEARCHES_AT_ONCE: Final = 240
TIMES: Final = 5
"""That so many are asked together."""
WATCHED: Final = 10
"""Questions of each kind that are asked while asyncio looks for slow steps."""
IDLE: Final = 1.0
"""Seconds of a heartbeat while nothing is asked: what the machine does by itself."""

LANGUAGE: Final = "ko"
"""The readers': their dates and numbers are the more work."""

ALLOWED: Final = 1.5
"""Times the floor and the rendering that a search and an author may take."""
ALLOWED_TYPING: Final = 300.0
"""Milliseconds: a tenth of what Discord waits."""
ALLOWED_GROWTH: Final = 2.0
ALLOWED_LAG: Final = 50.0
"""Milliseconds for which the event loop may be held up."""

BEAT: Final = 0.005
"""Seconds between two beats of the heart."""

Ask: TypeAlias = Callable[[Finding], Awaitable[object]]
Statements: TypeAlias = Sequence[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of look-up. Kinds of one `group` share a goal."""

    name: str
    group: str
    asks: Sequence[Ask]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    values: Sequence[float]

    def at(self, percent: int) -> float:
        ordered = sorted(self.values)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]

    def __str__(self) -> str:
        return f"{self.at(50):8.2f} {self.at(99):8.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One kind: for each of its questions the look-up, its rendering, and the floor."""

    finding: Times
    rendering: Times
    floor: Times

    @property
    def whole(self) -> Times:
        """What a reader waits for us."""
        return _sum(self.finding, self.rendering)

    @property
    def least(self) -> Times:
        """What they would wait for bare statements."""
        return _sum(self.floor, self.rendering)

    def ratio(self, percent: int) -> float:
        return self.whole.at(percent) / self.least.at(percent)


def _sum(some: Times, others: Times) -> Times:
    return Times([a + b for a, b in zip(some.values, others.values, strict=True)])


# --- what is asked ------------------------------------------------------------------------


class Questions:
    """Questions about an archive, the same each time."""

    def __init__(self, file: Path, papers: int) -> None:
        self._chance = random.Random(7)
        self._words = World(papers).words
        with closing(sqlite3.connect(file)) as connection:
            self._days = [row[0] for row in connection.execute("SELECT day FROM lists")]
            self._papers = self._some(
                connection, "papers", "SELECT id, title FROM papers WHERE rowid = ?"
            )
            self.a_paper = PaperId(self._papers[0][0])
            mentioned = "SELECT author_id FROM paper_authors WHERE rowid = ?"
            # Of as many papers in a small archive as in a large one.
            self._authors = [
                row
                for (author_id,) in self._some(connection, "paper_authors", mentioned, 20)
                if 5 <= (row := _author(connection, author_id))[2] <= 50
            ][:QUESTIONS]
            often = self._some(connection, "paper_authors", mentioned, 20)
            everybody = {_author(connection, author_id) for (author_id,) in often}
            self._prolific = sorted(everybody, key=lambda row: -row[2])[:10]

    def _some(
        self, connection: sqlite3.Connection, table: str, query: str, times: int = 1
    ) -> list[Any]:
        last = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]  # noqa: S608
        return [
            connection.execute(query, [self._chance.randint(1, last)]).fetchone()
            for _ in range(times * QUESTIONS)
        ]

    def kinds(self) -> Iterator[Kind]:
        """Every kind of look-up."""
        yield Kind(
            "day", "day", [_asks_day(day) for day in self._chance.choices(self._days, k=QUESTIONS)]
        )
        names = [name for _, name, _ in self._authors]
        families = [name.split()[-1] for name in names]
        yield Kind("author: a name", "author", [_asks_name(name) for name in names])
        yield Kind("author: a family name", "author", [_asks_name(name) for name in families])
        initials = [f"{name[0]}. {name.split()[-1]}" for name in names]
        yield Kind("author: an initial", "author", [_asks_name(name) for name in initials])
        yield Kind("author: chosen", "author", [_asks_name(f"#{row[0]}") for row in self._authors])
        yield Kind(
            "most prolific author", "prolific", [_asks_name(f"#{row[0]}") for row in self._prolific]
        )
        yield from self._searches()
        yield Kind("show", "show", [_asks_record(id_) for id_, _ in self._papers])
        for period in Period:
            yield Kind(f"top: {period}", "top", [_asks_best(period)] * 5)
        yield Kind("about", "about", [lambda finding: finding.about()] * 5)
        yield from self._typing()

    def _searches(self) -> Iterator[Kind]:
        chance, english, korean = self._chance, self._words.english, self._words.korean
        common = english[2:50]
        known = english[50:2_000]
        rare = english[5_000:60_000]

        def searches(name: str, make: Callable[[], str], **narrowed: Any) -> Kind:
            return Kind(
                f"search: {name}",
                "search",
                [_asks_search(make(), **narrowed) for _ in range(QUESTIONS)],
            )

        yield searches("a common word", lambda: chance.choice(common))
        yield searches("a word", lambda: chance.choice(known))
        yield searches("a rare word", lambda: chance.choice(rare))
        yield searches("two words", lambda: " ".join(chance.sample(known, 2)))
        yield searches("a beginning", lambda: chance.choice(rare)[:5])
        yield searches(
            "a phrase", lambda: f'"{" ".join(chance.choice(self._papers)[1].split()[:2])}"'
        )
        yield searches("one without", lambda: f"{chance.choice(known)} -{chance.choice(common)}")
        yield searches("Korean", lambda: chance.choice(korean[:2_000]))
        yield searches("Korean, a part", lambda: chance.choice(korean[:2_000])[:2])
        yield searches("since a year", lambda: chance.choice(known), since="2025-07-01")
        yield searches("until long ago", lambda: chance.choice(known), until="2024-01-31")
        yield searches("many votes", lambda: chance.choice(known), min_votes=100)
        yield Kind(
            "search: of an author",
            "search",
            [
                _asks_search(chance.choice(common), author=f"#{author_id}")
                for author_id, _, _ in self._authors
            ],
        )

    def common(self) -> Sequence[str]:
        """Words that many papers have."""
        return self._words.english[2:22]

    def _typing(self) -> Iterator[Kind]:
        """Autocompletes, at every letter."""
        titles = [title[:length] for _, title in self._papers for length in (1, 2, 3, 5, 12, 20)]
        names = [name for _, name, _ in self._authors]
        names = [name[:length] for name in names for length in (1, 2, 3, 5, 8)]
        days = [day[:length] for day in self._days[-QUESTIONS:] for length in (0, 2, 4, 6, 9, 10)]
        for name, make, typed in (
            ("titles", _asks_titles, titles),
            ("authors", _asks_authors, names),
            ("days", _asks_days, days),
        ):
            asks = [make(text) for text in self._chance.sample(typed, QUESTIONS)]
            yield Kind(f"typing: {name}", "typing", asks)


def _author(connection: sqlite3.Connection, author_id: int) -> tuple[int, str, int]:
    """An author's number, name and number of papers."""
    row: tuple[int, str, int] = connection.execute(
        "SELECT id, name, (SELECT count(*) FROM paper_authors WHERE author_id = authors.id) "
        "FROM authors WHERE id = ?",
        [author_id],
    ).fetchone()
    return row


def _asks(make: Callable[[Finding], Awaitable[Question]]) -> Ask:
    async def ask(finding: Finding) -> object:
        return await finding.answer(await make(finding), language=LANGUAGE)

    return ask


def _asks_day(day: str) -> Ask:
    return _asks(lambda finding: finding.on_day(day, language=LANGUAGE))


def _asks_best(period: Period) -> Ask:
    return _asks(lambda finding: finding.best(period))


def _asks_search(query: str, **narrowed: Any) -> Ask:
    given = {"author": None, "since": None, "until": None, "min_votes": None, **narrowed}
    return _asks(lambda finding: finding.search(query, language=LANGUAGE, **given))


def _asks_name(name: str) -> Ask:
    async def ask(finding: Finding) -> object:
        found = await finding.by_author(name)
        if isinstance(found, Candidates):
            return found
        return await finding.answer(found, language=LANGUAGE)

    return ask


def _asks_record(paper_id: str) -> Ask:
    return lambda finding: finding.record(PaperId(paper_id))


def _asks_titles(typed: str) -> Ask:
    return lambda finding: finding.titles(typed)


def _asks_authors(typed: str) -> Ask:
    return lambda finding: finding.authors(typed)


def _asks_days(typed: str) -> Ask:
    return lambda finding: finding.days(typed, language=LANGUAGE)


def render(found: object) -> None:
    """What the cogs make of an answer."""
    match found:
        case Answer():
            answers.page(found, language=LANGUAGE)
            answers.paper_options(found.entries, first=1, language=LANGUAGE)
        case Candidates():
            answers.candidates(found, language=LANGUAGE)
            answers.author_options(found.authors, language=LANGUAGE)
        case PaperRecord():
            record_card(found, language=LANGUAGE)
        case About():
            about_card(found, version="0", links=(), language=LANGUAGE)


# --- one after another --------------------------------------------------------------------


async def measure(kind: Kind, finding: Finding, bare: sqlite3.Connection) -> Measured:
    """Ask every question of a kind, in turn with its bare statements."""
    best: list[tuple[float, float, float]] = []
    for ask in kind.asks:
        with recorded() as statements:
            found = await ask(finding)
        rounds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with snippets_timed() as snippets:
                found = await ask(finding)
            asked = time.perf_counter()
            render(found)
            rendered = time.perf_counter()
            replay(bare, statements)
            replayed = time.perf_counter()
            made = sum(snippets)
            rounds.append((asked - began - made, rendered - asked + made, replayed - rendered))
        finding_s, rendering_s, floor_s = (min(times) * 1e3 for times in zip(*rounds, strict=True))
        best.append((finding_s, rendering_s, floor_s))
    found_in, rendered_in, floor = (Times(times) for times in zip(*best, strict=True))
    return Measured(finding=found_in, rendering=rendered_in, floor=floor)


@contextmanager
def snippets_timed() -> Iterator[list[float]]:
    """How many seconds each snippet took that was made meanwhile."""
    seconds: list[float] = []
    make = services.finding.snippet_of

    def timed(paper: Paper, query: Query | None, language: str) -> Snippet | None:
        began = time.perf_counter()
        try:
            return make(paper, query, language)
        finally:
            seconds.append(time.perf_counter() - began)

    services.finding.snippet_of = timed
    try:
        yield seconds
    finally:
        services.finding.snippet_of = make


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """The statements that SQLAlchemy hands to its drivers meanwhile."""
    statements: list[tuple[str, Any]] = []

    def record(*given: Any) -> None:
        _connection, _cursor, statement, parameters, _context, _is_many = given
        statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def replay(bare: sqlite3.Connection, statements: Statements) -> int:
    """Run statements, and take all their rows; how many these are."""
    rows = 0
    for statement, parameters in statements:
        if bare.in_transaction and statement == "BEGIN":
            bare.execute("ROLLBACK")
        rows += len(bare.execute(statement, parameters).fetchall())
    bare.execute("ROLLBACK")
    return rows


# --- many at once -------------------------------------------------------------------------


async def at_once(asks: Sequence[Ask], finding: Finding) -> Times:
    """Ask all together; how long each waited, from then on."""
    began = time.perf_counter()

    async def waited(ask: Ask) -> float:
        render(await ask(finding))
        return (time.perf_counter() - began) * 1e3

    return Times(await asyncio.gather(*map(waited, asks)))


@asynccontextmanager
async def heartbeat() -> AsyncIterator[list[float]]:
    """By how many milliseconds each beat came late: the event loop was held up."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT)
            late.append((time.perf_counter() - began - BEAT) * 1e3)

    beating = asyncio.create_task(beat())
    try:
        yield late
    finally:
        beating.cancel()


class SlowCallbacks(logging.Handler):
    """What asyncio says of callbacks that took longer than allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


async def report_crowds(kinds: Sequence[Kind], finding: Finding) -> None:
    """Print what many wait who ask together, and how long the loop was held up meanwhile."""
    chance = random.Random(11)

    async def crowd(group: str, size: int) -> Times:
        asks = [ask for kind in kinds if kind.group == group for ask in kind.asks]
        waited: list[float] = []
        for _ in range(TIMES):
            waited += (await at_once(chance.sample(asks, size), finding)).values
        return Times(waited)

    async with heartbeat() as idle:
        await asyncio.sleep(IDLE)
    async with heartbeat() as late:
        typed = await crowd("typing", AT_ONCE)
        searched = await crowd("search", SEARCHES_AT_ONCE)
    is_quick = typed.at(99) < ALLOWED_TYPING
    print(f"{f'{AT_ONCE} typing at once':<24}{typed} ms  {_verdict(is_quick)}")
    print(f"{f'{SEARCHES_AT_ONCE} searches at once':<24}{searched} ms")
    print(f"{'the loop late by':<24}{Times(late)} ms, at most {max(late):.1f} ms", end="")
    print(
        f" (idle {Times(idle)} ms, at most {max(idle):.1f} ms)  {_verdict(max(late) < ALLOWED_LAG)}"
    )


async def report_slow(kinds: Sequence[Kind], finding: Finding) -> None:
    """Print what asyncio, told to look, saw hold up the loop in one step."""
    loop = asyncio.get_running_loop()
    watcher = SlowCallbacks()
    logger = logging.getLogger("asyncio")
    logger.addHandler(watcher)
    logger.propagate = False
    loop.slow_callback_duration = ALLOWED_LAG / 1e3
    loop.set_debug(True)
    try:
        for kind in kinds:
            await at_once(kind.asks[:WATCHED], finding)
    finally:
        loop.set_debug(False)
        logger.removeHandler(watcher)
        logger.propagate = True
    print(
        f"asyncio's debug mode: {len(watcher.said)} steps of more than {ALLOWED_LAG:.0f} ms"
        f"  {_verdict(not watcher.said)}"
    )
    for said in watcher.said[:3]:
        print(f"    {said}")


# --- one archive --------------------------------------------------------------------------


async def measure_archive(file: Path, papers: int) -> dict[str, Measured]:
    """Ask everything of an archive, and print what it took."""
    questions = Questions(file, papers)
    kinds = list(questions.kinds())
    measured: dict[str, Measured] = {}
    now = datetime.combine(LAST_DAY, NOON)
    async with open_database(f"sqlite+aiosqlite:///{file}") as database:
        learning = Learning(database, now=lambda: now)
        await learning.similar(questions.a_paper, limit=1)  # once, for the papers on its shelf
        finding = Finding(database, learning, now=lambda: now, sources=[SOURCE])
        gc.collect()
        gc.freeze()  # as `daily-papers run` does
        print(f"{'ms, p50 and p99':<24}{'Finding':>17}{'rendering':>18}{'floor':>18}{'ratios':>15}")
        with closing(sqlite3.connect(file, isolation_level=None)) as bare:
            for kind in kinds:
                one = measured[kind.name] = await measure(kind, finding, bare)
                print(
                    f"{kind.name:<24}{one.finding} {one.rendering} {one.floor}"
                    f" {one.ratio(50):7.2f}{one.ratio(99):7.2f}"
                )
            report_ranking(questions, bare)
        for group in ("search", "author"):
            of_group = [measured[kind.name] for kind in kinds if kind.group == group]
            whole = together(of_group)
            verdict = _verdict(whole.ratio(99) <= ALLOWED)
            near = sum(one.ratio(99) <= ALLOWED for one in of_group)
            print(
                f"{group}, all kinds: {whole.ratio(50):.2f} times the least at p50, "
                f"{whole.ratio(99):.2f} at p99  {verdict} ({near} of {len(of_group)} by themselves)"
            )
        await report_crowds(kinds, finding)
        await report_slow(kinds, finding)
    return measured


def together(several: Sequence[Measured]) -> Measured:
    """Several kinds as one."""
    return Measured(
        **{
            name: Times([value for one in several for value in getattr(one, name).values])
            for name in ("finding", "rendering", "floor")
        }
    )


def report_ranking(questions: Questions, bare: sqlite3.Connection) -> None:
    """What best first would take over all that a common word finds, not the newest of it."""
    capped: list[float] = []
    everything: list[float] = []
    for word in questions.common():
        match = f'"{word}"'
        for times, query in (
            (
                capped,
                "SELECT document FROM (SELECT rowid AS document, bm25(search, 5, 2, 1) AS rank "
                "FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT 1000) "
                "ORDER BY rank LIMIT 200",
            ),
            (
                everything,
                "SELECT rowid FROM search WHERE search MATCH ? "
                "ORDER BY bm25(search, 5, 2, 1) LIMIT 200",
            ),
        ):
            began = time.perf_counter()
            bare.execute(query, [match]).fetchall()
            times.append((time.perf_counter() - began) * 1e3)
    print(
        f"bare, best first of a common word: of the newest 1,000 {Times(capped)} ms, "
        f"of all {Times(everything)} ms"
    )


def report_growth(sizes: Mapping[int, Mapping[str, Measured]]) -> None:
    """Print what became of times as the archive grew."""
    small, large = min(sizes), max(sizes)
    print(f"from {small:,} to {large:,} papers, p50 and p99 of Finding and rendering")
    for name, was in sizes[small].items():
        growth = [sizes[large][name].whole.at(p) / was.whole.at(p) for p in (50, 99)]
        has_goal = name.startswith(("author", "show", "day"))
        verdict = _verdict(max(growth) < ALLOWED_GROWTH) if has_goal else ""
        print(f"{name:<24}{growth[0]:7.2f}{growth[1]:7.2f}  {verdict}")


def _verdict(is_reached: bool) -> str:
    return "goal reached" if is_reached else "FALLS SHORT"


def main() -> None:
    """Make the archives, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, nargs="+", default=[100_000])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    sizes = {}
    for papers in options.papers:
        file = archive(papers, options.folder)
        sizes[papers] = asyncio.run(measure_archive(file, papers))
    if len(sizes) > 1:
        report_growth(sizes)


if __name__ == "__main__":
    main()
