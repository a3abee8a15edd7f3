"""What `daily-papers check` can find in a database, put there by hand."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import make_url

from bot.storage.database import Database, look_into
from bot.storage.errors import DatabaseMissing
from bot.storage.integrity import Contradiction, IndexState
from tests.storage.samples import (
    CHANNEL,
    LEASE,
    NOON,
    cards,
    links,
    paper,
    planned,
    save,
    subscribe,
)


@pytest.fixture
async def filled(database: Database, database_url: str) -> Database:
    """One subscription with two deliveries under way: one message of it is being sent."""
    authors = ["Ada Lovelace", "Benjamin Thérien", "Müller", "+"]
    await save(database, *(paper(n, authors=authors) for n in range(1, 5)))
    subscription = await subscribe(database)
    delivery = await planned(database, subscription, [*cards([1, 2]), links([3])])
    async with database.transaction() as stores:
        await stores.deliveries.claim(delivery.messages[0].id, owner="one", now=NOON, lease=LEASE)
    return database


def corrupt(database_url: str, *statements: str) -> None:
    """Write what the program never would."""
    file = make_url(database_url).database
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


async def test_what_the_program_writes_holds_together(filled: Database) -> None:
    async with filled.reading() as stores:
        assert await stores.integrity.faults() == ()
        assert await stores.integrity.dangling() == {}
        assert await stores.integrity.contradictions() == ()
        assert await stores.integrity.unknown_zones() == ()
        assert await stores.integrity.authors() == IndexState(authors=4, wrong=0)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE messages SET state = 'posted'", "messages posted without Discord's id"),
        ("UPDATE messages SET state = 'unknown'", "messages under way that no worker holds"),
        (
            "DELETE FROM posts WHERE paper_id = '2406.00001'",
            "messages about a paper that is not noted as posted",
        ),
        (
            "UPDATE deliveries SET channel_id = 5",
            "papers noted as posted by another channel's message",
        ),
        (
            "INSERT INTO deliveries (id, subscription_id, channel_id, slot_at, state) "
            "VALUES (9, 1, 5, '2024-06-04', 'open')",
            "open deliveries without messages",
        ),
        (
            "UPDATE deliveries SET state = 'waiting'",
            "deliveries that wait for a list and have messages",
        ),
        ("UPDATE deliveries SET state = 'done'", "finished deliveries with messages that are not"),
        (
            "UPDATE subscriptions SET state = 'suspended'",
            "suspended subscriptions without a cause, or a cause without suspension",
        ),
        (
            "UPDATE subscriptions SET cause = 'gone'",
            "suspended subscriptions without a cause, or a cause without suspension",
        ),
        ("DELETE FROM lists", "days with papers that no source is noted for"),
    ],
)
async def test_what_the_program_never_writes_is_found(
    filled: Database, database_url: str, statement: str, what: str
) -> None:
    corrupt(database_url, statement)

    async with filled.reading() as stores:
        found = await stores.integrity.contradictions()

    assert [contradiction.what for contradiction in found] == [what]


async def test_a_contradiction_names_its_first_row(filled: Database, database_url: str) -> None:
    corrupt(database_url, "UPDATE deliveries SET channel_id = 5")

    async with filled.reading() as stores:
        [found] = await stores.integrity.contradictions()

    assert found == Contradiction(found.what, count=3, first="2406.00001")


async def test_references_to_nothing_are_counted(filled: Database, database_url: str) -> None:
    corrupt(database_url, "DELETE FROM papers WHERE id IN ('2406.00001', '2406.00004')")

    async with filled.reading() as stores:
        assert await stores.integrity.dangling() == {"listings": 2, "paper_authors": 8, "posts": 1}


async def test_an_index_that_lost_its_rows_is_a_fault(filled: Database, database_url: str) -> None:
    roots = "SELECT rootpage FROM sqlite_schema WHERE name = '{}'"
    one, other = "ix_authors_folded", "ix_summaries_language"
    file = make_url(database_url).database
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        pages = [connection.execute(roots.format(name)).fetchone()[0] for name in (other, one)]
        for name, page in zip((one, other), pages, strict=True):
            connection.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = ?", (page, name))

    async with look_into(database_url) as database, database.reading() as stores:
        faults = await stores.integrity.faults()

    assert any("ix_authors_folded" in fault for fault in faults)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE authors SET folded = 'therien' WHERE name = 'Benjamin Thérien'",
        "DELETE FROM author_parts WHERE part = 'ada'",
        "UPDATE author_parts SET part = 'Müller' WHERE part = 'muller'",
    ],
)
async def test_an_author_who_is_not_found_as_spelt_is_counted(
    filled: Database, database_url: str, statement: str
) -> None:
    corrupt(database_url, statement)

    async with filled.reading() as stores:
        assert await stores.integrity.authors() == IndexState(authors=4, wrong=1)


async def test_authors_are_compared_in_batches(
    filled: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.integrity._AUTHORS_AT_ONCE", 3)
    corrupt(database_url, "UPDATE authors SET folded = ''")

    async with filled.reading() as stores:
        assert await stores.integrity.authors() == IndexState(authors=4, wrong=4)


async def test_zones_that_this_machine_does_not_know_are_named(
    filled: Database, database_url: str
) -> None:
    await subscribe(filled, CHANNEL + 1)
    corrupt(database_url, "UPDATE subscriptions SET zone = 'Mars/Base' WHERE id = 1")

    async with filled.reading() as stores:
        assert await stores.integrity.unknown_zones() == ("Mars/Base",)


# --- looking without changing ---


async def test_looking_migrates_nothing_and_leaves_nothing(database_url: str) -> None:
    file = make_url(database_url).database
    assert file is not None
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()

    async with look_into(database_url) as database:
        version = await database.version()

    assert (version.current, version.known, version.is_current) == ("0001", True, False)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]


async def test_looking_leaves_the_folder_as_it_was(database_url: str) -> None:
    async with look_into(database_url) as database, database.reading() as stores:
        await stores.subscriptions.all()

    assert [path.name for path in database.file.parent.iterdir()] == [database.file.name]


async def test_looking_beside_a_running_bot_sees_what_it_wrote_last(filled: Database) -> None:
    await subscribe(filled, CHANNEL + 1)

    async with (
        look_into(f"sqlite+aiosqlite:///{filled.file}") as database,
        database.reading() as stores,
    ):
        assert len(await stores.subscriptions.all()) == 2
    await subscribe(filled, CHANNEL + 2)


async def test_looking_makes_no_database(database_url: str) -> None:
    with pytest.raises(DatabaseMissing, match=r"there is no database .*other\.db yet"):
        async with look_into(database_url.replace("papers.db", "other.db")):
            pass
