"""Databases to test against.

Every test that takes `database` or `database_url` states what holds on any database; another
kind joins them as another parameter of `database_url`.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.database import Database, open_database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with empty tables, to be copied: making them anew takes ten times as long."""
    file = tmp_path_factory.mktemp("migrated") / "papers.db"

    async def make() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}"):
            pass

    asyncio.run(make())
    return file


@pytest.fixture(params=["sqlite"])
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """An empty database that several `open_database` may share."""
    file = shutil.copy(migrated_file, tmp_path / "papers.db")
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
async def elsewhere(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database as another process has it open."""
    async with open_database(database_url) as database:
        yield database
