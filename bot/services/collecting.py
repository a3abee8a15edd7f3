"""Reading the sources again and again until their lists are closed, and keeping what they say."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.deliveries import days_to_read, is_closed
from bot.domain.errors import SourceError
from bot.services.clock import Now
from bot.sources.reading import Reading, Source
from bot.storage.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of reading one list from one source.

    `papers` are on the list now, `new` of them were not known to be; `skipped` entries could
    not be read. `error` says why there is nothing at all; `known` that nothing was asked,
    because the list is closed and stored.
    """

    source: str
    day: date
    papers: int = 0
    new: int = 0
    skipped: int = 0
    known: bool = False
    error: SourceError | None = None


class Collecting:
    """Takes lists from the sources into the store; a paper once stored is never lost again."""

    def __init__(self, database: Database, sources: Sequence[Source], *, now: Now) -> None:
        self._database = database
        self._sources = tuple(sources)
        self._now = now
        self._reading = asyncio.Lock()
        self._refreshed_at: datetime | None = None

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self._sources)

    async def refresh(self) -> tuple[Collected, ...]:
        """Read every list that may still change, from every source.

        A source that fails keeps no other from being read, and costs nothing that is stored.
        """
        async with self._reading:
            started = self._now()
            readings = await asyncio.gather(
                *(self._read_open_days(source, started) for source in self._sources)
            )
            self._refreshed_at = started
        return tuple(collected for of_source in readings for collected in of_source)

    async def freshen(self, *, max_age: timedelta, patience: timedelta) -> None:
        """Refresh unless that happened within `max_age`; give up waiting after `patience`.

        For the moment before a delivery: votes and late papers of the last minutes are worth a
        few seconds, and a source that hangs is not.
        """
        if self._refreshed_at is not None and self._now() - self._refreshed_at <= max_age:
            return
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self.refresh()
        except TimeoutError:
            log.warning("the sources did not answer within %s: posting what is stored", patience)

    async def backfill(self, days: Iterable[date]) -> AsyncIterator[Collected]:
        """Read the lists of `days` one after the other, telling of each as it is stored.

        Lists that are closed and stored are not asked for again, so an interrupted run can
        simply be repeated.
        """
        for day in days:
            for source in self._sources:
                async with self._database.reading() as stores:
                    closed = await stores.lists.closed_days([day], [source.name])
                if day in closed:
                    yield Collected(source=source.name, day=day, known=True)
                else:
                    yield await self._read(source, day, self._now())

    async def take_in(self, reading: Reading, *, source: str) -> Collected:
        """Store a list that was read elsewhere: from a file given on the command line."""
        return await self._store(reading, source=source, read_at=self._now(), closed=False)

    async def _read_open_days(self, source: Source, now: datetime) -> list[Collected]:
        days = days_to_read(now, closed=())
        if source.closes:
            async with self._database.reading() as stores:
                days = days_to_read(now, await stores.lists.closed_days(days, [source.name]))
        collected = []
        for day in days:
            collected.append(await self._read(source, day, now))
            if collected[-1].error is not None:
                break  # the other days would fail alike; the next round asks again
        return collected

    async def _read(self, source: Source, day: date, now: datetime) -> Collected:
        try:
            reading = await source.read(day)
        except SourceError as error:
            log.warning("could not read the list of %s: %s", day, error)
            async with self._database.transaction() as stores:
                await stores.lists.note_failure(source.name, now, str(error))
            return Collected(source=source.name, day=day, error=error)
        for problem in reading.problems:
            log.warning("%s: skipped %s of %s: %s", source.name, problem.where, day, problem.what)
        closed = source.closes and is_closed(day, now)
        return await self._store(reading, source=source.name, read_at=now, closed=closed)

    async def _store(
        self, reading: Reading, *, source: str, read_at: datetime, closed: bool
    ) -> Collected:
        digest = reading.digest
        async with self._database.transaction() as stores:
            await stores.lists.note_success(source, read_at)
            new = 0
            if reading.is_open:
                counts = await stores.lists.save(
                    digest, source=source, read_at=read_at, closed=closed
                )
                new = counts.new_listings
        if new:
            log.info("%s: %d papers of %s, %d of them new", source, len(digest), digest.day, new)
        return Collected(
            source=source,
            day=digest.day,
            papers=len(digest),
            new=new,
            skipped=len(reading.problems),
        )
