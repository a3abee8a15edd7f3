"""One database, opened once: transactions that write, and snapshots that read beside them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage import sqlite
from bot.storage.archive import ArchiveStore
from bot.storage.authors import AuthorStore
from bot.storage.connection import Connection, begun
from bot.storage.deliveries import DeliveryStore
from bot.storage.errors import DatabaseDamaged, IndexDamaged
from bot.storage.figures import FigureStore
from bot.storage.follows import FollowStore
from bot.storage.improvements import ImprovementStore
from bot.storage.integrity import IntegrityStore
from bot.storage.interests import InterestStore
from bot.storage.lists import ListStore
from bot.storage.marks import MarkStore
from bot.storage.migrations import SchemaVersion, migrate, version_of
from bot.storage.papers import PaperStore
from bot.storage.privacy import PrivacyStore
from bot.storage.questions import QuestionStore
from bot.storage.readers import ReaderStore
from bot.storage.search import SearchStore
from bot.storage.showings import ShowingStore
from bot.storage.subscriptions import SubscriptionStore
from bot.storage.summaries import SummaryStore
from bot.storage.threads import THREADS, ReadingThreads
from bot.storage.traits import TraitStore
from bot.storage.usage import UsageStore

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores within one transaction, and no longer."""

    papers: PaperStore
    lists: ListStore
    subscriptions: SubscriptionStore
    deliveries: DeliveryStore
    marks: MarkStore
    integrity: IntegrityStore
    figures: FigureStore
    authors: AuthorStore
    archive: ArchiveStore
    questions: QuestionStore
    search: SearchStore
    interests: InterestStore
    follows: FollowStore
    traits: TraitStore
    readers: ReaderStore
    privacy: PrivacyStore
    showings: ShowingStore
    summaries: SummaryStore
    usage: UsageStore
    improvements: ImprovementStore

    @classmethod
    def on(cls, connection: Connection) -> Self:
        return cls(
            papers=PaperStore(connection),
            lists=ListStore(connection),
            subscriptions=SubscriptionStore(connection),
            deliveries=DeliveryStore(connection),
            marks=MarkStore(connection),
            integrity=IntegrityStore(connection),
            figures=FigureStore(connection),
            authors=AuthorStore(connection),
            archive=ArchiveStore(connection),
            questions=QuestionStore(connection),
            search=SearchStore(connection),
            interests=InterestStore(connection),
            follows=FollowStore(connection),
            traits=TraitStore(connection),
            readers=ReaderStore(connection),
            privacy=PrivacyStore(connection),
            showings=ShowingStore(connection),
            summaries=SummaryStore(connection),
            usage=UsageStore(connection),
            improvements=ImprovementStore(connection),
        )


class DatabaseReader:
    """An open database to look at; `look_into` makes it."""

    _was_sound = False
    """Whether its file was seen to be a database of ours."""

    _index_is_damaged = False
    """Whether its search index was found to be damaged."""

    def __init__(
        self,
        url: URL,
        *,
        reader: AsyncEngine,
        patience: timedelta = sqlite.PATIENCE,
        on_damage: Callable[[DatabaseDamaged], None] | None = None,
    ) -> None:
        self._url = url
        self._reader = reader
        self._patience = patience
        self._on_damage = on_damage
        self._damage: DatabaseDamaged | None = None

    @property
    def file(self) -> Path:
        """The file it is."""
        return sqlite.file_of(self._url)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Stores]:
        """Stores that only read: one state of the database, whatever is written meanwhile.

        A database that fails raises `StorageError`.
        """
        with self._translated():
            async with begun(self._reader) as connection:
                yield Stores.on(Connection(connection))

    async def version(self) -> SchemaVersion:
        """Whether its tables are those of this program."""
        with self._translated():
            async with begun(self._reader) as connection:
                return await connection.run_sync(version_of)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the driver says becomes `StorageError`. Once the file was found damaged, nothing
        is done to it any more."""
        if self._damage is not None:
            raise DatabaseDamaged(str(self._damage))
        try:
            yield
        except DBAPIError as error:
            known = sqlite.unavailable(
                error.orig, self._url, patience=self._patience, opened=self._was_sound
            )
            if known is None:
                raise
            if isinstance(known, DatabaseDamaged) and self._damage is None:
                self._damage = known
                if self._on_damage is not None:
                    self._on_damage(known)
            self._index_is_damaged |= isinstance(known, IndexDamaged)
            raise known from error


class Database(DatabaseReader):
    """An open database; `open_database` makes it."""

    _was_sound = True
    _index_was_mended = False

    def __init__(
        self,
        url: URL,
        *,
        writer: AsyncEngine,
        reader: AsyncEngine,
        threads: ReadingThreads,
        patience: timedelta = sqlite.PATIENCE,
        on_damage: Callable[[DatabaseDamaged], None] | None = None,
    ) -> None:
        super().__init__(url, reader=reader, patience=patience, on_damage=on_damage)
        self._writer = writer
        self._threads = threads
        # SQLite has one writer at a time. Others poll for their turn, unfairly, and both SQLite
        # and the pool give up after a while: here they queue for as long as it takes.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Stores]:
        """Stores that write: all of it is kept, or nothing if the block raises.

        Writers take turns, first come, first served: do no waiting inside the block. A
        database that fails raises `StorageError`; once its fault is mended, the next
        transaction goes through. After `IndexDamaged` the next one mends it.
        """
        async with self._turn:
            if self._index_is_damaged and not self._index_was_mended:
                await self._mend_index()
            with self._translated():
                async with begun(self._writer) as connection:
                    yield Stores.on(Connection(connection))

    async def _mend_index(self) -> None:
        """Build the search index anew, or no list could be stored any more. Once: what is
        damaged again so soon lies on a disk that needs a person."""
        self._index_was_mended = True
        log.warning("the search index is damaged: it is built anew, and nothing written meanwhile")
        with self._translated():
            async with begun(self._writer) as connection:
                await SearchStore(Connection(connection)).rebuild()

    async def look_up(self, work: Callable[[Stores], Coroutine[Any, Any, Result]]) -> Result:
        """What `work` reads from one state of the database, as `reading` shows it.

        The work is done as a whole on a thread of its own, which is four times faster than
        `reading` where several statements follow one another. It awaits nothing but its stores.
        """
        with self._translated():
            return await self._threads.run(lambda connection: work(Stores.on(connection)))

    async def migrate(self) -> None:
        """Make the tables and the search index, or bring them up to date; `SchemaTooNew` if
        that is the program."""
        with self._translated():
            async with begun(self._writer) as connection:
                await connection.run_sync(migrate)
                await SearchStore(Connection(connection)).make_ready()


@asynccontextmanager
async def open_database(
    url: str,
    *,
    on_damage: Callable[[DatabaseDamaged], None] | None = None,
    patience: timedelta = sqlite.PATIENCE,
) -> AsyncIterator[Database]:
    """The database at `url`, such as `sqlite+aiosqlite:///daily-papers.db`, with its tables
    made or brought up to date.

    Raises `StorageError` with a sentence that says what to do. `on_damage` is called, once,
    when the file turns out to be damaged; from then on every use raises `DatabaseDamaged`.
    `patience` is how long to wait for another process that holds the database.
    """
    parsed = make_url(url)
    await asyncio.to_thread(sqlite.prepare, parsed, patience=patience)
    writer, reader = sqlite.engines(parsed, patience=patience)
    threads = ReadingThreads(sqlite.threads_engine(parsed, pool_size=THREADS, patience=patience))
    try:
        database = Database(
            parsed,
            writer=writer,
            reader=reader,
            threads=threads,
            patience=patience,
            on_damage=on_damage,
        )
        await database.migrate()
        yield database
    finally:
        await threads.close()
        await reader.dispose()
        await writer.dispose()


@asynccontextmanager
async def look_into(url: str) -> AsyncIterator[DatabaseReader]:
    """The database at `url` as it is: nothing is made, migrated or changed.

    Its tables may be of another version: ask `version` before the stores. Raises
    `DatabaseMissing` if there is no such file, else `StorageError` as it is used.
    """
    parsed = make_url(url)
    reader = sqlite.reading_engine(sqlite.looking(sqlite.file_of(parsed)))
    try:
        yield DatabaseReader(parsed, reader=reader)
    finally:
        await reader.dispose()
