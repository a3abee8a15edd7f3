"""What readers and channels care about, learned from what they said, and what that makes of papers.

The papers that tastes are learned among are the newest of the archive, on a shelf in memory. It is
made when it is first needed, away from the event loop, and again when papers came or changed.
Nothing that is learned is kept: a taste follows from the verdicts, and is gone when they are.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.domain.interests import Interest, Place, Verdict
from bot.domain.papers import Paper, PaperId
from bot.domain.showings import Showing
from bot.domain.traits import Traits
from bot.services.clock import Now
from bot.storage.database import Database, Stores
from bot.storage.errors import StorageError

if TYPE_CHECKING:  # they bring numpy, and many a bot is never asked for a taste
    from bot.domain.shelves import Shelf
    from bot.domain.tastes import Ordering

log = logging.getLogger(__name__)

ON_SHELF: Final = 10_000
"""Papers: more than a year of lists. Older ones still teach "more like this", and are not found."""

VERDICTS: Final = 500
"""Of a reader, the newest: what was said before has faded."""
VERDICTS_OF_CHANNEL: Final = 1_000

LOOKED_AT: Final = timedelta(minutes=1)
"""How long a shelf is taken to be up to date without asking the store."""
KEPT: Final = timedelta(hours=1)
"""How long a shelf is used when nothing seems to be missing: another process may have added what
is new."""

AT_ONCE: Final = 50
"""Papers whose traits are made within one transaction: some 20 ms."""

PATIENCE: Final = timedelta(seconds=20)
"""How long a delivery waits for a shelf. The first one of an archive takes some five seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A paper that fits, and why: the paper that the reader `said` so of and that it has most in
    common with, much if `is_close`, and how many others in the reader's server liked or saved
    it."""

    paper_id: PaperId
    because: PaperId | None = None
    said: Verdict | None = None
    is_close: bool = True
    liked_here: int = 0


class Learning:
    """Tastes, from the store and a shelf in memory."""

    def __init__(self, database: Database, *, now: Now) -> None:
        self._database = database
        self._now = now
        self._shelf: Shelf | None = None
        self._made_at = self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._making: asyncio.Task[Shelf] | None = None
        # One at a time: several would only take the interpreter from each other and the loop.
        self._reckoning = asyncio.Semaphore(1)

    async def close(self) -> None:
        """Stop making a shelf, if one is being made."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])

    # --- for readers ---

    async def similar(
        self, paper_id: PaperId, *, limit: int, patience: timedelta | None = None
    ) -> tuple[Fit, ...]:
        """The papers on the shelf that are most like one of the archive, best first; none, if
        there is no shelf within `patience`.

        `PaperNotFound` if the archive does not hold the paper.
        """
        async with self._database.reading() as stores:
            paper = await stores.papers.get(paper_id)
        try:
            async with asyncio.timeout(patience.total_seconds() if patience else None):
                shelf = await self._current()
        except TimeoutError:
            return ()
        async with self._reckoning:
            found = await asyncio.to_thread(_similar, paper, shelf, limit)
        return tuple(Fit(paper_id=each) for each in found)

    async def for_reader(
        self, reader_id: int, place: Place, *, since: date | None, limit: int
    ) -> tuple[Fit, ...]:
        """Papers that fit a reader and that they said nothing of yet, best first; those on lists
        since a day, or with `None` all of the shelf.

        Without a taste, it is what others in the reader's server liked, the most liked first.
        """
        shelf = await self._current()

        async def look(stores: Stores) -> _Said:
            taste_since = await stores.readers.taste_since(reader_id)
            interests = await stores.interests.of_reader(reader_id)
            return _Said(
                showings=await stores.showings.to_reader(
                    reader_id, since=taste_since, limit=VERDICTS
                ),
                verdicts={each.paper_id: each.verdict for each in _by_weight(interests)},
                liked_here=await stores.showings.liked_at(place, without=reader_id),
                among=None if since is None else await stores.showings.listed_since(since),
            )

        said = await self._database.look_up(look)
        async with self._reckoning:
            return await asyncio.to_thread(_fitting, said, shelf, self._now().date(), limit)

    # --- for deliveries ---

    async def ordering(self, *, reader_id: int | None, channel_id: int) -> "Ordering | None":
        """How the taste of a reader orders lists, or, without one, that of a channel; `None` if
        nothing is known of it, or not soon enough: a delivery goes out all the same."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                shelf = await self._current()
                showings = await self._database.look_up(
                    lambda stores: _shown(stores, reader_id, channel_id)
                )
                if not showings:
                    return None
                async with self._reckoning:
                    return await asyncio.to_thread(_ordering, showings, shelf, self._now().date())
        except (TimeoutError, StorageError) as error:
            log.warning(
                "channel %d is ordered by votes, its taste is not at hand: %s",
                channel_id,
                str(error) or "the shelf is not ready",
            )
            return None

    # --- the shelf ---

    async def _current(self) -> "Shelf":
        """The shelf, made anew if papers came since."""
        now = self._now()
        if self._making is None and self._shelf is not None:
            if now - self._looked_at < LOOKED_AT:
                return self._shelf
            missing = await self._database.look_up(lambda stores: stores.traits.missing(ON_SHELF))
            self._looked_at = now
            if not missing and now - self._made_at < KEPT:
                return self._shelf
        if self._making is None:
            self._making = asyncio.create_task(self._make())
            self._making.add_done_callback(self._made)
        # Others wait for the same one, and whoever gives up does not stop it.
        return await asyncio.shield(self._making)

    async def _make(self) -> "Shelf":
        missing = await self._database.look_up(lambda stores: stores.traits.missing(ON_SHELF))
        unstored: dict[PaperId, Traits] = {}
        for start in range(0, len(missing), AT_ONCE):
            paper_ids = missing[start : start + AT_ONCE]
            if not unstored:
                try:
                    await self._complete(paper_ids)
                    continue
                except StorageError as error:
                    # Who only looks something up does not wait for a store that takes nothing.
                    log.warning("what papers are about is not stored yet: %s", error)
            unstored |= await self._traits(paper_ids)
        traits = await self._database.look_up(lambda stores: stores.traits.newest(ON_SHELF))
        shelf = await asyncio.to_thread(_shelf, {**traits, **unstored})
        log.info("%d papers are on the shelf, %d of them new", len(shelf), len(missing))
        return shelf

    async def _traits(self, paper_ids: Collection[PaperId]) -> dict[PaperId, Traits]:
        papers = await self._database.look_up(lambda stores: stores.papers.get_many(paper_ids))
        return await asyncio.to_thread(_traits, papers)

    async def _complete(self, paper_ids: Collection[PaperId]) -> None:
        async with self._database.transaction() as stores:
            papers = await stores.papers.get_many(paper_ids)
            traits = await asyncio.to_thread(_traits, papers)
            await stores.traits.put(traits)

    def _made(self, making: "asyncio.Task[Shelf]") -> None:
        self._making = None
        if not making.cancelled() and making.exception() is None:
            self._shelf = making.result()
            self._made_at = self._looked_at = self._now()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is known of a reader, and of others in their server."""

    showings: Sequence[Showing]
    verdicts: Mapping[PaperId, Verdict]
    liked_here: Mapping[PaperId, int]
    among: frozenset[PaperId] | None


async def _shown(stores: Stores, reader_id: int | None, channel_id: int) -> tuple[Showing, ...]:
    if reader_id is None:
        return await stores.showings.in_channel(channel_id, limit=VERDICTS_OF_CHANNEL)
    since = await stores.readers.taste_since(reader_id)
    return await stores.showings.to_reader(reader_id, since=since, limit=VERDICTS)


def _by_weight(interests: Sequence[Interest]) -> list[Interest]:
    """Of several verdicts on one paper the one that says why stands last: saved before liked."""
    said = (None, Verdict.LIKED, Verdict.SAVED)
    return sorted(
        interests, key=lambda each: said.index(each.verdict) if each.verdict in said else 0
    )


# --- what is done on another thread -------------------------------------------------------


def _traits(papers: Mapping[PaperId, Paper]) -> dict[PaperId, Traits]:
    return {paper_id: Traits.of(paper) for paper_id, paper in papers.items()}


def _shelf(traits: Mapping[PaperId, Traits]) -> "Shelf":
    from bot.domain.shelves import Shelf

    return Shelf(traits)


def _similar(paper: Paper, shelf: "Shelf", limit: int) -> list[PaperId]:
    from bot.domain.tastes import Taste

    vector = shelf.vector(Traits.of(paper))
    best = Taste.of_paper(paper.id, vector, shelf).best(shelf, limit, without=[paper.id])
    return [paper_id for paper_id, _ in best]


def _fitting(said: _Said, shelf: "Shelf", today: date, limit: int) -> tuple[Fit, ...]:
    from bot.domain.tastes import Taste

    taste = Taste.learned(said.showings, shelf, today=today)
    if not taste:
        liked = sorted(said.liked_here.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Fit(paper_id=paper_id, liked_here=count)
            for paper_id, count in liked
            if said.among is None or paper_id in said.among
            if paper_id not in said.verdicts
        )[:limit]
    without = set(said.verdicts)
    if said.among is not None:
        without |= set(shelf) - said.among
    fits = []
    for paper_id, _ in taste.best(shelf, limit, without=without):
        because = taste.because(shelf[paper_id])
        fits.append(
            Fit(
                paper_id=paper_id,
                because=None if because is None else because.paper_id,
                said=None if because is None else said.verdicts.get(because.paper_id),
                is_close=because is None or because.is_close,
                liked_here=said.liked_here.get(paper_id, 0),
            )
        )
    return tuple(fits)


def _ordering(showings: Sequence[Showing], shelf: "Shelf", today: date) -> "Ordering | None":
    from bot.domain.tastes import Ordering, Taste

    taste = Taste.learned(showings, shelf, today=today)
    return Ordering(taste, shelf) if taste else None
