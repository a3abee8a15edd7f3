from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text

from bot.storage import sqlite
from bot.storage.database import open_database
from bot.storage.errors import SchemaTooNew
from bot.storage.schema import metadata
from tests.storage.samples import paper, paper_id, save

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
