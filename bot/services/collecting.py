"""Reading the sources again and again until their lists are closed, and keeping what they say."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from bot.domain.deliveries import days_to_read, is_closed
from bot.domain.digests import Digest, merge
from bot.domain.errors import SourceError, SourceUnavailable
from bot.services.clock import Now
from bot.services.measures import Measures
from bot.sources.reading import Reading, Source
from bot.storage.database import Database, Stores

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a source said of a day: a reading, or why there is none."""

    source: str
    closes: bool
    day: date
    reading: Reading | None = None
    error: SourceError | None = None


class Collecting:
    """Takes lists from the sources into the store; a paper once stored is never lost again.

    `on_read` is called whenever the open lists were read.
    """

    def __init__(
        self,
        database: Database,
        sources: Sequence[Source],
        *,
        now: Now,
        measures: Measures | None = None,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._on_read = on_read
        self._sources = tuple(sources)
        self._now = now
        self._measures = measures or Measures()
        self._reading = asyncio.Lock()
        self._refreshed_at: datetime | None = None
        self._unanswered: set[str] = set()

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self._sources)

    async def refresh(self) -> tuple[Collected, ...]:
        """Read every list that may still change, from every source.

        A source that fails keeps no other from being read, and costs nothing that is stored.
        """
        async with self._reading:
            started = self._now()
            taken = await asyncio.gather(*(self._take(s, started) for s in self._sources))
            if len(taken) > 1:
                # Once more together, now that it is known what each of them says.
                await self._store([asked for of_source, _ in taken for asked in of_source], started)
            self._refreshed_at = started
        self._on_read()
        return tuple(collected for _, of_source in taken for collected in of_source)

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
            async with self._database.transaction() as stores:
                for source in self._unanswered:
                    await stores.lists.note_failure(
                        source, self._now(), f"no answer within {patience}"
                    )
            log.warning(
                "%s did not answer within %s: posting what is stored",
                ", ".join(sorted(self._unanswered)),
                patience,
            )

    async def backfill(self, days: Iterable[date]) -> AsyncIterator[Collected]:
        """Read the lists of `days` one after the other, telling of each as it is stored.

        Lists that are closed and stored are not asked for again, so an interrupted run can
        simply be repeated.
        """
        for day in days:
            asked, began = [], self._now()
            for source in self._sources:
                async with self._database.reading() as stores:
                    closed = await stores.lists.closed_days([day], [source.name], now=self._now())
                if day in closed:
                    yield Collected(source=source.name, day=day, known=True)
                else:
                    asked.append(await self._ask(source, day))
            for collected in await self._store(asked, began):
                yield collected

    async def take_in(self, reading: Reading, *, source: str) -> Collected:
        """Store a list that was read elsewhere: from a file given on the command line."""
        asked = _Asked(source=source, closes=False, day=reading.digest.day, reading=reading)
        [collected] = await self._store([asked], self._now())
        return collected

    async def _take(
        self, source: Source, now: datetime
    ) -> tuple[list[_Asked], tuple[Collected, ...]]:
        """Ask a source and keep what it says at once: another one may hang."""
        self._unanswered.add(source.name)
        asked = await self._ask_for_open_days(source, now)
        self._unanswered.discard(source.name)
        return asked, await self._store(asked, now)

    async def _ask_for_open_days(self, source: Source, now: datetime) -> list[_Asked]:
        days = days_to_read(now, closed=())
        if source.closes:
            async with self._database.reading() as stores:
                days = days_to_read(
                    now, await stores.lists.closed_days(days, [source.name], now=now)
                )
        asked = []
        for day in days:
            asked.append(await self._ask(source, day))
            if isinstance(asked[-1].error, SourceUnavailable):
                break  # the other days would fail alike; the next round asks again
        return asked

    async def _ask(self, source: Source, day: date) -> _Asked:
        asked = partial(_Asked, source=source.name, closes=source.closes, day=day)
        began, ok = time.monotonic(), False
        try:
            reading = await source.read(day)
            ok = True
        except SourceError as error:
            log.warning("could not read the list of %s: %s", day, error)
            return asked(error=error)
        finally:
            # Also when nobody wants to wait any longer: a source that hangs shows as slow.
            self._measures.source_read(source.name, ok=ok, seconds=time.monotonic() - began)
        for problem in reading.problems:
            log.warning("%s: skipped %s of %s: %s", source.name, problem.where, day, problem.what)
        return asked(reading=reading)

    async def _store(self, asked: Sequence[_Asked], read_at: datetime) -> tuple[Collected, ...]:
        """Keep what the sources said, the first source's word before the others'."""
        of_day: defaultdict[date, list[Digest]] = defaultdict(list)
        for one in asked:
            if one.reading is not None:
                of_day[one.day].append(one.reading.digest)
        merged = {day: merge(day, digests) for day, digests in of_day.items()}
        collected = []
        for one in asked:
            async with self._database.transaction() as stores:
                if one.reading is None:
                    await stores.lists.note_failure(one.source, read_at, str(one.error))
                    collected.append(Collected(source=one.source, day=one.day, error=one.error))
                    continue
                await stores.lists.note_success(one.source, read_at)
                collected.append(
                    await self._save(stores, one, one.reading, merged[one.day], read_at)
                )
        return tuple(collected)

    async def _save(
        self, stores: Stores, asked: _Asked, reading: Reading, merged: Digest, read_at: datetime
    ) -> Collected:
        new = 0
        if reading.is_open:
            listed = {listing.paper.id for listing in reading.digest}
            digest = Digest.of(asked.day, (one for one in merged if one.paper.id in listed))
            closed = asked.closes and is_closed(asked.day, read_at)
            counts = await stores.lists.save(
                digest, source=asked.source, read_at=read_at, closed=closed
            )
            new = counts.new_listings
        if new:
            log.info(
                "%s: %d papers of %s, %d new", asked.source, len(reading.digest), asked.day, new
            )
        return Collected(
            source=asked.source,
            day=asked.day,
            papers=len(reading.digest),
            new=new,
            skipped=len(reading.problems),
        )
