"""What holds because the database is SQLite."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, make_url

from bot.domain.deliveries import Sent, Unknown
from bot.storage import sqlite
from bot.storage.database import Database, open_database
from bot.storage.errors import DatabaseUnavailable
from tests.storage.samples import (
    CHANNEL,
    DAY,
    GUILD,
    LEASE,
    NOON,
    cards,
    daily,
    digest,
    links,
    paper,
    paper_id,
    planned,
    save,
    subscribe,
    summary,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "papers.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def write_beside(file: Path) -> None:
    """As a program without patience does; raises `sqlite3.OperationalError` if it is locked."""
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def test_a_transaction_holds_the_write_lock_before_its_first_statement(
    url: str, file: Path
) -> None:
    async with open_database(url) as database:
        async with database.transaction():
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                write_beside(file)
        write_beside(file)


async def test_a_transaction_that_read_first_can_write_after_another_process_wrote(
    url: str,
) -> None:
    """With a deferred BEGIN this is "database is locked" at once."""
    async with open_database(url) as one, open_database(url) as two:
        await save(one, paper(1))
        async with one.transaction() as stores:
            await stores.lists.digest(DAY)
            await stores.lists.save(digest(paper(2)), source="one", read_at=NOON, closed=False)
        await save(two, paper(3))
        async with one.reading() as stores:
            assert len(await stores.lists.digest(DAY)) == 3


async def test_a_snapshot_holds_no_write_lock_and_cannot_write(url: str, file: Path) -> None:
    async with open_database(url) as database:
        await save(database, paper(1))
        async with database.reading() as stores:
            await stores.lists.digest(DAY)
            write_beside(file)
        with pytest.raises(DatabaseUnavailable, match="cannot write"):
            async with database.reading() as stores:
                await stores.lists.note_success("one", NOON)


@pytest.mark.parametrize("engine", [0, 1], ids=["writing", "reading"])
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
async def test_every_connection_is_set_up_to_lose_nothing(
    url: str, engine: int, pragma: str, value: object
) -> None:
    sqlite.prepare(make_url(url))
    engines = sqlite.engines(make_url(url))
    async with engines[engine].connect() as connection:
        found = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar()
    await engines[engine].dispose()

    assert found == value


async def test_nothing_but_the_file_remains_when_it_is_closed(url: str, file: Path) -> None:
    async with open_database(url) as database:
        await subscribe(database)

    assert [path.name for path in file.parent.iterdir()] == [file.name]


async def test_text_is_stored_as_itself(url: str, file: Path) -> None:
    """Not as JSON's escapes, which take three times the room and hide words from a search."""
    async with open_database(url) as database:
        await save(database, paper(1, summaries=[summary("말한다", language="ko")]))

    with closing(sqlite3.connect(file)) as connection:
        (bullets,) = connection.execute("SELECT bullets FROM summaries").fetchone()

    assert "말한다" in bullets


async def use_every_store(database: Database) -> None:
    """Run each statement that runs in daily life at least once."""
    for stars in (1, 2):
        listed = paper(1, stars=stars, authors=[f"Author {stars}"], summaries=[summary("says")])
        await save(database, listed, closed=True)
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, [*cards([1]), links([1])])
    async with database.transaction() as stores:
        for outcome in (Unknown("lost"), Sent(1)):
            message = await stores.deliveries.claim(
                delivery.messages[0].id, owner="one", now=NOON, lease=LEASE
            )
            assert message is not None
            await stores.deliveries.finish(message, outcome, owner="one", now=NOON)
        await stores.deliveries.close(delivery.id)
        await stores.deliveries.abandon(delivery.id)
        await stores.deliveries.wait(delivery.id, NOON)
        await stores.lists.note_failure("one", NOON, "no answer")
        await stores.subscriptions.change(subscription.id, subscription.preferences)
        await stores.subscriptions.resume(subscription.id, at=NOON)
    async with database.reading() as stores:
        await stores.papers.by_author("author", limit=1)
        await stores.lists.newest(since=DAY, until=DAY)
        await stores.lists.closed_days([DAY], ["one"], now=NOON)
        await stores.lists.version([DAY])
        await stores.lists.down_since(["one"])
        await stores.deliveries.waiting()
        await stores.deliveries.unfinished()
        await stores.deliveries.posted_in(CHANNEL)
        await stores.deliveries.posted_in(CHANNEL, [paper_id(1)])
        await stores.deliveries.delivered_days(CHANNEL, [DAY])
        await stores.deliveries.first_day(subscription.id)
        await stores.subscriptions.of_channel(CHANNEL)
        await stores.subscriptions.in_guild(GUILD)
        await stores.subscriptions.at(daily())
        await stores.subscriptions.slots()
        await stores.subscriptions.missed(NOON)
    async with database.transaction() as stores:
        await stores.subscriptions.remove(subscription.id)


async def test_no_statement_reads_a_whole_table(url: str, file: Path) -> None:
    """However long the bot has run, an index leads to the rows that are asked for."""
    statements: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        statements[sql] = values[0] if many else values

    async with open_database(url) as database:
        event.listen(Engine, "before_cursor_execute", note)
        await use_every_store(database)
        event.remove(Engine, "before_cursor_execute", note)

    with closing(sqlite3.connect(file)) as connection:
        scanned = [
            (step, sql)
            for sql, values in statements.items()
            if sql.startswith(("SELECT", "UPDATE", "DELETE"))
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            if step.startswith("SCAN")
        ]
    assert len(statements) > 40
    assert scanned == []


# --- what to do when it cannot be used ---


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="write sqlite"):
        async with open_database(url):
            pass


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "no" / "such"
    with pytest.raises(DatabaseUnavailable, match=f"{folder} .* does not exist: create it"):
        async with open_database(f"sqlite+aiosqlite:///{folder}/papers.db"):
            pass


async def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"cannot open the database {tmp_path}"):
        async with open_database(f"sqlite+aiosqlite:///{tmp_path}"):
            pass


@pytest.fixture
def diary(file: Path) -> str:
    file.write_text("Dear diary, " * 100)
    return file.read_text()


async def test_a_file_that_is_no_database_is_left_as_it_is(
    diary: str, url: str, file: Path
) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"{file} is not a database: move it away"):
        async with open_database(url):
            pass

    assert await asyncio.to_thread(file.read_text) == diary


async def test_a_file_that_cannot_be_written_is_named(url: str, file: Path) -> None:
    async with open_database(url):
        pass

    # Read-only by URL: permissions do not bind the administrator that tests may run as.
    with pytest.raises(DatabaseUnavailable, match="cannot write to the database"):
        async with open_database(f"sqlite+aiosqlite:///file:{file}?mode=ro&uri=true"):
            pass


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("SQLITE_CANTOPEN_ISDIR", "cannot open"),
        ("SQLITE_READONLY_DBMOVED", "the right to write"),
        ("SQLITE_NOTADB", "name another file in DATABASE_URL"),
        ("SQLITE_CORRUPT_INDEX", "put back a backup"),
        ("SQLITE_FULL", "free some"),
        ("SQLITE_BUSY", "try again later"),
        ("SQLITE_BUSY_SNAPSHOT", "try again later"),
        ("SQLITE_LOCKED", "end it"),
        ("SQLITE_IOERR_FSYNC", "check the disk"),
    ],
)
def test_each_failure_of_the_file_has_a_cure(name: str, cure: str, url: str) -> None:
    error = sqlite3.OperationalError("as the driver says")
    error.sqlite_errorname = name

    known = sqlite.unavailable(error, make_url(url))

    assert known is not None
    assert cure in known.reply


def test_a_fault_of_our_own_is_not_put_down_to_the_file(url: str) -> None:
    error = sqlite3.OperationalError("no such column")
    error.sqlite_errorname = "SQLITE_ERROR"

    assert sqlite.unavailable(error, make_url(url)) is None
