import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text

from bot.domain.queries import parse_query
from bot.storage import migrations, sqlite
from bot.storage.database import open_database
from bot.storage.errors import SchemaTooNew
from bot.storage.marks import MarkStore
from bot.storage.schema import metadata
from tests.storage.samples import CHANNEL, DAY, paper, paper_id, save

Result = TypeVar("Result")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A database without tables, not even the file."""
    return f"sqlite+aiosqlite:///{tmp_path / '100 % new.db'}"


async def on_the_tables(database_url: str, do: Callable[[Connection], Result]) -> Result:
    """Run `do` on the database beneath the stores."""
    writer, reader = sqlite.engines(make_url(database_url))
    try:
        async with writer.begin() as connection:
            return await connection.run_sync(do)
    finally:
        await reader.dispose()
        await writer.dispose()


async def test_the_migrations_make_the_tables_that_the_schema_says(database_url: str) -> None:
    async with open_database(database_url):
        pass

    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        """Not of the search index, which is made beside the tables, of tables of its own."""
        return kind != "table" or name is None or not name.startswith("search")

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        return list(compare_metadata(context, metadata))

    assert await on_the_tables(database_url, differences) == []


async def test_tables_that_are_up_to_date_are_left_alone(database_url: str) -> None:
    async with open_database(database_url) as database:
        await save(database, paper(1))

    async with open_database(database_url) as database, database.reading() as stores:
        assert await stores.papers.get(paper_id(1)) == paper(1)


async def test_tables_of_a_newer_program_are_refused(database_url: str) -> None:
    async with open_database(database_url):
        pass
    await on_the_tables(
        database_url,
        lambda connection: connection.execute(
            text("UPDATE alembic_version SET version_num = '9999'")
        ),
    )

    with pytest.raises(SchemaTooNew, match=r"newer version .* \(9999\): update the program"):
        async with open_database(database_url):
            pass


async def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    await on_the_tables(
        database_url, lambda connection: connection.execute(text("CREATE TABLE posts (x TEXT)"))
    )

    with pytest.raises(Exception, match="posts already exists"):
        async with open_database(database_url):
            pass

    def tables(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    assert await on_the_tables(database_url, tables) == ["posts"]


# --- what stood in the tables before ---

BEFORE_LOOK_UPS: Final = """
INSERT INTO papers (id, title, abstract, media, organization, keywords) VALUES
    ('2406.00001', 'Diffusion of Heat', 'On metal.', '[]', '', '[]'),
    ('2406.00002', 'Agents', '', '[]', 'A Lab', '["planning"]'),
    ('2406.00003', 'Nobody listed this', '', '[]', '', '[]');
INSERT INTO authors (id, name, folded) VALUES (1, 'Ada Lovelace', 'ada lovelace');
INSERT INTO author_parts (part, author_id) VALUES ('ada', 1), ('lovelace', 1);
INSERT INTO paper_authors (paper_id, position, author_id) VALUES
    ('2406.00001', 0, 1), ('2406.00002', 0, 1);
INSERT INTO summaries (paper_id, language, origin, bullets) VALUES
    ('2406.00001', 'ko', 'digest', '[{"text": "확산 모델을 말한다", "label": null}]');
INSERT INTO lists (day, source, first_read_at, read_at, closed, readings, papers) VALUES
    ('2024-06-04', 'huggingface', '2024-06-04 12:00:00', '2024-06-04 12:00:00', 1, 3, 2),
    ('2024-06-03', 'markdown', '2024-06-03 12:00:00', '2024-06-03 12:00:00', 1, 1, 1);
INSERT INTO sources (name, last_success_at, last_error)
VALUES ('huggingface', '2024-06-04 12:00:00', '');
INSERT INTO listings (day, paper_id, position, upvotes, live, first_seen_at) VALUES
    ('2024-06-04', '2406.00002', 1, 5, 1, '2024-06-04 12:00:00'),
    ('2024-06-04', '2406.00001', 0, 7, 1, '2024-06-04 12:00:00'),
    ('2024-06-03', '2406.00001', 0, NULL, 0, '2024-06-03 12:00:00');
INSERT INTO subscriptions (id, guild_id, channel_id, state, reason, hour, minute, zone, language,
    paper_limit, announce_quiet_days, created_at)
VALUES (1, 1, {channel}, 'active', '', 9, 0, 'Asia/Seoul', 'ko', 10, 1, '2024-06-01 12:00:00');
INSERT INTO deliveries (id, subscription_id, channel_id, slot_at, state)
VALUES (1, 1, {channel}, '2024-06-05 00:00:00', 'closed');
INSERT INTO messages (id, delivery_id, position, kind, nonce, state, message_id, posted_at, error)
VALUES (1, 1, 0, 'paper', 'nonce', 'posted', 99, '2024-06-05 00:00:01', '');
INSERT INTO posts (channel_id, paper_id, message, position, day, rank, late)
VALUES ({channel}, '2406.00001', 1, 0, '2024-06-04', 1, 0);
"""

FILLED: Final = re.findall(r"INSERT INTO (\w+) \(([^)]*)\)", BEFORE_LOOK_UPS)


@pytest.fixture
async def before_look_ups(database_url: str) -> str:
    """A database as version 0002 of the tables left it, with something in each of them."""

    def fill(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        folder = migrations.__path__[0].replace("%", "%%")
        config.set_main_option("script_location", folder)
        command.upgrade(config, "0002")
        for statement in BEFORE_LOOK_UPS.replace("{channel}", str(CHANNEL)).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)

    await on_the_tables(database_url, fill)
    return database_url


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Everything that `BEFORE_LOOK_UPS` fills, by table and by the columns that it names."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, columns in FILLED:
        read = connection.exec_driver_sql(f"SELECT {columns} FROM {table}")  # noqa: S608
        found[table] = sorted((dict(row) for row in read.mappings()), key=str)
    return found


async def test_a_database_of_before_look_ups_keeps_everything_and_finds_it(
    before_look_ups: str,
) -> None:
    before = await on_the_tables(before_look_ups, rows)
    assert all(before.values())

    async with open_database(before_look_ups) as database, database.reading() as stores:
        found = await stores.search.find(parse_query("diffusion 확산"))
        assert [(match.paper_id, match.day) for match in found.matches] == [(paper_id(1), DAY)]
        assert [match.paper_id for match in await stores.search.titles("ag", limit=5)] == [
            paper_id(2)
        ]
        assert [author.papers for author in await stores.authors.find("lovelace", limit=5)] == [2]
        assert [each.rank for each in await stores.lists.appearances(paper_id(1))] == [1, 1]
        assert (await stores.search.state()).wrong == 0
        assert await stores.integrity.faults() == ()
        assert await stores.integrity.dangling() == {}
        assert await stores.integrity.contradictions() == ()
        assert await stores.deliveries.posted_in(CHANNEL) == {paper_id(1)}
    assert await on_the_tables(before_look_ups, rows) == before


async def test_a_database_of_before_look_ups_is_as_it_was_after_a_start_that_failed(
    before_look_ups: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and search index are brought up to date in one transaction, so that a start that
    ends anywhere in it can be begun again."""
    before = await on_the_tables(before_look_ups, rows)

    class Killed(Exception):
        pass

    async def fail(_self: object, _name: str, _at: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(MarkStore, "set", fail)  # when all is built
        with pytest.raises(Killed):
            async with open_database(before_look_ups):
                pass

    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    assert not {"search", "votes", "questions"} & await on_the_tables(before_look_ups, tables)
    assert await on_the_tables(before_look_ups, rows) == before
    async with open_database(before_look_ups) as database, database.reading() as stores:
        assert (await stores.search.state()).wrong == 0
        assert len((await stores.search.find(parse_query("diffusion"))).matches) == 1
