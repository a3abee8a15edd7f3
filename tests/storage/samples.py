"""Small values to store, each with only what a test is about left to say."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.deliveries import Delivery, EditionItem, MessageKind, PlannedMessage, nonce
from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.subscriptions import DailyTime, Preferences, Subscription
from bot.storage.database import Database

DAY: Final = date(2024, 6, 4)
NOON: Final = datetime(2024, 6, 4, 12, tzinfo=UTC)
SLOT: Final = datetime(2024, 6, 5, 0, tzinfo=UTC)
LEASE: Final = timedelta(seconds=90)
CHANNEL: Final = 1_182_000_000_000_000_001  # as wide as Discord's ids are
GUILD: Final = 1_182_000_000_000_000_000


def paper_id(number: int) -> PaperId:
    return PaperId(f"2406.{number:05}")


def paper(
    number: int,
    *,
    title: str = "A title",
    authors: Sequence[str] = (),
    abstract: str = "",
    stars: int | None = None,
    summaries: Sequence[Summary] = (),
) -> Paper:
    return Paper(
        id=paper_id(number),
        title=title,
        authors=tuple(authors),
        abstract=abstract,
        stars=stars,
        summaries=tuple(summaries),
    )


def summary(
    *bullets: str, language: str = "en", origin: SummaryOrigin = SummaryOrigin.DIGEST
) -> Summary:
    return Summary(
        language=language, bullets=tuple(Bullet(text) for text in bullets), origin=origin
    )


def digest(*listings: Listing | Paper, day: date = DAY) -> Digest:
    return Digest.of(
        day, (each if isinstance(each, Listing) else Listing(paper=each) for each in listings)
    )


async def save(
    database: Database,
    *listings: Listing | Paper,
    day: date = DAY,
    source: str = "huggingface",
    read_at: datetime = NOON,
    closed: bool = False,
) -> None:
    async with database.transaction() as stores:
        await stores.lists.save(
            digest(*listings, day=day), source=source, read_at=read_at, closed=closed
        )


def daily(hour: int = 9, minute: int = 0, zone: str = "Asia/Seoul") -> DailyTime:
    return DailyTime(at=time(hour, minute), zone=ZoneInfo(zone))


async def subscribe(
    database: Database,
    channel_id: int = CHANNEL,
    *,
    guild_id: int = GUILD,
    at: DailyTime | None = None,
    created_at: datetime = NOON,
) -> Subscription:
    async with database.transaction() as stores:
        return await stores.subscriptions.add(
            guild_id=guild_id,
            channel_id=channel_id,
            preferences=Preferences(daily=at if at is not None else daily()),
            created_at=created_at,
        )


def items(numbers: Iterable[int], *, day: date = DAY) -> tuple[EditionItem, ...]:
    return tuple(
        EditionItem(paper_id=paper_id(number), day=day, rank=rank)
        for rank, number in enumerate(numbers, start=1)
    )


def cards(numbers: Iterable[int], *, channel_id: int = CHANNEL) -> list[PlannedMessage]:
    """One message for each paper."""
    return [
        PlannedMessage(
            kind=MessageKind.PAPER, nonce=nonce(channel_id, str(item.paper_id)), items=(item,)
        )
        for item in items(numbers)
    ]


def links(numbers: Iterable[int]) -> PlannedMessage:
    return PlannedMessage(kind=MessageKind.CLOSING, nonce="closing", items=items(numbers))


async def planned(
    database: Database,
    subscription: Subscription,
    messages: Sequence[PlannedMessage],
    *,
    slot_at: datetime = SLOT,
    quiet_until: datetime | None = None,
) -> Delivery:
    async with database.transaction() as stores:
        opened = await stores.deliveries.open(subscription, slot_at)
        assert opened is not None
        delivery = await stores.deliveries.plan(
            opened.id, messages, quiet=None, quiet_until=quiet_until
        )
    assert delivery is not None
    return delivery
