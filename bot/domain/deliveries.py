"""What a channel should get now, in which messages, and what may have become of each.

Everything here is decided from values alone; `services.delivering` carries it out.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from bot.domain.digests import Digest
from bot.domain.papers import PaperId
from bot.domain.subscriptions import (
    DailyTime,
    Preferences,
    Scope,
    Subscription,
    SuspensionCause,
)

LISTS_LOOKED_BACK: Final = 3
"""A delivery takes papers from the lists of this many days, the day of the slot included."""

FIRST_LOOKED_BACK: Final = 10
"""The first delivery takes the newest list of this many days: Christmas with its weekends."""

LIST_OPEN_BY: Final = time(6, 0, tzinfo=UTC)
"""A weekday's list has its first papers by then: in recorded lists the first entries are of
00:08 to 03:11 UTC and half of them are there by 03:44."""

LIST_CLOSES_AT: Final = time(3, 0, tzinfo=UTC)
"""A list takes no papers after this hour of the next day (measured: 01:30 to 02:30 UTC)."""

WAIT_FOR_SOURCE: Final = timedelta(hours=6)
"""How long a delivery that has nothing to post waits for a list that could not be read."""

LINKS_PER_CLOSING: Final = 60
"""Links in one closing embed: its 6,000 characters leave a hundred for each."""


# --- which papers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionItem:
    """A paper that a channel has not had: from which list, at what place there.

    `late` tells that the channel had papers of that list in an earlier delivery.
    """

    paper_id: PaperId
    day: date
    rank: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """What a channel should get now: every listed paper it has not had, newest list first."""

    items: tuple[EditionItem, ...]

    def __bool__(self) -> bool:
        return bool(self.items)


def in_order(found: Edition, papers: Sequence[PaperId]) -> Edition:
    """The same papers in the order of `papers`, which has all of them."""
    places = {paper_id: place for place, paper_id in enumerate(papers)}
    return Edition(tuple(sorted(found.items, key=lambda item: places[item.paper_id])))


def is_as_listed(items: Sequence[EditionItem]) -> bool:
    """Whether papers stand newest list first, each list in its own order: nobody's taste shows."""
    places = [(-item.day.toordinal(), item.rank) for item in items]
    return places == sorted(places)


def for_reader(found: Edition, followed: Collection[PaperId], scope: Scope) -> Edition:
    """The edition of a person: papers that they follow first, or these alone."""
    first = tuple(item for item in found.items if item.paper_id in followed)
    if scope is Scope.FOLLOWED:
        return Edition(first)
    return Edition(first + tuple(item for item in found.items if item.paper_id not in followed))


def lists_for(slot_at: datetime) -> tuple[date, ...]:
    """The days whose lists a delivery at `slot_at` draws from, newest first.

    Lists are dated in UTC, whatever the channel's zone.
    """
    newest = slot_at.astimezone(UTC).date()
    return tuple(newest - timedelta(days=age) for age in range(LISTS_LOOKED_BACK))


def lists_for_first(slot_at: datetime) -> tuple[date, ...]:
    """The days among which a first delivery looks for the newest list, newest first.

    Longer than `lists_for`, so that a channel subscribed after a holiday is greeted too.
    """
    newest = slot_at.astimezone(UTC).date()
    return tuple(newest - timedelta(days=age) for age in range(FIRST_LOOKED_BACK))


def edition(
    digests: Sequence[Digest],
    *,
    had: Collection[PaperId],
    delivered_days: Collection[date],
    first: bool,
    since: date | None = None,
) -> Edition:
    """Every listed paper that the channel has not had, newest list first, best first.

    `had` are the papers ever posted in this channel, `delivered_days` the lists of which it
    has had any. The first delivery of a subscription brings the newest list only, so that
    nobody is greeted with three days at once, and no later one goes back before that list:
    `since` is its day.
    """
    newest_first = sorted(
        (d for d in digests if d and (since is None or d.day >= since)),
        key=lambda d: d.day,
        reverse=True,
    )
    if first:
        newest_first = newest_first[:1]
    items: dict[PaperId, EditionItem] = {}
    for digest in newest_first:
        for rank, listing in enumerate(digest, start=1):
            paper_id = listing.paper.id
            if paper_id not in had and paper_id not in items:
                items[paper_id] = EditionItem(
                    paper_id=paper_id, day=digest.day, rank=rank, late=digest.day in delivered_days
                )
    return Edition(tuple(items.values()))


# --- or why none --------------------------------------------------------------------------


class QuietReason(StrEnum):
    """Why a slot brings no papers."""

    WEEKEND = "weekend"
    NO_LIST = "no-list"
    NOTHING_NEW = "nothing-new"
    SOURCE_DOWN = "source-down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Post this edition. `quiet_until`: if the next slots will foreseeably bring nothing, the
    first slot after them, to be said at the end."""

    edition: Edition
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Post nothing yet: the source cannot be reached, and may be before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Say in one silent line why there is nothing, and that the next post comes at `next_at`.

    With `spoken` false the slot passes without a line: it was announced, or is not wanted.
    """

    reason: QuietReason
    next_at: datetime
    spoken: bool
    since: datetime | None = None
    """For SOURCE_DOWN: since when."""


Decision: TypeAlias = Post | Wait | Quiet


def decide(
    subscription: Subscription,
    *,
    slot_at: datetime,
    now: datetime,
    digests: Sequence[Digest],
    had: Collection[PaperId],
    delivered_days: Collection[date],
    down_since: datetime | None,
    since: date | None = None,
    choose: Callable[[Edition], Edition] = lambda found: found,
) -> Decision:
    """What becomes of the delivery of `slot_at`, looked at `now`.

    `choose` puts the papers that are new here into another order, or leaves some out.

    `down_since` is when a source was last read without success since; `None` while all answer.
    `since` is the day of the first list that the subscription brought.
    """
    found = choose(
        edition(
            digests,
            had=had,
            delivered_days=delivered_days,
            first=subscription.is_first,
            since=since,
        )
    )
    preferences = subscription.preferences
    expected_at = next_expected_slot(preferences.daily, slot_at)
    following = preferences.daily.next_after(slot_at)
    if found:
        foreseen = (
            expected_at if expected_at > following and preferences.announce_quiet_days else None
        )
        return Post(edition=found, quiet_until=foreseen)
    deadline = slot_at + WAIT_FOR_SOURCE
    if down_since is not None and now < deadline:
        return Wait(until=deadline)
    announced = subscription.quiet_until is not None and slot_at < subscription.quiet_until
    return Quiet(
        reason=_why_quiet(slot_at, digests, down_since),
        next_at=expected_at if down_since is None else following,
        spoken=preferences.announce_quiet_days and (not announced or down_since is not None),
        since=down_since,
    )


def next_expected_slot(daily: DailyTime, slot_at: datetime) -> datetime:
    """The first slot after `slot_at` at which a weekday's list will be there that is not now."""
    known = _newest_open_list(slot_at)
    slot = daily.next_after(slot_at)
    while not any(day.weekday() < 5 for day in _days_between(known, _newest_open_list(slot))):
        slot = daily.next_after(slot)
    return slot


def _newest_open_list(instant: datetime) -> date:
    """The newest date whose list has papers by `instant`, if it is a weekday."""
    utc = instant.astimezone(UTC)
    return utc.date() if utc.timetz() >= LIST_OPEN_BY else utc.date() - timedelta(days=1)


def _days_between(after: date, until: date) -> list[date]:
    return [after + timedelta(days=n) for n in range(1, (until - after).days + 1)]


def _why_quiet(
    slot_at: datetime, digests: Sequence[Digest], down_since: datetime | None
) -> QuietReason:
    if down_since is not None:
        return QuietReason.SOURCE_DOWN
    newest = _newest_open_list(slot_at)
    if newest.weekday() >= 5:
        return QuietReason.WEEKEND
    if not any(digest.day == newest and digest for digest in digests):
        return QuietReason.NO_LIST
    return QuietReason.NOTHING_NEW


def is_closed(day: date, read_at: datetime) -> bool:
    """Whether a list of `day` that was read at `read_at` will not change any more."""
    return read_at >= datetime.combine(day + timedelta(days=1), LIST_CLOSES_AT)


def days_to_read(now: datetime, closed: Collection[date]) -> tuple[date, ...]:
    """The lists to read at `now`, newest first: those a delivery may draw from, until closed.

    Today's and yesterday's as a rule; the day before too after a night without the source,
    so that a list is never lost to midnight.
    """
    return tuple(day for day in lists_for(now) if day not in closed)


# --- in which messages --------------------------------------------------------------------


class MessageKind(StrEnum):
    """PAPER: one paper's card. CLOSING: the last message of a delivery, with the papers beyond
    the limit as links and the quiet days ahead. NOTICE: the line of a day without papers.
    REMINDER: what a person saved and has not read; it comes after all others."""

    PAPER = "paper"
    CLOSING = "closing"
    NOTICE = "notice"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMessage:
    """One message of a delivery, before it has an id anywhere."""

    kind: MessageKind
    nonce: str
    items: tuple[EditionItem, ...] = ()


def plan(
    channel_id: int, slot_at: datetime, limit: int, decision: Post
) -> tuple[PlannedMessage, ...]:
    """The messages that bring `decision` to a channel, in order: nothing is dropped.

    The best `limit` papers get a message of their own, the rest follow as links.
    """
    cards, links = decision.edition.items[:limit], decision.edition.items[limit:]
    messages = [
        PlannedMessage(
            kind=MessageKind.PAPER, nonce=nonce(channel_id, str(item.paper_id)), items=(item,)
        )
        for item in cards
    ]
    chunks = [links[at : at + LINKS_PER_CLOSING] for at in range(0, len(links), LINKS_PER_CLOSING)]
    if not chunks and decision.quiet_until is not None:
        chunks = [()]
    messages += [
        PlannedMessage(
            kind=MessageKind.CLOSING,
            nonce=nonce(channel_id, f"closing {slot_at.timestamp():.0f} {number}"),
            items=chunk,
        )
        for number, chunk in enumerate(chunks)
    ]
    return tuple(messages)


def plan_notice(channel_id: int, slot_at: datetime) -> PlannedMessage:
    """The one message of a quiet day."""
    return PlannedMessage(
        kind=MessageKind.NOTICE, nonce=nonce(channel_id, f"notice {slot_at.timestamp():.0f}")
    )


def plan_reminder(channel_id: int, slot_at: datetime) -> PlannedMessage:
    """The message that reminds a person of what they saved."""
    return PlannedMessage(
        kind=MessageKind.REMINDER, nonce=nonce(channel_id, f"reminder {slot_at.timestamp():.0f}")
    )


def reminds(preferences: Preferences, slot_at: datetime) -> bool:
    """Whether a slot is on the weekday of a person's reminder, where they live."""
    local = slot_at.astimezone(preferences.daily.zone)
    return preferences.remind_on == local.weekday()


def nonce(channel_id: int, what: str) -> str:
    """The same 25 characters for the same message in the same channel, whoever sends it when.

    Discord returns the first message instead of a second one for a nonce it remembers
    (`enforce_nonce`, at most 25 characters:
    https://discord.com/developers/docs/resources/message#create-message).
    """
    digest = hashlib.sha256(f"{channel_id} {what}".encode()).digest()
    return base64.b32encode(digest).decode("ascii")[:25].lower()


# --- and what became of them --------------------------------------------------------------


class MessageState(StrEnum):
    """PLANNED: to be sent. SENDING: claimed by a worker, its lease runs. UNKNOWN: sent, and the
    answer was lost. POSTED: Discord has it. REJECTED: Discord will never take it."""

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    POSTED = "posted"
    REJECTED = "rejected"


class DeliveryState(StrEnum):
    """WAITING: for a source. OPEN: messages are to be sent. DONE: all were, or the day was
    quiet. ABANDONED: the channel refused us or its subscription ended before all were sent."""

    WAITING = "waiting"
    OPEN = "open"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a delivery at rest.

    `first_sent_at` is when it was first handed to Discord: our own message about the same
    paper can only stand in the channel's history after that.
    """

    id: int
    delivery_id: int
    channel_id: int
    position: int
    kind: MessageKind
    nonce: str
    state: MessageState
    items: tuple[EditionItem, ...] = ()
    first_sent_at: datetime | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One subscription's slot: what it should bring, and how far it got."""

    id: int
    subscription_id: int
    channel_id: int
    slot_at: datetime
    state: DeliveryState
    messages: tuple[Message, ...] = ()
    quiet: Quiet | None = None
    quiet_until: datetime | None = None
    wait_until: datetime | None = None

    @property
    def items(self) -> tuple[EditionItem, ...]:
        """Every paper of this delivery, in order."""
        return tuple(item for message in self.messages for item in message.items)


@dataclass(frozen=True, slots=True)
class Sent:
    """Discord stored it under this id."""

    message_id: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """It surely was not stored, and the same request may succeed later."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: it may or may not have been stored."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This channel takes nothing from us until somebody mends it."""

    why: str
    cause: SuspensionCause = SuspensionCause.REFUSED


@dataclass(frozen=True, slots=True)
class Rejected:
    """This message is malformed to Discord; others may go through."""

    why: str


Outcome: TypeAlias = Sent | NotSent | Unknown | Refused | Rejected


def must_look_back(
    message: Message, *, handed_over: timedelta | None, nonce_remembered: timedelta
) -> bool:
    """Whether to look for `message` in the channel's history before sending it again.

    Sending again with the same nonce is safe only while Discord remembers it. `handed_over` is
    how long ago this very process first sent it; `None` if another did, before a crash perhaps:
    then nobody can tell how long ago that was, for clocks may have been set meanwhile.
    """
    if message.first_sent_at is None:
        return False
    return handed_over is None or handed_over > nonce_remembered
