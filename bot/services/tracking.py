"""Knowing what readers say of papers: what Discord shows under our cards, and what was pressed.

Reactions are mirrored. Events are applied in the order in which they came, many in a transaction.
Events can be lost: with a session of the gateway that is not resumed, while nobody ran, while the
store could not be written. Then the messages that they may have been about are read again, newest
first and behind everything more urgent, and what is stored is made equal to what Discord shows.
What happens to a message while it is being read is newer than what was read, and wins.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias, TypeGuard

from bot.domain.interests import (
    Added,
    Cleared,
    Deleted,
    Event,
    Meanings,
    Meanwhile,
    Place,
    Pressed,
    Reaction,
    Removed,
    Seen,
    Verdict,
    posted_at,
)
from bot.domain.papers import PaperId
from bot.services.clock import Now
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.storage.database import Database, Stores
from bot.storage.errors import StorageError

log = logging.getLogger(__name__)

READ_BACK: Final = timedelta(days=7)
"""How old the deliveries are whose cards are read again. Older ones have few new reactions, and
each one that does come is noted as ever."""

AT_ONCE: Final = 500
"""Events in one transaction."""

MOST_QUEUED: Final = 20_000
MOST_DOUBTED: Final = 10_000
"""Beyond that everything recent is read again instead, so that memory stays bounded."""

MOST_EARLY: Final = 1_000
"""Messages of ours that have reactions and are not recorded yet. Most never will be: they are
answers to commands, shared with a channel."""

PAGE: Final = 100
"""Messages in one page of a channel's history
(https://discord.com/developers/docs/resources/message#get-channel-messages)."""

ONE_PRESS: Final = timedelta(seconds=2)
"""Presses of one button by one reader within that time are one press, meant once: a double
click, or an event that came twice."""


class ChannelRefuses(Exception):
    """Discord shows us nothing of this channel: asking again would only be refused again."""


class NotNow(Exception):
    """Discord, or the way to it, failed: what was asked may succeed later."""


class Reactions(Protocol):
    """Where reactions stand. `bot.reactions.DiscordReactions` asks Discord."""

    def guild_of(self, channel_id: int) -> int | None:
        """The server of a channel, 0 for direct messages; `None` if it is not known."""
        ...

    def read(self, channel_id: int, message_ids: Sequence[int]) -> AsyncIterator[Seen]:
        """What stands under these messages, the newest first, as far as one page of the
        channel's history reaches: under the first of them at least.

        Raises `ChannelRefuses` or `NotNow`, after having told of some of them perhaps.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Posted:
    """A message of ours is recorded; `anew` if it may have stood in its channel for a while."""

    message_id: int
    place: Place
    anew: bool


_Queued: TypeAlias = Event | _Posted | asyncio.Future[None]


class Tracking:
    """Notes reactions and presses, and reads again what may have been missed.

    `on_change` is told of each card under which a reaction was stored or taken away.
    """

    def __init__(
        self,
        database: Database,
        reactions: Reactions,
        *,
        meanings: Meanings,
        now: Now,
        timing: Timing = DEFAULT_TIMING,
        measures: Measures | None = None,
        on_change: Callable[[int, Place, PaperId], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._reactions = reactions
        self._meanings = meanings
        self._now = now
        self._timing = timing
        self._measures = measures or Measures()
        self._on_change = on_change
        self._queue: deque[_Queued] = deque()
        self._early: OrderedDict[int, None] = OrderedDict()
        self._gaps: list[Callable[[int], bool]] = []
        self._doubted: dict[int, Place] = {}
        self._to_read: dict[Place, dict[int, None]] = {}
        self._being_read: dict[int, Meanwhile] = {}
        self._pressed: OrderedDict[tuple[int, PaperId, Verdict], tuple[datetime, Pressed]] = (
            OrderedDict()
        )
        # Each lives while there is something to do, and no longer.
        self._applying: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopped = False

    async def close(self, *, patience: timedelta = timedelta(seconds=5)) -> None:
        """Stop once everything noted is stored, or after a while without: what is missing then
        is read at the next start."""
        self._stopped = True
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._applying is not None:
            _, late = await asyncio.wait([self._applying], timeout=patience.total_seconds())
            if late:
                self._applying.cancel()
                await asyncio.wait(late)

    async def caught_up(self) -> None:
        """Return once everything noted is stored and nothing is left to be read again."""
        while busy := [task for task in (self._applying, self._reading) if _is_running(task)]:
            await asyncio.wait(busy)

    # --- what happens ---

    def note(self, event: Event) -> None:
        """Take an event as it comes; it is applied soon, after those that came before it."""
        if self._stopped or not self._matters(event):
            return
        if (meanwhile := self._being_read.get(event.message_id)) is not None:
            meanwhile.note(event)
        if len(self._queue) >= MOST_QUEUED:
            self._doubt(event)
        else:
            self._take(event)

    def posted(self, message_id: int, place: Place, *, anew: bool = False) -> None:
        """Note that a message of ours is recorded now. Who was quicker than the record is read
        again; with `anew`, it stood there before this process knew."""
        if not self._stopped:
            self._take(_Posted(message_id, place, anew))

    def lost(self, concerned: Callable[[int], bool]) -> None:
        """Note that events of some servers may have been lost, and will not come again: the
        cards of the last days are read there. `concerned` is asked with 0 for direct messages."""
        self._gaps.append(concerned)
        self._want()

    # --- what is pressed ---

    async def press(
        self, reader_id: int, paper_id: PaperId, verdict: Verdict, *, place: Place
    ) -> Pressed:
        """Give a verdict, or take it back if it was given with a button.

        `PaperNotFound` if the archive does not hold the paper.
        """
        now, key = self._now(), (reader_id, paper_id, verdict)
        while self._pressed and now - next(iter(self._pressed.values()))[0] > ONE_PRESS:
            self._pressed.popitem(last=False)
        if key in self._pressed:
            return self._pressed[key][1]
        async with self._database.transaction() as stores:
            await stores.papers.get(paper_id)
            pressed = await stores.interests.press(
                reader_id, paper_id, verdict, place=place, at=now
            )
        self._pressed[key] = (now, pressed)
        self._measures.pressed(pressed)
        return pressed

    async def counts(self, paper_id: PaperId, place: Place) -> dict[Verdict, int]:
        """How many readers of this server said what of a paper."""
        async with self._database.reading() as stores:
            counts = await stores.interests.counts(place, [paper_id])
        return dict(counts[paper_id])

    # --- applying events ---

    def _take(self, queued: _Queued) -> None:
        self._queue.append(queued)
        if not _is_running(self._applying):
            self._applying = asyncio.create_task(self._apply_all())

    async def applied(self) -> None:
        """Return once what was noted until now is stored, or in doubt."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take(done)
        await done

    async def _apply_all(self) -> None:
        while self._queue:
            queued = [self._queue.popleft() for _ in range(min(AT_ONCE, len(self._queue)))]
            await self._apply_some(queued)

    async def _apply_some(self, queued: Sequence[_Queued]) -> None:
        events = [one for one in queued if isinstance(one, Added | Removed | Cleared | Deleted)]
        failed: Exception | None = None
        try:
            if events:
                await self._apply(events)
        except Exception as error:  # noqa: BLE001 - it is logged below
            failed = error
            self._measures.reactions_failed(len(events))
            for event in events:
                self._doubt(event)
        for one in queued:
            if isinstance(one, _Posted):
                self._recorded(one)
            elif isinstance(one, asyncio.Future) and not one.done():
                one.set_result(None)
        if failed is not None:
            log.error(
                "%d events of reactions are not noted, their messages will be read again: %s",
                len(events),
                failed,
                exc_info=None if isinstance(failed, StorageError) else failed,
            )

    async def _apply(self, events: Sequence[Event]) -> None:
        """Store what became of our cards; reactions to anything else are nobody's business."""
        async with self._database.reading() as stores:
            papers = await stores.interests.papers_of({event.message_id for event in events})
        ours = []
        for event in events:
            if papers.get(event.message_id) is not None:
                ours.append(event)
            elif isinstance(event, Added) and event.ours and event.message_id not in papers:
                self._early[event.message_id] = None
                if len(self._early) > MOST_EARLY:
                    self._early.popitem(last=False)
        if not ours:
            return
        async with self._database.transaction() as stores:
            for event in ours:
                paper_id = papers[event.message_id]
                assert paper_id is not None  # noqa: S101 - those without are left out above
                await self._apply_one(stores, event, paper_id)
        for event in ours:
            self._measures.reaction(type(event).__name__.lower())
            paper_id = papers[event.message_id]
            if paper_id is not None and not isinstance(event, Deleted):
                self._on_change(event.message_id, event.place, paper_id)

    async def _apply_one(self, stores: Stores, event: Event, paper_id: PaperId) -> None:
        interests = stores.interests
        match event:
            case Added(by_bot=None):
                self._doubt(event)
            case Added(reaction=reaction):
                await self._store(stores, reaction, event.message_id, paper_id, event.place)
            case Removed(reaction=reaction):
                await interests.unreacted(reaction, message_id=event.message_id)
            case Cleared(emoji=emoji):
                await interests.cleared(event.message_id, emoji=emoji)
            case Deleted():
                await interests.deleted([event.message_id])

    async def _store(
        self, stores: Stores, reaction: Reaction, message_id: int, paper_id: PaperId, place: Place
    ) -> None:
        if (verdict := self._says(reaction)) is not None:
            await stores.interests.reacted(
                reaction,
                message_id=message_id,
                paper_id=paper_id,
                verdict=verdict,
                place=place,
                at=self._now(),
            )

    def _matters(self, event: Event) -> bool:
        if isinstance(event, Added) and (event.by_bot or event.ours is False):
            return False
        return not isinstance(event, Added | Removed) or self._says(event.reaction) is not None

    def _says(self, reaction: Reaction) -> Verdict | None:
        return self._meanings.of(reaction.emoji)

    def _recorded(self, posted: _Posted) -> None:
        was_early = posted.message_id in self._early
        self._early.pop(posted.message_id, None)
        if was_early or posted.anew:
            self._read(posted.message_id, posted.place)

    # --- what is in doubt ---

    def _doubt(self, event: Event) -> None:
        """Read its message again, if it is one of ours."""
        if len(self._doubted) >= MOST_DOUBTED:
            self._doubted.clear()
            self.lost(lambda _guild_id: True)
            return
        self._doubted[event.message_id] = event.place
        self._want()

    def _read(self, message_id: int, place: Place) -> None:
        self._to_read.setdefault(place, {})[message_id] = None
        self._want()

    def _want(self) -> None:
        if not _is_running(self._reading) and not self._stopped:
            self._reading = asyncio.create_task(self._read_all())

    async def _read_all(self) -> None:
        """Read what is in doubt until nothing is; when that fails, again after a pause."""
        pause = self._timing.first_retry
        while self._gaps or self._doubted or self._to_read:
            try:
                if self._gaps or self._doubted:
                    await self._list()
                if self._to_read:
                    await self._read_page()
            except (NotNow, StorageError) as error:
                log.warning("reactions cannot be read again yet: %s", error)
            except Exception:
                log.exception("reactions could not be read again")
            else:
                pause = self._timing.first_retry
                continue
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, self._timing.last_retry)

    async def _list(self) -> None:
        """Find out which cards are to be read: those that were doubted, and after a gap all of
        the last days."""
        gaps, doubted = list(self._gaps), dict(self._doubted)
        async with self._database.reading() as stores:
            papers = await stores.interests.papers_of(doubted)
            cards = await stores.interests.cards_since(self._now() - READ_BACK) if gaps else ()
        del self._gaps[: len(gaps)]
        for message_id, place in doubted.items():
            self._doubted.pop(message_id, None)
            if papers.get(message_id) is not None:
                self._to_read.setdefault(place, {})[message_id] = None
        listed = 0
        for card in cards:
            guild_id = card.guild_id
            if guild_id is None:
                guild_id = self._reactions.guild_of(card.channel_id)
            if guild_id is not None and any(concerned(guild_id) for concerned in gaps):
                place = Place(guild_id, card.channel_id)
                self._to_read.setdefault(place, {})[card.message_id] = None
                listed += 1
        if gaps:
            log.info("reading the reactions under %d cards again", listed)

    async def _read_page(self) -> None:
        """Read one page of the channel whose turn it is."""
        place = next(iter(self._to_read))
        wanted = self._to_read.pop(place)
        page = sorted(wanted, reverse=True)[:PAGE]
        left = dict.fromkeys(sorted(wanted.keys() - set(page), reverse=True))
        unread = set(page)
        try:
            with self._watching(page):
                # What came before must not be applied over what is read now.
                await self.applied()
                async for seen in self._reactions.read(place.channel_id, page):
                    await self._make_equal(seen, place)
                    unread.discard(seen.message_id)
        except ChannelRefuses as error:
            log.info("channel %d shows no reactions: %s", place.channel_id, error)
            self._measures.read_again("refused", len(unread) + len(left))
            unread, left = set(), {}
        finally:
            # At the end: every channel has its newest page before one has its second.
            if unread or left:
                again = self._to_read.pop(place, {})
                self._to_read[place] = again | dict.fromkeys(unread) | left

    @contextmanager
    def _watching(self, message_ids: Collection[int]) -> Iterator[None]:
        """Within, take note of what happens to these messages."""
        self._being_read.update((message_id, Meanwhile()) for message_id in message_ids)
        try:
            yield
        finally:
            for message_id in message_ids:
                del self._being_read[message_id]

    async def _make_equal(self, seen: Seen, place: Place) -> None:
        shown = {
            reaction: verdict
            for reaction in seen.reactions or ()
            if (verdict := self._says(reaction)) is not None
        }
        async with self._database.reading() as stores:
            known = await stores.interests.reactions(seen.message_id)
        if known == shown:
            self._measures.read_again("same")
            return
        meanwhile = self._being_read[seen.message_id]
        async with self._database.transaction() as stores:
            if seen.reactions is None:
                await stores.interests.deleted([seen.message_id])
                self._measures.read_again("gone")
                return
            paper_id = (await stores.interests.papers_of([seen.message_id])).get(seen.message_id)
            if paper_id is None:
                return  # it was erased with its person or server
            forgotten = await stores.readers.forgotten({each.reader_id for each in shown})
            known = await stores.interests.reactions(seen.message_id)
            for reaction in known:
                if shown.get(reaction) != known[reaction] and not meanwhile.changed(reaction):
                    await stores.interests.unreacted(reaction, message_id=seen.message_id)
            posted = posted_at(seen.message_id)
            for reaction in shown:
                if reaction not in known and posted < forgotten.get(reaction.reader_id, posted):
                    continue  # of before they were erased; what they say now comes as an event
                if shown[reaction] != known.get(reaction) and not meanwhile.changed(reaction):
                    await self._store(stores, reaction, seen.message_id, paper_id, place)
        self._measures.read_again("mended")
        self._on_change(seen.message_id, place, paper_id)


def _is_running(task: asyncio.Task[None] | None) -> TypeGuard[asyncio.Task[None]]:
    return task is not None and not task.done()
