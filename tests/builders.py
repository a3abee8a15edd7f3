"""Values for tests, with defaults that no test depends on."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.subscriptions import DailyTime, Preferences, Subscription

DAY = date(2024, 6, 4)
"""A Tuesday."""

GUILD = 700_000_000_000_000_001
CHANNEL = 800_000_000_000_000_001


def utc(*when: int) -> datetime:
    """`utc(2024, 6, 4, 9)` is that instant."""
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc, arg-type]


def a_daily_time(at: str = "09:00", zone: str = "Asia/Seoul") -> DailyTime:
    return DailyTime(at=time.fromisoformat(at), zone=ZoneInfo(zone))


def a_summary(
    *bullets: str, language: str = "en", origin: SummaryOrigin = SummaryOrigin.DIGEST
) -> Summary:
    return Summary(
        language=language,
        bullets=tuple(Bullet(text) for text in bullets or ("It measures more.", "It costs less.")),
        origin=origin,
    )


def a_paper(number: int = 1, **fields: Any) -> Paper:
    """Paper number n has the id 2406.0000n."""
    given = {
        "id": PaperId(f"2406.{number:05d}"),
        "title": f"Paper {number}",
        "authors": ("Ada Lovelace", "Benjamin Thérien"),
        "summaries": (a_summary(),),
    }
    return Paper(**{**given, **fields})


def a_listing(number: int = 1, *, upvotes: int | None = 10, live: bool = True) -> Listing:
    return Listing(paper=a_paper(number), upvotes=upvotes, live=live)


def a_digest(day: date = DAY, numbers: Iterable[int] = (1, 2, 3)) -> Digest:
    """Papers of these numbers, best first."""
    numbers = list(numbers)
    return Digest.of(day, [a_listing(n, upvotes=len(numbers) - i) for i, n in enumerate(numbers)])


def some_preferences(**fields: Any) -> Preferences:
    return Preferences(**{"daily": a_daily_time(), **fields})


def a_subscription(**fields: Any) -> Subscription:
    """One that has had a delivery the day before, so that it gets all recent lists."""
    given = {
        "id": 1,
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "preferences": some_preferences(),
        "created_at": utc(2024, 5, 1),
        "last_slot_at": utc(2024, 6, 4),
    }
    return Subscription(**{**given, **fields})
