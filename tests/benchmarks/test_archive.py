"""An archive made in bulk to measure on is the one that a bot would have made."""

import asyncio
import random
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.archive import FOLDER, LAST_DAY, SOURCE, Day, World, archive, batches, write
from bot.domain.queries import parse_query
from bot.storage import schema
from bot.storage.database import open_database

PAPERS = 200


@pytest.fixture(scope="module")
def days() -> list[Day]:
    """The last of them has a paper that an earlier list had."""
    days = list(World(PAPERS).days())
    again, last = days[0].closed.listings[0], days[-1]
    return [*days[:-1], Day(*(type(d).of(d.day, [*d, again]) for d in (last.opened, last.closed)))]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, days: list[Day]) -> Path:
    """As a bot makes it."""
    file = tmp_path_factory.mktemp("saved") / "papers.db"

    async def save() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}") as database:
            for day in days:
                for digest, at in zip((day.opened, day.closed), day.read_at, strict=True):
                    async with database.transaction() as stores:
                        await stores.lists.save(
                            digest, source=SOURCE, read_at=at, closed=digest is day.closed
                        )

    asyncio.run(save())
    return file


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, days: list[Day]) -> Path:
    """In bulk."""
    file = tmp_path_factory.mktemp("written") / "papers.db"

    async def make_tables() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}"):
            pass

    asyncio.run(make_tables())
    write(file, batches(days))
    return file


def _all(file: Path, query: str) -> list[object]:
    with closing(sqlite3.connect(file)) as connection:
        for table in ("search", "search_titles"):
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.words_of_{table} "
                f"USING fts5vocab(main, {table}, instance)"
            )
        return sorted(connection.execute(query).fetchall(), key=repr)


def test_every_table_holds_the_same_rows(saved: Path, written: Path) -> None:
    for table in schema.metadata.tables.values():
        # When the index was built is no part of an archive.
        what = "name" if table is schema.marks else "*"
        query = f"SELECT {what} FROM {table.name}"  # noqa: S608 - our own names
        assert _all(written, query) == _all(saved, query), table.name


def test_every_table_and_index_is_there(saved: Path, written: Path) -> None:
    query = "SELECT type, name, sql FROM sqlite_schema"
    assert _all(written, query) == _all(saved, query)


def test_the_search_index_holds_the_same_words_at_the_same_places(
    saved: Path, written: Path
) -> None:
    for table in ("words_of_search", "words_of_search_titles", "search_docsize"):
        query = f"SELECT * FROM {table}"  # noqa: S608 - our own names
        rows = _all(written, query)
        assert len(rows) > PAPERS
        assert rows == _all(saved, query)


async def test_searches_find_the_same(saved: Path, written: Path, days: list[Day]) -> None:
    chance = random.Random(2)
    papers = [listing.paper for day in days for listing in day.opened]
    texts = [paper.title for paper in papers]
    texts += [b.text for paper in papers for s in paper.summaries for b in s.bullets]
    queries = [parse_query(" ".join(chance.choice(texts).split()[:2])) for _ in range(40)]
    found = []
    for file in (saved, written):
        async with (
            open_database(f"sqlite+aiosqlite:///{file}") as database,
            database.reading() as stores,
        ):
            state = await stores.search.state()
            assert (state.listings, state.is_current, state.wrong) == (PAPERS + 1, True, 0)
            answers = [(await stores.search.find(query)).matches for query in queries]
            assert all(answers)
            found.append([*answers, await stores.search.titles("", limit=25)])
    assert found[0] == found[1]


def test_a_world_is_the_same_each_time_and_of_the_size_asked(days: list[Day]) -> None:
    again = list(World(PAPERS).days())
    assert again[:-1] == days[:-1]
    assert sum(len(day.opened) for day in again) == PAPERS
    assert again[-1].opened.day == LAST_DAY
    assert {(b.opened.day - a.opened.day).days for a, b in pairwise(again)} == {1}
    assert list(World(PAPERS, seed=2).days()) != again


def test_an_archive_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / FOLDER
    file = archive(50, folder)
    made = file.stat().st_mtime_ns
    assert "50 papers made" in capsys.readouterr().out
    assert archive(50, folder) == file
    assert file.stat().st_mtime_ns == made
    assert "papers made" not in capsys.readouterr().out
