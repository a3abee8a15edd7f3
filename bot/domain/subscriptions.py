"""A channel that gets the papers every day, and when its day comes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

DEFAULT_TIME: Final = time(9, 0)
DEFAULT_LIMIT: Final = 25
MAX_LIMIT: Final = 100
"""More embeds a day than this is a flood: Hugging Face's longest list had 72 papers."""

NO_GUILD: Final = 0
"""Stands for the server where there is none: direct messages, which Discord gives to shard 0."""

CLOCK_RAN_AHEAD: Final = timedelta(hours=26)
"""A day with the hour of a clock change, and one more. A last delivery that lies further after
the slot that has just come was made by a clock that was wrong: it must not silence the channel
until that day comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyTime:
    """A wall-clock time in the readers' own zone: one instant every day, summer time or not.

    On the day that skips the time (clocks go forward) it is the instant that the clock would
    have shown without the change, an hour later on the wall; on the day that has it twice
    (clocks go back) it is the first of the two. So no day is skipped and none comes twice.
    """

    at: time
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise ValueError(f"a daily time is hours and minutes without a zone, not {self.at!r}")

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.zone.key}"

    def on(self, day: date) -> datetime:
        """The instant, in UTC, at which `day` has this time."""
        return datetime.combine(day, self.at, tzinfo=self.zone).astimezone(UTC)

    def day_of(self, instant: datetime) -> date:
        """The readers' date at `instant`."""
        return instant.astimezone(self.zone).date()

    def next_after(self, instant: datetime) -> datetime:
        """The first time strictly after `instant`, in UTC."""
        day = self.day_of(instant) - timedelta(days=1)
        while (slot := self.on(day)) <= instant:
            day += timedelta(days=1)
        return slot

    def last_until(self, instant: datetime) -> datetime:
        """The last time at or before `instant`, in UTC."""
        day = self.day_of(instant) + timedelta(days=1)
        while (slot := self.on(day)) > instant:
            day -= timedelta(days=1)
        return slot


class SubscriptionState(StrEnum):
    """Whether a subscription delivers.

    ACTIVE: yes. PAUSED: its people said no for now. SUSPENDED: its channel takes nothing from
    us, and the subscription waits, whole, until that is mended.
    """

    ACTIVE = "active"
    PAUSED = "paused"
    SUSPENDED = "suspended"


class Scope(StrEnum):
    """What a subscription brings. LISTS: the papers of the day. FOLLOWED: of those, only what a
    person follows, as one message of links."""

    LISTS = "lists"
    FOLLOWED = "followed"


class Order(StrEnum):
    """How a channel's papers are ordered. VOTES: as their list has them. TASTE: by what its readers
    liked, with every fifth place for something else."""

    VOTES = "votes"
    TASTE = "taste"


class SuspensionCause(StrEnum):
    """Why a channel takes nothing from us.

    LACKING: a permission is missing there. REFUSED: Discord refused a post, although all that
    can be seen says that we may. GONE: Discord knows no such channel. REMOVED: the server has
    put us out.
    """

    LACKING = "lacking"
    REFUSED = "refused"
    GONE = "gone"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Since when a subscription is suspended, and why; `told_at` is when its people were told."""

    cause: SuspensionCause
    reason: str
    since: datetime
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the people of a channel chose.

    `limit` is how many papers get an embed of their own; the rest follow as links.
    `announce_quiet_days` turns off the lines that explain a day without papers.
    With `seed_reactions` each card gets our own reactions first, to invite others.
    With `edit_cards` a card gets better bullets when they come after it was posted.
    `order` says which papers are the best; a person's own are always in the order of their taste.
    `remind_on` is the weekday (Monday is 0) on which a person is told what they saved and have
    not read.
    """

    daily: DailyTime
    language: str = "en"
    limit: int = DEFAULT_LIMIT
    role_id: int | None = None
    announce_quiet_days: bool = True
    seed_reactions: bool = False
    edit_cards: bool = True
    order: Order = Order.VOTES
    remind_on: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"limit {self.limit} is not between 1 and {MAX_LIMIT}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One channel's daily papers. A channel has at most one.

    A person's is that of their direct messages: `reader_id` is theirs, and `guild_id` is
    `NO_GUILD`. Only theirs may have another `scope`, and then it never tells of quiet days.

    `counts_from` is when it last got another time of day or was taken up again: it owes no slot
    before that. `last_slot_at` is the slot of its newest delivery, `None` before the first.
    `quiet_until` is the next slot that the channel was told to expect papers at: slots before
    it pass without a word when there is nothing. `created_by` is the person who subscribed.
    """

    id: int
    guild_id: int
    channel_id: int
    preferences: Preferences
    created_at: datetime
    created_by: int | None = None
    reader_id: int | None = None
    scope: Scope = Scope.LISTS
    state: SubscriptionState = SubscriptionState.ACTIVE
    suspension: Suspension | None = None
    counts_from: datetime | None = None
    last_slot_at: datetime | None = None
    quiet_until: datetime | None = None

    def __post_init__(self) -> None:
        if (self.state is SubscriptionState.SUSPENDED) is (self.suspension is None):
            raise ValueError(f"{self.state} with suspension {self.suspension!r}")
        if (self.guild_id == NO_GUILD) is (self.reader_id is None):
            raise ValueError(f"server {self.guild_id} with reader {self.reader_id}")
        if self.scope is Scope.FOLLOWED and (
            self.reader_id is None or self.preferences.announce_quiet_days
        ):
            raise ValueError("only a person follows, and is told of no quiet days then")

    @property
    def is_first(self) -> bool:
        """Whether this subscription has had no delivery yet."""
        return self.last_slot_at is None

    def missed_slot(self, now: datetime) -> datetime | None:
        """The slot that should have been delivered by `now` and was not: the latest only.

        After downtime a channel gets one delivery, not one for every day it missed.
        """
        slot = self.preferences.daily.last_until(now)
        return slot if self.owes(slot) else None

    def next_slot(self, now: datetime) -> datetime:
        """When the next delivery comes."""
        slot = self.preferences.daily.next_after(now)
        while not self._is_new(slot):
            slot = self.preferences.daily.next_after(slot)
        return slot

    def owes(self, slot: datetime) -> bool:
        """Whether a delivery at `slot` is due: it is active, and `slot` is one of its own, later
        than all it has had and than its last change, on a day that had none."""
        daily = self.preferences.daily
        return (
            self.state is SubscriptionState.ACTIVE
            and daily.last_until(slot) == slot
            and self._is_new(slot)
        )

    def _is_new(self, slot: datetime) -> bool:
        daily, last = self.preferences.daily, self.last_slot_at
        if last is not None and last - slot > CLOCK_RAN_AHEAD:
            last = None
        if any(at is not None and slot <= at for at in (self.created_at, self.counts_from, last)):
            return False
        # One delivery a local day, also when its time is moved to later that day.
        return last is None or daily.day_of(slot) > daily.day_of(last)


def shard_of(guild_id: int, shard_count: int) -> int:
    """The shard that a server's events and deliveries belong to.

    Discord's own formula: https://discord.com/developers/docs/events/gateway#sharding
    """
    return (guild_id >> 22) % shard_count
