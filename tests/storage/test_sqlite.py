"""What holds because the database is SQLite."""

import asyncio
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.deliveries import Sent, Unknown
from bot.domain.digests import Listing
from bot.domain.lookups import OnDay
from bot.domain.queries import parse_query
from bot.storage import sqlite
from bot.storage.database import Database, Stores, open_database
from bot.storage.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseUnavailable,
    PaperNotFound,
)
from bot.storage.schema import metadata
from bot.storage.threads import THREADS, ReadingThreads
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


async def look_everything_up(database: Database) -> None:
    """Run each statement that answers a look-up at least once, but for `/about`, which counts."""
    stars = [paper(n, title=f"Of {n} stars", authors=["Ada Lovelace"]) for n in range(1, 20)]
    for day in (DAY, DAY + timedelta(days=1)):
        await save(
            database, *(Listing(paper=each, upvotes=1, live=True) for each in stars), day=day
        )
    async with database.transaction() as stores:
        token = await stores.questions.keep(OnDay(DAY), NOON)

    async def look(stores: Stores) -> None:
        [ada] = await stores.authors.named("ada lovelace")
        await stores.authors.find("a lov", limit=5)
        await stores.authors.get(ada.id)
        entries = await stores.authors.papers(ada.id)
        await stores.authors.coauthors(ada.id, [entry.id for entry in entries], limit=5)
        await stores.archive.days(since=DAY, until=DAY, limit=5)
        await stores.archive.nearest(DAY, each=2)
        await stores.archive.on(DAY)
        await stores.archive.newest([paper_id(1)])
        for since in (None, DAY):
            await stores.archive.best(since=since, until=DAY, limit=5)
        stars = parse_query("stars -sun")
        for narrowed in ({}, {"author_id": ada.id}, {"min_votes": 1}, {"since": DAY}):
            await stores.search.find(stars, **narrowed)
        await stores.search.titles("of sta", limit=5)
        await stores.lists.appearances(paper_id(1))
        await stores.questions.get(token, NOON)

    await database.look_up(look)


async def test_no_look_up_reads_a_whole_table(url: str, file: Path) -> None:
    """Not even the search index, of which some words are asked for."""
    statements: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        statements[sql] = values[0] if many else values

    async with open_database(url) as database:
        event.listen(Engine, "before_cursor_execute", note)
        await look_everything_up(database)
        event.remove(Engine, "before_cursor_execute", note)

    # What SQLite scans beside tables are results of a part of the same statement.
    tables = "|".join([*metadata.tables, "search", "search_titles"])
    whole = re.compile(
        rf"SCAN (?:{tables})(?:_\d+)?(?: USING .*| VIRTUAL TABLE INDEX \d+:(?!M).*)?"
    )
    with closing(sqlite3.connect(file)) as connection:
        scanned = [
            (step, sql)
            for sql, values in statements.items()
            if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            if whole.fullmatch(step)
        ]
    assert len(statements) > 30
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
        ("SQLITE_IOERR_WRITE", "raise its quota"),
    ],
)
def test_each_failure_of_the_file_has_a_cure(name: str, cure: str, url: str) -> None:
    error = sqlite3.OperationalError("as the driver says")
    error.sqlite_errorname = name

    known = sqlite.unavailable(error, make_url(url))

    assert known is not None
    assert cure in str(known)
    assert isinstance(known, DatabaseBusy) == name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def test_text_that_is_no_text_is_damage(url: str) -> None:
    """The driver raises it without a name of SQLite's."""
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(sqlite3.OperationalError) as raised,
    ):
        connection.execute("SELECT CAST(x'ff' AS TEXT)").fetchone()

    assert isinstance(sqlite.unavailable(raised.value, make_url(url)), DatabaseDamaged)


def test_a_fault_of_our_own_is_not_put_down_to_the_file(url: str) -> None:
    error = sqlite3.OperationalError("no such column")
    error.sqlite_errorname = "SQLITE_ERROR"

    assert sqlite.unavailable(error, make_url(url)) is None


# --- faults while it is in use ---


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Database, AsyncEngine]]:
    """A database, and the engine of its one writing connection."""
    async with open_database(url):
        pass
    writer, reader = sqlite.engines(make_url(url))
    threads = ReadingThreads(sqlite.threads_engine(make_url(url), pool_size=THREADS))
    try:
        yield Database(make_url(url), writer=writer, reader=reader, threads=threads), writer
    finally:
        await threads.close()
        await reader.dispose()
        await writer.dispose()


async def pragma(writer: AsyncEngine, statement: str) -> Any:
    """Run a PRAGMA on the writing connection, outside of any transaction."""
    async with writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.execute(f"PRAGMA {statement}") as cursor:
            found = await cursor.fetchone()
    return found[0] if found is not None else None


async def is_whole(url: str) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    async with open_database(url) as database, database.reading() as stores:
        return not await stores.integrity.faults() and not await stores.integrity.dangling()


BATCH = [paper(number, abstract="x" * 2_000) for number in range(100, 400)]


async def stored(database: Database) -> int:
    async with database.reading() as stores:
        return len(await stores.lists.digest(DAY))


async def test_a_full_disk_costs_the_transaction_and_no_other(url: str) -> None:
    async with opened(url) as (database, writer):
        await save(database, paper(1))
        pages = await pragma(writer, "page_count")
        await pragma(writer, f"max_page_count = {pages}")

        with pytest.raises(DatabaseUnavailable, match="no space is left for the database"):
            await save(database, *BATCH)
        assert await stored(database) == 1
        async with database.reading() as stores:
            with pytest.raises(PaperNotFound):
                await stores.papers.get(BATCH[0].id)

        await pragma(writer, "max_page_count = 1000000")
        await save(database, *BATCH)
        assert await stored(database) == 1 + len(BATCH)
    assert await is_whole(url)


FULL = """
import asyncio, os, resource, sys
from bot.storage.database import open_database
from bot.storage.errors import StorageError
from tests.storage.test_sqlite import BATCH, save, stored

async def main(url, file):
    async with open_database(url) as database:
        limit = os.path.getsize(file)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            await save(database, *BATCH)
        except StorageError as error:
            print(error)
        print(await stored(database))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await save(database, *BATCH)
        print(await stored(database))

asyncio.run(main(*sys.argv[1:]))
"""


async def run(code: str, *arguments: object) -> list[str]:
    """What a Python process of its own prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        *map(str, arguments),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    return out.decode().splitlines()


async def test_a_file_that_may_not_grow_costs_the_transaction_and_no_other(
    url: str, file: Path
) -> None:
    """As a quota or a limit of the system has it: another error than a full disk's."""
    async with open_database(url) as database:
        await save(database, paper(1))

    said, before, after = await run(FULL, url, file)

    assert "takes no more of the database" in said
    assert (before, after) == ("1", str(1 + len(BATCH)))
    assert await is_whole(url)


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def held(file: Path) -> AsyncIterator[None]:
    """Another process is writing, and takes its time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD,
        str(file),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        await process.communicate(b"")


async def test_a_database_that_another_process_holds_for_too_long(url: str, file: Path) -> None:
    async with open_database(url, patience=timedelta(seconds=0.1)) as database:
        await save(database, paper(1))
        async with held(file):
            with pytest.raises(DatabaseUnavailable, match=r"for more than 0\.1 s: end it"):
                await save(database, paper(2))
            assert await stored(database) == 1
            with pytest.raises(DatabaseUnavailable, match="another program has held"):
                async with open_database(url, patience=timedelta(seconds=0.1)):
                    pass

        await save(database, paper(2))
        assert await stored(database) == 2


async def test_a_database_that_becomes_read_only_takes_writes_again_once_it_may(url: str) -> None:
    async with opened(url) as (database, writer):
        await pragma(writer, "query_only = ON")
        with pytest.raises(DatabaseUnavailable, match="give this user the right to write"):
            await save(database, paper(1))
        assert await stored(database) == 0

        await pragma(writer, "query_only = OFF")
        await save(database, paper(1))
        assert await stored(database) == 1


OPEN = """
import asyncio, os, sys
from bot.storage.database import open_database
from bot.storage.errors import StorageError

async def main(url, folder):
    async with open_database(f"sqlite+aiosqlite:///{folder}/other.db"):
        pass  # whatever is imported late is imported now
    if os.geteuid() == 0:
        # Permissions do not bind the administrator that tests may run as.
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        async with open_database(url):
            print("opened")
    except StorageError as error:
        print(error)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
        Path(folder).chmod(0o777)


@pytest.fixture
def restricted(open_folder: Path, migrated_file: Path, rights: tuple[int, int]) -> Path:
    """A database of which the file, and its folder, have these rights."""
    file = Path(shutil.copy(migrated_file, open_folder / "papers.db"))
    file.chmod(rights[0])
    open_folder.chmod(rights[1])
    return file


@pytest.mark.parametrize("rights", [(0o444, 0o777), (0o666, 0o555)], ids=["file", "folder"])
async def test_rights_that_are_missing_are_named_before_anything_is_done(
    restricted: Path, tmp_path: Path
) -> None:
    before = await asyncio.to_thread(restricted.read_bytes)

    [said] = await run(OPEN, f"sqlite+aiosqlite:///{restricted}", tmp_path)

    assert re.fullmatch(
        rf"cannot (write to|open) the database {restricted}: .* its folder", said
    ), said
    assert await asyncio.to_thread(restricted.read_bytes) == before


# --- damage ---


@pytest.fixture
async def filled(url: str, file: Path) -> bytes:
    """The file of a database with some hundred pages of papers."""
    async with open_database(url) as database:
        await save(database, *BATCH)
    return await asyncio.to_thread(file.read_bytes)


def spoil(file: Path, content: bytes, *, start: int, end: int) -> bytes:
    """Overwrite a part of the file, as a failing disk does, without anybody noticing."""
    spoilt = content[:start] + b"\xff" * (end - start) + content[end:]
    with file.open("r+b") as written:
        written.write(spoilt)
    return spoilt


async def test_a_file_that_is_damaged_is_not_opened(filled: bytes, url: str, file: Path) -> None:
    spoilt = spoil(file, filled, start=100, end=4096)

    with pytest.raises(DatabaseDamaged, match=f"{file} is damaged: stop the bot and put back"):
        async with open_database(url):
            pass

    assert await asyncio.to_thread(file.read_bytes) == spoilt


@pytest.mark.parametrize(
    ("writing", "part"), [(True, "the middle"), (False, "the middle"), (False, "the header")]
)
async def test_a_file_that_is_damaged_while_in_use_is_told_once_and_not_touched_again(
    filled: bytes, url: str, file: Path, writing: bool, part: str
) -> None:
    told: list[DatabaseDamaged] = []

    async def use() -> None:
        if writing:
            await save(database, *(paper(100 + n, title="Other") for n in range(100)))
        else:
            await stored(database)

    async with open_database(url, on_damage=told.append) as database:
        if part == "the header":
            spoilt = spoil(file, filled, start=0, end=100)
        else:
            spoilt = spoil(file, filled, start=len(filled) // 4, end=len(filled) * 3 // 4)
        for _ in range(3):
            with pytest.raises(DatabaseDamaged, match="is damaged: stop the bot and put back"):
                await use()
        with pytest.raises(DatabaseDamaged):
            await subscribe(database)

    assert [str(error) for error in told] == [
        f"the database {file} is damaged: stop the bot and put back a backup"
    ]
    assert await asyncio.to_thread(file.read_bytes) == spoilt

    await asyncio.to_thread(file.write_bytes, filled)
    async with open_database(url) as database:
        assert await stored(database) == len(BATCH)
    assert await is_whole(url)


def test_what_is_said_of_the_search_index_is_no_fault_of_the_file() -> None:
    said = ["malformed inverted index for FTS5 table main.search", "row 1 missing from index x"]

    assert sqlite.faults(said) == ("row 1 missing from index x",)
    assert sqlite.faults(["ok"]) == ()
