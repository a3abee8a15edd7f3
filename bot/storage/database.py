"""One database, opened once: transactions that write, and snapshots that read beside them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage import sqlite
from bot.storage.connection import Connection, begun
from bot.storage.deliveries import DeliveryStore
from bot.storage.lists import ListStore
from bot.storage.migrations import migrate
from bot.storage.papers import PaperStore
from bot.storage.subscriptions import SubscriptionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores within one transaction, and no longer."""

    papers: PaperStore
    lists: ListStore
    subscriptions: SubscriptionStore
    deliveries: DeliveryStore

    @classmethod
    def on(cls, connection: Connection) -> Self:
        return cls(
            papers=PaperStore(connection),
            lists=ListStore(connection),
            subscriptions=SubscriptionStore(connection),
            deliveries=DeliveryStore(connection),
        )


class Database:
    """An open database; `open_database` makes it."""

    def __init__(self, url: URL, *, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._url = url
        self._writer = writer
        self._reader = reader
        # SQLite has one writer at a time. Others poll for their turn, unfairly, and both SQLite
        # and the pool give up after a while: here they queue for as long as it takes.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Stores]:
        """Stores that write: all of it is kept, or nothing if the block raises.

        Writers take turns, first come, first served: do no waiting inside the block. A
        database that fails raises `StorageError`.
        """
        with _translated(self._url):
            async with self._turn, begun(self._writer) as connection:
                yield Stores.on(Connection(connection))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Stores]:
        """Stores that only read: one state of the database, whatever is written meanwhile."""
        with _translated(self._url):
            async with begun(self._reader) as connection:
                yield Stores.on(Connection(connection))


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database at `url`, such as `sqlite+aiosqlite:///daily-papers.db`, with its tables
    made or brought up to date.

    Raises `StorageError` with a sentence that says what to do.
    """
    parsed = make_url(url)
    await asyncio.to_thread(sqlite.prepare, parsed)
    writer, reader = sqlite.engines(parsed)
    try:
        with _translated(parsed):
            async with begun(writer) as connection:
                await connection.run_sync(migrate)
        yield Database(parsed, writer=writer, reader=reader)
    finally:
        await reader.dispose()
        await writer.dispose()


@contextmanager
def _translated(url: URL) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if (known := sqlite.unavailable(error.orig, url)) is None:
            raise
        raise known from error
