"""Real services over a real store; only the network's far side is written by hand."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.domain.digests import Digest
from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.domain.subscriptions import Subscription
from bot.domain.suspensions import Access, Standing
from bot.rendering.message import Rendered
from bot.services.collecting import Collecting
from bot.services.delivering import Delivering
from bot.services.suspending import Suspending
from bot.services.timing import DEFAULT_TIMING
from bot.sources.reading import Reading
from bot.storage.database import Database, open_database
from tests.builders import CHANNEL, GUILD, some_preferences, utc


@dataclass
class Clock:
    """The present, until a test says otherwise."""

    instant: datetime = field(default_factory=lambda: utc(2024, 6, 5))

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Posted:
    message_id: int
    nonce: str
    message: Rendered
    at: datetime


class Channels:
    """A `Sender` and `Presence` with channels that remember, as Discord does: in order, and
    nonces for a while.

    `then` scripts what happens to the next messages of a channel: an outcome to answer instead
    of storing it, or `STORED_BUT_LOST` to store it and lose the answer.
    """

    STORED_BUT_LOST = Unknown("stored, and the answer was lost")
    NONCE_MEMORY = timedelta(minutes=4)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.posted: defaultdict[int, list[Posted]] = defaultdict(list)
        self.asked: list[tuple[int, str]] = []
        self.searched: list[int] = []
        self.then: defaultdict[int, list[Outcome]] = defaultdict(list)
        self.always: dict[int, Outcome] = {}
        self.blind = False
        """Whether no history can be read."""
        self.standings: dict[int, Standing] = {}
        self.on_send: Callable[[int], None] = lambda _channel_id: None
        self.hangs: asyncio.Event | None = None
        """Set when a message arrives whose answer never comes."""
        self._grown = asyncio.Event()

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        self.asked.append((channel_id, nonce))
        self.on_send(channel_id)
        if self.hangs is not None:
            self.hangs.set()
            await asyncio.Event().wait()
        scripted = self.then[channel_id].pop(0) if self.then[channel_id] else None
        outcome = scripted if scripted is not None else self.always.get(channel_id)
        if isinstance(outcome, NotSent | Refused | Rejected):
            return outcome
        if isinstance(outcome, Unknown) and outcome is not self.STORED_BUT_LOST:
            return outcome
        known = [
            posted
            for posted in self.posted[channel_id]
            if posted.nonce == nonce and self._clock() - posted.at <= self.NONCE_MEMORY
        ]
        if not known:
            message_id = 10_000 + sum(map(len, self.posted.values()))
            known = [Posted(message_id, nonce, message, self._clock())]
            self.posted[channel_id] += known
            self._grown.set()
        return outcome if outcome is not None else Sent(known[0].message_id)

    async def find(
        self,
        channel_id: int,
        message: Rendered,
        *,
        after_id: int | None,
        since: datetime,  # noqa: ARG002 - a clock that may be wrong
    ) -> Outcome:
        self.searched.append(channel_id)
        if self.blind:
            return Unknown("no answer")
        for posted in self.posted[channel_id]:
            if posted.message_id > (after_id or 0) and _same(posted.message, message):
                return Sent(posted.message_id)
        return NotSent("not in the history")

    def standing(self, _guild_id: int, channel_id: int, /) -> Standing:
        return self.standings.get(channel_id, Standing(Access.UNSEEN))

    async def have(self, count: int, channel_id: int = CHANNEL) -> None:
        """Wait until so many messages stand in a channel."""
        async with asyncio.timeout(10):
            while len(self.posted[channel_id]) < count:
                self._grown.clear()
                await self._grown.wait()

    def titles(self, channel_id: int = CHANNEL) -> list[str]:
        """What stands in a channel, by embed title or content."""
        return [
            str(posted.message.embeds[0].title)
            if posted.message.embeds
            else str(posted.message.content)
            for posted in self.posted[channel_id]
        ]


def _same(one: Rendered, other: Rendered) -> bool:
    return [e.url for e in one.embeds] == [e.url for e in other.embeds]


class ScriptedSource:
    """A source whose lists a test writes, and that can be down."""

    def __init__(self, name: str = "huggingface", *, closes: bool = True) -> None:
        self.name = name
        self.closes = closes
        self.lists: dict[date, Digest] = {}
        self.not_open: set[date] = set()
        self.unreadable: set[date] = set()
        self.down = False
        self.hangs = False
        self.reads: list[date] = []
        self.asked = asyncio.Event()

    async def read(self, day: date) -> Reading:
        self.reads.append(day)
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise SourceUnavailable(self.name, "no answer")
        if day in self.unreadable:
            raise SourceUnreadable(self.name, "not JSON")
        digest = self.lists.get(day, Digest.of(day, []))
        return Reading(digest=digest, is_open=day not in self.not_open)

    def put(self, digest: Digest) -> None:
        self.lists[digest.day] = digest


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}") as opened:
        yield opened


@pytest.fixture
def channels(clock: Clock) -> Channels:
    return Channels(clock)


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource()


@pytest.fixture
def collecting(database: Database, source: ScriptedSource, clock: Clock) -> Collecting:
    return Collecting(database, [source], now=clock)


@pytest.fixture
def delivering(database: Database, channels: Channels, clock: Clock) -> Delivering:
    return Delivering(
        database,
        channels,
        channels,
        sources=["huggingface"],
        now=clock,
        timing=replace(DEFAULT_TIMING, first_retry=timedelta(milliseconds=1)),
    )


async def store(database: Database, *digests: Digest, at: datetime | None = None) -> None:
    """Put lists into the archive as Hugging Face gave them."""
    async with database.transaction() as stores:
        for digest in digests:
            await stores.lists.save(
                digest, source="huggingface", read_at=at or utc(2024, 6, 5), closed=False
            )


async def subscribe(
    database: Database, channel_id: int = CHANNEL, *, had_one: bool = True, **preferences: object
) -> Subscription:
    """A stored subscription, as of the day before; with `had_one`, not its first delivery."""
    async with database.transaction() as stores:
        subscription = await stores.subscriptions.add(
            guild_id=GUILD,
            channel_id=channel_id,
            preferences=some_preferences(**preferences),
            created_at=utc(2024, 6, 1),
        )
        if had_one:
            before = await stores.deliveries.open(subscription, utc(2024, 6, 4))
            assert before is not None
            await stores.deliveries.plan(before.id, [], quiet=None, quiet_until=None)
            subscription = replace(subscription, last_slot_at=utc(2024, 6, 4))
    return subscription


class Listeners:
    """`People` that note whom they were to tell, and hear what `answer` says."""

    def __init__(self) -> None:
        self.told: list[Subscription] = []
        self.nonces: list[str] = []
        self.answer: Outcome = Sent(1)

    async def tell(self, subscriptions: Sequence[Subscription], *, nonce: str) -> Outcome:
        self.told += subscriptions
        self.nonces.append(nonce)
        return self.answer


@pytest.fixture
def people() -> Listeners:
    return Listeners()


@pytest.fixture
def suspending(
    database: Database, channels: Channels, people: Listeners, clock: Clock, delivering: Delivering
) -> Suspending:
    return Suspending(database, channels, people, now=clock, on_resume=delivering.resume)
