"""Why a paper was posted in a channel, or was not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, auto

from bot.domain.deliveries import MessageKind, lists_for, lists_for_first
from bot.domain.lookups import Appearance
from bot.domain.subscriptions import Scope, Subscription, SubscriptionState


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOf:
    """A paper's post in a channel: by which delivery, in what kind of message, from which list.
    Without `message_id` it is not there yet."""

    slot_at: datetime
    kind: MessageKind
    message_id: int | None
    day: date
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a paper and a channel at an instant.

    `first_day` is the oldest list that the channel's first delivery drew on, `waits_until` how
    long a delivery waits for a source. `is_followed` says whether the person whose channel it is
    follows the paper.
    """

    at: datetime
    appearances: Sequence[Appearance]
    post: PostOf | None
    subscription: Subscription | None
    first_day: date | None
    waits_until: datetime | None
    is_followed: bool = False

    @property
    def newest_day(self) -> date | None:
        """The newest list that has it."""
        return max((each.day for each in self.appearances), default=None)


class Why(StrEnum):
    """What became of a paper in a channel.

    CARD, LINK: posted so. ON_ITS_WAY: planned, and not there yet. NOT_LISTED: on no list.
    NOT_SUBSCRIBED, PAUSED, SUSPENDED: nothing comes now. NOT_FOLLOWED: its person gets what they
    follow only. WAITS: the delivery waits for a source. BEFORE_FIRST: the channel began with a
    newer list. TOO_OLD: it came to no list that a delivery still looks at. NEXT: it comes with
    the next delivery.
    """

    CARD = auto()
    LINK = auto()
    ON_ITS_WAY = auto()
    NOT_LISTED = auto()
    NOT_SUBSCRIBED = auto()
    PAUSED = auto()
    SUSPENDED = auto()
    NOT_FOLLOWED = auto()
    WAITS = auto()
    BEFORE_FIRST = auto()
    TOO_OLD = auto()
    NEXT = auto()


def why(known: Circumstances) -> Why:
    """What became of a paper in a channel: the first reason that holds."""
    subscription, newest = known.subscription, known.newest_day
    if known.post is not None and known.post.message_id is not None:
        return Why.CARD if known.post.kind is MessageKind.PAPER else Why.LINK
    if newest is None:
        return Why.NOT_LISTED
    if subscription is None:
        return Why.NOT_SUBSCRIBED
    if subscription.state is not SubscriptionState.ACTIVE:
        is_paused = subscription.state is SubscriptionState.PAUSED
        return Why.PAUSED if is_paused else Why.SUSPENDED
    if known.post is not None:
        return Why.ON_ITS_WAY
    if subscription.scope is Scope.FOLLOWED and not known.is_followed:
        return Why.NOT_FOLLOWED
    if known.first_day is not None and newest < known.first_day:
        return Why.BEFORE_FIRST
    if known.waits_until is not None:
        return Why.WAITS
    slot_at = subscription.next_slot(known.at)
    reach = lists_for_first(slot_at) if subscription.is_first else lists_for(slot_at)
    return Why.NEXT if newest >= reach[-1] else Why.TOO_OLD
